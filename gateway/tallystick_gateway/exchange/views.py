"""The exchange as clients are shown it."""

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.paging import Page, page_of
from tallystick_gateway.members import repository as members
from tallystick_gateway.members.cards import cards

from . import repository
from .models import InboxRow, OutboxRow
from .schemas import InboxOut, OutboxOut, OutboxState, PartnerOut, PartnersOut

__all__ = ["inbox", "outbox", "partners"]


def outbox(session: Session, state: OutboxState | None, cursor: str | None, limit: int) -> Page[OutboxOut]:
    """Messages of ours, newest first."""
    rows, next_cursor = page_of(session, repository.outbox(state), OutboxRow.id, cursor, limit, newest_first=True)
    return Page(items=[_sent(row) for row in rows], next=next_cursor)


def inbox(session: Session, cursor: str | None, limit: int) -> Page[InboxOut]:
    """Messages of partners, newest first."""
    rows, next_cursor = page_of(session, repository.inbox(), InboxRow.id, cursor, limit, newest_first=True)
    return Page(items=[_received(row) for row in rows], next=next_cursor)


def partners(session: Session, gateway: Gateway) -> PartnersOut:
    """Every other member, where it answers, and what waits for it."""
    known, stated = cards(gateway), {row.member: row.endpoint for row in repository.partners(session)}
    waiting = repository.waiting_by_partner(session)
    items = []
    for row in members.list_members(session):
        if row.member == session.owner:
            continue
        card = known.get(row.member)
        items.append(
            PartnerOut(
                member=row.member,
                name=card.name if card else None,
                endpoint=stated.get(row.member) or (card.endpoint if card else None),
                set_by_operator=row.member in stated,
                waiting=waiting.get(row.member, 0),
            )
        )
    return PartnersOut(items=items)


def _sent(row: OutboxRow) -> OutboxOut:
    waits = row.state == repository.WAITING
    return OutboxOut.model_validate(
        {
            "id": row.message,
            "next_at": row.next_at if waits else None,
            **{name: getattr(row, name) for name in _SENT},
        }
    )


def _received(row: InboxRow) -> InboxOut:
    return InboxOut.model_validate({"id": row.message, **{name: getattr(row, name) for name in _RECEIVED}})


_SENT = ("recipient", "kind", "subject", "state", "attempts", "created_at", "ended_at", "code", "detail")
_RECEIVED = ("sender", "kind", "subject", "outcome", "code", "detail", "received_at", "repetitions")
