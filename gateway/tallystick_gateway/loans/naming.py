"""Which loan is meant: by its id, where this gateway holds the agreement's secret, or by its key."""

import re
from dataclasses import dataclass

from tallystick.pseudonyms import loan_key
from tallystick_gateway.agreements import repository as agreements
from tallystick_gateway.agreements import service as agreement_secrets
from tallystick_gateway.agreements.errors import SecretNotHeld
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

__all__ = ["Named", "Names", "loan_subject"]

_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)


def loan_subject(agreement: bytes, loan: bytes) -> str:
    """How a loan is named as the subject of acts and events."""
    return f"loan/{agreement.hex()}/{loan.hex()}"


@dataclass(frozen=True, slots=True)
class Named:
    """A loan as it was named: `loan_id` is None if by its key."""

    loan: bytes
    loan_id: str | None


class Names:
    """Loan names of one agreement. 64 lower-case hex digits are a key, anything else an id."""

    def __init__(self, session: Session, gateway: Gateway, agreement: bytes) -> None:
        self._agreement = agreement
        held = agreements.find_secret(session, agreement) is not None
        self.secret = agreement_secrets.secret(gateway, session, agreement) if held else None

    def require_secret(self) -> bytes:
        """The agreement's secret. Raises `SecretNotHeld`."""
        if self.secret is None:
            raise SecretNotHeld(agreement=self._agreement.hex())
        return self.secret

    def named(self, name: str) -> Named:
        """The loan of that name. Raises `SecretNotHeld` for an id without the secret, `IdentifierMalformed`."""
        if _KEY.fullmatch(name):
            return Named(bytes.fromhex(name), None)
        return Named(loan_key(self.require_secret(), name), name)
