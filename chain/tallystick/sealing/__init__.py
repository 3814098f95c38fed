"""Sealing documents for named readers, and the file in which they are handed over (`protocol.md` §10)."""

from .agreement import seal_agreement_secret, unseal_agreement_secret
from .document import Commit, Sealed, seal, unseal
from .errors import CommitmentDiffers, EscrowIncomplete, NotAReader, ReaderKeyInvalid, SealBroken, SealedFileMalformed
from .escrow import (
    Escrowed,
    EscrowKey,
    escrow_key,
    open_part,
    seal_in_escrow,
    sign_escrow_key,
    unseal_from_escrow,
)
from .file import LARGEST_SEALED_FILE, SealedFile, read_sealed_file, write_sealed_file

__all__ = [
    "LARGEST_SEALED_FILE",
    "Commit",
    "CommitmentDiffers",
    "EscrowIncomplete",
    "EscrowKey",
    "Escrowed",
    "NotAReader",
    "ReaderKeyInvalid",
    "SealBroken",
    "Sealed",
    "SealedFile",
    "SealedFileMalformed",
    "escrow_key",
    "open_part",
    "read_sealed_file",
    "seal",
    "seal_agreement_secret",
    "seal_in_escrow",
    "sign_escrow_key",
    "unseal",
    "unseal_agreement_secret",
    "unseal_from_escrow",
    "write_sealed_file",
]
