"""Wire types that several domains share: `bytes32` words of the contracts, and values that the library checks."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from tallystick.errors import TallystickError
from tallystick.money import parse_currency
from tallystick_gateway.kit.wire import Minor

__all__ = ["Amount", "CodeWord", "CurrencyCode", "let_in", "word_of", "word_text"]

_T = TypeVar("_T")


def let_in(parse: Callable[[_T], object]) -> AfterValidator:
    """A validator that refuses, as pydantic wants it, what `parse` of the library refuses."""

    def check(value: _T) -> _T:
        try:
            parse(value)
        except TallystickError as refused:
            raise ValueError(str(refused)) from refused
        return value

    return AfterValidator(check)


Amount = Annotated[Minor, Field(ge=0)]
"""Minor units, not negative."""

CurrencyCode = Annotated[str, let_in(parse_currency), Field(examples=["USD"])]
"""An active ISO 4217 code."""

CodeWord = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,30}$", examples=["PAID_IN_ERROR"])]
"""A reason as a code word. It stands on the chain for everybody to read, so it is no free text."""


def word_of(text: str) -> bytes:
    """ASCII text left-aligned in 32 bytes, as names and reasons stand on the chain."""
    return text.encode("ascii").ljust(32, b"\0")


def word_text(word: bytes) -> str:
    """The text of such a word; its hex digits where it is none."""
    text = word.rstrip(b"\0")
    return text.decode("ascii") if text.isascii() and text.decode("ascii").isprintable() else word.hex()
