"""An agreement and the acts about its loans, as its members would make them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from tallystick.acts import (
    Act,
    AgreementTerms,
    Cancel,
    CoSign,
    Disburse,
    DisburseSealed,
    Party,
    ProposeAgreement,
    Reverse,
    Settle,
    Snapshot,
    TransferServicing,
    TransferShare,
    WriteOff,
    agreement_id,
    encode_data,
)
from tallystick.client.events import Emitted
from tallystick.keccak import keccak256
from tallystick.ledger import LoanState, Visibility
from tallystick.money import apportion
from tests.contracts.support import DAY, NOBODY, Deployed, Member, Network, digest, word

__all__ = ["LOAN", "MATTER_LIFETIME_S", "VALUE_DATE", "Lending", "agreed", "party", "terms_of"]

LOAN = digest("a loan")
VALUE_DATE = 20240229
MATTER_LIFETIME_S = 30 * DAY

_Act = TypeVar("_Act", bound=Act)


def party(member: Member, share_bps: int, limit: int = 80_000) -> Party:
    """A party with its share in basis points and its limit in minor units."""
    return Party(member=member.id, share_bps=share_bps, limit=limit)


def terms_of(network: Network, **changes: Any) -> AgreementTerms:
    """20/80 between the first two founders, OPEN: 50 000 a loan, 100 000 in all, 80 000 a party; `changes` by field."""
    first, second = network.founders[:2]
    terms: dict[str, Any] = {
        "originator": first.id,
        "parties": (party(first, 2_000), party(second, 8_000)),
        "currency": b"USD",
        "visibility": int(Visibility.OPEN),
        "loan_limit": 50_000,
        "total_limit": 100_000,
        "calendar": "WEEKDAYS",
        "time_zone": "Asia/Shanghai",
        "cut_off": 64_800,
        "attesting_roles": 0,
        "calculation_rules": digest("rules"),
        "penalty_surcharge_bps": 5_000,
        "objection_period": 7 * DAY,
        "cure_period": 7 * DAY,
        "response_period": 7 * DAY,
        "call_deadline_blocks": 100,
        "dispute_question": digest("question"),
        "dispute_outcomes": digest("outcomes"),
        "depository": NOBODY,
        "arbitrator": NOBODY,
        "nonce": digest("nonce"),
    }
    assert terms.keys() >= changes.keys()
    return AgreementTerms(**(terms | changes))


@dataclass(frozen=True)
class Lending:
    """Acts under one agreement of a network. `..._act` makes an act, the others record it and return it."""

    network: Network
    terms: AgreementTerms

    @cached_property
    def agreement(self) -> bytes:
        return agreement_id(self.terms)

    @cached_property
    def parties(self) -> tuple[Member, ...]:
        by_id = {founder.id: founder for founder in self.network.founders}
        return tuple(by_id[party.member] for party in self.terms.parties)

    @property
    def originator(self) -> Member:
        return next(party for party in self.parties if party.id == self.terms.originator)

    @property
    def book(self) -> Deployed:
        return self.network.contracts["AgreementBook"]

    @property
    def ledger(self) -> Deployed:
        return self.network.contracts["LoanLedger"]

    # ------------------------------------------------------------------ agreement and signatures of others

    def propose(self, by: Member | None = None) -> ProposeAgreement:
        act = self.network.act(ProposeAgreement, by or self.parties[0], terms=self.terms)
        self.network.send(act)
        return act

    def cosign_act(self, member: Member, act: Act, **fields: Any) -> CoSign:
        return self.network.act(CoSign, member, **({"act_id": self.network.act_id(act)} | fields))

    def cosign(self, act: Act, *members: Member) -> list[CoSign]:
        """Each of `members` signs the matter that `act` opened, in the contract where it was opened."""
        signatures = [self.cosign_act(member, act) for member in members]
        for signature in signatures:
            self.network.send(signature, to=self.place_of(act))
        return signatures

    def withdrawal_of(self, act: Act, to: Deployed | None = None) -> tuple[Cancel, bytes]:
        """The cancellation of `act`, recorded in `to`, by its own member, and what goes with it."""
        member = next(founder for founder in self.network.founders if founder.id == act.member)
        return self.network.act(Cancel, member, act_id=self.network.act_id(act, to)), encode_data(act)

    def place_of(self, act: Act) -> Deployed:
        return self.book if isinstance(act, ProposeAgreement) else self.ledger

    def agree(self) -> ProposeAgreement:
        """Have it proposed by the first party and signed by all."""
        proposal = self.propose()
        self.cosign(proposal, *self.parties[1:])
        return proposal

    # ------------------------------------------------------------------ loans

    def about(self, kind: type[_Act], member: Member, loan: bytes = LOAN, **fields: Any) -> _Act:
        """An act of `member` about a loan of this agreement."""
        return self.network.act(kind, member, agreement=self.agreement, loan=loan, **fields)

    def disburse_act(self, loan: bytes = LOAN, principal: int = 1_001, **fields: Any) -> Disburse:
        """By the originator, with the shares of the terms, unless `fields` say otherwise."""
        values = {
            "borrower_tag": digest("borrower"),
            "currency": self.terms.currency,
            "principal": principal,
            "shares": apportion(principal, [party.share_bps for party in self.terms.parties]),
            "value_date": VALUE_DATE,
        }
        return self.about(Disburse, fields.pop("by", self.originator), loan, **(values | fields))

    def disburse(self, loan: bytes = LOAN, principal: int = 1_001) -> Disburse:
        act = self.disburse_act(loan, principal)
        self.network.send([act])
        return act

    def sealed_act(self, loan: bytes = LOAN, **fields: Any) -> DisburseSealed:
        values = {"terms": digest("sealed terms")}
        return self.about(DisburseSealed, fields.pop("by", self.originator), loan, **(values | fields))

    def disburse_sealed(self, loan: bytes = LOAN) -> DisburseSealed:
        """A sealed loan that every party has signed."""
        act = self.sealed_act(loan)
        self.network.send(act)
        self.cosign(act, *(party for party in self.parties if party is not self.originator))
        return act

    def settle_act(self, loan: bytes = LOAN, by: Member | None = None, value_date: int = VALUE_DATE) -> Settle:
        return self.about(Settle, by or self.originator, loan, value_date=value_date)

    def write_off_act(self, loan: bytes = LOAN, by: Member | None = None, value_date: int = VALUE_DATE) -> WriteOff:
        return self.about(WriteOff, by or self.originator, loan, value_date=value_date, reason=word("LOST"))

    def reverse_act(self, loan: bytes = LOAN, by: Member | None = None) -> Reverse:
        return self.about(Reverse, by or self.originator, loan, reason=word("ERROR"))

    def snapshot_act(self, loan: bytes = LOAN, by: Member | None = None) -> Snapshot:
        return self.about(Snapshot, by or self.originator, loan)

    def share_act(self, giver: Member, taker: Member, amount: int, loan: bytes = LOAN, **fields: Any) -> TransferShare:
        values = {"from_": giver.id, "to": taker.id, "amount": amount, "reason": word("SALE"), "price": digest("price")}
        return self.about(TransferShare, fields.pop("by", giver), loan, **(values | fields))

    def servicing_act(self, giver: Member, taker: Member, loan: bytes = LOAN, **fields: Any) -> TransferServicing:
        values = {"from_": giver.id, "to": taker.id, "reason": word("CAPACITY"), "price": NOBODY}
        return self.about(TransferServicing, fields.pop("by", giver), loan, **(values | fields))

    def transfer(self, offer: TransferShare | TransferServicing) -> list[Emitted]:
        """Record the offer and the taker's signature; the events of the latter."""
        self.network.send(offer)
        taker = next(member for member in self.parties if member.id == offer.to)
        return self.network.send(self.cosign_act(taker, offer), to=self.ledger)

    # ------------------------------------------------------------------ what the contracts keep

    def loan(self, loan: bytes = LOAN) -> dict[str, Any]:
        return dict(self.network.ask("LoanLedger", "loanOf", self.agreement, loan))

    def state(self, loan: bytes = LOAN) -> LoanState:
        return LoanState(self.network.ask("LoanLedger", "stateOf", self.agreement, loan))

    def shares(self, loan: bytes = LOAN) -> tuple[int, ...]:
        return tuple(self.network.ask("LoanLedger", "sharesOf", self.agreement, loan))

    def kept(self) -> dict[str, Any]:
        """The agreement as the book keeps it."""
        return dict(self.network.ask("AgreementBook", "agreementOf", self.agreement))

    def exposures(self) -> tuple[int, ...]:
        """The parties' exposures, of which the sum was checked to be the agreement's."""
        kept = self.kept()
        exposures = tuple(position["exposure"] for position in kept["parties"])
        assert kept["exposure"] == sum(exposures)
        return exposures

    def head_after(self, acts: Iterable[Act | bytes], loan: bytes = LOAN, ledger: Deployed | None = None) -> bytes:
        """The head of the loan once these acts (or their ids) are linked (`protocol.md` §6)."""
        return self.heads(list(acts), loan, ledger)[-1]

    def heads(self, acts: Sequence[Act | bytes], loan: bytes = LOAN, ledger: Deployed | None = None) -> list[bytes]:
        """The heads of the loan from none of these acts to all, at the ledger where it began."""
        ledger = ledger or self.ledger
        domain = b"tallystick-head/v1" + self.network.chain.id.to_bytes(32) + ledger.address
        heads = [keccak256(domain + self.agreement + loan)]
        for act in acts:
            heads.append(keccak256(heads[-1] + (act if isinstance(act, bytes) else self.network.act_id(act, ledger))))
        return heads


def agreed(network: Network, **changes: Any) -> Lending:
    """An agreement that every party has signed: `terms_of`, with `changes`."""
    lending = Lending(network, terms_of(network, **changes))
    lending.agree()
    return lending
