"""A member card: what a member says of itself, signed with its ACT and its RECOVERY key.

File: `{"format": "tallystick-card/1", "body": {…}, "signatures": {"act": hex65, "recovery": hex65}}`; both sign
`SHA-256("tallystick-card/1" ‖ 0x0a ‖ JCS(body))`. A card proves that one holder has both keys and chose these names and
keys; that the holder is the institution named is for those who assemble the consortium to check.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import rfc8785

from tallystick.consortium.fields import Fields
from tallystick.consortium.roles import Role, role_mask
from tallystick.errors import TallystickError
from tallystick.keys import HALF_ORDER, ActKey, Address, SignatureMalformed, recover_address
from tallystick.pseudonyms import member_id
from tallystick.strictjson import Json, loads

__all__ = ["CardKeys", "CardMalformed", "MemberCard", "sign_card"]

FORMAT = "tallystick-card/1"
_MAX_CARD_BYTES = 64 * 1024
_LEGAL_ID = re.compile(r"[A-Z0-9][A-Z0-9:.-]{0,63}")
_LOW_V = 27


class CardMalformed(TallystickError):
    """A card that is not of the format, or whose signatures are not by the keys it names."""

    code = "card.malformed"
    advice = "Ask the member for the card.json that `tally init` wrote, unchanged."

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"member card: {field or 'the file'} {reason}", field=field, reason=reason)


@dataclass(frozen=True, slots=True)
class CardKeys:
    """The public halves. Addresses for secp256k1 keys; 32 bytes for Ed25519, X25519 and the certificate digest."""

    act: Address
    recovery: Address
    validator: Address
    exchange: bytes
    seal: bytes
    document: bytes
    """SHA-256 of the member's document-signing certificate; 32 zero bytes where it has none yet."""


@dataclass(frozen=True, slots=True)
class MemberCard:
    """One institution: `member` is SHA-256("member:" ‖ legal_id) and is not stored apart from it."""

    legal_id: str
    name: str
    roles: tuple[Role, ...]
    keys: CardKeys
    endpoint: str
    signatures: tuple[bytes, bytes] = (b"", b"")

    @property
    def member(self) -> bytes:
        return member_id(self.legal_id)

    @property
    def role_mask(self) -> int:
        return role_mask(self.roles)

    @classmethod
    def parse(cls, raw: bytes) -> MemberCard:
        """Read a card file and check both signatures. Raises `CardMalformed` or `JsonMalformed`."""
        return cls.from_json(loads(raw, max_bytes=_MAX_CARD_BYTES), "")

    @classmethod
    def from_json(cls, value: Json, path: str) -> MemberCard:
        """As `parse`, from a parsed value at `path` of a larger document."""
        fields = Fields(value, path, CardMalformed)
        if fields.text("format") != FORMAT:
            raise CardMalformed(f"{path}.format" if path else "format", f"is not {FORMAT}")
        body = fields.inner("body")
        signatures = fields.inner("signatures")
        card = cls(
            legal_id=_matching(body.text("legal_id"), _LEGAL_ID, "legal_id"),
            name=body.text("name", max_length=200),
            roles=body.items("roles", _role),
            keys=_read_keys(body.inner("keys")),
            endpoint=_endpoint(body.text("endpoint", max_length=500)),
            signatures=(signatures.bytes_of("act", 65), signatures.bytes_of("recovery", 65)),
        )
        for left in (fields, body, signatures):
            left.end()
        if len(set(card.roles)) != len(card.roles) or not card.roles:
            raise CardMalformed("roles", "is empty or names a role twice")
        card.check_signatures()
        return card

    def body(self) -> dict[str, Json]:
        """The signed part as JSON values."""
        keys = self.keys
        return {
            "legal_id": self.legal_id,
            "name": self.name,
            "roles": [role.name or "" for role in self.roles],
            "keys": {
                "act": f"0x{keys.act.hex()}",
                "recovery": f"0x{keys.recovery.hex()}",
                "validator": f"0x{keys.validator.hex()}",
                "exchange": keys.exchange.hex(),
                "seal": keys.seal.hex(),
                "document": keys.document.hex(),
            },
            "endpoint": self.endpoint,
        }

    def to_json(self) -> dict[str, Json]:
        """The whole file as JSON values."""
        act, recovery = self.signatures
        return {
            "format": FORMAT,
            "body": self.body(),
            "signatures": {"act": act.hex(), "recovery": recovery.hex()},
        }

    def check_signatures(self) -> None:
        """Raises `CardMalformed` unless the ACT and the RECOVERY key that the card names made its signatures."""
        digest = _signed_digest(self)
        expected = (("act", self.keys.act), ("recovery", self.keys.recovery))
        for (name, address), signature in zip(expected, self.signatures, strict=True):
            if int.from_bytes(signature[32:64]) > HALF_ORDER:
                raise CardMalformed(f"signatures.{name}", "is not in the one form with a low s")
            try:
                signer = recover_address(digest, signature[:64] + bytes([(signature[64] - _LOW_V) % 256]))
            except SignatureMalformed:
                raise CardMalformed(f"signatures.{name}", "is not a signature") from None
            if signer != address:
                raise CardMalformed(f"signatures.{name}", "is not by the key that the card names")


def sign_card(card: MemberCard, act: ActKey, recovery: ActKey) -> MemberCard:
    """`card` with both signatures. Raises `CardMalformed` if the keys are not those it names."""
    digest = _signed_digest(card)
    signed = MemberCard(
        legal_id=card.legal_id,
        name=card.name,
        roles=card.roles,
        keys=card.keys,
        endpoint=card.endpoint,
        signatures=(act.sign_digest(digest), recovery.sign_digest(digest)),
    )
    signed.check_signatures()
    return signed


def _signed_digest(card: MemberCard) -> bytes:
    return hashlib.sha256(f"{FORMAT}\n".encode() + rfc8785.dumps(card.body())).digest()


def _read_keys(fields: Fields) -> CardKeys:
    keys = CardKeys(
        act=Address(fields.address("act")),
        recovery=Address(fields.address("recovery")),
        validator=Address(fields.address("validator")),
        exchange=fields.bytes_of("exchange", 32),
        seal=fields.bytes_of("seal", 32),
        document=fields.bytes_of("document", 32),
    )
    fields.end()
    if len({keys.act, keys.recovery, keys.validator}) != 3:
        raise CardMalformed("keys", "uses one address for two purposes")
    return keys


def _role(value: Json, path: str) -> Role:
    if isinstance(value, str) and value in Role.__members__:
        return Role[value]
    raise CardMalformed(path, f"is not one of {', '.join(Role.__members__)}")


def _endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise CardMalformed("endpoint", "is not an http or https address")
    return url


def _matching(text: str, pattern: re.Pattern[str], field: str) -> str:
    if not pattern.fullmatch(text):
        raise CardMalformed(field, f"does not match {pattern.pattern}")
    return text
