"""Gateways for tests of rules that no chain has to judge: what the chain would tell is told by events, not by a node.

`found` makes joined homes; `Told` hands events to the real projections. Acts are signed and stay `signed`: no worker
runs that would send them.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tallystick.acts import AgreementTerms, agreement_id
from tallystick.consortium import CardKeys, Consortium, ContractEntry, HeaderItems, MemberCard, Role, sign_card
from tallystick.keys import ActKey, Keystore
from tallystick.pseudonyms import member_id
from tallystick_gateway.acts import desk_of
from tallystick_gateway.kit.clock import as_unix
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members.codes import KEY_PURPOSES
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent
from tallystick_gateway.watch.headers import CheckedHeader
from tallystick_gateway.watch.projections import PROJECTIONS
from tests.gateway.support import PASSPHRASE, make_home

__all__ = ["ARBITRATION", "BANK_A", "BANK_B", "DEPOSITORY", "Told", "found", "terms_json"]

BANK_A, BANK_B, DEPOSITORY, ARBITRATION = map(member_id, ("BANK-A", "BANK-B", "DEPOSITORY", "ARBITRATION"))
_ROLES = {
    "BANK-A": Role.LENDER,
    "BANK-B": Role.LENDER,
    "DEPOSITORY": Role.DEPOSITORY,
    "ARBITRATION": Role.ARBITRATOR,
}
_PURPOSES = {name: code for code, name in KEY_PURPOSES.items()}
_CHAIN_ID = 2**33 + 5
_DAY_S = 86_400


def found(folder: Path) -> dict[str, Config]:
    """Homes of four members with one consortium.json; its contracts stand nowhere."""
    homes = {legal_id: make_home(folder / legal_id, legal_id) for legal_id in _ROLES}
    consortium = Consortium(
        chain_id=_CHAIN_ID,
        genesis_hash=secrets.token_bytes(32),
        engine="embedded",
        header_items=(HeaderItems(0, 15),),
        validator_epochs=(),
        contracts=tuple(
            ContractEntry(name, secrets.token_bytes(20), secrets.token_bytes(32), 1, b"")  # type: ignore[arg-type]  # NewType
            for name in ("Consortium", "AgreementBook", "LoanLedger", "RecordLog")
        ),
        members=tuple(_card(config, role) for config, role in zip(homes.values(), _ROLES.values(), strict=True)),
    )
    for config in homes.values():
        config.consortium_path.write_bytes(consortium.to_bytes())
    return homes


def terms_json(**changes: Any) -> dict[str, Any]:
    """Terms of an OPEN 20/80 agreement of BANK-A and BANK-B, as a client sends them."""
    return {
        "parties": [
            {"member": BANK_A.hex(), "share_bps": 2000, "limit": "2000000"},
            {"member": BANK_B.hex(), "share_bps": 8000, "limit": "8000000"},
        ],
        "currency": "USD",
        "visibility": "OPEN",
        "loan_limit": "4000000",
        "total_limit": "10000000",
        "calendar": "WEEKDAYS",
        "time_zone": "Asia/Shanghai",
        "cut_off_s": 61200,
        "objection_period_s": 60,
        "cure_period_s": 60,
        "response_period_s": 60,
        "call_deadline_blocks": 10,
        "depository": DEPOSITORY.hex(),
        "arbitrator": ARBITRATION.hex(),
        **changes,
    }


class Told:
    """What the chain tells one gateway. Every call is one block."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._now = as_unix(gateway.clock.now())
        self._height = 0

    def events(self, *events: tuple[str, dict[str, Any]]) -> None:
        """A block with these events (name, values by their Solidity names)."""
        self._height += 1
        header = CheckedHeader(
            self._height, secrets.token_bytes(32), bytes(32), self._now, bytes(32), bytes(32), 10**8, False
        )
        block = CheckedBlock(header, (), ())
        told = [
            ChainEvent(
                name,
                "",
                bytes(20),
                {"actId": secrets.token_bytes(32), **values},
                self._height,
                self._now,
                bytes(32),
                0,
                i,
            )
            for i, (name, values) in enumerate(events)
        ]
        with self._gateway.database.write() as session:
            for apply in PROJECTIONS:
                apply(session, block, told)

    def founded(self, cards: Sequence[MemberCard]) -> None:
        """The members with their keys, and the consortium active."""
        for index, card in enumerate(cards):
            self.events(("MemberAdmitted", _admission(card, index)), *map(self._key, _keys(card)))
        self.events(("ConsortiumActivated", {"listHash": bytes(32)}))
        desk_of(self._gateway).node_checked()

    def key_added(self, purpose: str, key: bytes, member: bytes) -> None:
        """One more key of a member, valid now."""
        self.events(self._key((purpose, key, member)))

    def _key(self, purpose_key_member: tuple[str, bytes, bytes]) -> tuple[str, dict[str, Any]]:
        purpose, key, member = purpose_key_member
        window = {"notBefore": self._now - _DAY_S, "notAfter": self._now + 365 * _DAY_S}
        return "KeyAdded", {"key": key, "member": member, "purpose": _PURPOSES[purpose], **window}

    def proposed(self, terms: AgreementTerms, by: bytes, act_id: bytes | None = None) -> bytes:
        """An agreement, proposed by one of its parties; its id."""
        agreement = agreement_id(terms)
        values = {
            "agreement": agreement,
            "member": by,
            "terms": _as_event(terms),
            "openUntil": self._now + 30 * _DAY_S,
            **({"actId": act_id} if act_id else {}),
        }
        self.events(("AgreementProposed", values))
        return agreement

    def activated(self, agreement: bytes, by: bytes) -> None:
        """The last party, `by`, signed the agreement."""
        values = {"agreement": agreement, "member": by, "matter": secrets.token_bytes(32), "awaiting": 0}
        self.events(("AgreementCoSigned", values), ("AgreementActivated", {"agreement": agreement}))

    def disbursed(
        self,
        agreement: bytes,
        loan: bytes,
        principal: int,
        shares: Sequence[int],
        *,
        by: bytes,
        act_id: bytes | None = None,
    ) -> None:
        """A loan of the agreement."""
        values = {
            "agreement": agreement,
            "loan": loan,
            "member": by,
            "currency": b"USD",
            "principal": principal,
            "shares": tuple(shares),
            "valueDate": 20180131,
            "borrowerTag": secrets.token_bytes(32),
            "count": 1,
            "head": secrets.token_bytes(32),
            **({"actId": act_id} if act_id else {}),
        }
        self.events(("Disbursed", values))

    def moved(self, name: str, agreement: bytes, loan: bytes, by: bytes, count: int = 2) -> None:
        """The loan Settled, WrittenOff or Reversed."""
        values = {"agreement": agreement, "loan": loan, "member": by, "count": count, "head": secrets.token_bytes(32)}
        self.events((name, values))


