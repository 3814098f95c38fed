"""Checkpoints, tokens over them and over the package: who vouches for when, and until when that counts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tallystick.package.container import write_container
from tallystick.package.paths import MANIFEST, MANIFEST_TOKEN, archive_paths, checkpoint_path, covered_path
from tallystick.package.proofs import CheckpointProof
from tallystick.package.writer import manifest_to_stamp, with_stamp
from tallystick.verify.findings import Verdict
from tallystick.verify.verifier import Report
from tests.chain.timestamps.mint import ENDS, MADE, Identity, certificate, identity, mint, new_key

from .cases import Cases, acts, limited, no
from .forging import careless, files_of, forged
from .sealed_chain import act_key, hashed, instant
from .stories import Packaged, Story, codes, judged, northern_time

Proof = CheckpointProof
LAST = acts().story.chain.height - 1
HEIGHTS = (1, 2)
NOW = acts().story.chain.blocks[-1].time


def made(who: Identity, end: datetime = ENDS) -> Identity:
    """Another authority of the same name."""
    subject = who.certificates[0].subject.rfc4514_string().removeprefix("CN=")
    key = new_key()
    return Identity(key, (certificate(subject, key, end=end),))


def timed(
    change: Callable[[Proof], Proof] = lambda proof: proof,
    *,
    story: Story | None = None,
    at: datetime | None = None,
    seal: Callable[[bytes], bytes] = lambda package: package,
    **roots: Any,
) -> Report:
    """The package of acts, its checkpoint changed before the index was made; the builder checks nothing."""
    story = story or Story(acts().story.chain, acts().story.acts)
    proof = change(story.checkpoint(HEIGHTS))
    with careless():
        draft = story.draft("acts", story.acts[:2], stamped=False, checkpoints=[proof])
    package = seal(draft.seal(act_key(0)))
    return judged(Packaged(package, draft.roots, story, draft.evidence.built_at), at=at, roots=story.roots(**roots))


def with_tokens(*chains: Sequence[bytes], **options: Any) -> Callable[[], Report]:
    """One list of tokens an authority."""
    return lambda: timed(lambda proof: replace(proof, tokens=chains), **options)


def token(stamped: bytes | None = None, *, who: Identity | None = None, seconds: int = 30, **options: Any) -> bytes:
    """A token, as a rule over the checkpoint of the package of acts and half a minute after its newest block."""
    stamped = acts().story.checkpoint(HEIGHTS).checkpoint.encode() if stamped is None else stamped
    return mint(who or identity(), stamped, gen_time=instant(NOW + seconds), **options)


def authority(who: Identity | None = None, **changes: Any) -> Callable[[], Report]:
    """The roots say something else of the authority."""
    return lambda: timed(authorities=(northern_time(who, **changes),))


def changed_file(path: str, content: Any) -> Callable[[], Report]:
    return lambda: judged(acts(), forged(acts().package, acts().roots, {path: content}))


def noted(seconds: int) -> Report:
    """A token over the first blocks is noted on chain, then a loan is paid out; a later checkpoint covers both.

    The token says that many seconds from the block in which it is noted.
    """
    story = Story()
    story.chain.seal(count=3)
    early = story.checkpoint([])
    stamp = mint(identity(), early.checkpoint.encode(), gen_time=instant(story.chain.now + seconds))
    note = story.note_time(stamp)
    disbursed = story.disburse()
    checkpoints = [replace(early, tokens=[[stamp]]), story.checkpoint([disbursed.place.height])]
    with careless():
        draft = story.draft("acts", [note, disbursed], stamped=False, checkpoints=checkpoints)
    return judged(Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at))


# An authority whose certificate ends before the package is judged

ITS_END = instant(NOW) + timedelta(days=100)
IN_TIME, TOO_LATE, LONG_AFTER = (ITS_END + timedelta(days=days) for days in (-10, 10, 100))
SHORT_LIVED = made(identity(), ITS_END)
BOTH = {"authorities": (northern_time(SHORT_LIVED), northern_time(identity(), name="Southern Time"))}


def lapsed(*renewals: datetime, stamps: Sequence[datetime] = (), at: datetime = LONG_AFTER) -> Callable[[], Report]:
    """The checkpoint is stamped by the short-lived authority, the token renewed, the package stamped, then judged."""
    chain = [token(who=SHORT_LIVED)]
    for when in renewals:
        chain.append(mint(identity(), chain[-1], gen_time=when))

    def seal(package: bytes) -> bytes:
        for when in stamps:
            package = with_stamp(package, mint(identity(), manifest_to_stamp(package), gen_time=when))
        return package

    return with_tokens(chain, at=at, seal=seal, **BOTH)


# The package's own stamp


def stamped(
    change: Callable[[dict[str, bytes]], Any] = lambda files: None,
    *,
    times: int = 1,
    who: Identity | None = None,
    **judge: Any,
) -> Report:
    """The package of acts, stamped and renewed, and then changed by somebody who cannot sign."""
    package = acts().package
    for number in range(times):
        stamp = mint(who or identity(), manifest_to_stamp(package), gen_time=instant(NOW + 90 + number))
        package = with_stamp(package, stamp)
    files = files_of(package)
    change(files)
    return judged(acts(), write_container(files), **judge)


def spoilt(path: str, content: bytes | None, times: int = 1) -> Callable[[], Report]:
    def change(files: dict[str, bytes]) -> None:
        files.pop(path)
        if content is not None:
            files[path] = content

    return lambda: stamped(change, times=times)


def without_checkpoint() -> bytes:
    story = acts().story
    return story.draft("acts", story.acts[:2], stamped=False).seal(act_key(0))


TOKENS: Cases = {
    "no checkpoint": limited(lambda: judged(acts(), without_checkpoint()), "time.unstamped"),
    "no token": limited(with_tokens(), "time.unstamped"),
    "the token taken out": no(changed_file("timestamps/0-2/001-000.tst", None), "evidence.claim"),
    "one block not covered": limited(
        lambda: timed(lambda proof: replace(proof, paths={1: proof.paths[1]})), "time.unstamped"
    ),
    "rubbish for a token": no(with_tokens([b"rubbish"]), "time.token"),
    "no bytes for a token": no(with_tokens([b""]), "time.token"),
    "DER nested without end": no(with_tokens([b"\x30\x80" * 30_000]), "time.token"),
    "a token over other bytes": no(with_tokens([token(b"other")]), "time.token"),
    "a token over the chain hash alone": no(with_tokens([token(acts().story.chain.blocks[1].hash)]), "time.token"),
    "a token with another signature": no(with_tokens([token()[:-1] + b"\xff"]), "time.token"),
    "a token with a byte appended": no(with_tokens([token() + b"\0"]), "time.token"),
    "an authority of the same name that the roots do not know": limited(
        with_tokens([token(who=made(identity()))]), "time.authority", "time.unstamped"
    ),
    "an authority before its time": limited(authority(since=instant(NOW + 3600)), "time.authority", "time.unstamped"),
    "an authority after its time": limited(authority(until=instant(NOW - 3600)), "time.authority", "time.unstamped"),
    "an authority whose certificate cannot be read": limited(
        authority(certificate=b"x"), "time.authority", "time.unstamped"
    ),
    "a development authority": limited(authority(development=True), "time.development"),
    "a token younger than the roots": limited(with_tokens([token(seconds=7200)]), "time.late", "time.unstamped"),
    "a token from before the block's own time": limited(with_tokens([token(seconds=-300)]), "time.clock"),
    "a renewal over other bytes": no(with_tokens([token(), token(b"other")]), "time.token"),
    "a renewal older than what it renews": no(with_tokens([token(), token(token(), seconds=-900)]), "time.token"),
    "a certificate that ended": limited(lapsed(), "time.lapsed", "time.unstamped"),
    "a renewal that came too late": limited(lapsed(TOO_LATE), "time.lapsed", "time.unstamped"),
    "a stamp of the package that came too late": limited(lapsed(stamps=[TOO_LATE]), "time.lapsed", "time.unstamped"),
    "a gap in the numbers of renewals": no(
        changed_file("timestamps/0-2/001-002.tst", token()), "time.token", "evidence.claim"
    ),
}

CHECKPOINTS: Cases = {
    "rubbish for a checkpoint": no(
        changed_file(checkpoint_path(0, LAST), b"rubbish"), "time.checkpoint", "evidence.claim", "files.unused"
    ),
    "a checkpoint of another chain": no(
        lambda: timed(lambda proof: replace(proof, checkpoint=replace(proof.checkpoint, chain_id=1))),
        "time.checkpoint",
        "files.unused",
    ),
    "a checkpoint with another genesis": no(
        lambda: timed(lambda proof: replace(proof, checkpoint=replace(proof.checkpoint, genesis_hash=hashed("x")))),
        "time.checkpoint",
        "files.unused",
    ),
    "a checkpoint of other blocks than its name says": no(
        changed_file(
            checkpoint_path(0, LAST),
            replace(acts().story.checkpoint(HEIGHTS).checkpoint, last=LAST + 1).encode(),
        ),
        "time.checkpoint",
        "evidence.claim",
        "files.unused",
    ),
    "a path to another root": no(
        lambda: timed(lambda proof: replace(proof, checkpoint=replace(proof.checkpoint, root=hashed("x")))),
        "time.path",
        "time.token",
        "files.unused",
    ),
    "a path of another block": no(
        lambda: timed(lambda proof: replace(proof, paths={1: proof.paths[2], 2: proof.paths[2]})),
        "time.path",
        "files.unused",
    ),
    "a path that is no whole hashes": no(
        changed_file(covered_path(0, LAST, 1), b"x"), "time.path", "evidence.claim", "files.unused"
    ),
    "noted before it was stamped": no(lambda: noted(3000), "time.contradictory", "time.clock"),
}

STAMPS: Cases = {
    "another manifest": no(spoilt(MANIFEST, b"<x/>"), "stamp.manifest"),
    "no manifest": no(spoilt(MANIFEST, None), "stamp.manifest"),
    "no token": no(spoilt(MANIFEST_TOKEN, None), "stamp.manifest"),
    "rubbish for a token": no(spoilt(MANIFEST_TOKEN, b"rubbish"), "stamp.token"),
    "the token over another package": no(spoilt(MANIFEST_TOKEN, token(b"other")), "stamp.token"),
    "a file changed after the stamp": no(
        spoilt("custody.jsonl", b""), "stamp.manifest", "files.digest", "custody.broken"
    ),
    "another renewal": no(spoilt(archive_paths(1)[1], b"rubbish", times=2), "stamp.token"),
    "a renewal taken out of their row": no(spoilt(archive_paths(1)[1], None, times=3), "stamp.manifest"),
    "a renewal without what it renews": no(spoilt(MANIFEST_TOKEN, None, times=2), "stamp.manifest"),
}

CASES = TOKENS | CHECKPOINTS | STAMPS


@pytest.mark.parametrize("name", CASES)
def test_a_time_that_nobody_vouches_for_is_never_verified(name: str) -> None:
    CASES[name].check()


@pytest.mark.parametrize(
    "report",
    [
        lapsed(IN_TIME),
        lapsed(stamps=[IN_TIME]),
        lapsed(at=IN_TIME),
    ],
)
def test_a_token_counts_as_long_as_it_was_renewed_in_time(report: Callable[[], Report]) -> None:
    assert report().verdict is Verdict.VERIFIED


def test_a_block_lies_between_the_token_noted_before_it_and_the_one_over_it() -> None:
    report = noted(-2)
    assert report.verdict is Verdict.VERIFIED
    assert report.examination
    interval = report.examination.times.intervals[max(report.examination.blocks)]
    assert interval.lower
    assert interval.upper
    assert interval.lower.instant < interval.upper.instant


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_stamped_package_is_verified_and_stays_so_when_renewed(times: int) -> None:
    report = stamped(times=times)
    assert report.verdict is Verdict.VERIFIED
    assert "stamp.sound" in codes(report, "PASS")


@pytest.mark.parametrize("changes", [{"until": instant(NOW)}, {"since": MADE, "certificate": b"x"}])
def test_a_stamp_by_an_authority_that_the_roots_do_not_take_counts_as_none(changes: dict[str, Any]) -> None:
    report = stamped(roots=acts().story.roots(authorities=(northern_time(**changes),)))
    assert "stamp.authority" in codes(report)
    assert report.verdict is Verdict.VERIFIED_WITH_LIMITS


def test_a_stamp_whose_certificate_ended_counts_as_none() -> None:
    who = made(identity(), ITS_END)
    known = (northern_time(who), northern_time(identity(), name="Southern Time"))
    report = stamped(who=who, roots=acts().story.roots(authorities=known), at=LONG_AFTER)
    assert "stamp.lapsed" in codes(report)
    assert report.verdict is Verdict.VERIFIED
