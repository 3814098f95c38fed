"""Small parts: configuration that says what is wrong, clocks compared with blocks, cursors."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallystick.pseudonyms import member_id
from tallystick_gateway.kit.clock import ClockSkewed, FixedClock, SkewMonitor, rfc3339
from tallystick_gateway.kit.config import Config, ConfigRefused, Goal
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.paging import CursorRefused, decode_cursor, encode_cursor
from tallystick_gateway.kit.vault import Vault, WrappedSecretDamaged

MEMBER = {"legal_id": "LEI:529900T8BM49AURSDO55", "name": "Bank „Ä“", "roles": ["LENDER"]}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@given(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=40),
    st.lists(st.sampled_from(["http://127.0.0.1:1", 'http://n\\o"de']), max_size=3),
    st.integers(0, 65535),
)
def test_a_written_configuration_reads_back_unchanged(name: str, nodes: list[str], port: int) -> None:
    entries = {"member": MEMBER | {"name": name}, "chain": {"nodes": nodes}, "listen": {"port": port}}
    config = Config(Path("/nowhere"), Config.parse(entries))
    import tomllib

    assert Config.parse(tomllib.loads(config.render())) == config.settings


@pytest.mark.parametrize(
    ("entries", "field"),
    [
        ({}, "member"),
        ({"member": MEMBER, "chian": {}}, "chian"),
        ({"member": MEMBER, "chain": {"engine": "geth"}}, "chain.engine"),
        ({"member": MEMBER, "listen": {"port": "8440"}}, "listen.port"),
        ({"member": MEMBER, "listen": {"port": 70000}}, "listen.port"),
        ({"member": MEMBER | {"roles": ["KING"]}}, "member.roles.0"),
        ({"member": MEMBER, "limits": {"body_bytes": 10**9}}, "limits.body_bytes"),
        ({"member": MEMBER, "chain": {"engine": "besu"}, "development": {"arrival_dates": True}}, "development"),
    ],
)
def test_a_wrong_entry_is_named(entries: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        Config.parse(entries)
    assert refused.value.values["field"] == field


def test_a_missing_or_broken_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=r"no gateway\.toml"):
        Config.load(tmp_path)
    (tmp_path / "gateway.toml").write_text("[member\n")
    with pytest.raises(ConfigRefused, match="not TOML"):
        Config.load(tmp_path)


def test_the_goal_follows_the_engine() -> None:
    goals = {
        engine: Config(Path(), Config.parse({"member": MEMBER, "chain": {"engine": engine}})).goal
        for engine in ("embedded", "qbft", "besu")
    }
    assert goals == {"embedded": Goal.INCLUDED, "qbft": Goal.FINAL, "besu": Goal.FINAL}


def test_the_member_s_id_is_that_of_the_protocol() -> None:
    assert Config(Path(), Config.parse({"member": MEMBER})).member_id == member_id(str(MEMBER["legal_id"]))


@pytest.mark.parametrize(
    ("block_s_ago", "fresh", "sound"),
    [
        (1, True, True),
        (-10, True, True),
        (3600, True, False),
        (-3600, True, False),
        (3600, False, True),
        (-3600, False, False),
    ],
)
def test_a_clock_off_by_an_hour_is_noticed_and_nothing_is_signed(block_s_ago: int, fresh: bool, sound: bool) -> None:
    """An old head that stands still tells nothing; a fresh one, or one from the future, does."""
    monitor = SkewMonitor(FixedClock(NOON))
    monitor.observe(NOON - timedelta(seconds=block_s_ago), fresh=fresh)
    assert monitor.sound is sound
    if sound:
        monitor.require_sound()
    else:
        with pytest.raises(ClockSkewed, match="3600 s"):
            monitor.require_sound()


def test_a_corrected_clock_signs_again() -> None:
    clock = FixedClock(NOON)
    monitor = SkewMonitor(clock)
    monitor.observe(NOON + timedelta(hours=1), fresh=True)
    assert not monitor.sound
    clock.move(timedelta(hours=1))
    monitor.observe(NOON + timedelta(hours=1), fresh=True)
    monitor.require_sound()


def test_skew_is_a_reason_not_to_be_ready(gateway: Gateway) -> None:
    gateway.skew.observe(gateway.clock.now() + timedelta(hours=1), fresh=True)
    assert "clock.skew" in {reason.code for reason in gateway.reasons()}
    gateway.skew.observe(gateway.clock.now(), fresh=True)
    assert "clock.skew" not in {reason.code for reason in gateway.reasons()}


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        rfc3339(datetime(2026, 1, 1))  # noqa: DTZ001  # what the test is about


@given(st.integers(0, 2**63 - 1) | st.text(max_size=40))
@example("\x1f" * 40)
@example("\U00010000" * 40)
def test_a_cursor_carries_its_key(key: int | str) -> None:
    assert decode_cursor(encode_cursor(key)) == key


@given(st.text(max_size=60))
def test_a_cursor_from_elsewhere_never_crashes(text: str) -> None:
    with suppress(CursorRefused):
        decode_cursor(text)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40))
def test_a_wrapped_secret_opens_only_where_it_belongs(secret: bytes, place: bytes) -> None:
    vault = Vault(b"\x07" * 32)
    wrapped = vault.wrap(secret, place)
    assert vault.unwrap(wrapped, place) == secret
    assert secret not in wrapped
    for other in (Vault(b"\x08" * 32), vault):
        with pytest.raises(WrappedSecretDamaged):
            other.unwrap(wrapped, place if other is not vault else place + b"x")
    with pytest.raises(WrappedSecretDamaged):
        vault.unwrap(b"", place)
