"""Members' signatures on roots, and whether there are enough of them (`evidence.md`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tallystick.acts import DigestSigner, RootsSigned, recover, sign
from tallystick.keys import Address, SignatureMalformed

from .document import Roots, RootsSignature
from .errors import RootsNotChained, RootsSignatureInvalid, RootsUnsigned
from .keys import KeyVerdict

__all__ = ["check_signatures", "merge_signatures", "sign_roots", "signers_of"]


def sign_roots(roots: Roots, member: bytes, key: DigestSigner) -> RootsSignature:
    """`member`'s signature on `roots` by its ACT key."""
    return RootsSignature(member, sign(RootsSigned(member=member, digest=roots.digest), roots.domain, key))


def merge_signatures(roots: Roots, others: Iterable[RootsSignature]) -> Roots:
    """`roots` with further signatures; of two by one member the first stays. Raises `RootsSignatureInvalid`."""
    by_member = {each.member: each for each in reversed([*roots.signatures, *others])}
    merged = replace(roots, signatures=tuple(by_member[member] for member in sorted(by_member)))
    signers_of(merged, None)
    return merged


def signers_of(roots: Roots, previous: Roots | None) -> frozenset[bytes]:
    """The members whose signature counts: by an ACT key valid by `previous` (None: by `roots` themselves).

    One by a key that `previous` did not know yet, but `roots` do, is sound and does not count. Raises
    `RootsSignatureInvalid` for any other.
    """
    judge = previous or roots
    counted = set()
    for each in roots.signatures:
        address = _signer(roots, each)
        if not _is_valid(roots, each.member, address):
            reason = f"0x{address.hex()} is no valid ACT key of that member at {roots.issued_at:%Y-%m-%dT%H:%M:%SZ}"
            raise RootsSignatureInvalid(member=each.member.hex(), digest=roots.digest.hex(), reason=reason)
        if _is_valid(judge, each.member, address, at=roots) and judge.members[each.member].active:
            counted.add(each.member)
    return frozenset(counted)


def check_signatures(roots: Roots, previous: Roots | None) -> frozenset[bytes]:
    """As `signers_of`. Raises `RootsUnsigned` if they are fewer than ⌈2n/3⌉ of the active members of `previous`."""
    if previous is not None and roots.previous != previous.digest:
        raise RootsNotChained(reason=f"{roots.digest.hex()} does not follow {previous.digest.hex()}")
    signers, needed = signers_of(roots, previous), (previous or roots).needed_signatures
    if len(signers) < needed:
        raise RootsUnsigned(digest=roots.digest.hex(), found=len(signers), needed=needed)
    return signers


def _signer(roots: Roots, signature: RootsSignature) -> Address:
    statement = RootsSigned(member=signature.member, digest=roots.digest)
    try:
        return recover(statement, roots.domain, signature.signature)
    except SignatureMalformed as why:
        raise RootsSignatureInvalid(member=signature.member.hex(), digest=roots.digest.hex(), reason=str(why)) from None


def _is_valid(judge: Roots, member: bytes, address: Address, at: Roots | None = None) -> bool:
    issued_at = int((at or judge).issued_at.timestamp())
    return judge.key_answer(address, member, "ACT", issued_at).verdict is KeyVerdict.VALID
