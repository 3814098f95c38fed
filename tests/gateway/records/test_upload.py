"""Files of records: every format and encoding gives the same log; faulty rows are named, good ones taken once."""

import gzip
import io
import json
import shutil
from collections.abc import Callable
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import pytest

from tallystick_gateway.kit.db import StorageFull
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records import sources, tabular, uploads
from tests.gateway.records.support import AGREEMENT, ndjson, repayment, work_uploads
from tests.gateway.support import keyed

ROWS = [repayment(number, channel=None if number % 3 else "借记") for number in range(300)]
NAMES = sorted({name for row in ROWS for name in row})


def send(http: httpx.Client, body: bytes, form: str = "ndjson", **more: Any) -> httpx.Response:
    headers = {**keyed(), **more.pop("headers", {})}
    return http.post("/v1/records:upload", content=body, headers=headers, params={"format": form, **more})


def outcome(gateway: Gateway, http: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    work_uploads(gateway)
    done: dict[str, Any] = http.get(answer.headers["location"]).json()
    return done


def counts(upload: dict[str, Any]) -> tuple[str, int, int, int]:
    return upload["state"], upload["accepted"], upload["repeated"], upload["rejected"]


def refusals(http: httpx.Client, upload: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in http.get(upload["rejected_lines"]).text.splitlines()]


def table() -> pa.Table:
    return pa.table({name: [row.get(name) for row in ROWS] for name in NAMES})


def as_csv() -> bytes:
    sink = io.BytesIO()
    pa_csv.write_csv(table(), sink)
    return sink.getvalue()


def as_parquet() -> bytes:
    sink = io.BytesIO()
    pa_parquet.write_table(table(), sink, row_group_size=70)
    return sink.getvalue()


def as_arrow() -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table().schema) as writer:
        writer.write_table(table(), max_chunksize=90)
    return sink.getvalue()


def zstd(body: bytes) -> bytes:
    compressed: bytes = pa.compress(body, "zstd", asbytes=True)
    return compressed


FORMATS: dict[str, Callable[[], bytes]] = {
    "ndjson": lambda: ndjson(ROWS),
    "csv": as_csv,
    "parquet": as_parquet,
    "arrow": as_arrow,
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_log(gateway: Gateway, http: httpx.Client, form: str) -> None:
    assert counts(outcome(gateway, http, send(http, FORMATS[form](), form))) == ("done", 300, 0, 0)
    items = http.get("/v1/records", params={"limit": 1000}).json()["items"]
    assert [item["source_id"] for item in items] == [row["source_id"] for row in ROWS]
    values = {name: value for name, value in ROWS[4].items() if name not in ("type", "loan_id")}
    assert items[4]["values"].items() >= values.items()
    assert counts(outcome(gateway, http, send(http, ndjson(ROWS)))) == ("done", 0, 300, 0)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd)])
