"""What may go wrong with the development authority."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tallystick_devnet.errors import DevnetError

__all__ = ["AuthorityFilesBroken"]


class AuthorityFilesBroken(DevnetError):
    """The folder does not hold the key and certificate that this version wrote."""

    code: ClassVar[str] = "devnet.authority_files"
    sentence: ClassVar[str] = "{folder} does not hold a development authority's key and certificate: {reason}"
    advice: ClassVar[str] = (
        "Put the two files back from a copy, or give another `--folder`: a new authority has a certificate of its own."
    )

    folder: Path
    reason: str
