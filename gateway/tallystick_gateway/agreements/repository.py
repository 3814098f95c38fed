"""All SQL on agreements, their parties, their secrets, and matters open for co-signature."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert, owned_by, table_of

from .models import AgreementPartyRow, AgreementRow, AgreementSecretRow, MatterRow

__all__ = [
    "add_exposure",
    "add_requested",
    "add_secret",
    "all_matters",
    "find",
    "find_matter",
    "find_secret",
    "holders",
    "in_state",
    "matters_of",
    "parties",
    "refuse",
    "set_agreement",
    "set_matter",
    "set_signed",
]

_agreements = table_of(AgreementRow)
_parties = table_of(AgreementPartyRow)
_matters = table_of(MatterRow)


def find(session: Session, agreement: bytes) -> AgreementRow | None:
    """The agreement, None if neither the chain nor this gateway knows it."""
    return session.exec(select(AgreementRow).where(col(AgreementRow.agreement) == agreement)).first()


def parties(session: Session, agreement: bytes) -> Sequence[AgreementPartyRow]:
    """The parties in the order of the terms."""
    query = select(AgreementPartyRow).where(col(AgreementPartyRow.agreement) == agreement)
    return session.exec(query.order_by(col(AgreementPartyRow.position))).all()


def find_secret(session: Session, agreement: bytes) -> AgreementSecretRow | None:
    """The wrapped secret, None if this gateway does not hold it."""
    return session.exec(select(AgreementSecretRow).where(col(AgreementSecretRow.agreement) == agreement)).first()


def holders(session: Session, agreements: Sequence[bytes]) -> frozenset[bytes]:
    """Of these agreements, those whose secret this gateway holds."""
    query = select(AgreementSecretRow.agreement).where(col(AgreementSecretRow.agreement).in_(agreements))
    return frozenset(session.exec(query).all())


def find_matter(session: Session, matter: bytes) -> MatterRow | None:
    """What the act `matter` opened, None if it opened nothing."""
    return session.exec(select(MatterRow).where(col(MatterRow.matter) == matter)).first()


def matters_of(session: Session, agreement: bytes) -> Sequence[MatterRow]:
    """Everything that was opened under the agreement, in order."""
    query = select(MatterRow).where(col(MatterRow.agreement) == agreement)
    return session.exec(query.order_by(col(MatterRow.id))).all()


def set_agreement(session: Session, agreement: bytes, **columns: object) -> None:
    """Set columns of one agreement."""
    mine = (owned_by(session, _agreements), _agreements.c.agreement == agreement)
    session.execute(update(_agreements).where(*mine).values(**columns))


def set_matter(session: Session, matter: bytes, **columns: object) -> None:
    """Set columns of one matter."""
    mine = (owned_by(session, _matters), _matters.c.matter == matter)
    session.execute(update(_matters).where(*mine).values(**columns))


def set_signed(session: Session, agreement: bytes, member: bytes) -> None:
    """Note that the party has signed."""
    mine = (owned_by(session, _parties), _parties.c.agreement == agreement, _parties.c.member == member)
    session.execute(update(_parties).where(*mine).values(signed=True))


def add_exposure(session: Session, agreement: bytes, by_position: Mapping[int, int]) -> None:
    """Add minor units, negative ones too, to the exposure of parties, and their sum to the agreement's."""
    changed = {position: amount for position, amount in by_position.items() if amount}
    if not changed:
        return
    mine = (
        owned_by(session, _parties),
        _parties.c.agreement == agreement,
        _parties.c.position == bindparam("at_position"),
    )
    session.connection().execute(
        update(_parties).where(*mine).values(exposure=_parties.c.exposure + bindparam("amount")),
        [{"at_position": position, "amount": amount} for position, amount in changed.items()],
    )
    total = sum(changed.values())
    set_agreement(session, agreement, exposure=_agreements.c.exposure + total)


def in_state(state: str | None) -> SelectOfScalar[AgreementRow]:
    """All agreements, or those in one state: for a page."""
    query = select(AgreementRow)
    return query if state is None else query.where(col(AgreementRow.state) == state)


def add_requested(session: Session, agreement: Mapping[str, object], parties: Sequence[Mapping[str, object]]) -> None:
    """Add an agreement that this gateway has asked the chain to record, with its parties."""
    bulk_insert(session, AgreementRow, [agreement])
    bulk_insert(session, AgreementPartyRow, parties)


def refuse(session: Session, proposals: Sequence[bytes]) -> None:
    """These proposals have failed: their agreements, unless recorded after all, are REFUSED."""
    mine = (
        owned_by(session, _agreements),
        _agreements.c.state == "REQUESTED",
        _agreements.c.proposal.in_(proposals),
    )
    session.execute(update(_agreements).where(*mine).values(state="REFUSED"))


def add_secret(session: Session, agreement: bytes, wrapped: bytes, at: datetime, *, from_file: bool) -> None:
    """Keep a wrapped secret."""
    row = {"agreement": agreement, "wrapped": wrapped, "opened_from_file": from_file, "stored_at": at}
    bulk_insert(session, AgreementSecretRow, [row])


def all_matters(session: Session, state: str | None) -> Sequence[MatterRow]:
    """Everything that was opened under any agreement, in order."""
    query = select(MatterRow).order_by(col(MatterRow.id))
    return session.exec(query if state is None else query.where(col(MatterRow.state) == state)).all()
