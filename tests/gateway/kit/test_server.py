"""A gateway as a process: it says where it is, holds its database alone, and ends when told."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tallystick_gateway.kit.api_client import ApiClient, ApiProblem, GatewayAway
from tallystick_gateway.kit.clock import SystemClock
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.lease import Lease, LeaseHeld
from tests.gateway.support import PASSPHRASE, make_home

SERVE = """
import sys
from pathlib import Path
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.server import serve
serve(Config.load(Path(sys.argv[1])), sys.argv[2], die_with_parent=True, ready=lambda url: print(url, flush=True))
"""


@contextmanager
def process(config: Config) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", SERVE, str(config.home), PASSPHRASE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            assert running.stdout is not None
            url = running.stdout.readline().strip()
            assert url, "the gateway did not start"
            yield running, url
        finally:
            running.kill()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_home(tmp_path / "home")


def test_it_serves_until_told_to_stop_and_leaves_nothing_behind(config: Config) -> None:
    with process(config) as (running, url):
        assert httpx.get(f"{url}/health").json() == {"status": "ok"}
        assert config.address_path.read_text().strip() == url
        with ApiClient.from_home(config, PASSPHRASE) as api:
            assert api.get("/v1/status")["name"] == config.settings.member.name
        assert config.home.joinpath(".token").stat().st_mode & 0o777 == 0o600
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    left = {path.name for path in config.home.iterdir()}
    assert not left & {"gateway.url", "gateway.db-wal", "gateway.db.lease.json"}
    with pytest.raises(GatewayAway):
        ApiClient.from_home(config, PASSPHRASE)


def test_a_second_one_on_the_same_database_ends_and_names_the_first(config: Config) -> None:
    with process(config) as (first, _):
        second = subprocess.run(
            [sys.executable, "-c", SERVE, str(config.home), PASSPHRASE],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode != 0
        assert f"process {first.pid} on" in second.stderr


def test_after_kill_9_the_next_one_starts_at_once(config: Config) -> None:
    with process(config) as (running, _):
        os.kill(running.pid, signal.SIGKILL)
        running.wait(30)
    with process(config) as (_, url):
        assert httpx.get(f"{url}/health").status_code == 200


def test_a_wrong_token_on_disk_is_replaced(config: Config) -> None:
    config.home.joinpath(".token").write_text("stale")
    with process(config), ApiClient.from_home(config, PASSPHRASE) as api:
        assert api.get("/v1/status")["tasks"]
        with pytest.raises(ApiProblem) as refused:
            api.get("/v1/uploads/none")
    assert refused.value.code == "upload.unknown"
    assert refused.value.advice
    assert config.home.joinpath(".token").read_text() != "stale"


def test_the_local_client_tells_time_as_its_home_does(tmp_path: Path) -> None:
    ahead = make_home(tmp_path / "ahead", development={"clock_offset_s": 3600})
    with process(ahead), ApiClient.from_home(ahead, PASSPHRASE) as api:
        assert api.get("/v1/status")["member"] == ahead.member_id.hex()


def test_a_lease_is_let_go_on_leaving(tmp_path: Path) -> None:
    database = tmp_path / "gateway.db"
    with Lease(database, SystemClock()), pytest.raises(LeaseHeld, match=f"process {os.getpid()}"):
        Lease(database, SystemClock()).__enter__()
    with Lease(database, SystemClock()):
        pass
