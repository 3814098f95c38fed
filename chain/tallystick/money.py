"""Money: integers of minor units with an ISO 4217 code (`README.md` rule 6); never a float."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import ClassVar, Final, NewType

from tallystick.errors import TallystickError

__all__ = [
    "AmountMalformed",
    "AmountTooPrecise",
    "Currency",
    "CurrencyUnknown",
    "MoneyError",
    "SharesIncomplete",
    "apportion",
    "decimal_from_minor",
    "exponent",
    "minor_from_decimal",
    "parse_currency",
    "parse_minor_units",
]

Currency = NewType("Currency", str)
"""An active ISO 4217 currency code, as `parse_currency` lets it in."""

FULL_SHARE_BPS: Final = 10_000

_MINOR_UNITS: Final = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,6})?", re.ASCII)

_CODES_BY_EXPONENT: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
        "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD "
        "HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP "
        "MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD "
        "SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS "
        "VED VES WST XAD XCD XCG YER ZAR ZMW ZWG "
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_EXPONENTS: Final = {code: digits for digits, codes in _CODES_BY_EXPONENT.items() for code in codes.split()}


class MoneyError(TallystickError):
    """An amount, a currency or a division that cannot be booked."""

    code: ClassVar[str] = "money.error"


class CurrencyUnknown(MoneyError):
    """Not an active ISO 4217 currency with minor units."""

    code: ClassVar[str] = "money.currency_unknown"
    sentence: ClassVar[str] = "{currency!r} is not an active ISO 4217 currency"
    advice: ClassVar[str] = "Give the three-letter code in capitals, such as CNY or EUR."

    currency: str


class AmountMalformed(MoneyError):
    """The text is no amount in the form that is asked for."""

    code: ClassVar[str] = "money.amount_malformed"
    sentence: ClassVar[str] = "{text!r} is not an amount"
    advice: ClassVar[str] = (
        "Minor units are whole digits without sign +, separators or leading zeros, at most 18 (12345 for 123.45); "
        "decimal amounts use a point."
    )

    text: str


class AmountTooPrecise(MoneyError):
    """The amount has decimals that the currency does not have."""

    code: ClassVar[str] = "money.amount_too_precise"
    sentence: ClassVar[str] = "{text} has more decimals than {currency} has ({exponent})"
    advice: ClassVar[str] = "Round at the source, by the agreement's rule; amounts are never rounded here."

    text: str
    currency: Currency
    exponent: int


class SharesIncomplete(MoneyError):
    """Shares in basis points that do not make a whole, or that are no shares."""

    code: ClassVar[str] = "money.shares_incomplete"
    sentence: ClassVar[str] = "The shares add to {total_bps} basis points, not to 10000"
    advice: ClassVar[str] = "Give every party's share in basis points, each from 1 to 10000, adding to 10000."

    total_bps: int


def parse_currency(text: str) -> Currency:
    """Let in an active ISO 4217 code; raises `CurrencyUnknown`."""
    if text not in _EXPONENTS:
        raise CurrencyUnknown(currency=text[:16])
    return Currency(text)


def exponent(currency: str) -> int:
    """Say how many decimals the minor unit of `currency` has (ISO 4217); raises `CurrencyUnknown`."""
    return _EXPONENTS[parse_currency(currency)]


def parse_minor_units(text: str) -> int:
    """Read minor units in the one form they are written: `0|-?[1-9][0-9]{0,17}`; raises `AmountMalformed`."""
    if not _MINOR_UNITS.fullmatch(text):
        raise AmountMalformed(text=text[:40])
    return int(text)


def minor_from_decimal(amount: str | Decimal, currency: str) -> int:
    """Turn a decimal amount of major units into minor units, exactly.

    Text is `-?digits[.digits]`, no exponent, no separators. Raises `AmountMalformed` where it is no such number or
    has more than 18 digits of minor units, `AmountTooPrecise` where a decimal other than 0 would be lost, and
    `CurrencyUnknown`.
    """
    digits = exponent(currency)
    shown = str(amount)[:40]
    if isinstance(amount, str) and not _DECIMAL.fullmatch(amount):
        raise AmountMalformed(text=shown)
    try:
        sign, figures, scale = Decimal(amount).as_tuple()
    except InvalidOperation:
        raise AmountMalformed(text=shown) from None
    if not isinstance(scale, int) or len(figures) > 40 or abs(scale) > 40:
        raise AmountMalformed(text=shown)
    whole = int("".join(map(str, figures)))
    shift = scale + digits
    minor, lost = (whole * int(10**shift), 0) if shift >= 0 else divmod(whole, int(10**-shift))
    if lost:
        raise AmountTooPrecise(text=shown, currency=Currency(currency), exponent=digits)
    if minor >= 10**18:
        raise AmountMalformed(text=shown)
    return -minor if sign else minor


def decimal_from_minor(minor: int, currency: str) -> Decimal:
    """Give the amount in major units, exactly and with all decimals of the currency; raises `CurrencyUnknown`."""
    return Decimal(minor).scaleb(-exponent(currency))


def apportion(principal: int, bps: Sequence[int]) -> tuple[int, ...]:
    """Divide `principal` (minor units, ≥ 0) by shares in basis points, as `LoanLedger` does (`contracts.md`).

    Each party gets floor(principal × bps / 10 000); what is left goes one unit each to the largest remainders, ties to
    the lower index. The parts add to `principal`. Raises `SharesIncomplete` if the shares do not add to 10 000, and
    `AmountMalformed` for a negative principal.
    """
    if principal < 0:
        raise AmountMalformed(text=str(principal))
    if sum(bps) != FULL_SHARE_BPS or any(share <= 0 for share in bps):
        raise SharesIncomplete(total_bps=sum(bps))
    products = [principal * share for share in bps]
    parts = [product // FULL_SHARE_BPS for product in products]
    by_remainder = sorted(range(len(bps)), key=lambda party: (-(products[party] % FULL_SHARE_BPS), party))
    for party in by_remainder[: principal - sum(parts)]:
        parts[party] += 1
    return tuple(parts)
