"""Requests and answers about roots."""

from typing import Annotated

from pydantic import Field

from tallystick_gateway.kit.wire import Hex32, Instant, Wire

__all__ = ["RootsExportIn", "RootsOut", "RootsSignIn"]

_LARGEST_FILE = 4 * 1024 * 1024
_File = Annotated[str, Field(max_length=_LARGEST_FILE)]
_Cards = Annotated[list[Annotated[str, Field(max_length=65_536)]], Field(default_factory=list, max_length=255)]


class RootsExportIn(Wire):
    """As of `height` (left out: the last checked block), after the version in `previous` (left out: the first).

    `cards` are card files of members admitted since this gateway's own consortium.json.
    """

    height: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    previous: _File | None = None
    cards: _Cards


class RootsSignIn(Wire):
    """`content` is the roots file; `abandon` the digest of one signed before after the same version, now given up."""

    content: _File
    previous: _File | None = None
    cards: _Cards
    abandon: Hex32 | None = None


class RootsOut(Wire):
    """`content` is the file, in JCS; `digest` what members compare and what is pinned; `signed` counts signatures."""

    digest: Hex32
    as_of_height: int
    issued_at: Instant
    signed: int
    content: str
