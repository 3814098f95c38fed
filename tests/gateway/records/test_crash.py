"""kill -9 at any moment of an upload: after the restart nothing is lost and nothing is there twice."""

import os
import random
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.config import Config
from tests.gateway.kit.test_server import process
from tests.gateway.records.support import ndjson, repayment, with_agreement
from tests.gateway.support import PASSPHRASE, make_home, open_test_gateway

ROWS = 40_000
PATIENCE_S = 90


@pytest.fixture
def config(tmp_path: Path) -> Config:
    home = make_home(tmp_path / "home")
    with open_test_gateway(home) as gateway:
        with_agreement(gateway)
    return home


def test_an_upload_survives_kill_9_at_any_moment(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "records.ndjson"
    file.write_bytes(ndjson(repayment(number) for number in range(ROWS)))
    seed = secrets.randbits(32)
    print("seed", seed)
    dice = random.Random(seed)  # noqa: S311  # no secret: when to kill
    key = "the-one-upload"
    for _ in range(4):
        with process(config) as (running, _), ApiClient.from_home(config, PASSPHRASE) as api:
            killer_s = dice.uniform(0.05, 1.5)
            try:
                _submit(api, file, key)
                until = time.monotonic() + killer_s
                while time.monotonic() < until and api.get("/v1/uploads")["items"][0]["state"] != "done":
                    pass
            finally:
                os.kill(running.pid, signal.SIGKILL)
                running.wait(30)
    with process(config), ApiClient.from_home(config, PASSPHRASE) as api:
        upload = _submit(api, file, key)
        done = api.wait(f"/v1/uploads/{upload['id']}", lambda each: each["finished_at"], timeout_s=PATIENCE_S)
        assert (done["state"], done["accepted"], done["repeated"], done["rejected"]) == ("done", ROWS, 0, 0)
        assert done["lines_read"] == ROWS
        assert len(api.get("/v1/uploads")["items"]) == 1
        assert [log["records"] for log in api.get("/v1/logs")["items"]] == [ROWS]
    with open_test_gateway(config) as gateway, gateway.database.read() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT count(*), count(DISTINCT source_id), min(log_index), max(log_index), count(DISTINCT log_index) "
            "FROM records_record WHERE owner = ?",
            (config.member_id,),
        )
        assert rows.one() == (ROWS, ROWS, 0, ROWS - 1, ROWS)
        wrapped = session.connection().exec_driver_sql(
            "SELECT count(*) FROM records_secret WHERE owner = ?", (config.member_id,)
        )
        assert wrapped.scalar_one() == ROWS
    assert list(config.uploads_path.iterdir()) == []


def test_a_gateway_killed_while_a_file_arrives_takes_it_again(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "records.ndjson"
    file.write_bytes(ndjson(repayment(number) for number in range(20_000)))
    body = file.read_bytes()

    with process(config) as (running, url), ApiClient.from_home(config, PASSPHRASE) as api:
        headers = {"Authorization": f"Bearer {api.token()}", "Idempotency-Key": "k"}

        def half() -> Iterator[bytes]:
            yield body[: len(body) // 2]
            while not any(part.stat().st_size for part in config.uploads_path.glob("*.part")):
                pass
            os.kill(running.pid, signal.SIGKILL)
            yield body[len(body) // 2 :]

        with pytest.raises(httpx.TransportError):
            httpx.post(f"{url}/v1/records:upload?format=ndjson", content=half(), headers=headers)
    assert list(config.uploads_path.glob("*.part"))
    with process(config), ApiClient.from_home(config, PASSPHRASE) as api:
        assert api.get("/v1/uploads")["items"] == []
        assert list(config.uploads_path.iterdir()) == []
        upload = _submit(api, file, "k")
        done = api.wait(f"/v1/uploads/{upload['id']}", lambda each: each["finished_at"], timeout_s=PATIENCE_S)
        assert done["accepted"] == 20_000


def _submit(api: ApiClient, file: Path, key: str) -> dict[str, object]:
    answer: dict[str, object] = api.upload("/v1/records:upload", file, content_type="application/x-ndjson", key=key)
    return answer
