"""Sealed documents in a folder, each under the SHA-256 of its ciphertext: a name says what must be in it.

What is written is on disk when `put` returns. Plaintext never gets here.
"""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from .errors import CiphertextDamaged, CiphertextMissing

__all__ = ["SealedStore"]

_FOLDER: Final = "sealed"


class SealedStore:
    """The folder `sealed` of a gateway's home; safe between threads and processes."""

    def __init__(self, home: Path) -> None:
        self._root = home / _FOLDER

    def put(self, ciphertext: bytes) -> bytes:
        """Keep it; its digest. Whole or not at all, and once however often it is put."""
        digest = hashlib.sha256(ciphertext).digest()
        path = self._path(digest)
        if path.exists() and path.read_bytes() == ciphertext:
            return digest
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with fresh.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(ciphertext)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
        return digest

    def get(self, digest: bytes) -> bytes:
        """Raises `CiphertextMissing`; `CiphertextDamaged` if what is there has another digest."""
        try:
            found = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise CiphertextMissing(
                f"There is no file {self._path(digest).name} in {_FOLDER}.", digest=digest
            ) from None
        if hashlib.sha256(found).digest() != digest:
            raise CiphertextDamaged(f"The file {self._path(digest).name} in {_FOLDER} was altered.", digest=digest)
        return found

    def has(self, digest: bytes) -> bool:
        """Whether there is a file of that name."""
        return self._path(digest).exists()

    def destroy(self, digest: bytes) -> None:
        """Overwrite it and take it away. (What a disk or a backup still holds of it opens for nobody without keys.)"""
        path = self._path(digest)
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _sync_folder(path.parent)

    def _path(self, digest: bytes) -> Path:
        if len(digest) != 32:
            raise ValueError("a digest has 32 bytes")
        name = digest.hex()
        return self._root / name[:2] / name


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
