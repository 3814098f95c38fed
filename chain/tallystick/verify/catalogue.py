"""Every finding there is: its code, what it says of the package, what to do, and what it means at law.

The rows stand in `findings.json`. Codes are frozen: one is never given another meaning, and a new fact gets a new code.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

__all__ = ["CATALOGUE", "FAMILIES", "REQUIREMENTS", "UNPROVED", "Family", "FindingKind", "Requirement", "Status"]


class Status(StrEnum):
    """What a finding says of its check."""

    PASS = "PASS"  # noqa: S105 - a word of the report
    FAIL = "FAIL"
    LIMIT = "LIMIT"
    SKIP = "SKIP"


class Requirement(StrEnum):
    """What it means for a package of a kind that a check could not be made."""

    REQUIRED = "R"
    EXPECTED = "E"
    OPTIONAL = "O"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """A row of the catalogue. `status` is the only one that findings of this code have."""

    code: str
    status: Status
    says: str
    advice: str
    meaning: str

    @property
    def family(self) -> str:
        """The check that it belongs to."""
        return self.code.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Family:
    """A check: what it is called, and what it asks."""

    name: str
    asks: str


FAMILIES: Final = (
    Family("container", "Is the file a package, in the one shape of the format?"),
    Family("evidence", "Is the index well-formed, and does it say what the proofs say?"),
    Family("files", "Are the files those that the index lists, unchanged, and all of use?"),
    Family("builder", "Did a member sign for the package, with a key that was good?"),
    Family("roots", "Are the roots signed by the members, and pinned from elsewhere?"),
    Family("headers", "Were the blocks sealed by a quorum of the validators of that height?"),
    Family("receipts", "Do the receipts stand in those blocks?"),
    Family("acts", "Did members sign the acts, with good keys, and did the contracts record them?"),
    Family("logs", "Do the anchors of each log follow each other?"),
    Family("records", "Do the records open to what was anchored?"),
    Family("loan", "Are these all acts about the loan?"),
    Family("history", "Are these all records of the loan in the member's log?"),
    Family("book", "Does the counterparty's book agree?"),
    Family("figures", "What is left when the loan's records are added up again?"),
    Family("time", "Does a time-stamp authority vouch for when the blocks were recorded?"),
    Family("custody", "Is the chain of custody unbroken?"),
    Family("stamp", "Does a time-stamp authority vouch for when the package was made?"),
)

_ALWAYS: Final = ("container", "evidence", "files", "builder", "roots", "headers", "receipts", "acts", "custody")
_BY_KIND: Final = {
    "records": "logs:R records:R time:E stamp:O",
    "acts": "time:E stamp:O",
    "loan": "loan:R history:E figures:E book:O logs:O records:O time:E stamp:O",
}
REQUIREMENTS: Final[Mapping[str, Mapping[str, Requirement]]] = {
    kind: dict.fromkeys(_ALWAYS, Requirement.REQUIRED)
    | {name: Requirement(level) for name, level in (rule.split(":") for rule in rules.split())}
    for kind, rules in _BY_KIND.items()
}
"""Which checks a package of each kind needs; a check that is not named is not made for that kind."""


def _rows() -> dict[str, Any]:
    rows: dict[str, Any] = json.loads(files("tallystick.verify").joinpath("findings.json").read_text("utf-8"))
    return rows


_ROWS: Final = _rows()
CATALOGUE: Final[Mapping[str, FindingKind]] = {
    row["code"]: FindingKind(row["code"], Status(row["status"]), row["says"], row["advice"], row["meaning"])
    for row in _ROWS["findings"]
}
UNPROVED: Final[Mapping[str, str]] = {row["code"]: row["says"] for row in _ROWS["unproved"]}
"""What no package proves."""
