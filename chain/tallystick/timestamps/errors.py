"""What can be wrong with a time-stamp token, an authority, an answer of one, or a checkpoint."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tallystick.errors import TallystickError

__all__ = [
    "AuthorityMalformed",
    "AuthorityUnknown",
    "CertificateForeign",
    "CertificateNotValid",
    "ChainRefused",
    "CheckpointMalformed",
    "ClockDisagrees",
    "HashNotTaken",
    "ImprintDiffers",
    "NonceDiffers",
    "NotCovered",
    "OutsideWindow",
    "RenewalContradicts",
    "RequestDenied",
    "ResponseMalformed",
    "ResponseRefused",
    "SignatureWrong",
    "TokenLapsed",
    "TokenMalformed",
    "TokenRefused",
]


class AuthorityMalformed(TallystickError):
    """A time-stamp authority cannot be pinned as it stands."""

    code: ClassVar[str] = "timestamp.authority_malformed"
    sentence: ClassVar[str] = "The time-stamp authority {name} cannot be used: {reason}"
    advice: ClassVar[str] = (
        "Give the certificate with which the authority signs tokens (DER; its one extended key usage is timeStamping, "
        "critical) and, unless it is self-signed, those above it up to the root."
    )

    name: str
    reason: str


class TokenRefused(TallystickError):
    """The base of every reason for which a token counts as none."""

    code: ClassVar[str] = "timestamp.refused"


class TokenMalformed(TokenRefused):
    """The bytes are not one RFC 3161 token in the strict form."""

    code: ClassVar[str] = "timestamp.malformed"
    sentence: ClassVar[str] = "Not a time-stamp token in strict form: {reason}"
    advice: ClassVar[str] = (
        "A token is DER, with one signer, no certificate but the signer's, no revocation data and no unsigned "
        "attribute; `read_response` strips what authorities send in addition."
    )

    reason: str


class HashNotTaken(TokenRefused):
    """The token rests on a hash for which collisions can be made."""

    code: ClassVar[str] = "timestamp.hash_not_taken"
    sentence: ClassVar[str] = "The token rests on {hash_name}, not on SHA-256, SHA-384 or SHA-512"
    advice: ClassVar[str] = "Ask the authority for a token by a hash of the SHA-2 family."

    hash_name: str


class AuthorityUnknown(TokenRefused):
    """No pinned authority signed the token."""

    code: ClassVar[str] = "timestamp.authority_unknown"
    sentence: ClassVar[str] = "The token names a signer that is not pinned (certificate number {serial})"
    advice: ClassVar[str] = "Only authorities of the roots count. Newer roots may name this one."

    serial: str


class CertificateForeign(TokenRefused):
    """The token carries a certificate that is not the pinned one."""

    code: ClassVar[str] = "timestamp.certificate_foreign"
    sentence: ClassVar[str] = "The token carries another certificate than the pinned one of {authority}"
    advice: ClassVar[str] = "A token carries its signer's pinned certificate or none."

    authority: str


class ImprintDiffers(TokenRefused):
    """The token stamps other bytes."""

    code: ClassVar[str] = "timestamp.imprint_differs"
    sentence: ClassVar[str] = "The token is over other bytes: it stamps {hash_name} {found}, these have {expected}"
    advice: ClassVar[str] = "Look for the bytes that were stamped; any change to them, however small, does this."

    hash_name: str
    expected: str
    found: str


class CertificateNotValid(TokenRefused):
    """A certificate was not valid at the time the token states."""

    code: ClassVar[str] = "timestamp.certificate_not_valid"
    sentence: ClassVar[str] = "{subject} was not valid at {gen_time}, but from {valid_from} to {valid_to}"
    advice: ClassVar[str] = "Ask the authority for a token under its present certificate."

    subject: str
    gen_time: datetime
    valid_from: datetime
    valid_to: datetime


class OutsideWindow(TokenRefused):
    """The roots do not trust the authority at the time the token states."""

    code: ClassVar[str] = "timestamp.outside_window"
    sentence: ClassVar[str] = "{authority} counts from {valid_from} to {valid_to}; the token says {gen_time}"
    advice: ClassVar[str] = "Only tokens within the window that the roots give for an authority count."

    authority: str
    gen_time: datetime
    valid_from: datetime
    valid_to: datetime


class SignatureWrong(TokenRefused):
    """The authority did not sign this."""

    code: ClassVar[str] = "timestamp.signature_wrong"
    sentence: ClassVar[str] = "{authority} did not sign this token: {reason}"
    advice: ClassVar[str] = "The token was changed, or made by someone else. Ask who handed it over for the original."

    authority: str
    reason: str


class ChainRefused(TokenRefused):
    """The second, independent check of the token (OpenSSL, by rfc3161-client) refuses it."""

    code: ClassVar[str] = "timestamp.chain_refused"
    sentence: ClassVar[str] = "The token of {authority} or the certificates above it do not hold: {reason}"
    advice: ClassVar[str] = "Check the certificates that the roots give for this authority, up to its root."

    authority: str
    reason: str


class TokenLapsed(TokenRefused):
    """A certificate ended before the token was renewed: it counts as none."""

    code: ClassVar[str] = "timestamp.lapsed"
    sentence: ClassVar[str] = "The certificate of {authority} ended at {ended}, before {needed_at}"
    advice: ClassVar[str] = "Renew tokens (a token over the token) before their authority's certificate ends."

    authority: str
    ended: datetime
    needed_at: datetime


class RenewalContradicts(TokenRefused):
    """A token says that it is older than the token it stamps."""

    code: ClassVar[str] = "timestamp.renewal_contradicts"
    sentence: ClassVar[str] = "{authority} says {gen_time} of a token that {renewed} dates {renewed_time}"
    advice: ClassVar[str] = "One of the two clocks was wrong: neither token should be relied upon before that is known."

    authority: str
    gen_time: datetime
    renewed: str
    renewed_time: datetime


class ResponseRefused(TallystickError):
    """The base of every reason for which an authority's answer is not taken."""

    code: ClassVar[str] = "timestamp.response_refused"


