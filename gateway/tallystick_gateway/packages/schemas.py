"""Packages on the wire: what may be asked for, and what became of it."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from tallystick_gateway.kit.wire import Hex32, Instant, Wire
from tallystick_gateway.loans.schemas import LoanName

__all__ = [
    "ActsIn",
    "LoanPackageIn",
    "PackageIn",
    "PackageOut",
    "RecordsPackageIn",
    "Snapshot",
    "State",
]

MOST_ACTS = 1000
MOST_DIGESTS = 10_000
State = Literal["waiting", "building", "done", "failed"]
Snapshot = Literal["fresh", "last"]
_Index = Annotated[int, Field(ge=0, lt=2**53)]
_Fields = Annotated[list[Annotated[str, Field(pattern="^[a-z][a-z_]{0,31}$")]], Field(min_length=1, max_length=64)]
_Cards = Annotated[list[Annotated[str, Field(max_length=65_536)]], Field(default_factory=list, max_length=255)]


class _Asked(Wire):
    """What every package may be asked with.

    `certificate`: with a readable PDF or without (left out: with one, if the gateway can draw it). `cards` are card
    files of members admitted since this gateway's own consortium.json.
    """

    certificate: bool | None = None
    cards: _Cards


class _Disclosing(_Asked):
    """Fields of records: all are shown, or only those in `disclose`, or all but those in `withhold`."""

    disclose: _Fields | None = None
    withhold: _Fields | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "_Disclosing":
        if self.disclose is not None and self.withhold is not None:
            raise ValueError("give disclose or withhold, not both")
        return self


class ActsIn(_Asked):
    """Acts: those with these ids, those about an agreement or a loan, or a member's own in the Consortium."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "acts", "acts": ["ab" * 32]}]})

    kind: Literal["acts"]
    acts: Annotated[list[Hex32], Field(min_length=1, max_length=MOST_ACTS)] | None = None
    agreement: Hex32 | None = None
    loan: LoanName | None = None
    member: Hex32 | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> "ActsIn":
        if sum(each is not None for each in (self.acts, self.agreement, self.member)) != 1:
            raise ValueError("give one of acts, agreement (with or without a loan) and member")
        if self.loan is not None and self.agreement is None:
            raise ValueError("a loan is named within its agreement")
        return self


class RecordsPackageIn(_Disclosing):
    """Records of our own log under an agreement: all, those from `first` to `last`, of a loan, or by their digests."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "records", "agreement": "ab" * 32, "first": 0, "last": 99, "withhold": ["reference"]}]
        }
    )

    kind: Literal["records"]
    agreement: Hex32
    first: _Index | None = None
    last: _Index | None = None
    loan: LoanName | None = None
    digests: Annotated[list[Hex32], Field(min_length=1, max_length=MOST_DIGESTS)] | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> "RecordsPackageIn":
        by_range = self.first is not None or self.last is not None
        if sum((by_range, self.loan is not None, self.digests is not None)) > 1:
            raise ValueError("give one of a range (first, last), loan and digests")
        if self.last is not None and self.last < (self.first or 0):
            raise ValueError("last comes before first")
        return self


class LoanPackageIn(_Disclosing):
    """Everything about one loan: its acts, its agreement's, a snapshot, and our own records of it.

    `snapshot`: `fresh` has the chain state the loan's head anew, `last` takes the last such statement there is.
    `records`: `loan` opens those of the loan; `log` also shows of every other record in the log that it is of another
    loan, so that nobody can say that one was left out; `none` opens none.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "loan", "agreement": "ab" * 32, "loan": "LC-17", "snapshot": "fresh"}]}
    )

    kind: Literal["loan"]
    agreement: Hex32
    loan: LoanName
    snapshot: Snapshot = "fresh"
    records: Literal["loan", "log", "none"] = "loan"


PackageIn = Annotated[ActsIn | RecordsPackageIn | LoanPackageIn, Field(discriminator="kind")]
"""What is asked for."""


class PackageSummary(Wire):
    """What a finished package is. `verdict` and `limits` are our own verifier's, by roots as of `roots_height`.

    `evidence_digest` is SHA-256 of the index, as the code on the PDF has it; `sha256` that of the whole file.
    """

    verdict: str
    limits: list[str]
    subject: dict[str, str]
    evidence_digest: Hex32
    sha256: Hex32
    size_bytes: int
    files: int
    acts: int
    records: int
    as_of_height: int
    roots_height: int
    certificate: bool


class PackageOut(Wire):
    """A package asked for. While `state` is `waiting`, `snapshot_submission` may name what it waits for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "3f6c1a529d0e4b7c8a550c1d2e3f4a5b",
                    "kind": "loan",
                    "state": "building",
                    "requested_at": "2026-11-23T08:00:00Z",
                    "ended_at": None,
                    "snapshot_submission": None,
                    "content": None,
                    "package": None,
                    "error": None,
                }
            ]
        }
    )

    id: str
    kind: str
    state: State
    requested_at: Instant
    ended_at: Instant | None
    snapshot_submission: str | None
    content: str | None
    package: PackageSummary | None
    error: dict[str, Any] | None