def _admission(card: MemberCard, index: int) -> dict[str, Any]:
    return {"member": card.member, "index": index, "roles": card.role_mask, "certificate": card.keys.document}


def _keys(card: MemberCard) -> list[tuple[str, bytes, bytes]]:
    keys, member = card.keys, card.member
    return [
        ("ACT", keys.act.rjust(32, b"\0"), member),
        ("RECOVERY", keys.recovery.rjust(32, b"\0"), member),
        ("EXCHANGE", keys.exchange, member),
        ("SEAL", keys.seal, member),
    ]


def _as_event(terms: AgreementTerms) -> dict[str, Any]:
    """The tuple as the decoder of events gives it."""
    return {
        "originator": terms.originator,
        "parties": [{"member": p.member, "shareBps": p.share_bps, "limit": p.limit} for p in terms.parties],
        "currency": terms.currency,
        "visibility": terms.visibility,
        "loanLimit": terms.loan_limit,
        "totalLimit": terms.total_limit,
        "calendar": terms.calendar,
        "timeZone": terms.time_zone,
        "cutOff": terms.cut_off,
        "attestingRoles": terms.attesting_roles,
        "calculationRules": terms.calculation_rules,
        "penaltySurchargeBps": terms.penalty_surcharge_bps,
        "objectionPeriod": terms.objection_period,
        "curePeriod": terms.cure_period,
        "responsePeriod": terms.response_period,
        "callDeadlineBlocks": terms.call_deadline_blocks,
        "disputeQuestion": terms.dispute_question,
        "disputeOutcomes": terms.dispute_outcomes,
        "depository": terms.depository,
        "arbitrator": terms.arbitrator,
        "nonce": terms.nonce,
    }


def _card(config: Config, role: Role) -> MemberCard:
    keystore = Keystore.open(config.keystore_path, PASSPHRASE)
    act, recovery = keystore.act_key("act"), keystore.act_key("recovery")
    card = MemberCard(
        legal_id=config.settings.member.legal_id,
        name=config.settings.member.name,
        roles=(role,),
        keys=CardKeys(
            act=act.address,
            recovery=recovery.address,
            validator=ActKey.generate().address,
            exchange=keystore.ed25519("exchange").public,
            seal=keystore.x25519("seal").public,
            document=bytes(32),
        ),
        endpoint="http://127.0.0.1:1",
    )
    return sign_card(card, act, recovery)
