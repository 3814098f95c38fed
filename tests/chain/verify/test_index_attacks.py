"""The index and the files: changed by somebody who cannot sign, or made up by the builder who can."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tallystick.package.evidence import MAX_EVIDENCE_BYTES
from tallystick.verify.trust import read_trust
from tallystick.verify.verifier import Report, verify

from .cases import Cases, acts, loan, maybe, no, records
from .forging import files_of, forged, jcs, repacked
from .sealed_chain import member
from .stories import judged

INDEX: dict[str, Any] = json.loads(files_of(acts().package)["evidence.json"])
HEADER = next(path for path in files_of(acts().package) if "/headers/" in path)
ACT = next(path for path in files_of(acts().package) if "/acts/" in path)


def outsider(path: str, content: Any) -> Callable[[], Report]:
    """One file changed by somebody who cannot sign."""
    return lambda: judged(acts(), repacked(acts().package, {path: content}))


def index(content: Any) -> Callable[[], Report]:
    """Another index."""
    return outsider("evidence.json", content)


def with_member(name: str, value: Any) -> Callable[[], Report]:
    """The index with one member changed; still canonical."""
    return index(jcs(lambda found: {**found, name: value}))


def claimed(name: str, value: Any) -> Callable[[], Report]:
    """A claim that the builder makes up, and signs."""
    return lambda: judged(acts(), forged(acts().package, acts().roots, claims={name: value}))


def subject_of_loan() -> Report:
    subject = {**json.loads(files_of(loan().package)["evidence.json"])["subject"], "loan": "00" * 32}
    return judged(loan(), forged(loan().package, loan().roots, subject=subject))


def large_and_touched() -> Report:
    """So large that only an intact package is worth the work."""
    padded = forged(acts().package, acts().roots, {"records/records.ndjson": b" " * (3 << 20)})
    return judged(acts(), repacked(padded, {"custody.jsonl": b""}))


EVIDENCE: Cases = {
    "no index": maybe(index(None), "evidence.absent"),
    "no JSON": no(index(b"{"), "evidence.malformed"),
    "a key twice": no(index(b'{"format":"x","format":"y"}'), "evidence.malformed"),
    "nested deep": no(index(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"), "evidence.malformed"),
    "a blank at the end": no(index(lambda text: text + b" "), "evidence.malformed"),
    "a float": no(index(b'{"format":1.5}'), "evidence.malformed"),
    "a huge number": no(index(b'{"format":' + b"9" * 5000 + b"}"), "evidence.malformed"),
    "a number that canonical JSON does not have": no(
        index(lambda text: text.replace(b'"blocks":', b'"blocks":1152921504606846976,"x":')), "evidence.malformed"
    ),
    "a number above 2^53 in a claim": no(
        index(lambda text: text.replace(b'"as_of":{"hash"', b'"as_of":{"a":1152921504606846976,"hash"')),
        "evidence.malformed",
    ),
    "a list": no(index(b"[]"), "evidence.malformed"),
    "a lone surrogate": no(index(b'{"format":"\\ud800"}'), "evidence.malformed"),
    "not UTF-8": no(index(b'{"format":"\xff"}'), "evidence.malformed"),
    "one member more": no(with_member("roots", {}), "evidence.malformed"),
    "it lists itself": no(
        with_member("files", [{"path": "evidence.json", "sha256": "00" * 32, "size": 1}]), "evidence.malformed"
    ),
    "it lists a path that climbs": no(
        with_member("files", [{"path": "../x", "sha256": "00" * 32, "size": 1}]), "evidence.malformed"
    ),
    "it lists a file twice": no(with_member("files", INDEX["files"][:1] * 2), "evidence.malformed"),
    "its files are not in order": no(with_member("files", INDEX["files"][::-1]), "evidence.malformed"),
    "larger than allowed": maybe(index(b" " * (MAX_EVIDENCE_BYTES + 1)), "evidence.too_large"),
    "a later version": maybe(with_member("format", "tallystick-evidence/2"), "evidence.version"),
    "an unknown kind": maybe(with_member("kind", "default"), "evidence.kind"),
    "a very long kind": maybe(with_member("kind", "x" * 9999), "evidence.kind"),
    "another height": no(claimed("as_of", {**INDEX["as_of"], "height": 1}), "evidence.claim"),
    "another time of a block": no(
        claimed("blocks", [{**INDEX["blocks"][0], "time": "2026-11-18T11:06:43Z"}, *INDEX["blocks"][1:]]),
        "evidence.claim",
    ),
    "an act by another member": no(
        claimed("acts", [{**INDEX["acts"][0], "member": member(1).hex()}, *INDEX["acts"][1:]]), "evidence.claim"
    ),
    "an act not told of": no(claimed("acts", INDEX["acts"][1:]), "evidence.claim"),
    "acts in another order": no(claimed("acts", INDEX["acts"][::-1]), "evidence.claim"),
    "a contract not told of": no(claimed("contracts", []), "evidence.claim"),
    "a loan in a package of acts": no(claimed("loan", {}), "evidence.claim"),
    "a log in a package of acts": no(claimed("logs", [{}]), "evidence.claim"),
    "a checkpoint not told of": no(claimed("checkpoints", []), "evidence.claim"),
    "something withheld that is not": no(claimed("withheld", [{}]), "evidence.claim"),
    "false for nothing": no(claimed("loan", False), "evidence.claim"),
    "other acts than the subject": no(
        lambda: judged(acts(), forged(acts().package, acts().roots, subject={"acts": "00" * 32})), "evidence.foreign"
    ),
    "another loan than the subject": no(subject_of_loan, "evidence.foreign", "evidence.claim"),
    "another log than the subject": no(
        lambda: judged(
            records(),
            forged(records().package, records().roots, subject={"member": member(1).hex(), "stream": "00" * 32}),
        ),
        "evidence.foreign",
    ),
    "touched, and large": no(large_and_touched, "evidence.not_examined", "files.digest", "custody.broken"),
}

FILES: Cases = {
    "a file changed": no(
        outsider("custody.jsonl", lambda text: text.replace(b"own", b"OWN")), "files.digest", "custody.broken"
    ),
    "a file longer": no(outsider(HEADER, lambda text: text + b"\0"), "files.digest", "headers.refused"),
    "a file left out": no(outsider(ACT, None), "files.missing", "evidence.claim", "evidence.foreign", "files.unused"),
    "a file put in": no(outsider("proofs/headers/0.rlp", b"\xc0"), "files.unlisted", "headers.refused"),
    "another VERIFY.txt": no(outsider("VERIFY.txt", b"Trust me."), "files.verify_txt", "files.digest"),
    "no VERIFY.txt": no(outsider("VERIFY.txt", None), "files.verify_txt", "files.missing"),
    "a header that nothing needs": no(
        lambda: judged(
            acts(),
            forged(acts().package, acts().roots, {"proofs/headers/0.rlp": acts().story.chain.blocks[0].header}),
        ),
        "files.unused",
        "evidence.claim",
    ),
    "no roots": maybe(
        lambda: verify(acts().package, read_trust([])), "files.not_examined", "builder.not_examined", "roots.missing"
    ),
}

CASES = EVIDENCE | FILES


@pytest.mark.parametrize("name", CASES)
def test_an_index_that_says_otherwise_is_never_verified(name: str) -> None:
    CASES[name].check()