@pytest.mark.parametrize("form", ["ndjson", "csv", "arrow"])
def test_compressed_files_are_read_too(
    gateway: Gateway, http: httpx.Client, form: str, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    body = pack(FORMATS[form]())
    answer = send(http, body, form, headers={"Content-Encoding": encoding})
    assert counts(outcome(gateway, http, answer)) == ("done", 300, 0, 0)


def test_faulty_rows_are_listed_with_line_and_field_and_the_others_taken(gateway: Gateway, http: httpx.Client) -> None:
    body = b"\n".join(
        [
            ndjson([repayment(1)]).strip(),
            b"",
            b"\xff\xfe",
            b'{"a": 1, "a": 2}',
            b"[1]",
            json.dumps({**repayment(6), "principal": 5}).encode(),
            ndjson([repayment(2, currency="EUR")]).strip(),
            ndjson([repayment(1, principal="9")]).strip(),
            ndjson([repayment(7)]).strip().replace(b"instalment 7", b"\\ud800"),
            b"x" * 500_000,
            ndjson([repayment(3)]).strip(),
        ]
    )
    upload = outcome(gateway, http, send(http, body))
    assert counts(upload) == ("done", 2, 0, 8)
    assert [(each["line"], each["field"], each["code"]) for each in refusals(http, upload)] == [
        (3, None, "record.not_utf8"),
        (4, "a", "record.field_twice"),
        (5, None, "record.not_an_object"),
        (6, "principal", "record.value_not_text"),
        (7, "currency", "record.currency_wrong"),
        (8, "source_id", "record.source_id_taken"),
        (9, "reference", "record.value_not_unicode"),
        (10, None, "record.too_large"),
    ]


def test_a_table_s_faulty_rows_are_counted_with_the_header(gateway: Gateway, http: httpx.Client) -> None:
    good = as_csv().decode()
    upload = outcome(gateway, http, send(http, good.replace('"310"', '"3.10"', 2).encode(), "csv"))
    assert counts(upload) == ("done", 298, 0, 2)
    assert [(each["line"], each["field"]) for each in refusals(http, upload)] == [(2, "interest"), (3, "interest")]


def test_defaults_fill_what_the_file_leaves_out(gateway: Gateway, http: httpx.Client) -> None:
    bare = [
        {name: value for name, value in row.items() if name not in ("agreement", "source_system", "type")}
        for row in ROWS[:5]
    ]
    sink = io.BytesIO()
    pa_csv.write_csv(pa.Table.from_pylist(bare, schema=table().select(list(bare[0])).schema), sink)
    answer = send(http, sink.getvalue(), "csv", agreement=AGREEMENT.hex(), type="repayment", source_system="core")
    assert counts(outcome(gateway, http, answer)) == ("done", 5, 0, 0)
    assert counts(outcome(gateway, http, send(http, ndjson(ROWS[:5])))) == ("done", 0, 5, 0)


@pytest.mark.parametrize(
    ("body", "form", "headers", "code"),
    [
        (b"not parquet at all", "parquet", {}, "upload.unreadable"),
        (as_parquet()[:-9], "parquet", {}, "upload.unreadable"),
        (as_arrow()[:-300], "arrow", {}, "upload.unreadable"),
        (b"junk", "arrow", {}, "upload.unreadable"),
        (b"a,b\n1,2,3\n", "csv", {}, "upload.unreadable"),
        (b"\xff,\xfe\n1,2\n", "csv", {}, "upload.unreadable"),
        (b"no gzip", "ndjson", {"Content-Encoding": "gzip"}, "upload.unreadable"),
        (gzip.compress(ndjson(ROWS))[:-200], "ndjson", {"Content-Encoding": "gzip"}, "upload.unreadable"),
        (b"a,a\nx,y\n", "csv", {}, "upload.columns_refused"),
    ],
    ids=[
        "no parquet",
        "half a parquet",
        "half an arrow",
        "no arrow",
        "ragged csv",
        "csv header not UTF-8",
        "no gzip",
        "half a gzip",
        "two columns of one name",
    ],
)
def test_a_file_that_is_not_what_it_says_fails_in_words(
    gateway: Gateway, http: httpx.Client, body: bytes, form: str, headers: dict[str, str], code: str
) -> None:
    upload = outcome(gateway, http, send(http, body, form, headers=headers))
    assert upload["state"] == "failed"
    assert upload["error"]["code"] == code
    assert upload["error"]["advice"]
    assert list(gateway.config.uploads_path.iterdir()) == []


def test_a_column_that_is_not_text_is_named(gateway: Gateway, http: httpx.Client) -> None:
    sink = io.BytesIO()
    pa_parquet.write_table(pa.table({"type": ["fee"], "amount": [5]}), sink)
    upload = outcome(gateway, http, send(http, sink.getvalue(), "parquet"))
    assert (upload["error"]["code"], upload["error"]["field"]) == ("upload.columns_refused", "amount")


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_csv_file_with_other_separators_is_told_so(gateway: Gateway, http: httpx.Client, mark: str) -> None:
    body = as_csv().replace(b",", mark.encode())
    upload = outcome(gateway, http, send(http, body, "csv"))
    assert (upload["error"]["code"], upload["error"]["line"]) == ("upload.unreadable", 1)
    assert "not separated by commas" in upload["error"]["detail"]


@pytest.mark.parametrize("version", ["01", "2", "x"])
def test_tables_take_a_version_as_strictly_as_lines_do(gateway: Gateway, http: httpx.Client, version: str) -> None:
    head, *rows = as_csv().splitlines()
    body = b"\n".join([head + b",version", *(row + b"," + version.encode() for row in rows)]) + b"\n"
    upload = outcome(gateway, http, send(http, body, "csv"))
    assert (upload["accepted"], upload["rejected"]) == (0, len(rows))


def test_arrow_s_file_format_is_told_from_its_stream_format(gateway: Gateway, http: httpx.Client) -> None:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table().schema) as writer:
        writer.write_table(table())
    upload = outcome(gateway, http, send(http, sink.getvalue(), "arrow"))
    assert upload["error"]["code"] == "upload.unreadable"
    assert "as an Arrow stream" in upload["error"]["detail"]


