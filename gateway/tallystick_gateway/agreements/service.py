"""Rules of agreements: propose, co-sign, withdraw, show; and the secret under which loans get their names."""

import secrets
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from tallystick.acts import AgreementTerms, agreement_id
from tallystick_gateway.acts import service as acts
from tallystick_gateway.acts.accepted import Accepted, accepted
from tallystick_gateway.acts.service import Draft
from tallystick_gateway.kit.clock import as_unix, from_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.paging import Page, page_of
from tallystick_gateway.loans import repository as loans
from tallystick_gateway.members import repository as members
from tallystick_gateway.members.cards import names
from tallystick_gateway.members.codes import MATTER_KINDS

from . import repository
from .checks import require_sound
from .errors import (
    AgreementNotActive,
    AgreementNotOpen,
    AgreementUnknown,
    AlreadySigned,
    IdDiffers,
    NotParty,
    OriginatorNotUs,
    SecretNotHeld,
    TermsNotUnderstood,
)
from .headroom import Headroom, Room
from .models import AgreementPartyRow, AgreementRow
from .projections import agreement_columns, party_rows
from .schemas import AgreementOut, AgreementState, ProposedOut, TermsIn
from .terms import to_wire

__all__ = [
    "active",
    "co_sign",
    "headroom",
    "known",
    "listing",
    "propose",
    "secret",
    "show",
]

AGREEMENT = MATTER_KINDS[1]


def propose(session: Session, gateway: Gateway, stated: TermsIn) -> ProposedOut:
    """Sign the terms as the originator and make the agreement's secret.

    Raises an `AgreementError` that names the field, or what `acts.enqueue` raises; nothing is stored then.
    """
    terms = stated.struct(session.owner, secrets.token_bytes(32))
    if terms.originator != session.owner or session.owner not in {party.member for party in terms.parties}:
        raise OriginatorNotUs(field="originator")
    require_sound(terms, {row.member: row for row in members.list_members(session)})
    agreement = agreement_id(terms)
    subject = _subject(agreement)
    draft = Draft("ProposeAgreement", {"terms": terms}, agreement.hex(), subject)
    enqueued = acts.enqueue(session, gateway, [draft], subject=subject)
    requested = {
        **agreement_columns(agreement, terms),
        "state": "REQUESTED",
        "submission_id": enqueued.submission_id,
        "proposal": enqueued.act_ids[0],
        "proposer": session.owner,
    }
    repository.add_requested(session, requested, party_rows(agreement, terms))
    keep_secret(session, gateway, agreement, secrets.token_bytes(32), from_file=False)
    return ProposedOut(
        **dict(accepted(enqueued, subject)),
        agreement=agreement,
        state="REQUESTED",
        terms=to_wire(terms),
    )


def co_sign(session: Session, gateway: Gateway, agreement: bytes, as_read: bytes) -> Accepted:
    """Sign the agreement that the chain shows, if its terms hash to what the signatory read.

    Raises `AgreementUnknown`, `IdDiffers`, `AgreementNotOpen`, `NotParty`, `AlreadySigned`, or an `AgreementError` for
    terms that this gateway could not keep to.
    """
    row = known(session, agreement)
    if as_read != agreement:
        raise IdDiffers(field="agreement", stated=as_read.hex(), agreement=agreement.hex())
    ours = _our_place(session, agreement)
    if row.state != "PROPOSED" or row.proposal is None or _lapsed(gateway, row):
        raise AgreementNotOpen(state="lapsed" if row.state == "PROPOSED" else row.state)
    if ours.signed:
        raise AlreadySigned
    terms = _terms_of(row)
    if agreement_id(terms) != agreement:
        raise IdDiffers(field="agreement", stated=agreement_id(terms).hex(), agreement=agreement.hex())
    require_sound(terms, {row.member: row for row in members.list_members(session)})
    return sign_matter(session, gateway, row.proposal, AGREEMENT, _subject(agreement))


def sign_matter(session: Session, gateway: Gateway, matter: bytes, kind: str, subject: str) -> Accepted:
    """CoSign what the act `matter` opened, in the contract where it did."""
    draft = Draft("CoSign", {"act_id": matter}, matter.hex(), subject, contract=contract_of(kind))
    return accepted(acts.enqueue(session, gateway, [draft], subject=subject), subject)


def contract_of(kind: str) -> str:
    """The directory's name of the contract that keeps matters of this kind."""
    return "AgreementBook" if kind == AGREEMENT else "LoanLedger"


def secret(gateway: Gateway, session: Session, agreement: bytes) -> bytes:
    """The agreement's secret. Raises `SecretNotHeld`, `WrappedSecretDamaged`."""
    row = repository.find_secret(session, agreement)
    if row is None:
        raise SecretNotHeld(agreement=agreement.hex())
    return gateway.vault.unwrap(row.wrapped, agreement)


