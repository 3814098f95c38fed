"""Requests and answers about sealed documents."""

from typing import Annotated, Final

from pydantic import Field

from tallystick_gateway.kit.wire import Hex32, Instant, Wire

__all__ = ["DocumentOut", "OpenedOut", "SealDocumentIn"]

_MOST_READERS: Final = 63
_LONGEST_BASE64: Final = 4 * (4 * 1024 * 1024 // 3 + 1) + 4
_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_MediaType = Annotated[str, Field(pattern=r"^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}$")]


class SealDocumentIn(Wire):
    """`content` is base64, of at most 4 MiB; `readers` are members besides this one, each with a SEAL key.

    Until `retain_until` our copy cannot be erased.
    """

    name: _Name
    media_type: _MediaType
    content: Annotated[str, Field(max_length=_LONGEST_BASE64)]
    readers: Annotated[list[Hex32], Field(max_length=_MOST_READERS)]
    retain_until: Instant | None = None


class DocumentOut(Wire):
    """A sealed document; what it says is shown by opening it only.

    `digest` commits to the plaintext with a salt, `ciphertext_digest` is the name under which it is stored.
    """

    document: Hex32
    sender: Hex32
    digest: Hex32
    ciphertext_digest: Hex32
    size: int
    readers: list[Hex32]
    stored_at: Instant
    retain_until: Instant | None
    erased_at: Instant | None


class OpenedOut(Wire):
    """The document as it was before it was sealed; `content` is base64."""

    document: Hex32
    sender: Hex32
    name: str
    media_type: str
    content: str
