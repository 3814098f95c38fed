"""Who signed for the package, and which roots it is judged by."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tallystick.acts import PackageBuilt
from tallystick.keys import ActKey
from tallystick.package.custody import Step, custody_file
from tallystick.roots import Compromise, Revocation, Roots, merge_signatures, sign_roots
from tallystick.verify.findings import Verdict
from tallystick.verify.trust import read_trust
from tallystick.verify.verifier import Report, verify

from .cases import Cases, acts, limited, maybe, no
from .forging import forged, jcs, repacked
from .sealed_chain import START, act_key, hashed, instant, key_entry, member, validator_key
from .stories import acts_package, judged

NOW = acts().story.chain.blocks[-1].time


def signed_by(key: ActKey, **index: Any) -> Callable[[], Report]:
    return lambda: judged(acts(), forged(acts().package, acts().roots, key=key, **index))


def statement(**changes: Any) -> Callable[[], Report]:
    """The builder signs another statement than the package's."""

    def said(built: PackageBuilt) -> PackageBuilt:
        return replace(built, **changes)

    return lambda: judged(acts(), forged(acts().package, acts().roots, said=said))


def builder_json(content: Any) -> Callable[[], Report]:
    return lambda: judged(acts(), repacked(acts().package, {"META-INF/builder.json": content}))


def by_key(**changes: Any) -> Callable[[], Report]:
    """The roots say something of a second ACT key of the builder, which signed for the package."""
    second = key_entry(0, act_key(0, 1).address, **changes)
    roots = acts().story.roots(second)
    return lambda: judged(acts(), forged(acts().package, roots, key=act_key(0, 1)), roots=roots)


def with_pdf(swapped: bool) -> Report:
    made = acts_package()
    pdf = b"%PDF-1.7 one"
    sealed = forged(made.package, made.roots, {"certificate.pdf": pdf})
    return judged(made, repacked(sealed, {"certificate.pdf": b"%PDF-1.7 two"}) if swapped else sealed)


def exported(at: datetime, by: int = 0) -> bytes:
    """A chain of custody that is the export alone."""
    return custody_file([Step("exported", member(by), at)])


def built(at: datetime, key: ActKey | None = None) -> Report:
    """Built at another instant, says its builder."""
    changes = {"custody.jsonl": exported(at)}
    return judged(acts(), forged(acts().package, acts().roots, changes, key=key, built_at=at))


def custody(content: Any) -> Callable[[], Report]:
    return lambda: judged(acts(), forged(acts().package, acts().roots, {"custody.jsonl": content}))


def judged_by(*roots: Roots | bytes, pinned: bytes | None = None) -> Callable[[], Report]:
    contents = [each.to_bytes() if isinstance(each, Roots) else each for each in roots]
    return lambda: verify(acts().package, read_trust(contents, pinned))


def resigned(roots: Roots, *signers: int) -> Roots:
    bare = replace(roots, signatures=())
    return merge_signatures(bare, [sign_roots(bare, member(each), act_key(each)) for each in signers])


ROOTS = acts().roots
LATER = resigned(replace(ROOTS, previous=ROOTS.digest, issued_at=ROOTS.issued_at + timedelta(days=1)), 0, 1, 2)
REWRITTEN = resigned(
    replace(
        ROOTS,
        previous=ROOTS.digest,
        contracts=(replace(ROOTS.contracts[0], code_hash=hashed("x")), *ROOTS.contracts[1:]),
    ),
    0,
    1,
    2,
)
STRANGE = resigned(replace(ROOTS, genesis_hash=hashed("another genesis")), 0, 1, 2)

