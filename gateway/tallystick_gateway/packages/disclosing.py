"""Which fields of a record a package shows, and the openings that show them (`protocol.md` §1)."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from tallystick.records import record_type, record_types
from tallystick.records.handover import LoggedOpening
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records.models import RecordRow
from tallystick_gateway.records.openings import open_under

from . import repository
from .choosing import ChosenRecords
from .errors import FieldUnknown, NothingShown

__all__ = ["Disclosure", "openings", "require_known_fields"]

_A_PAGE = 1000
_OF_ANOTHER_LOAN = ("loan",)
"""What is shown of a record that only has to show that it is of another loan."""


def require_known_fields(names: Sequence[str]) -> None:
    """Raises `FieldUnknown` for a name that no record type has."""
    known = {name for kind in record_types().values() for name in kind.names}
    if unknown := next((name for name in names if name not in known), None):
        raise FieldUnknown(f"No record type has a field {unknown}.", field=unknown)


class Disclosure:
    """What is shown of each record: all of it, only the fields of `disclose`, or all but those of `withhold`.

    Of records that are not of `loan`, if one is given, only that they are of another.
    """

    def __init__(self, disclose: Sequence[str] | None, withhold: Sequence[str] | None, loan: bytes | None) -> None:
        self._disclose = None if disclose is None else frozenset(disclose)
        self._withhold = frozenset(withhold or ())
        self._loan = loan

    def fields_of(self, row: RecordRow) -> Sequence[str] | None:
        """The fields of the record that are shown, None for all of it. Raises `NothingShown`."""
        if self._loan is not None and row.loan != self._loan:
            return _OF_ANOTHER_LOAN
        names = [each.name for each in record_type(row.kind, row.version).fields]
        shown = [
            name for name in names if name not in self._withhold and (self._disclose is None or name in self._disclose)
        ]
        if not shown:
            raise NothingShown(f"No field of a {row.kind} is to be shown.", type=row.kind)
        return None if len(shown) == len(names) else shown

    @property
    def note(self) -> str:
        """In words, for the chain of custody."""
        if self._disclose is not None:
            return f"only these fields: {', '.join(sorted(self._disclose))}"
        return f"all fields but {', '.join(sorted(self._withhold))}" if self._withhold else "whole"


def openings(
    session: Session, gateway: Gateway, chosen: ChosenRecords, disclosure: Disclosure
) -> Iterator[LoggedOpening]:
    """Openings of the chosen records, in the order of the log. Raises as `open_under` does, and `NothingShown`."""
    for anchor in chosen.anchors:
        first = bisect_left(chosen.indices, anchor.first_index)
        end = bisect_left(chosen.indices, anchor.first_index + anchor.count)
        pages = (
            repository.rows_at(session, chosen.stream, chosen.indices[start : min(start + _A_PAGE, end)])
            for start in range(first, end, _A_PAGE)
        )
        yield from open_under(session, gateway, anchor, pages, disclosure.fields_of)
