"""Money is exact: amounts are never rounded, shares always add up, and what is no amount is refused."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick import money

AMOUNTS = st.integers(0, 10**18 - 1)


@st.composite
def shares(draw: st.DrawFn) -> list[int]:
    cuts = sorted(draw(st.sets(st.integers(1, 9_999), max_size=15)))
    return [upper - lower for lower, upper in zip([0, *cuts], [*cuts, 10_000], strict=True)]


@given(AMOUNTS, shares())
def test_shares_add_to_the_principal_and_none_is_a_unit_off(principal: int, bps: list[int]) -> None:
    parts = money.apportion(principal, bps)
    assert sum(parts) == principal
    for part, share in zip(parts, bps, strict=True):
        assert abs(part - Fraction(principal * share, 10_000)) < 1


@given(AMOUNTS, shares())
def test_what_is_left_goes_to_the_largest_remainders_then_to_the_first(principal: int, bps: list[int]) -> None:
    parts = money.apportion(principal, bps)
    remainders = [principal * share % 10_000 for share in bps]
    raised = [part - principal * share // 10_000 for part, share in zip(parts, bps, strict=True)]
    ranked = sorted(range(len(bps)), key=lambda party: (-remainders[party], party))
    assert [raised[party] for party in ranked] == sorted(raised, reverse=True)


@pytest.mark.parametrize(
    ("principal", "bps", "parts"),
    [
        (10_000_01, [2_000, 8_000], (200_000, 800_001)),
        (1, [5_000, 5_000], (1, 0)),
        (0, [3_333, 3_333, 3_334], (0, 0, 0)),
        (100, [3_333, 3_333, 3_334], (33, 33, 34)),
        (2, [3_333, 3_333, 3_334], (1, 0, 1)),
    ],
)
def test_known_divisions(principal: int, bps: list[int], parts: tuple[int, ...]) -> None:
    assert money.apportion(principal, bps) == parts


@pytest.mark.parametrize("bps", [[], [9_999], [10_001], [5_000, 5_000, 0], [12_000, -2_000]])
def test_shares_that_are_no_whole_are_refused(bps: list[int]) -> None:
    with pytest.raises(money.SharesIncomplete):
        money.apportion(100, bps)


def test_a_negative_principal_has_no_shares() -> None:
    with pytest.raises(money.AmountMalformed):
        money.apportion(-1, [10_000])


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_minor_units_are_read_back_as_written(minor: int) -> None:
    assert money.parse_minor_units(str(minor)) == minor


@pytest.mark.parametrize(
    "text", ["", "-0", "00", "01", "+1", " 1", "1 ", "1\n", "1.0", "1e3", "1_000", "1,000", "١", "1" * 19, "--1"]
)
def test_what_is_not_written_as_minor_units_is_refused(text: str) -> None:
    with pytest.raises(money.AmountMalformed):
        money.parse_minor_units(text)


@given(st.integers(-(10**18) + 1, 10**18 - 1), st.sampled_from(["CNY", "JPY", "KWD", "CLF", "EUR"]))
def test_a_decimal_amount_is_the_same_minor_units_again(minor: int, currency: str) -> None:
    decimal = money.decimal_from_minor(minor, currency)
    assert money.minor_from_decimal(decimal, currency) == minor
    assert money.minor_from_decimal(f"{decimal:f}", currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("123.4", "CNY", 12_340),
        ("123.400", "CNY", 12_340),
        ("5", "JPY", 5),
        ("5.0", "JPY", 5),
        ("-0.5", "EUR", -50),
        ("0.001", "KWD", 1),
        (Decimal("1E+3"), "CNY", 100_000),
        (Decimal("-0"), "CNY", 0),
    ],
)
def test_decimals_that_lose_nothing_are_taken(text: str | Decimal, currency: str, minor: int) -> None:
    assert money.minor_from_decimal(text, currency) == minor


@pytest.mark.parametrize(("text", "currency"), [("0.001", "CNY"), ("0.5", "JPY"), (Decimal("1E-30"), "CNY")])
def test_a_fraction_of_a_cent_is_never_rounded_away(text: str | Decimal, currency: str) -> None:
    with pytest.raises(money.AmountTooPrecise):
        money.minor_from_decimal(text, currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".5",
        "5.",
        "1e5",
        "NaN",
        "Infinity",
        "1,5",
        "+1",
        "01",
        " 1",
        "1.0000000",
        "9" * 19,
        "9" * 18,
        Decimal("NaN"),
        Decimal("1E+999999"),
        Decimal("-Infinity"),
    ],
)
def test_what_is_no_decimal_amount_is_refused(text: str | Decimal) -> None:
    with pytest.raises(money.AmountMalformed):
        money.minor_from_decimal(text, "CNY")


@pytest.mark.parametrize("code", ["", "cny", "CNYX", "XXX", "XAU", "DEM", "C\nY"])
def test_what_is_no_active_currency_is_refused(code: str) -> None:
    with pytest.raises(money.CurrencyUnknown):
        money.exponent(code)
