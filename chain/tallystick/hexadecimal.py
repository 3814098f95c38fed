"""Hexadecimal as Ethereum nodes write it in JSON: `0x` and digits (Execution API, "hex value encoding")."""

import re
from typing import Final

__all__ = ["byte_string", "quantity"]

_QUANTITY: Final = re.compile(r"0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})", re.ASCII)


def byte_string(text: object, width: int | None = None) -> bytes:
    """The bytes `text` stands for. Raises `ValueError` if it is no such text, or not of `width` bytes."""
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError("not 0x and pairs of hexadecimal digits")
    decoded = bytes.fromhex(text[2:])
    if 2 * len(decoded) != len(text) - 2:  # white space, which fromhex skips
        raise ValueError("not 0x and pairs of hexadecimal digits")
    if width is not None and len(decoded) != width:
        raise ValueError(f"{len(decoded)} bytes, not {width}")
    return decoded


def quantity(text: object) -> int:
    """The number `text` stands for, below 2^256. Raises `ValueError` if it is no such text."""
    if not isinstance(text, str) or not _QUANTITY.fullmatch(text):
        raise ValueError("not 0x and hexadecimal digits without leading zeros, at most 64")
    return int(text, 16)
