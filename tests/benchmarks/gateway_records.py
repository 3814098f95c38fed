"""Records through a gateway's door: a file from its first byte to durable rows; one record a request."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records.uploads import UploadWork
from tests.benchmarks.measure import Figure, rate
from tests.gateway.records.support import ndjson, repayment, with_agreement
from tests.gateway.support import api_for, client_for, keyed, make_home, open_test_gateway


def figures(*, engine: str, quick: bool = False) -> list[Figure]:
    """Measure everything of this part; each figure beside its yardstick of the same run."""
    return [_upload(2_000 if quick else 50_000, runs=1 if quick else 3), _singles(50 if quick else 1_000)]


@contextmanager
def _gateway() -> Iterator[Gateway]:
    with tempfile.TemporaryDirectory() as folder, open_test_gateway(make_home(Path(folder) / "home")) as gateway:
        with_agreement(gateway)
        yield gateway


def _upload(count: int, *, runs: int) -> Figure:
    with _gateway() as gateway, api_for(gateway) as api, tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{run}.ndjson" for run in range(runs)]
        for run, file in enumerate(files):
            file.write_bytes(ndjson(repayment(run * count + number) for number in range(count)))
        left = iter(files)

        def sent() -> None:
            api.upload("/v1/records:upload", next(left), content_type="application/x-ndjson")
            work = UploadWork(gateway)
            while work.step():
                pass

        speeds = rate(count, sent, runs=runs)
        done = [upload["accepted"] for upload in api.get("/v1/uploads")["items"]]
        assert done == [count] * runs, done
        bare = _bare_rows(gateway.database.path, count)
    return Figure(
        work="8-amount records from an uploaded file: received, validated, committed, wrapped, durable",
        unit="records/s",
        runs=speeds,
        yardstick="SQLite's bare executemany of the same rows into the same table, one transaction",
        yardstick_runs=bare,
        checked=f"each of {runs} uploads accepted exactly {count}",
    )


def _bare_rows(database: Path, count: int) -> tuple[float, ...]:
    """The rows of the first upload again, beside them, with nothing of the gateway in between."""
    with sqlite3.connect(database) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(records_record)")]
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM records_record ORDER BY id LIMIT ?", (count,))  # noqa: S608  # our own columns
        stored = rows.fetchall()
    place = {name: columns.index(name) for name in ("id", "log_index", "source_id")}

    def moved(row: tuple[object, ...], shift: int) -> tuple[object, ...]:
        values = list(row)
        for name in ("id", "log_index"):
            values[place[name]] = int(str(values[place[name]])) + shift * 10**9
        values[place["source_id"]] = f"{values[place['source_id']]}/{shift}"
        return tuple(values)

    batches = [[moved(row, shift) for row in stored] for shift in (1, 2, 3)]
    left = iter(batches)
    insert = f"INSERT INTO records_record ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # our own columns

    def inserted() -> None:
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.executemany(insert, next(left))

    return rate(len(stored), inserted, runs=len(batches))


def _singles(count: int) -> Figure:
    with _gateway() as gateway, client_for(gateway) as http:
        numbers = iter(range(3 * count))

        def sent() -> None:
            for _ in range(count):
                body = {"records": [repayment(next(numbers))]}
                assert http.post("/v1/records", json=body, headers=keyed()).status_code == 201

        speeds = rate(count, sent)
        assert http.get("/v1/logs").json()["items"][0]["records"] == 3 * count
        bare = _bare_commits(gateway.config.home / "bare.db", count)
    return Figure(
        work="one record a request over HTTP, one client after the other, each durable before its answer",
        unit="records/s",
        runs=speeds,
        yardstick="bare INSERT and commit, one row each (WAL, synchronous=FULL)",
        yardstick_runs=bare,
        checked=f"{3 * count} records in the log",
    )


def _bare_commits(database: Path, count: int) -> tuple[float, ...]:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, content TEXT)")

    def inserted() -> None:
        for _ in range(count):
            connection.execute("INSERT INTO bare (content) VALUES (?)", ("x" * 400,))

    speeds = rate(count, inserted)
    connection.close()
    return speeds
