"""What the LoanLedger's events make of agreements and of matters open for co-signature."""

from collections.abc import Sequence

from tallystick.acts import AgreementTerms
from tallystick_gateway.kit.db import Session
from tallystick_gateway.members.codes import MATTER_KINDS, VISIBILITIES
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent, Handlers, apply_each
from tallystick_gateway.watch.upsert import upsert

from . import repository
from .models import AgreementPartyRow, AgreementRow, MatterRow
from .terms import from_event, legible, to_wire

__all__ = ["agreement_columns", "apply", "party_rows", "proposals_failed"]

_OPEN, _DONE, _WITHDRAWN = "OPEN", "DONE", "WITHDRAWN"


def apply(session: Session, block: CheckedBlock, events: Sequence[ChainEvent]) -> None:
    """Take the block's events, in its transaction."""
    apply_each(session, block, events, _HANDLERS)


def proposals_failed(session: Session, act_ids: Sequence[bytes]) -> None:
    """These proposals of ours ended without being recorded: their agreements never came to be."""
    repository.refuse(session, act_ids)


def agreement_columns(agreement: bytes, terms: AgreementTerms) -> dict[str, object]:
    """The columns of an agreement that follow from its terms."""
    return {
        "agreement": agreement,
        "visibility": VISIBILITIES[terms.visibility],
        "currency": terms.currency.decode("ascii"),
        "originator": terms.originator,
        "loan_limit": terms.loan_limit,
        "total_limit": terms.total_limit,
        "calendar": legible(terms.calendar),
        "time_zone": legible(terms.time_zone),
        "cut_off": terms.cut_off,
        "terms": to_wire(terms),
    }


def party_rows(agreement: bytes, terms: AgreementTerms) -> list[dict[str, object]]:
    """The parties' rows that follow from the terms."""
    return [
        {
            "agreement": agreement,
            "position": position,
            "member": party.member,
            "share_bps": party.share_bps,
            "limit_minor": party.limit,
            "exposure": 0,
            "signed": False,
        }
        for position, party in enumerate(terms.parties)
    ]


def _proposed(session: Session, event: ChainEvent) -> None:
    values = event.values
    agreement, terms = values["agreement"], from_event(values["terms"])
    row = {
        **agreement_columns(agreement, terms),
        "state": "PROPOSED",
        "exposure": 0,
        "proposal": event.act_id,
        "proposer": values["member"],
        "open_until": values["openUntil"],
        "proposed_height": event.height,
    }
    overwrite = ["state", "proposal", "proposer", "open_until", "proposed_height"]
    upsert(session, AgreementRow, [row], key=["agreement"], overwrite=overwrite)
    rows = party_rows(agreement, terms)
    upsert(session, AgreementPartyRow, rows, key=["agreement", "position"], overwrite=["share_bps"])
    repository.set_signed(session, agreement, values["member"])
    awaiting = sum(1 << at for at, party in enumerate(terms.parties) if party.member != values["member"])
    _open(session, event, MATTER_KINDS[1], awaiting)


def _agreement_cosigned(session: Session, event: ChainEvent) -> None:
    repository.set_signed(session, event.values["agreement"], event.values["member"])
    _awaiting(session, event)


def _activated(session: Session, event: ChainEvent) -> None:
    agreement = event.values["agreement"]
    repository.set_agreement(session, agreement, state="ACTIVE", active_height=event.height)


def _adopted(session: Session, event: ChainEvent) -> None:
    values = event.values
    agreement, terms = values["agreement"], from_event(values["terms"])
    row = {
        **agreement_columns(agreement, terms),
        "state": "ACTIVE",
        "exposure": sum(values["exposures"]),
        "active_height": event.height,
    }
    overwrite = ["state", "exposure", "active_height"]
    upsert(session, AgreementRow, [row], key=["agreement"], overwrite=overwrite)
    rows = [
        {**party, "exposure": exposure, "signed": True}
        for party, exposure in zip(party_rows(agreement, terms), values["exposures"], strict=True)
    ]
    upsert(session, AgreementPartyRow, rows, key=["agreement", "position"], overwrite=["exposure"])


def _withdrawn(session: Session, event: ChainEvent) -> None:
    values = event.values
    repository.set_matter(session, values["matter"], state=_WITHDRAWN, awaiting=0)
    if MATTER_KINDS[values["kind"]] == "AGREEMENT":
        repository.set_agreement(session, values["agreement"], state="WITHDRAWN")


def _sealed(session: Session, event: ChainEvent) -> None:
    terms = repository.parties(session, event.values["agreement"])
    awaiting = sum(1 << row.position for row in terms if row.member != event.values["member"])
    _open(session, event, MATTER_KINDS[2], awaiting)


def _share_offered(session: Session, event: ChainEvent) -> None:
    _open(session, event, MATTER_KINDS[3], _bit_of(session, event, "to"))


def _servicing_offered(session: Session, event: ChainEvent) -> None:
    _open(session, event, MATTER_KINDS[4], _bit_of(session, event, "to"))


def _awaiting(session: Session, event: ChainEvent) -> None:
    awaiting = event.values["awaiting"]
    state = _OPEN if awaiting else _DONE
    repository.set_matter(session, event.values["matter"], awaiting=awaiting, state=state)


def _bit_of(session: Session, event: ChainEvent, name: str) -> int:
    rows = repository.parties(session, event.values["agreement"])
    return sum(1 << row.position for row in rows if row.member == event.values[name])


def _open(session: Session, event: ChainEvent, kind: str, awaiting: int) -> None:
    values = event.values
    shown = ("to", "amount", "reason", "price", "terms")
    details = {
        name: value.hex() if isinstance(value, bytes) else str(value)
        for name in shown
        if isinstance(value := values.get(name), bytes | int)
    }
    row = {
        "matter": event.act_id,
        "kind": kind,
        "agreement": values["agreement"],
        "loan": values.get("loan"),
        "opened_by": values["member"],
        "awaiting": awaiting,
        "state": _OPEN if awaiting else _DONE,
        "open_until": values["openUntil"],
        "details": details,
    }
    upsert(session, MatterRow, [row], key=["matter"], overwrite=["state"])


_HANDLERS: Handlers = {
    "AgreementProposed": _proposed,
    "AgreementCoSigned": _agreement_cosigned,
    "AgreementActivated": _activated,
    "AgreementAdopted": _adopted,
    "MatterWithdrawn": _withdrawn,
    "SealedDisbursed": _sealed,
    "ShareTransferProposed": _share_offered,
    "ServicingTransferProposed": _servicing_offered,
    "LoanCoSigned": _awaiting,
}
