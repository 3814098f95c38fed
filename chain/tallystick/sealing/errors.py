"""What can be wrong with a sealed document."""

from typing import ClassVar

from tallystick.errors import TallystickError

__all__ = [
    "CommitmentDiffers",
    "EscrowIncomplete",
    "NotAReader",
    "ReaderKeyInvalid",
    "SealBroken",
    "SealedFileMalformed",
]


class NotAReader(TallystickError):
    """The document is not sealed for this reader."""

    code: ClassVar[str] = "sealed.not_a_reader"
    sentence: ClassVar[str] = "The document is not sealed for {reader}"
    advice: ClassVar[str] = "Ask the sender to seal it for this member too, or open it at the gateway it is meant for."

    reader: str


class ReaderKeyInvalid(TallystickError):
    """A reader's public key is no X25519 key anyone can seal to."""

    code: ClassVar[str] = "sealed.reader_key_invalid"
    sentence: ClassVar[str] = "The SEAL key of {reader} is not a usable X25519 key"
    advice: ClassVar[str] = "Take the SEAL key that the member has registered in the Consortium."

    reader: str


class SealBroken(TallystickError):
    """The seal does not open: it was made for another key, document or reader list, or altered."""

    code: ClassVar[str] = "sealed.broken"
    sentence: ClassVar[str] = "The seal does not open: {reason}"
    advice: ClassVar[str] = (
        "Check that this gateway's SEAL key is the registered one, and ask the sender to seal again."
    )

    reason: str


class CommitmentDiffers(TallystickError):
    """The seal opens, but to something else than what was committed to."""

    code: ClassVar[str] = "sealed.commitment_differs"
    sentence: ClassVar[str] = "What came out of the seal is not what its digest commits to"
    advice: ClassVar[str] = (
        "Do not use it. Keep the file: it is evidence that the sender gave readers different things."
    )


class EscrowIncomplete(TallystickError):
    """What was escrowed cannot be put together again from what there is."""

    code: ClassVar[str] = "sealed.escrow_incomplete"
    sentence: ClassVar[str] = "The escrow does not open: {reason}"
    advice: ClassVar[str] = "Get the released key of that loan from each of the two holders."

    reason: str


class SealedFileMalformed(TallystickError):
    """The file is not a `tallystick-sealed/1` file; `field` says what of it."""

    code: ClassVar[str] = "sealed.file_malformed"
    sentence: ClassVar[str] = "Not a sealed file: {field}: {reason}"
    advice: ClassVar[str] = "Ask the sender for the file again; it must arrive byte for byte."

    field: str
    reason: str
