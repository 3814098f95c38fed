"""`evidence.json`, the index of a package: what it is about, its files, and what is claimed (`docs/package.md`)."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

import rfc8785

from tallystick import strictjson
from tallystick.strictjson import Json

from .errors import PackageRefused
from .instants import format_instant, parse_instant
from .paths import is_listed, name_of

__all__ = [
    "CLAIMS",
    "FORMAT",
    "KINDS",
    "MAX_EVIDENCE_BYTES",
    "Evidence",
    "ListedFile",
    "acts_subject",
    "loan_subject",
    "parse_evidence",
    "records_subject",
]

FORMAT: Final = "tallystick-evidence/1"
KINDS: Final = ("records", "acts", "loan")
MAX_EVIDENCE_BYTES: Final = 4 * 1024 * 1024
MAX_FILES: Final = 4096
MAX_COMMAS: Final = 131_072
"""So many members and items, and one more, has the index at most: memory is for what a package can need."""
CLAIMS: Final = ("as_of", "blocks", "contracts", "acts", "logs", "loan", "checkpoints", "withheld")
"""What a verifier computes from the proof files, and compares."""

_KEYS: Final = frozenset({"format", "kind", "subject", "chain", "built", "files", *CLAIMS})
_SUBJECTS: Final = {"records": ("member", "stream"), "acts": ("acts",), "loan": ("agreement", "loan")}
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MAX_NUMBER: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as the index lists it."""

    path: str
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """The index. `subject` is as in JSON, `claims` has the members in `CLAIMS` as JSON values."""

    kind: str
    subject: Mapping[str, str]
    chain_id: int
    genesis_hash: bytes
    member: bytes
    built_at: datetime
    files: tuple[ListedFile, ...]
    claims: Mapping[str, Json]

    @property
    def subject_digest(self) -> bytes:
        """What the builder's statement says of the subject: SHA-256(JCS(subject))."""
        return hashlib.sha256(rfc8785.dumps(dict(self.subject))).digest()

    def to_json(self) -> bytes:
        """The file."""
        return rfc8785.dumps(
            {
                "format": FORMAT,
                "kind": self.kind,
                "subject": dict(self.subject),
                "chain": {"chain_id": self.chain_id, "genesis_hash": self.genesis_hash.hex()},
                "built": {"member": self.member.hex(), "at": format_instant(self.built_at)},
                "files": [{"path": f.path, "sha256": f.sha256.hex(), "size": f.size} for f in self.files],
                **self.claims,
            }
        )


def records_subject(member: bytes, stream: bytes) -> dict[str, str]:
    """The subject of a package of records: the log they are from."""
    return {"member": member.hex(), "stream": stream.hex()}


def acts_subject(act_ids: Sequence[bytes]) -> dict[str, str]:
    """The subject of a package of acts: these acts, and no others."""
    return {"acts": hashlib.sha256(b"".join(sorted(act_ids))).hexdigest()}


def loan_subject(agreement: bytes, loan: bytes) -> dict[str, str]:
    """The subject of a package about one loan."""
    return {"agreement": agreement.hex(), "loan": loan.hex()}


def parse_evidence(raw: bytes) -> Evidence:
    """Read the index; its claims are only read as JSON.

    Raises `PackageRefused`: `evidence.malformed`, `evidence.too_large`, or `evidence.version` and `evidence.kind` for
    what this version does not know.
    """
    if len(raw) > MAX_EVIDENCE_BYTES or raw.count(b",") > MAX_COMMAS:
        bound = f"{MAX_EVIDENCE_BYTES} bytes or {MAX_COMMAS} commas"
        raise PackageRefused("evidence.too_large", f"evidence.json has more than {bound}")
    try:
        value = strictjson.loads_object(raw, max_bytes=MAX_EVIDENCE_BYTES)
    except strictjson.JsonMalformed as why:
        _malformed(str(why))
    found = value.get("format")
    if found != FORMAT and isinstance(found, str) and found.startswith("tallystick-evidence/"):
        raise PackageRefused("evidence.version", f"the format is {found[:64]!a}, this version knows {FORMAT}")
    if found != FORMAT or value.keys() != _KEYS:
        _malformed(f"it is no {FORMAT} with exactly its members")
    kind = _text(value["kind"], "kind")
    if kind not in KINDS:
        raise PackageRefused("evidence.kind", f"this version knows no packages of kind {kind[:64]!a}")
    chain = _object(value["chain"], ("chain_id", "genesis_hash"), "chain")
    built = _object(value["built"], ("member", "at"), "built")
    subject = _object(value["subject"], _SUBJECTS[kind], "subject")
    at = parse_instant(_text(built["at"], "built.at"))
    if at is None:
        _malformed("built.at is no instant")
    evidence = Evidence(
        kind=kind,
        subject={name: _hash(each, f"subject.{name}").hex() for name, each in subject.items()},
        chain_id=_number(chain["chain_id"], "chain.chain_id"),
        genesis_hash=_hash(chain["genesis_hash"], "chain.genesis_hash"),
        member=_hash(built["member"], "built.member"),
        built_at=at,
        files=_files(value["files"]),
        claims={name: value[name] for name in CLAIMS},
    )
    _require_canonical(evidence, raw)
    return evidence


def _require_canonical(evidence: Evidence, raw: bytes) -> None:
    try:
        again = evidence.to_json()
    except (rfc8785.CanonicalizationError, RecursionError):
        again = b""
    if again != raw:
        _malformed("it is not in canonical form (RFC 8785)")


def _files(value: Json) -> tuple[ListedFile, ...]:
    if not isinstance(value, list) or len(value) > MAX_FILES:
        _malformed(f"files is not a list of at most {MAX_FILES}")
    listed = []
    for each in value:
        entry = _object(each, ("path", "sha256", "size"), "files")
        path = _text(entry["path"], "files.path")
        if name_of(path) is None or not is_listed(path):
            _malformed(f"files names {path[:128]!a}, which is not a name of the format or is not listed there")
        listed.append(ListedFile(path, _hash(entry["sha256"], "files.sha256"), _number(entry["size"], "files.size")))
    paths = [each.path for each in listed]
    if paths != sorted(set(paths)):
        _malformed("files is not ascending by path, each once")
    return tuple(listed)


def _object(value: Json, keys: Sequence[str], where: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping) or value.keys() != set(keys):
        _malformed(f"{where} does not have exactly the members {', '.join(keys)}")
    return value


def _text(value: Json, where: str) -> str:
    if not isinstance(value, str):
        _malformed(f"{where} is not text")
    return value


def _hash(value: Json, where: str) -> bytes:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        _malformed(f"{where} is not 64 lower-case hex digits")
    return bytes.fromhex(value)


def _number(value: Json, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_NUMBER:
        _malformed(f"{where} is not a whole number below 2^53")
    return value


def _malformed(reason: str) -> NoReturn:
    raise PackageRefused("evidence.malformed", f"evidence.json: {reason}")
