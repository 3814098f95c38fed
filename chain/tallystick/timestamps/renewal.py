"""Tokens over tokens: how a time-stamp outlives its authority's certificate (`protocol.md` §9, `evidence.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from .authority import Authority, VerifiedToken, verify_token
from .errors import RenewalContradicts, TokenLapsed

__all__ = ["require_holds", "verify_renewals"]


def verify_renewals(
    tokens: Sequence[bytes], stamped: bytes, authorities: Sequence[Authority]
) -> tuple[VerifiedToken, ...]:
    """Check tokens of which the first stamps `stamped` and each next one the bytes of the token before.

    Whether each was renewed in time is `require_holds`'s question. Raises a `TokenRefused`.
    """
    verified = []
    for token in tokens:
        verified.append(verify_token(token, stamped, authorities))
        stamped = token
    return tuple(verified)


def require_holds(chain: Sequence[VerifiedToken], at: datetime) -> None:
    """Whether the first token of `chain` still counts at `at`, each one being covered by what the next one stamps.

    That it is covered the caller has checked (`verify_renewals`, or an archive manifest that lists it). Each must have
    been renewed while its certificate was valid, and the last one's certificate must be valid at `at`. Raises
    `TokenLapsed`, or `RenewalContradicts` if a token calls itself older than the one it covers.
    """
    for one, renewal in pairwise(chain):
        if renewal.latest < one.earliest:
            raise RenewalContradicts(
                authority=renewal.authority.name,
                gen_time=renewal.gen_time,
                renewed=one.authority.name,
                renewed_time=one.gen_time,
            )
        _require_valid_at(one, renewal.gen_time)
    _require_valid_at(chain[-1], at)


def _require_valid_at(token: VerifiedToken, at: datetime) -> None:
    if at > token.certificate_ends:
        raise TokenLapsed(authority=token.authority.name, ended=token.certificate_ends, needed_at=at)
