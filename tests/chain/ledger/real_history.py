"""A history of the real contracts on the embedded engine, with nearly everything that can happen to them."""

from collections.abc import Iterator
from typing import Any

from tallystick.acts import (
    AddKey,
    Adopt,
    AdoptAgreement,
    AgreementTerms,
    Anchor,
    Cancel,
    CoSign,
    Disburse,
    DisburseSealed,
    NoteTime,
    Party,
    Propose,
    ProposeAgreement,
    ReportCompromise,
    Reverse,
    RevokeKey,
    Settle,
    Snapshot,
    TransferServicing,
    TransferShare,
    WriteOff,
    agreement_id,
    encode_data,
)
from tallystick.client.artifacts import load
from tallystick.client.calls import encode_call
from tallystick.client.events import decode_log
from tallystick.hexadecimal import quantity
from tallystick.keys import Address
from tallystick.ledger import Event, shares_by_terms
from tallystick.receipts import receipt_from_rpc
from tests.contracts.decisions import Change, decide
from tests.contracts.support import NOBODY, Call, Chain, Deployed, Member, Network, digest, word

__all__ = ["events_of", "lend", "upgrade"]

_GAS = 30_000_000


class Lending:
    """An OPEN agreement (20/80) and a SEALED one (a third each) in the network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.bank, self.partner, self.depository, self.arbitrator, self.third = network.founders
        self.open = self._terms(1, (self.bank, 2000), (self.partner, 8000))
        self.sealed = self._terms(0, (self.bank, 3334), (self.partner, 3333), (self.third, 3333))
        self.anchored: dict[tuple[bytes, bytes], tuple[int, bytes]] = {}
        self.loans: list[tuple[bytes, bytes]] = []

    def _terms(self, visibility: int, *parties: tuple[Member, int]) -> AgreementTerms:
        return AgreementTerms(
            originator=parties[0][0].id,
            parties=tuple(Party(member=member.id, share_bps=bps, limit=50_000) for member, bps in parties),
            currency=b"CNY",
            visibility=visibility,
            loan_limit=20_000,
            total_limit=60_000,
            calendar="WEEKDAYS",
            time_zone="Asia/Shanghai",
            cut_off=61_200,
            attesting_roles=6,
            calculation_rules=digest("rules"),
            penalty_surcharge_bps=50,
            objection_period=60,
            cure_period=60,
            response_period=60,
            call_deadline_blocks=10,
            dispute_question=digest("question"),
            dispute_outcomes=digest("outcomes"),
            depository=self.depository.id,
            arbitrator=self.arbitrator.id,
            nonce=digest(f"nonce {visibility}"),
        )

    @property
    def ledger(self) -> Deployed:
        return self.network.contracts["LoanLedger"]

    @property
    def book(self) -> Deployed:
        return self.network.contracts["AgreementBook"]

    def agree(self, terms: AgreementTerms) -> bytes:
        proposal = self.network.act(ProposeAgreement, self.bank, terms=terms)
        self.network.send(proposal)
        matter = self.network.act_id(proposal)
        for member in self.network.founders:
            if member.id in [party.member for party in terms.parties if party.member != self.bank.id]:
                self.co_sign(member, matter, self.book)
        return agreement_id(terms)

    def co_sign(self, member: Member, matter: bytes, contract: Deployed) -> None:
        self.network.send(self.network.act(CoSign, member, act_id=matter), to=contract)

    def disburse(self, *principals: int) -> list[bytes]:
        agreement = agreement_id(self.open)
        loans = [digest(f"loan {len(self.loans) + number}") for number in range(len(principals))]
        self.network.send(
            [
                self.network.act(
                    Disburse,
                    self.bank,
                    agreement=agreement,
                    loan=loan,
                    borrower_tag=digest("borrower"),
                    currency=b"CNY",
                    principal=principal,
                    shares=shares_by_terms(self.open, principal),
                    value_date=20_261_123,
                )
                for loan, principal in zip(loans, principals, strict=True)
            ]
        )
        self.loans += [(agreement, loan) for loan in loans]
        return loans

    def disburse_sealed(self) -> tuple[bytes, bytes]:
        agreement, loan = agreement_id(self.sealed), digest(f"loan {len(self.loans)}")
        act = self.network.act(DisburseSealed, self.bank, agreement=agreement, loan=loan, terms=digest("sealed terms"))
        self.network.send(act)
        self.loans.append((agreement, loan))
        return loan, self.network.act_id(act)

    def offer_share(self, giver: Member, taker: Member, terms: AgreementTerms, loan: bytes, amount: int) -> bytes:
        act = self.network.act(
            TransferShare,
            giver,
            agreement=agreement_id(terms),
            loan=loan,
            from_=giver.id,
            to=taker.id,
            amount=amount,
            reason=word("SOLD"),
            price=digest("price"),
        )
        self.network.send(act)
        return self.network.act_id(act)

    def pass_servicing(self, giver: Member, taker: Member, loan: bytes) -> None:
        act = self.network.act(
            TransferServicing,
            giver,
            agreement=agreement_id(self.open),
            loan=loan,
            from_=giver.id,
            to=taker.id,
            reason=word("MOVED"),
            price=digest("price"),
        )
        self.network.send(act)
        self.co_sign(taker, self.network.act_id(act), self.ledger)

    def about(self, loan: bytes, terms: AgreementTerms | None = None) -> dict[str, Any]:
        return {"agreement": agreement_id(terms or self.open), "loan": loan}

    def settle(self, member: Member, *loans: bytes) -> None:
        self.network.send(
            [self.network.act(Settle, member, **self.about(loan), value_date=20_261_130) for loan in loans]
        )

    def anchor(self, member: Member, stream: bytes, count: int) -> None:
        first, previous = self.anchored.get((member.id, stream), (0, NOBODY))
        root = digest(f"root {first}")
        act = self.network.act(
            Anchor, member, stream=stream, first_index=first, count=count, root=root, previous=previous
        )
        self.network.send(act)
        self.anchored[member.id, stream] = (first + count, self.network.act_id(act))


def lend(network: Network) -> Lending:
    """Keys, governance, agreements, loans with every fate, transfers, links, anchors."""
    _keys(network)
    lending = Lending(network)
    lending.agree(lending.open)
    lending.agree(lending.sealed)
    _withdrawn_agreement(lending)
    _open_loans(lending)
    _sealed_loans(lending)
    _other_contracts(lending)
    for count in (5, 7):
        lending.anchor(lending.bank, agreement_id(lending.open), count)
    lending.anchor(lending.depository, NOBODY, 1)
    return lending


def _keys(network: Network) -> None:
    bank, partner, *_, third = network.founders
    now = network.chain.now
    key = {"purpose": 1, "key": word(b"\x11" * 20)}
    network.send(network.act(AddKey, bank, **key, not_before=0, not_after=now + 10**6), by=bank.recovery)
    network.send(network.act(AddKey, partner, purpose=5, key=digest("seal"), not_before=0, not_after=now + 10**6))
    network.send(network.act(RevokeKey, bank, **key, reason=word("ROTATED")))
    network.send(
        network.act(
            ReportCompromise, partner, purpose=5, key=digest("seal"), since=network.chain.now - 60, reason=word("LOST")
        )
    )
    network.send(network.act(NoteTime, third, token_digest=digest("token")))
    unsent = network.act(NoteTime, third, token_digest=digest("never sent"))
    contract = network.contracts["Consortium"]
    cancel = network.act(Cancel, third, act_id=network.act_id(unsent))
    network.send(cancel, encode_data(unsent), to=contract)
    decide(network, Change.ADMIT, digest("newcomer"), 8, digest("c"), b"\x22" * 20, 0, now + 10**6)
    decide(network, Change.SET_ROLES, digest("newcomer"), 9)
    decide(network, Change.SUSPEND, digest("newcomer"), word("REASON"))
    decide(network, Change.EXPEL, digest("newcomer"), word("REASON"))
    decide(network, Change.SET_THRESHOLD, 5)
    network.send(network.act(Propose, bank, change=int(Change.SET_DELAY), payload=word(7)))


def _withdrawn_agreement(lending: Lending) -> None:
    network = lending.network
    terms = lending._terms(1, (lending.bank, 5000), (lending.third, 5000))
    proposal = network.act(ProposeAgreement, lending.bank, terms=terms)
    network.send(proposal)
    cancel = network.act(Cancel, lending.bank, act_id=network.act_id(proposal))
    network.send(cancel, encode_data(proposal), to=lending.book)


def _open_loans(lending: Lending) -> None:
    network, bank, partner = lending.network, lending.bank, lending.partner
    sold, moved, reversed_, lost, recovered, kept = lending.disburse(1, 3, 10_001, 9999, 20_000, 12)
    lending.co_sign(partner, lending.offer_share(bank, partner, lending.open, reversed_, 2000), lending.ledger)
    lending.co_sign(bank, lending.offer_share(partner, bank, lending.open, reversed_, 1), lending.ledger)
    lending.offer_share(bank, partner, lending.open, kept, 2)
    lending.pass_servicing(bank, partner, moved)
    lending.settle(bank, sold, kept)
    lending.settle(partner, moved)
    network.send(network.act(Reverse, bank, **lending.about(reversed_), reason=word("ERROR")))
    for loan in (lost, recovered):
        day = {"value_date": 20_261_201, "reason": word("LOST")}
        network.send(network.act(WriteOff, bank, **lending.about(loan), **day))
    lending.co_sign(partner, lending.offer_share(bank, partner, lending.open, lost, 500), lending.ledger)
    lending.settle(bank, recovered)
    network.send([network.act(Snapshot, lending.depository, **lending.about(loan)) for loan in (sold, lost)])


def _sealed_loans(lending: Lending) -> None:
    network = lending.network
    whole, matter = lending.disburse_sealed()
    for member in (lending.partner, lending.third):
        lending.co_sign(member, matter, lending.ledger)
    sold = lending.offer_share(lending.third, lending.partner, lending.sealed, whole, 0)
    lending.co_sign(lending.partner, sold, lending.ledger)
    pending, matter = lending.disburse_sealed()
    lending.co_sign(lending.third, matter, lending.ledger)
    withdrawn, _ = lending.disburse_sealed()
    network.send(network.act(Reverse, lending.bank, **lending.about(withdrawn, lending.sealed), reason=word("ERROR")))
    assert pending != whole


def _other_contracts(lending: Lending) -> None:
    """A contract that does not exist yet: an account with code, whose calls the engine takes unsigned."""
    network = lending.network
    (loan,) = lending.disburse(1000)
    agreement = agreement_id(lending.open)
    for name, byte in (("Reconciliation", b"\x77"), ("EvidenceRegistry", b"\x88")):
        stand_in = Deployed(name, byte * 20)
        network.chain.node.call("anvil_setCode", f"0x{stand_in.address.hex()}", "0x00")
        network.chain.node.call("anvil_impersonateAccount", f"0x{stand_in.address.hex()}")
        decide(network, Change.SET_CONTRACT, name, stand_in.address, network.chain.code_hash(stand_in))
    link = encode_call("LoanLedger", "link", digest("declaration"), agreement, loan, lending.bank.id)
    _send_unsigned(network.chain, b"\x88" * 20, lending.ledger.address, link)
    pair = (lending.bank.id, lending.partner.id)
    reduced = [(loan, 50, 300)]
    call = encode_call("AgreementBook", "reduceExposure", digest("result"), agreement, 20_261_202, *pair, reduced)
    _send_unsigned(network.chain, b"\x77" * 20, lending.book.address, call)


def _send_unsigned(chain: Chain, sender: bytes, to: bytes, data: bytes) -> None:
    request = {
        "from": f"0x{sender.hex()}",
        "to": f"0x{to.hex()}",
        "data": f"0x{data.hex()}",
        "gas": hex(_GAS),
        "gasPrice": "0x0",
    }
    transaction = chain.node.call("eth_sendTransaction", request)
    chain.node.call("evm_mine")
    receipt = chain.node.receipt(bytes.fromhex(str(transaction)[2:]))
    assert receipt is not None
    assert receipt["status"] == "0x1"


def upgrade(lending: Lending) -> None:
    """A new book and a new ledger take over; every agreement and all loans but one are adopted, and lending goes on."""
    network = lending.network
    for name in ("AgreementBook", "LoanLedger"):
        old = network.contracts[name]
        given = {
            "consortium_": f"0x{network.contracts['Consortium'].address.hex()}",
            "predecessor_": f"0x{old.address.hex()}",
        }
        new = network.chain.deploy(name, *(given[argument] for argument in load(name).constructor_names()))
        decide(network, Change.SET_CONTRACT, name, new.address, network.chain.code_hash(new))
        network.chain.send(Call(old, "freeze", ()))
        network.contracts[name] = new
    for terms in (lending.open, lending.sealed):
        network.send(network.act(AdoptAgreement, lending.partner, agreement=agreement_id(terms)), terms)
    adopted = lending.loans[:-1]
    network.send(
        [network.act(Adopt, lending.arbitrator, agreement=agreement, loan=loan) for agreement, loan in adopted]
    )
    (loan,) = lending.disburse(10_001)
    lending.co_sign(
        lending.bank, lending.offer_share(lending.partner, lending.bank, lending.open, loan, 1), lending.ledger
    )
    lending.settle(lending.bank, loan)
    lending.anchor(lending.bank, agreement_id(lending.open), 3)


def events_of(chain: Chain) -> Iterator[Event]:
    """Every event of our contracts from the receipts of all blocks, in chain order."""
    for height in range(1, chain.height + 1):
        block = chain.node.block(height)
        log_index = 0
        for entry in chain.node.receipts(block):
            for log in receipt_from_rpc(entry).logs:
                if log.address in chain.directory:
                    emitted = decode_log(chain.directory[log.address], log)
                    yield Event(
                        emitted.contract,
                        Address(emitted.address),
                        emitted.name,
                        emitted.values,
                        height,
                        quantity(entry["transactionIndex"]),
                        log_index,
                        block.timestamp,
                        bytes.fromhex(entry["transactionHash"][2:]),
                    )
                log_index += 1
