"""Errors are part of the API: each has a code of its own, one sentence, its values and advice."""

import importlib
import pkgutil
from collections import Counter

import tallystick
from tallystick.errors import TallystickError


def every_error() -> list[type[TallystickError]]:
    for module in pkgutil.walk_packages(tallystick.__path__, "tallystick."):
        importlib.import_module(module.name)
    found, waiting = [], [TallystickError]
    while waiting:
        error = waiting.pop()
        found.append(error)
        waiting += error.__subclasses__()
    return [error for error in found if error.__module__.startswith("tallystick.")]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = Counter(error.code for error in every_error() if "code" in vars(error))
    assert [code for code, times in codes.items() if times > 1] == []
    assert all("." in code and code == code.lower() for code in codes)


def test_every_error_says_what_to_do() -> None:
    assert [error.__name__ for error in every_error() if not error.advice and not error.__subclasses__()] == []


def test_an_error_keeps_its_values_and_reads_as_one_sentence() -> None:
    class LimitExceeded(TallystickError):
        code = "test.limit_exceeded"
        sentence = "{party} would exceed its limit by {by}"
        by: int

    error = LimitExceeded(party="bank", by=5)
    assert str(error) == "bank would exceed its limit by 5"
    assert (error.by, error.values) == (5, {"party": "bank", "by": 5})
    assert str(LimitExceeded("said otherwise", by=5)) == "said otherwise"
