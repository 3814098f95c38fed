"""The second opinion on a token: OpenSSL's PKCS #7, by rfc3161-client, which never sees what our own check refused.

The library parses in Rust and may panic on what its types do not foresee; so it is asked last, about tokens that the
pinned authority did sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptography import x509
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from .der import INTEGER, SEQUENCE, encode
from .errors import ChainRefused

__all__ = ["require_by_openssl"]

_GRANTED: Final = encode(SEQUENCE, encode(INTEGER, b"\x00"))


def require_by_openssl(token: bytes, imprint: bytes, authority: str, chain: Sequence[x509.Certificate]) -> None:
    """Check the token's signature and `chain` (the signer's certificate first) once more, as of the token's time.

    Raises `ChainRefused`.
    """
    builder = VerifierBuilder(tsa_certificate=chain[0], roots=list(chain))
    try:
        response = decode_timestamp_response(encode(SEQUENCE, _GRANTED, token))
        builder.build().verify(response, imprint)
    except (VerificationError, ValueError) as why:
        raise ChainRefused(authority=authority, reason=str(why)) from None
    except BaseException as why:
        if type(why).__name__ != "PanicException":  # Rust's, which is no Exception and has no importable class
            raise
        raise ChainRefused(authority=authority, reason="the library gave up on it") from None
