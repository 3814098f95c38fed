"""The opened terms of a SEALED loan, `proofs/terms.json` (`docs/package.md`, Loans; `protocol.md` §5)."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

import rfc8785

from tallystick import strictjson
from tallystick.strictjson import Json

from .errors import PackageRefused
from .instants import parse_instant

__all__ = ["LoanTerms", "parse_terms"]

FORMAT: Final = "tallystick-loan-terms/1"
_MAX_BYTES: Final = 16_384
_MOST_PARTIES: Final = 16
_AMOUNT: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_HASHES: Final = ("agreement", "loan", "borrower_tag")
_TEXTS: Final = ("format", *_HASHES, "currency", "principal", "value_date")


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """What the parties of a SEALED loan signed, with the salt that hides it; `value_date` is YYYYMMDD as a number."""

    salt: bytes = field(repr=False)
    agreement: bytes
    loan: bytes
    borrower_tag: bytes = field(repr=False)
    currency: str
    principal: int = field(repr=False)
    shares: tuple[int, ...] = field(repr=False)
    value_date: int

    @property
    def digest(self) -> bytes:
        """What stands on chain: SHA-256(0x16 ‖ salt32 ‖ SHA-256(JCS(terms)))."""
        return hashlib.sha256(b"\x16" + self.salt + hashlib.sha256(rfc8785.dumps(self._terms())).digest()).digest()

    def to_json(self) -> bytes:
        """The file."""
        return rfc8785.dumps({"salt": self.salt.hex(), "terms": self._terms()})

    def _terms(self) -> dict[str, Json]:
        day = f"{self.value_date:08}"
        return {
            "format": FORMAT,
            **{name: getattr(self, name).hex() for name in _HASHES},
            "currency": self.currency,
            "principal": str(self.principal),
            "shares": [str(share) for share in self.shares],
            "value_date": f"{day[:4]}-{day[4:6]}-{day[6:]}",
        }


def parse_terms(raw: bytes) -> LoanTerms:
    """Read the file. Raises `PackageRefused` `loan.terms`."""
    try:
        value = strictjson.loads_object(raw, max_bytes=_MAX_BYTES)
        terms = value["terms"]
        salt, shares = str(value["salt"]), terms["shares"] if isinstance(terms, dict) else ()
        texts = {name: text for name, text in terms.items() if isinstance(text, str)} if isinstance(terms, dict) else {}
    except (strictjson.JsonMalformed, KeyError) as why:
        raise PackageRefused("loan.terms", f"proofs/terms.json: {why}") from None
    amounts = [texts.get("principal", ""), *(map(str, shares) if isinstance(shares, list) else [""])]
    forms = (
        value.keys() == {"salt", "terms"},
        texts.keys() == set(_TEXTS),
        all(_HASH.fullmatch(text) for text in (salt, *(texts.get(name, "") for name in _HASHES))),
        all(_AMOUNT.fullmatch(text) for text in amounts) and 1 < len(amounts) <= 1 + _MOST_PARTIES,
        _CURRENCY.fullmatch(texts.get("currency", "")),
        parse_instant(texts.get("value_date", "") + "T00:00:00Z"),
        texts.get("format") == FORMAT,
    )
    if not all(forms):
        raise PackageRefused("loan.terms", f"proofs/terms.json is no opening of {FORMAT}")
    parsed = LoanTerms(
        salt=bytes.fromhex(salt),
        **{name: bytes.fromhex(texts[name]) for name in _HASHES},
        currency=texts["currency"],
        principal=int(amounts[0]),
        shares=tuple(map(int, amounts[1:])),
        value_date=int(texts["value_date"].replace("-", "")),
    )
    if parsed.to_json() != raw:
        raise PackageRefused("loan.terms", "proofs/terms.json is not in canonical form (RFC 8785)")
    return parsed
