"""Why a package, or a part of it, is not taken."""

from typing import ClassVar

from tallystick.errors import TallystickError

__all__ = ["PackageRefused"]


class PackageRefused(TallystickError):
    """A part of a package is not what the format says; `finding` is the verifier's code for it."""

    code: ClassVar[str] = "package.refused"
    sentence: ClassVar[str] = "{reason} ({finding})"
    advice: ClassVar[str] = "`tally-verify --explain CODE` says what the finding means and what to do."

    finding: str
    reason: str

    def __init__(self, finding: str, reason: str) -> None:
        """Name the finding, and say in one sentence what was found where."""
        super().__init__(finding=finding, reason=reason)
