"""The parts of a roots document but members: header items, epochs, contracts, time-stamp authorities."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tallystick.consortium import HeaderItems
from tallystick.consortium.document import MAX_HEADER_ITEMS, MIN_HEADER_ITEMS
from tallystick.consortium.fields import Fields
from tallystick.keys import Address
from tallystick.qbft import Validators
from tallystick.strictjson import Json

from .errors import RootsMalformed

if TYPE_CHECKING:
    from tallystick.timestamps import Authority

__all__ = ["AuthorityEntry", "Contract", "Epoch", "digest_or_null", "instant", "read_header_items"]

MOST_VALIDATORS: Final = 64
LARGEST_CERTIFICATE: Final = 16 * 1024
MOST_ISSUERS: Final = 8
_CONTRACT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}|0x[0-9a-f]{64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_URL: Final = re.compile(r"https?://[!-~]{1,490}")
_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


def instant(moment: datetime) -> str:
    """`YYYY-MM-DDThh:mm:ssZ` of an aware UTC moment."""
    return moment.strftime(_INSTANT)


def digest_or_null(value: Json, path: str) -> bytes | None:
    """32 bytes in lower-case hex, or null where there is none (never zeros). Raises `RootsMalformed`."""
    if value is None:
        return None
    if not isinstance(value, str) or not _DIGEST.fullmatch(value) or not value.strip("0"):
        raise RootsMalformed(path, "is neither null nor 64 lower-case hex digits, not all 0")
    return bytes.fromhex(value)


def read_header_items(value: Json, path: str) -> HeaderItems:
    """Raises `RootsMalformed`."""
    fields = Fields(value, path, RootsMalformed)
    entry = HeaderItems(
        from_height=fields.integer("from_height"),
        items=fields.integer("items", low=MIN_HEADER_ITEMS, high=MAX_HEADER_ITEMS),
    )
    fields.end()
    return entry


@dataclass(frozen=True, slots=True)
class Epoch:
    """Who seals from height `first` to `last` (None: still open), and the member behind each address.

    A time stamp counts for a header of a closed epoch if it is not later than `stamp_by`.
    """

    first: int
    last: int | None
    stamp_by: datetime | None
    validators: Mapping[Address, bytes]

    @property
    def expected(self) -> Validators:
        """The set as headers are judged by it."""
        return Validators.of(self.validators)

    @classmethod
    def from_json(cls, value: Json, path: str) -> Epoch:
        """Raises `RootsMalformed`."""
        fields = Fields(value, path, RootsMalformed)
        first = fields.integer("from")
        last = fields.integer_or_null("to", low=first)
        stamp_by = None if last is None else fields.instant("stamp_by")
        if last is None and fields.take("stamp_by") is not None:
            raise RootsMalformed(f"{path}.stamp_by", "is not null in an open epoch")
        pairs = fields.items("validators", _read_validator)
        fields.end()
        validators = dict(pairs)
        if not 0 < len(pairs) <= MOST_VALIDATORS or len(validators) != len(pairs):
            raise RootsMalformed(f"{path}.validators", f"is not 1 to {MOST_VALIDATORS} different ones")
        if list(validators) != sorted(validators):
            raise RootsMalformed(f"{path}.validators", "is not ascending by address")
        return cls(first, last, stamp_by, validators)

    def to_json(self) -> dict[str, Json]:
        return {
            "from": self.first,
            "to": self.last,
            "stamp_by": instant(self.stamp_by) if self.stamp_by else None,
            "validators": [
                {"address": f"0x{address.hex()}", "member": member.hex()}
                for address, member in sorted(self.validators.items())
            ],
        }


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract and the heights, both inclusive, between which its events count (`to_height` None: still)."""

    name: str
    address: Address
    code_hash: bytes
    from_height: int
    to_height: int | None

    def holds_at(self, height: int) -> bool:
        return self.from_height <= height and (self.to_height is None or height <= self.to_height)

    @classmethod
    def from_json(cls, value: Json, path: str) -> Contract:
        """Raises `RootsMalformed`."""
        fields = Fields(value, path, RootsMalformed)
        name = fields.text("name", max_length=66)
        if not _CONTRACT_NAME.fullmatch(name):
            raise RootsMalformed(f"{path}.name", f"does not match {_CONTRACT_NAME.pattern}")
        from_height = fields.integer("from_height")
        contract = cls(
            name=name,
            address=Address(fields.address("address")),
            code_hash=fields.bytes_of("code_hash", 32),
            from_height=from_height,
            to_height=fields.integer_or_null("to_height", low=from_height),
        )
        fields.end()
        return contract

    def to_json(self) -> dict[str, Json]:
        return {
            "name": self.name,
            "address": f"0x{self.address.hex()}",
            "code_hash": self.code_hash.hex(),
            "from_height": self.from_height,
            "to_height": self.to_height,
        }


