"""The one base of every error this library raises."""

from typing import Any, ClassVar

__all__ = ["TallystickError"]


class TallystickError(Exception):
    """A fact that stopped the work: what happened, the values, and what to do about it.

    A subclass sets `code` (stable and dotted, part of the API), `sentence` (a `str.format` template over its values)
    and `advice`, and annotates its values. The values are given by keyword, become attributes and stay together in
    `values`. `str(error)` is one sentence. No value may be a secret: errors end in logs and in answers.
    """

    code: ClassVar[str] = "tallystick.error"
    sentence: ClassVar[str] = "Something is wrong"
    advice: ClassVar[str] = ""

    values: dict[str, object]

    def __init__(self, message: str = "", /, **values: Any) -> None:
        """State the fact by `values`; `message` replaces the class's sentence where that says too little."""
        self.values = values
        for name, value in values.items():
            setattr(self, name, value)
        super().__init__(message or self.sentence.format(**values))
