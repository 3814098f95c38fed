"""Roots: what a verifier trusts, signed by a consortium's members, kept outside every package (`evidence.md`)."""

from .chain import LONGEST_CHAIN, RootsChain, check_chain
from .contradiction import check_continues
from .document import FORMAT, LARGEST_ROOTS, Roots, RootsSignature
from .errors import (
    RootsContradict,
    RootsDigestDiffers,
    RootsMalformed,
    RootsNotChained,
    RootsOfAnotherChain,
    RootsSignatureInvalid,
    RootsUnsigned,
)
from .keys import Compromise, Key, KeyAnswer, KeyReason, KeyVerdict, Revocation
from .members import Member, Standing
from .parts import AuthorityEntry, Contract, Epoch
from .signing import check_signatures, merge_signatures, sign_roots, signers_of

__all__ = [
    "FORMAT",
    "LARGEST_ROOTS",
    "LONGEST_CHAIN",
    "AuthorityEntry",
    "Compromise",
    "Contract",
    "Epoch",
    "Key",
    "KeyAnswer",
    "KeyReason",
    "KeyVerdict",
    "Member",
    "Revocation",
    "Roots",
    "RootsChain",
    "RootsContradict",
    "RootsDigestDiffers",
    "RootsMalformed",
    "RootsNotChained",
    "RootsOfAnotherChain",
    "RootsSignature",
    "RootsSignatureInvalid",
    "RootsUnsigned",
    "Standing",
    "check_chain",
    "check_continues",
    "check_signatures",
    "merge_signatures",
    "sign_roots",
    "signers_of",
]
