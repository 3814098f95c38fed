"""Pseudonyms: names on chain that say nothing about whom they name (`protocol.md` §4 and §5, `contracts.md` Ids)."""

import hashlib
import hmac
import re
from typing import ClassVar, Final, NewType

from tallystick.errors import TallystickError

__all__ = [
    "ActRef",
    "BorrowerTag",
    "EntryKey",
    "IdentifierMalformed",
    "LoanKey",
    "MemberId",
    "SecretMalformed",
    "act_ref",
    "borrower_tag",
    "entry_key",
    "loan_key",
    "member_id",
    "require_loan_id",
]

MemberId = NewType("MemberId", bytes)
LoanKey = NewType("LoanKey", bytes)
EntryKey = NewType("EntryKey", bytes)
BorrowerTag = NewType("BorrowerTag", bytes)
ActRef = NewType("ActRef", bytes)

_LEGAL_ID: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
_LOAN_ID: Final = re.compile(r"[A-Z0-9-]{1,64}", re.ASCII)
_ACT_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)


class IdentifierMalformed(TallystickError):
    """A business identifier is not in the form that two parties would write alike."""

    code: ClassVar[str] = "pseudonym.identifier_malformed"
    sentence: ClassVar[str] = "The {what} does not have the form {form}"
    advice: ClassVar[str] = "Use the identifier exactly as the parties agreed on it, without blanks."

    what: str
    form: str


class SecretMalformed(TallystickError):
    """A secret is not 32 bytes."""

    code: ClassVar[str] = "pseudonym.secret_malformed"
    sentence: ClassVar[str] = "The {what} is {size} bytes long, not 32"
    advice: ClassVar[str] = "Secrets are 32 random bytes; check which one was given."

    what: str
    size: int


def member_id(legal_id: str) -> MemberId:
    """SHA-256("member:" ‖ legal id); `legal_id` is 1–128 printable ASCII characters without blanks (an LEI, say)."""
    _require(_LEGAL_ID, legal_id, "legal id")
    return MemberId(hashlib.sha256(b"member:" + legal_id.encode()).digest())


def require_loan_id(loan_id: str) -> str:
    """Return `loan_id` if it matches `[A-Z0-9-]{1,64}`; raises `IdentifierMalformed`."""
    _require(_LOAN_ID, loan_id, "loan id")
    return loan_id


def loan_key(agreement_secret: bytes, loan_id: str) -> LoanKey:
    """HMAC-SHA256(agreement_secret, "loan:" ‖ loan_id): the name under which a loan appears on chain."""
    return LoanKey(_hmac("agreement secret", agreement_secret, "loan:" + require_loan_id(loan_id)))


def entry_key(agreement_secret: bytes, business_key: str) -> EntryKey:
    """HMAC-SHA256(agreement_secret, "entry:" ‖ business_key): the name of one entry in the parties' books."""
    return EntryKey(_hmac("agreement secret", agreement_secret, "entry:" + business_key))


def borrower_tag(borrower_secret: bytes) -> BorrowerTag:
    """SHA-256(0x15 ‖ borrower_secret); the secret is 32 random bytes, not derived from who the borrower is."""
    _require_secret("borrower secret", borrower_secret)
    return BorrowerTag(hashlib.sha256(b"\x15" + borrower_secret).digest())


def act_ref(secret: bytes, kind: str, business_id: str) -> ActRef:
    """HMAC-SHA256(secret, "ref:" ‖ kind ‖ 0x1f ‖ business id): one business fact, always one ref (`protocol.md` §4).

    `secret` is the agreement's secret or the member's own ref secret; `kind` is the name of the act's EIP-712 type.
    """
    _require(_ACT_KIND, kind, "kind of act")
    return ActRef(_hmac("ref secret", secret, f"ref:{kind}\x1f{business_id}"))


def _hmac(what: str, secret: bytes, text: str) -> bytes:
    _require_secret(what, secret)
    return hmac.digest(secret, text.encode(), "sha256")


def _require(form: re.Pattern[str], text: str, what: str) -> None:
    if not form.fullmatch(text):
        raise IdentifierMalformed(what=what, form=form.pattern)


def _require_secret(what: str, secret: bytes) -> None:
    if len(secret) != 32:
        raise SecretMalformed(what=what, size=len(secret))
