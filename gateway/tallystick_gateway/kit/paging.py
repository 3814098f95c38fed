"""Pages by cursor: stable under inserts, never a count or an offset."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Mapped
from sqlmodel import col
from sqlmodel.sql.expression import SelectOfScalar

from tallystick.strictjson import JsonMalformed, loads
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["LARGEST_PAGE", "CursorRefused", "Page", "decode_cursor", "encode_cursor", "page_of"]

LARGEST_PAGE = 1000
_MAX_BYTES = 256

Row = TypeVar("Row")
Item = TypeVar("Item")


class CursorRefused(GatewayError):
    """The page cursor is not one that this gateway gave"""

    status = 400
    code = "page.cursor_refused"
    advice = "Use `next` of the page before, unchanged; leave it out for the first page."


class Page(BaseModel, Generic[Item]):
    """One page: `items`, and `next` to ask for the following one (null at the end)."""

    model_config = ConfigDict(frozen=True)

    items: list[Item]
    next: str | None = None


def encode_cursor(last: int | str) -> str:
    """An opaque cursor for "after the row whose sort key is `last`"."""
    return base64.urlsafe_b64encode(json.dumps([1, last], ensure_ascii=False).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int | str:
    """The sort key in `cursor`; raises `CursorRefused`."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = loads(base64.b64decode(padded, altchars=b"-_", validate=True), max_bytes=_MAX_BYTES, max_depth=1)
        if not isinstance(found, list) or len(found) != 2 or found[0] != 1:
            raise ValueError("no cursor of this version")
        last = found[1]
        if isinstance(last, bool) or not isinstance(last, int | str):
            raise ValueError("no sort key")
    except (JsonMalformed, ValueError, TypeError, binascii.Error) as refused:
        raise CursorRefused("The cursor cannot be read.", field="cursor") from refused
    return last


def page_of(
    session: Session,
    statement: SelectOfScalar[Any],
    key: Any,
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> tuple[Sequence[Any], str | None]:
    """Rows of `statement` after `cursor` in the order of the unique column `key`, and the cursor of the next page.

    `key` is an attribute of the selected model (`Loan.id`). Raises `CursorRefused`.
    """
    column: Mapped[Any] = col(key)
    limit = max(1, min(limit, LARGEST_PAGE))
    if cursor is not None:
        last = decode_cursor(cursor)
        statement = statement.where(column < last if newest_first else column > last)
    ordered = statement.order_by(column.desc() if newest_first else column.asc()).limit(limit + 1)
    rows = session.exec(ordered).all()
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, encode_cursor(getattr(rows[-1], key.key))
