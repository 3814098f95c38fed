"""Sealing documents for named readers, and the file in which they are handed over (`protocol.md` §10)."""

from .agreement import seal_agreement_secret, unseal_agreement_secret
from .document import Commit, Sealed, seal, unseal
from .errors import CommitmentDiffers, NotAReader, ReaderKeyInvalid, SealBroken, SealedFileMalformed
from .file import LARGEST_SEALED_FILE, SealedFile, read_sealed_file, write_sealed_file

__all__ = [
    "LARGEST_SEALED_FILE",
    "Commit",
    "CommitmentDiffers",
    "NotAReader",
    "ReaderKeyInvalid",
    "SealBroken",
    "Sealed",
    "SealedFile",
    "SealedFileMalformed",
    "read_sealed_file",
    "seal",
    "seal_agreement_secret",
    "unseal",
    "unseal_agreement_secret",
    "write_sealed_file",
]