BUILDER: Cases = {
    "nobody signed": maybe(builder_json(None), "builder.absent"),
    "no JSON": no(builder_json(b"{"), "builder.malformed"),
    "one member more": no(builder_json(jcs(lambda found: {**found, "x": ""})), "builder.malformed"),
    "another format": no(builder_json(jcs(lambda found: {**found, "format": "x"})), "builder.malformed"),
    "a digest that is none": no(builder_json(jcs(lambda found: {**found, "subject": "x"})), "builder.malformed"),
    "not canonical": no(builder_json(lambda found: found + b"\n"), "builder.malformed"),
    "another signature": no(
        builder_json(jcs(lambda found: {**found, "signature": found["signature"][2:] + "00"})), "builder.signature"
    ),
    "the mirrored signature": no(
        builder_json(jcs(lambda found: {**found, "signature": "ff" * 64 + "1c"})), "builder.signature"
    ),
    "another member": no(statement(member=member(1)), "builder.differs"),
    "another kind": no(statement(kind="records"), "builder.differs"),
    "another subject": no(statement(subject=hashed("x")), "builder.differs"),
    "another index": no(statement(evidence_digest=hashed("x")), "builder.differs"),
    "another PDF": no(statement(certificate_digest=hashed("x")), "builder.differs"),
    "the PDF swapped": no(lambda: with_pdf(swapped=True), "builder.differs"),
    "signed by a stranger": no(signed_by(ActKey(hashed("stranger"))), "builder.signature"),
    "signed by another member": no(signed_by(act_key(1)), "builder.signature"),
    "signed by a validator key": no(signed_by(validator_key(0)), "builder.signature"),
    "signed by a key that is younger than the roots": maybe(
        lambda: built(ROOTS.issued_at + timedelta(days=1), act_key(0, 7)), "builder.key_unknown"
    ),
    "a key that was not good yet": no(by_key(not_before=NOW + 3600), "builder.key_invalid"),
    "a key that was no longer good": no(by_key(not_after=NOW - 3600), "builder.key_invalid"),
    "a revoked key": no(by_key(revoked=Revocation(NOW - 3600, 1)), "builder.key_invalid"),
    "a key reported before": no(
        by_key(compromises=(Compromise(START - 7200, NOW - 3600, 1),)), "builder.key_compromised"
    ),
    "a key reported after": limited(
        by_key(compromises=(Compromise(START, NOW + 3600, 1),)), "builder.key_compromised_later"
    ),
    "built before a block in it": no(lambda: built(instant(START - 60)), "builder.time"),
}


CUSTODY: Cases = {
    "no chain of custody": maybe(custody(None), "custody.absent"),
    "an empty one": no(custody(b""), "custody.broken"),
    "its beginning cut off": no(custody(lambda text: text.split(b"\n", 1)[1]), "custody.broken"),
    "its end cut off": no(custody(lambda text: text.split(b"\n", 1)[0] + b"\n"), "custody.broken"),
    "its lines swapped": no(custody(lambda text: b"\n".join([*text.split(b"\n")[1::-1], b""])), "custody.broken"),
    "no line end at its end": no(custody(lambda text: text[:-1]), "custody.broken"),
    "a line that is no JSON": no(custody(b"x\n"), "custody.broken"),
    "an unknown step": no(custody(lambda text: text.replace(b"collected", b"acquired.")), "custody.broken"),
    "exported by another": no(custody(exported(acts().built_at, by=1)), "custody.broken"),
    "exported at another time": no(custody(exported(instant(NOW))), "custody.broken"),
    "exported twice": no(custody(exported(acts().built_at) * 2), "custody.broken"),
    "a time that runs backwards": no(
        custody(
            custody_file([Step("checked", member(0), instant(NOW + 600)), Step("exported", member(0), acts().built_at)])
        ),
        "custody.broken",
    ),
    "a note with control characters": no(
        custody(custody_file([Step("exported", member(0), acts().built_at, "\x1b[2J")])), "custody.broken"
    ),
    "a note of a novel's length": no(
        custody(custody_file([Step("exported", member(0), acts().built_at, "x" * 513)])), "custody.broken"
    ),
}

TRUST: Cases = {
    "roots of which nobody else knows the digest": limited(judged_by(ROOTS), "roots.unpinned"),
    "no roots": maybe(judged_by(), "roots.missing"),
    "roots that are no JSON": maybe(judged_by(b"{"), "roots.malformed"),
    "roots nested deep": maybe(judged_by(b"[" * 100_000), "roots.malformed"),
    "roots with another digest": maybe(judged_by(ROOTS, pinned=hashed("x")), "roots.refused"),
    "roots signed by two of four": maybe(judged_by(resigned(ROOTS, 0, 1)), "roots.refused"),
    "roots changed after they were signed": maybe(
        judged_by(replace(ROOTS, issued_at=ROOTS.issued_at + timedelta(days=1))), "roots.refused"
    ),
    "roots that contradict each other": maybe(judged_by(ROOTS, REWRITTEN), "roots.contradict"),
    "roots that do not form a chain": maybe(judged_by(ROOTS, STRANGE), "roots.refused"),
    "roots of another chain": maybe(judged_by(STRANGE, pinned=STRANGE.digest), "roots.other_chain"),
}

CASES = BUILDER | CUSTODY | TRUST


@pytest.mark.parametrize("name", CASES)
def test_a_package_that_nobody_can_stand_by_is_never_verified(name: str) -> None:
    CASES[name].check()


def test_later_roots_chained_to_pinned_ones_are_pinned() -> None:
    report = judged_by(LATER, ROOTS, pinned=ROOTS.digest)()
    assert report.verdict is Verdict.VERIFIED
    assert report.trust.roots == LATER


def test_a_package_with_a_pdf_is_verified() -> None:
    assert with_pdf(swapped=False).verdict is Verdict.VERIFIED
