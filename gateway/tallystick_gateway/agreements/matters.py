"""What one act opened for others to sign: list, co-sign, withdraw."""

from collections.abc import Sequence

from tallystick.acts import encode_data
from tallystick_gateway.acts import repository as outbox
from tallystick_gateway.acts import service as acts
from tallystick_gateway.acts.abi import decode_act
from tallystick_gateway.acts.accepted import Accepted, accepted
from tallystick_gateway.acts.service import Draft
from tallystick_gateway.kit.clock import as_unix, from_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members.fields import word_text

from . import repository, service
from .errors import AgreementNotOpen, MatterNotOpen, MatterUnknown, NotAwaited, NotOpener
from .models import MatterRow
from .schemas import MatterOut, MattersOut

__all__ = ["co_sign", "listing", "withdraw", "withdraw_agreement"]


def listing(session: Session, agreement: bytes | None, state: str | None) -> MattersOut:
    """Matters of one agreement or of all, in order."""
    rows = repository.all_matters(session, state) if agreement is None else repository.matters_of(session, agreement)
    return MattersOut(matters=[_out(session, row) for row in rows if state is None or row.state == state])


def co_sign(session: Session, gateway: Gateway, matter: bytes) -> Accepted:
    """Sign a matter that waits for us. An agreement is signed by its id instead, as its signatory read it.

    Raises `MatterUnknown`, `MatterNotOpen`, `NotAwaited`, `AgreementNotOpen`.
    """
    row = _open(session, gateway, matter)
    if row.kind == service.AGREEMENT:
        raise AgreementNotOpen(
            "An agreement is signed at /v1/agreements/{id}/cosign, stating the id as read", field="matter"
        )
    if session.owner not in _awaited(session, row):
        raise NotAwaited(field="matter")
    return service.sign_matter(session, gateway, matter, row.kind, _subject(row))


def withdraw(session: Session, gateway: Gateway, matter: bytes) -> Accepted:
    """Take back what we opened, while others have still to sign.

    Raises `MatterUnknown`, `MatterNotOpen`, `NotOpener` (also for a sealed loan: that is reversed).
    """
    row = _open(session, gateway, matter)
    if row.opened_by != session.owner or row.kind == "SEALED_LOAN":
        raise NotOpener(field="matter", opened_by=row.opened_by.hex())
    opener = outbox.find_act(session, matter)
    if opener is None:
        raise MatterUnknown(
            "This gateway did not sign the act that opened the matter", field="matter", matter=matter.hex()
        )
    draft = Draft(
        kind="Cancel",
        values={"act_id": matter},
        business_id=matter.hex(),
        subject=_subject(row),
        contract=service.contract_of(row.kind),
        companion=encode_data(decode_act(opener.kind, opener.encoded)),
    )
    return accepted(acts.enqueue(session, gateway, [draft], subject=draft.subject), draft.subject)


def withdraw_agreement(session: Session, gateway: Gateway, agreement: bytes) -> Accepted:
    """Take back our own proposal of an agreement. Raises `AgreementUnknown`, `AgreementNotOpen`, as `withdraw` does."""
    row = service.known(session, agreement)
    if row.state != "PROPOSED" or row.proposal is None:
        raise AgreementNotOpen(state=row.state)
    return withdraw(session, gateway, row.proposal)


def _open(session: Session, gateway: Gateway, matter: bytes) -> MatterRow:
    row = repository.find_matter(session, matter)
    if row is None:
        raise MatterUnknown(field="matter", matter=matter.hex())
    lapsed = row.open_until < as_unix(gateway.clock.now())
    if row.state != "OPEN" or lapsed:
        raise MatterNotOpen(field="matter", state="lapsed" if lapsed else row.state)
    return row


def _awaited(session: Session, row: MatterRow) -> list[bytes]:
    parties = repository.parties(session, row.agreement)
    return [party.member for party in parties if row.awaiting >> party.position & 1]


def _out(session: Session, row: MatterRow) -> MatterOut:
    awaited = _awaited(session, row)
    return MatterOut(
        matter=row.matter,
        kind=row.kind,
        agreement=row.agreement,
        loan=row.loan,
        opened_by=row.opened_by,
        awaiting=awaited,
        ours_to_sign=row.state == "OPEN" and session.owner in awaited,
        state=row.state,
        open_until=from_unix(row.open_until),
        details={name: _shown(name, value) for name, value in row.details.items()},
    )


def _shown(name: str, value: str) -> str:
    return word_text(bytes.fromhex(value)) if name == "reason" else value


def _subject(row: MatterRow) -> str:
    named: Sequence[bytes] = [row.agreement] if row.loan is None else [row.agreement, row.loan]
    return "/".join(["agreement" if row.loan is None else "loan", *(each.hex() for each in named)])
