"""A founded consortium for tests: four members with their keys, the contracts on a real chain, an agreement."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from tallystick.acts import (
    Act,
    AgreementTerms,
    ContractEntry,
    CoSign,
    Disburse,
    Domain,
    Party,
    ProposeAgreement,
    Ratify,
    act_id,
    act_types,
    agreement_id,
    sign,
)
from tallystick.client import Node
from tallystick.client.calls import encode_call
from tallystick.client.deploy import FoundingTerms, deploy_consortium
from tallystick.client.transactions import sign_transaction
from tallystick.consortium import CardKeys, MemberCard, Role, sign_card
from tallystick.consortium import ContractEntry as Deployed
from tallystick.keys import ActKey
from tallystick.money import apportion

__all__ = ["SHARES_BPS", "Founded", "Founder"]

A = TypeVar("A", bound=Act)

SHARES_BPS = (2000, 8000)
_ROLES = {
    "BANK-A": Role.LENDER,
    "BANK-B": Role.LENDER,
    "DEPOSITORY": Role.DEPOSITORY,
    "ARBITRATION": Role.ARBITRATOR,
}
_YEAR_S = 365 * 86_400
_CALL_GAS = 8_000_000
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Founder:
    """A founding member with its secret keys."""

    card: MemberCard
    act: ActKey
    recovery: ActKey

    @classmethod
    def named(cls, legal_id: str, role: Role) -> Founder:
        act, recovery = ActKey.generate(), ActKey.generate()
        keys = CardKeys(
            act=act.address,
            recovery=recovery.address,
            validator=ActKey.generate().address,
            exchange=hashlib.sha256(f"exchange {legal_id}".encode()).digest(),
            seal=hashlib.sha256(f"seal {legal_id}".encode()).digest(),
            document=bytes(32),
        )
        card = MemberCard(legal_id, legal_id.title(), (role,), keys, "http://127.0.0.1:1")
        return cls(sign_card(card, act, recovery), act, recovery)

    @property
    def member(self) -> bytes:
        return self.card.member


class Founded:
    """A consortium on the chain behind `node`. Acts are signed here, carried by `sender`, and waited for."""

    def __init__(self, node: Node) -> None:
        """Deploys; nobody has ratified yet."""
        self.node = node
        self.chain_id = node.chain_id()
        self.members = tuple(Founder.named(legal_id, role) for legal_id, role in _ROLES.items())
        self.sender = ActKey.generate()
        now = node.block("latest").timestamp
        self.terms = FoundingTerms(key_from=now - 3600, key_until=now + _YEAR_S, delay_s=1)
        self.contracts: tuple[Deployed, ...] = deploy_consortium(node, self.sender, self.cards, self.terms)
        self._nonce = node.nonce(self.sender.address)

    @property
    def cards(self) -> tuple[MemberCard, ...]:
        return tuple(founder.card for founder in self.members)

    @property
    def directory(self) -> dict[bytes, str]:
        """Address → name."""
        return {bytes(entry.address): entry.name for entry in self.contracts}

    def address(self, contract: str) -> bytes:
        return next(bytes(entry.address) for entry in self.contracts if entry.name == contract)

    def domain(self, contract: str) -> Domain:
        return Domain(self.chain_id, self.address(contract))

    # ------------------------------------------------------------------ acts

    def act(self, kind: type[A], member: Founder, business_id: str, **values: Any) -> A:
        """An act by `member`, issued now. The ref here is a plain hash: tests have nothing to hide."""
        now = int(time.time())
        common: dict[str, Any] = {
            "member": member.member,
            "ref": hashlib.sha256(f"{kind.__name__}:{business_id}".encode()).digest(),
            "issued_at": now,
            "valid_until": now + 3600,
        }
        assert {field.name for field in fields(kind)} == {*common, *values}
        return kind(**common, **values)

    def signed(self, act: Act, by: ActKey, contract: str | None = None) -> bytes:
        return sign(act, self.domain(contract or act_types()[type(act).__name__].contract), by)

    def disbursement(self, agreement: bytes, number: int, principal: int = 1_000_000) -> Disburse:
        """Loan `number` of the first bank."""
        return self.act(
            Disburse,
            self.members[0],
            f"LC-{number}",
            agreement=agreement,
            loan=hashlib.sha256(agreement + number.to_bytes(8)).digest(),
            borrower_tag=hashlib.sha256(b"borrower" + number.to_bytes(8)).digest(),
            currency=b"USD",
            principal=principal,
            shares=apportion(principal, SHARES_BPS),
            value_date=20180302,
        )

    # ------------------------------------------------------------------ transactions

    def transaction(self, contract: str, calldata: bytes, gas: int = _CALL_GAS) -> bytes:
        """The sender's next transaction, signed and not sent."""
        signed = sign_transaction(
            self.sender,
            chain_id=self.chain_id,
            nonce=self._nonce,
            gas=gas,
            to=self.address(contract),
            data=calldata,
        )
        self._nonce += 1
        return signed.raw

    def send(self, contract: str, function: str, *arguments: object) -> Any:
        """Send and wait for the receipt, whatever its status."""
        return self.wait(self.node.send_raw(self.transaction(contract, encode_call(contract, function, *arguments))))

    def wait(self, transaction: bytes) -> Any:
        deadline = time.monotonic() + _PATIENCE_S
        while (receipt := self.node.receipt(transaction)) is None:
            assert time.monotonic() < deadline, "no receipt within a minute"
            time.sleep(0.05)
        return receipt

    def must(self, contract: str, function: str, *arguments: object) -> Any:
        receipt = self.send(contract, function, *arguments)
        assert receipt["status"] == "0x1", f"{function} was refused"
        return receipt

    # ------------------------------------------------------------------ first steps

    def ratify_all(self) -> None:
        """Every founder stands by the contracts: the consortium is active."""
        entries = tuple(
            ContractEntry(name=entry.name.encode().ljust(32, b"\0"), at=entry.address, code_hash=entry.code_hash)
            for entry in self.contracts
        )
        for founder in self.members:
            act = self.act(Ratify, founder, founder.card.legal_id, contracts=entries)
            self.must("Consortium", "ratify", act, self.signed(act, founder.act))

    def agree(self, *, limit: int = 10**15, loan_limit: int = 10**12) -> bytes:
        """An OPEN 20/80 agreement of the two banks, co-signed; its id."""
        terms = AgreementTerms(
            originator=self.members[0].member,
            parties=tuple(
                Party(member=founder.member, share_bps=share, limit=limit)
                for founder, share in zip(self.members, SHARES_BPS, strict=False)
            ),
            currency=b"USD",
            visibility=1,
            loan_limit=loan_limit,
            total_limit=2 * limit,
            calendar="WEEKDAYS",
            time_zone="UTC",
            cut_off=64_800,
            attesting_roles=2,
            calculation_rules=bytes(32),
            penalty_surcharge_bps=0,
            objection_period=86_400,
            cure_period=86_400,
            response_period=86_400,
            call_deadline_blocks=100,
            dispute_question=bytes(32),
            dispute_outcomes=bytes(32),
            depository=self.members[2].member,
            arbitrator=self.members[3].member,
            nonce=hashlib.sha256(str(self._nonce).encode()).digest(),
        )
        proposal = self.act(ProposeAgreement, self.members[0], agreement_id(terms).hex(), terms=terms)
        self.must("AgreementBook", "proposeAgreement", proposal, self.signed(proposal, self.members[0].act))
        matter = act_id(proposal, self.domain("AgreementBook"))
        yes = self.act(CoSign, self.members[1], matter.hex(), act_id=matter)
        self.must("AgreementBook", "coSign", yes, self.signed(yes, self.members[1].act, "AgreementBook"))
        return agreement_id(terms)

    def disburse_call(self, acts: Sequence[Disburse]) -> bytes:
        """Calldata of one `disburse` with these acts, signed by the first bank."""
        key, domain = self.members[0].act, self.domain("LoanLedger")
        return encode_call("LoanLedger", "disburse", list(acts), [sign(act, domain, key) for act in acts])