@dataclass(frozen=True, slots=True)
class AuthorityEntry:
    """A time-stamp authority: its certificate (DER), trusted for tokens from `since` to `until`, both inclusive.

    `issuers` are the certificates above, the nearest first, up to a self-signed one. None is judged here; `authority`
    does. `development` marks one that anybody could have set up: what it attests proves nothing to others.
    """

    name: str
    certificate: bytes
    issuers: tuple[bytes, ...]
    url: str | None
    since: datetime
    until: datetime
    development: bool

    @property
    def certificate_digest(self) -> bytes:
        """SHA-256 of the certificate."""
        return hashlib.sha256(self.certificate).digest()

    @property
    def authority(self) -> Authority:
        """As tokens are verified by it. Raises `AuthorityMalformed` where the certificates will not do."""
        from tallystick.timestamps import Authority  # noqa: PLC0415  # X.509 takes a tenth of a second to import

        return Authority(self.name, self.certificate, self.since, self.until, self.development, self.issuers)

    @classmethod
    def from_json(cls, value: Json, path: str) -> AuthorityEntry:
        """Raises `RootsMalformed`."""
        fields = Fields(value, path, RootsMalformed)
        url, development = fields.take("url"), fields.take("development")
        entry = cls(
            name=fields.text("name", max_length=200),
            certificate=_certificate(fields.take("certificate"), f"{path}.certificate"),
            issuers=fields.items("issuers", _certificate),
            url=None if url is None else _url(url, f"{path}.url"),
            since=fields.instant("from"),
            until=fields.instant("to"),
            development=development is True,
        )
        fields.end()
        if len(entry.issuers) > MOST_ISSUERS:
            raise RootsMalformed(f"{path}.issuers", f"is more than {MOST_ISSUERS}")
        if not isinstance(development, bool):
            raise RootsMalformed(f"{path}.development", "is not true or false")
        if entry.since >= entry.until:
            raise RootsMalformed(f"{path}.to", "is not after from")
        return entry

    def to_json(self) -> dict[str, Json]:
        return {
            "name": self.name,
            "certificate": _base64(self.certificate),
            "issuers": [_base64(each) for each in self.issuers],
            "url": self.url,
            "from": instant(self.since),
            "to": instant(self.until),
            "development": self.development,
        }


def _read_validator(value: Json, path: str) -> tuple[Address, bytes]:
    fields = Fields(value, path, RootsMalformed)
    pair = Address(fields.address("address")), fields.bytes_of("member", 32)
    fields.end()
    return pair


def _url(value: Json, path: str) -> str:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise RootsMalformed(path, "is neither null nor an http or https address")
    return value


def _base64(der: bytes) -> str:
    return base64.b64encode(der).decode("ascii")


def _certificate(value: Json, path: str) -> bytes:
    try:
        der = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        der = b""
    if not 0 < len(der) <= LARGEST_CERTIFICATE or _base64(der) != value:
        raise RootsMalformed(path, f"is not base64 of 1 to {LARGEST_CERTIFICATE} bytes")
    return der
