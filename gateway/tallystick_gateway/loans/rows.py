"""Many rows in one request: each checked by itself, refusals gathered with line and field, bounded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from tallystick.errors import TallystickError

from .errors import FieldMalformed, FieldMissing, FieldUnknown, RowMalformed, RowsRefused
from .schemas import RowError

__all__ = ["Refusals", "checked"]

_T = TypeVar("_T")
_MOST_SHOWN = 100


class Refusals:
    """The refused rows of one request of `rows` rows; the first hundred errors are kept in words."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._lines: set[int] = set()
        self._errors: list[RowError] = []

    @property
    def count(self) -> int:
        """How many rows were refused."""
        return len(self._lines)

    @property
    def errors(self) -> list[RowError]:
        """The errors that are kept, by line."""
        return sorted(self._errors, key=lambda error: error.line)

    def add(self, line: int, error: TallystickError) -> None:
        """Refuse the row in `line` (from 1)."""
        self._lines.add(line)
        if len(self._errors) < _MOST_SHOWN:
            field = str(error.values.get("field", ""))
            self._errors.append(
                RowError(line=line, field=field, code=error.code, detail=str(error), advice=error.advice)
            )

    def require_none(self) -> None:
        """Raises `RowsRefused` if any row was refused."""
        if self._lines:
            errors = self.errors
            first = errors[0]
            raise RowsRefused(
                refused=self.count,
                rows=self._rows,
                line=first.line,
                field=first.field,
                detail=first.detail,
                errors=[error.model_dump() for error in errors],
            )


def checked(rows: Sequence[object], form: TypeAdapter[_T], refusals: Refusals) -> Iterator[tuple[int, _T]]:
    """(line, row) of those rows that have their form; the others are refused, each of their fields in words."""
    validate = form.validate_python
    for line, row in enumerate(rows, 1):
        try:
            parsed = validate(row)
        except ValidationError as refused:
            for error in refused.errors(include_url=False, include_input=False):
                refusals.add(line, _in_words(error))
        else:
            yield line, parsed


def _in_words(error: Mapping[str, Any]) -> TallystickError:
    """Our error for pydantic's: the library's own where it was the library that refused."""
    field = ".".join(map(str, error["loc"])) or "loan_id"
    raised = error.get("ctx", {}).get("error")
    cause = raised.__cause__ if isinstance(raised, Exception) else None
    if isinstance(cause, TallystickError):
        return type(cause)(**{**cause.values, "field": field})
    if error["type"] == "missing":
        return FieldMissing(field=field)
    if error["type"] == "extra_forbidden":
        return FieldUnknown(field=field[:64])
    if error["type"] in {"model_type", "model_attributes_type"}:
        return RowMalformed(field="")
    return FieldMalformed(field=field, reason=error["msg"])