class ResponseMalformed(ResponseRefused):
    """The answer is no TimeStampResp."""

    code: ClassVar[str] = "timestamp.response_malformed"
    sentence: ClassVar[str] = "Not an answer of a time-stamp authority: {reason}"
    advice: ClassVar[str] = "Check the authority's address: it must speak RFC 3161 over HTTP."

    reason: str


class RequestDenied(ResponseRefused):
    """The authority did not grant the token."""

    code: ClassVar[str] = "timestamp.request_denied"
    sentence: ClassVar[str] = "The authority granted no token: {status} {detail}"
    advice: ClassVar[str] = "Ask the authority's operator; badRequest and unacceptedPolicy will not pass by waiting."

    status: str
    detail: str


class NonceDiffers(ResponseRefused):
    """The answer is to another request."""

    code: ClassVar[str] = "timestamp.nonce_differs"
    sentence: ClassVar[str] = "The token does not carry the request's nonce"
    advice: ClassVar[str] = "It is an old or foreign answer. Ask again; if it goes on, something sits in between."


class ClockDisagrees(ResponseRefused):
    """The token's time is not between request and answer, as our clock saw them."""

    code: ClassVar[str] = "timestamp.clock_disagrees"
    sentence: ClassVar[str] = "The token says {gen_time}, but it was asked for at {sent_at} and had at {received_at}"
    advice: ClassVar[str] = "Compare this machine's clock with a second source; if it is right, the authority is not."

    gen_time: datetime
    sent_at: datetime
    received_at: datetime


class CheckpointMalformed(TallystickError):
    """The bytes or values are no checkpoint."""

    code: ClassVar[str] = "checkpoint.malformed"
    sentence: ClassVar[str] = "Not a checkpoint: {reason}"
    advice: ClassVar[str] = "A checkpoint is made over 1 to 4096 blocks in a row of one chain."

    reason: str


class NotCovered(TallystickError):
    """The checkpoint does not cover the header."""

    code: ClassVar[str] = "checkpoint.not_covered"
    sentence: ClassVar[str] = "The checkpoint of {first} to {last} does not cover this header of {height}: {reason}"
    advice: ClassVar[str] = "A checkpoint covers a header with the seals it had then: give those bytes and the path."

    first: int
    last: int
    height: int
    reason: str