def test_a_decompression_bomb_is_stopped(gateway: Gateway, http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = gateway.config.settings.limits.model_copy(update={"upload_bytes": 1 << 20})
    object.__setattr__(gateway.config, "settings", gateway.config.settings.model_copy(update={"limits": limits}))
    bomb = gzip.compress(b"\n" * (64 << 20))
    upload = outcome(gateway, http, send(http, bomb, headers={"Content-Encoding": "gzip"}))
    assert upload["error"]["code"] == "upload.too_large"
    over = send(http, b"x" * ((1 << 20) + 1))
    assert (over.status_code, over.json()["code"]) == (413, "upload.too_large")


@pytest.mark.parametrize("headers", [{"Content-Type": "application/pdf"}, {}, {"Content-Encoding": "br"}], ids=str)
def test_other_formats_are_refused_before_anything_is_read(http: httpx.Client, headers: dict[str, str]) -> None:
    form = {"params": {"format": "ndjson"}} if "Content-Encoding" in headers else {}
    answer = http.post("/v1/records:upload", content=b"x", headers={**keyed(), **headers}, **form)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (415, "upload.format_unknown")


def test_the_same_upload_under_the_same_key_is_one_upload(gateway: Gateway, http: httpx.Client) -> None:
    key, body = keyed(), ndjson(ROWS)
    first, again = (send(http, body, headers=key) for _ in range(2))
    assert first.content == again.content
    assert len(list(gateway.config.uploads_path.iterdir())) == 1
    assert send(http, body + b"\n", headers=key).json()["code"] == "idempotency.key_reused"
    assert len(http.get("/v1/uploads").json()["items"]) == 1


def test_where_pieces_end_changes_nothing(
    gateway: Gateway, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step here reads anew from the stored position, as after a crash between any two of them."""
    monkeypatch.setattr(sources, "PIECE_ROWS", 7)
    monkeypatch.setattr(tabular, "PIECE_ROWS", 7)
    for form, make in FORMATS.items():
        send(http, make(), form)
        while uploads.UploadWork(gateway).step():
            pass
    items = http.get("/v1/records", params={"limit": 1000}).json()["items"]
    assert [item["source_id"] for item in items] == [row["source_id"] for row in ROWS]
    accepted = [each["accepted"] for each in http.get("/v1/uploads").json()["items"]]
    assert sorted(accepted) == [0, 0, 0, 300]


def test_a_full_disk_says_so_and_keeps_nothing(
    gateway: Gateway, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))  # type: ignore[attr-defined]
    answer = send(http, ndjson(ROWS))
    assert (answer.status_code, answer.json()["code"]) == (507, "storage.full")
    assert list(gateway.config.uploads_path.iterdir()) == []
    monkeypatch.undo()
    assert counts(outcome(gateway, http, send(http, ndjson(ROWS)))) == ("done", 300, 0, 0)


def test_a_full_database_says_so_and_half_a_piece_is_never_there(gateway: Gateway, http: httpx.Client) -> None:
    answer = send(http, ndjson(ROWS))
    with gateway.database.read() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
    limit = f"PRAGMA max_page_count = {pages + 5}"
    from sqlalchemy import event

    event.listen(gateway.database.engine, "connect", lambda connection, _: connection.execute(limit))
    gateway.database.engine.dispose()
    with pytest.raises(StorageFull):
        work_uploads(gateway)
    assert http.get("/v1/logs").json()["items"] == []
    full = http.post("/v1/records", json={"records": [repayment(n) for n in range(400, 900)]}, headers=keyed())
    assert (full.status_code, full.json()["code"]) == (507, "storage.full")
    limit = "PRAGMA max_page_count = 1000000"
    gateway.database.engine.dispose()
    assert counts(outcome(gateway, http, answer)) == ("done", 300, 0, 0)


def test_leftovers_of_a_crash_are_cleared_but_nothing_that_is_needed(gateway: Gateway, http: httpx.Client) -> None:
    send(http, ndjson(ROWS))
    folder = gateway.config.uploads_path
    (folder / "half.part").write_bytes(b"x")
    (folder / "unknown.data").write_bytes(b"x")
    uploads.clear_leftovers(gateway)
    assert len(list(folder.iterdir())) == 1
    work_uploads(gateway)
    assert len(http.get("/v1/records", params={"limit": 1000}).json()["items"]) == 300
