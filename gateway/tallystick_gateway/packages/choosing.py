"""What a package is to hold: the acts, by where they stand, and the records, by their places in our own log."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tallystick.package import loan_subject, records_subject
from tallystick_gateway.agreements import service as agreements
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.loans.naming import Names
from tallystick_gateway.records.errors import RecordNotAnchored, RecordUnknown
from tallystick_gateway.watch.models import AnchorRow

from . import repository
from .errors import ActNotFound, NothingChosen, PackageTooLarge
from .repository import EventPlace
from .schemas import ActsIn, LoanPackageIn, PackageIn, RecordsPackageIn

__all__ = ["MOST_RECORDS", "Choice", "ChosenRecords", "choose"]

MOST_RECORDS = 25_000
"""What a package of 64 MiB surely holds, whatever texts stand in the records."""
MOST_PLACES = 2500
"""A package has at most 8192 files; an act brings up to three."""


@dataclass(frozen=True, slots=True)
class ChosenRecords:
    """Records of our own log: their indices, ascending, and the anchors that hold them, in order."""

    stream: bytes
    indices: Sequence[int]
    anchors: Sequence[AnchorRow]


@dataclass(frozen=True, slots=True)
class Choice:
    """What one package is about and holds; `subject` None: the acts themselves. `loan` is that of a loan's package."""

    subject: Mapping[str, str] | None
    places: Sequence[EventPlace]
    records: ChosenRecords | None = None
    loan: bytes | None = None


def choose(session: Session, gateway: Gateway, asked: PackageIn) -> Choice:
    """What `asked` is about, as far as blocks were taken.

    Raises `NothingChosen`, `ActNotFound`, `PackageTooLarge`, `AgreementUnknown`, `SecretNotHeld`, `RecordUnknown`,
    `RecordNotAnchored`.
    """
    match asked:
        case ActsIn():
            choice = _acts(session, gateway, asked)
        case RecordsPackageIn():
            choice = _records(session, gateway, asked)
        case LoanPackageIn():
            choice = _loan(session, gateway, asked)
    if not choice.places:
        raise NothingChosen("Nothing of that stands in a block that was read here.")
    if len(choice.places) > MOST_PLACES:
        raise PackageTooLarge(f"{len(choice.places)} acts; a package holds {MOST_PLACES}.", most=MOST_PLACES)
    return choice


def _acts(session: Session, gateway: Gateway, asked: ActsIn) -> Choice:
    if asked.acts is not None:
        return Choice(None, [_place(session, act_id) for act_id in dict.fromkeys(asked.acts)])
    if asked.member is not None:
        return Choice(None, repository.places_by(session, "Consortium", asked.member))
    if asked.agreement is None:
        raise NothingChosen("Neither acts nor an agreement nor a member is named.")
    agreements.known(session, asked.agreement)
    if asked.loan is None:
        return Choice(None, repository.places_of_agreement(session, asked.agreement))
    loan = Names(session, gateway, asked.agreement).named(asked.loan).loan
    return Choice(None, repository.places_of_loan(session, asked.agreement, loan))


def _records(session: Session, gateway: Gateway, asked: RecordsPackageIn) -> Choice:
    agreements.known(session, asked.agreement)
    member = gateway.config.member_id
    indices: Sequence[int]
    if asked.digests is not None:
        indices = _indices_of(session, asked.agreement, asked.digests)
    elif asked.loan is not None:
        loan = Names(session, gateway, asked.agreement).named(asked.loan).loan
        indices = repository.indices_of_loan(session, asked.agreement, loan)
    else:
        first, end = asked.first or 0, repository.anchored_end(session, member, asked.agreement)
        if asked.last is not None and asked.last >= end:
            raise RecordNotAnchored(f"Records are anchored up to {end - 1}.", field="last")
        indices = range(first, end if asked.last is None else asked.last + 1)
    chosen = _chosen(session, member, asked.agreement, indices)
    return Choice(records_subject(member, asked.agreement), _anchor_places(chosen), chosen)


def _loan(session: Session, gateway: Gateway, asked: LoanPackageIn) -> Choice:
    agreements.known(session, asked.agreement)
    loan = Names(session, gateway, asked.agreement).named(asked.loan).loan
    member = gateway.config.member_id
    places = repository.places_of_loan(session, asked.agreement, loan)
    if places:
        snapshot = repository.latest_snapshot(session, asked.agreement, loan)
        places += repository.places_of_agreement(session, asked.agreement) + ([snapshot] if snapshot else [])
    chosen = None
    of_loan = repository.indices_of_loan(session, asked.agreement, loan) if asked.records != "none" else ()
    if of_loan:
        # The whole log up to its last anchor: the place of each record of the loan in it, and that there is no other.
        whole = range(repository.anchored_end(session, member, asked.agreement))
        indices: Sequence[int] = of_loan if asked.records == "loan" else sorted({*whole, *of_loan})
        chosen = _chosen(session, member, asked.agreement, indices)
        places += _anchor_places(chosen)
    return Choice(loan_subject(asked.agreement, loan), places, chosen, loan)


def _place(session: Session, act_id: bytes) -> EventPlace:
    place = repository.find_place(session, act_id)
    if place is None:
        raise ActNotFound(f"No block read here has act {act_id.hex()}.", act_id=act_id, field="acts")
    return place


def _indices_of(session: Session, stream: bytes, digests: Sequence[bytes]) -> list[int]:
    found = repository.indices_by_digest(session, stream, digests)
    if missing := next((digest for digest in digests if digest not in found), None):
        raise RecordUnknown("There is no such record in our log of the agreement.", field="digests", digest=missing)
    return sorted(found.values())


def _chosen(session: Session, member: bytes, stream: bytes, indices: Sequence[int]) -> ChosenRecords:
    """These records with their anchors. Raises `NothingChosen`, `PackageTooLarge`, `RecordNotAnchored`."""
    if not indices:
        raise NothingChosen("There are no such records in our log of the agreement.")
    if len(indices) > MOST_RECORDS:
        raise PackageTooLarge(f"{len(indices)} records; a package holds {MOST_RECORDS}.", most=MOST_RECORDS)
    anchors = repository.anchors_between(session, member, stream, indices[0], indices[-1] + 1)
    first_indices = [anchor.first_index for anchor in anchors]
    used = set()
    for index in indices:
        at = bisect_right(first_indices, index) - 1
        if at < 0 or index >= anchors[at].first_index + anchors[at].count:
            raise RecordNotAnchored(f"Record {index} is not anchored yet.", index=index)
        used.add(at)
    return ChosenRecords(stream, indices, [anchors[at] for at in sorted(used)])


def _anchor_places(chosen: ChosenRecords) -> list[EventPlace]:
    return [EventPlace(anchor.height, anchor.log_index, anchor.act_id) for anchor in chosen.anchors]