def keep_secret(session: Session, gateway: Gateway, agreement: bytes, value: bytes, *, from_file: bool) -> None:
    """Store the secret, wrapped. There MUST be none yet."""
    wrapped = gateway.vault.wrap(value, agreement)
    repository.add_secret(session, agreement, wrapped, gateway.clock.now(), from_file=from_file)


def known(session: Session, agreement: bytes) -> AgreementRow:
    """The agreement. Raises `AgreementUnknown`."""
    row = repository.find(session, agreement)
    if row is None:
        raise AgreementUnknown(field="agreement", agreement=agreement.hex())
    return row


def active(session: Session, gateway: Gateway, agreement: bytes) -> AgreementRow:
    """The agreement, if every party has signed it. Raises `AgreementUnknown`, `AgreementNotActive` (who is to sign)."""
    row = known(session, agreement)
    if row.state != "ACTIVE":
        known_names = names(gateway)
        unsigned = [party.member for party in repository.parties(session, agreement) if not party.signed]
        who = ", ".join(known_names.get(member, member.hex()) for member in unsigned)
        waiting = f"still to sign: {who}" if row.state in {"REQUESTED", "PROPOSED"} else "it never became active"
        raise AgreementNotActive(field="agreement", state=row.state, waiting=waiting)
    return row


def headroom(session: Session, gateway: Gateway, row: AgreementRow, parties: Sequence[AgreementPartyRow]) -> Headroom:
    """What may still be paid out under the agreement, with what was requested here and is not recorded yet."""
    return Headroom(
        row.loan_limit,
        Room(row.total_limit, row.exposure),
        [(party.member, party.share_bps, Room(party.limit_minor, party.exposure)) for party in parties],
        loans.on_their_way(session, row.agreement),
        names(gateway),
    )


def show(session: Session, gateway: Gateway, agreement: bytes) -> AgreementOut:
    """One agreement. Raises `AgreementUnknown`."""
    return _out(session, gateway, known(session, agreement), names(gateway))


def listing(
    session: Session, gateway: Gateway, state: AgreementState | None, cursor: str | None, limit: int
) -> Page[AgreementOut]:
    """Agreements in the order in which this gateway learnt of them."""
    rows, next_cursor = page_of(session, repository.in_state(state), AgreementRow.id, cursor, limit)
    known_names = names(gateway)
    return Page(items=[_out(session, gateway, row, known_names) for row in rows], next=next_cursor)


def _out(session: Session, gateway: Gateway, row: AgreementRow, known_names: Mapping[bytes, str]) -> AgreementOut:
    parties = repository.parties(session, row.agreement)
    room = headroom(session, gateway, row, parties)
    return AgreementOut.model_validate(
        {
            **{name: getattr(row, name) for name in _SHOWN},
            **_amounts(room.total),
            "parties": [
                {
                    "member": party.member,
                    "name": known_names.get(party.member),
                    "ours": party.member == session.owner,
                    "share_bps": party.share_bps,
                    "limit": str(party.limit_minor),
                    "signed": party.signed,
                    **_amounts(of_party),
                }
                for party, of_party in zip(parties, room.parties, strict=True)
            ],
            "loan_limit": str(row.loan_limit),
            "total_limit": str(row.total_limit),
            "secret_held": repository.find_secret(session, row.agreement) is not None,
            "open_until": from_unix(row.open_until) if row.open_until else None,
        }
    )


_SHOWN = (
    "agreement",
    "state",
    "visibility",
    "currency",
    "originator",
    "submission_id",
    "proposal",
    "proposer",
    "active_height",
    "terms",
)


def _amounts(room: Room) -> dict[str, str]:
    return {"exposure": str(room.exposure), "in_flight": str(room.in_flight), "headroom": str(room.left)}


def _our_place(session: Session, agreement: bytes) -> AgreementPartyRow:
    for party in repository.parties(session, agreement):
        if party.member == session.owner:
            return party
    raise NotParty(field="agreement")


def _lapsed(gateway: Gateway, row: AgreementRow) -> bool:
    return row.open_until is not None and row.open_until < as_unix(gateway.clock.now())


def _terms_of(row: AgreementRow) -> AgreementTerms:
    """The terms as the chain has them. Raises `TermsNotUnderstood` where this gateway could not keep to them."""
    try:
        stated = TermsIn.model_validate(row.terms)
    except ValidationError as refused:
        first = refused.errors(include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise TermsNotUnderstood(field=field, reason=first["msg"]) from None
    return stated.struct(row.originator, bytes(32))


def _subject(agreement: bytes) -> str:
    return f"agreement/{agreement.hex()}"
