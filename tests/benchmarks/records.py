"""Records committed, validated and leaf-hashed by the table; roots and proofs of batch trees; openings checked."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator
from itertools import pairwise

import duckdb
import pyarrow as pa

from tallystick import merkle
from tallystick.records import RecordType, columnar, commit, commitments, record_type, validate
from tallystick.records.handover import AnchoredBatch, make_opening, parse_opening, verify_opening
from tallystick.records.lines import read_lines
from tests.benchmarks.measure import Figure, rate

MEMBER = hashlib.sha256(b"member:benchmark").digest()
KIND = record_type("note")
PIECE = 65_536
FAULTY_EVERY = 1000
TEXTS = ("paid at the counter", "柜台还款，已核对", "reminder sent by letter, no answer so far")


def figures(*, engine: str, quick: bool = False) -> list[Figure]:
    """Measure everything of this part; each figure beside its yardstick of the same run."""
    count = 16_384 if quick else 262_144
    return [_columnar(count), _from_lines(count // 4), _root(count * 4), _proofs(count // 4), _openings(count // 32)]


def _columnar(count: int) -> Figure:
    rows = _rows(count)
    table = pa.Table.from_pylist(rows, pa.schema([(field.name, pa.string()) for field in KIND.fields]))
    secrets = columnar.random_secrets(count)

    def committed() -> list[tuple[columnar.Validated, columnar.CommittedRows]]:
        done = []
        for start in range(0, count, PIECE):
            lines = pa.arange(start, min(start + PIECE, count))
            checked = columnar.validate_table(table.slice(start, PIECE), KIND, lines=lines)
            own = secrets.slice(start, len(checked.accepted))
            done.append((checked, columnar.commit_table(checked.accepted, MEMBER, own)))
        return done

    checked = _check_columnar(rows, secrets, committed())
    preimages = pa.table(_preimages(rows[: min(count, PIECE)]))
    connection = duckdb.connect(":memory:")
    bare = connection.from_arrow(pa.Table.from_batches(preimages.to_batches(4096)))
    hashes = " + ".join(f"strlen(sha256({name}))" for name in preimages.column_names)
    yardstick = rate(preimages.num_rows, lambda: bare.aggregate(f"sum({hashes})").fetchall())
    return Figure(
        work=f"{len(KIND.fields)}-field records validated, committed, leaf-hashed (columnar)",
        unit="records/s",
        runs=rate(count, committed),
        yardstick=f"DuckDB's bare SHA-256 over the same {preimages.num_columns} preimages a record",
        yardstick_runs=yardstick,
        checked=checked,
        goal="≥ 100 000/s with validation",
        detail={"records": count, "piece": PIECE, "faulty": count // FAULTY_EVERY},
    )


def _from_lines(count: int) -> Figure:
    lines = [json.dumps({"type": KIND.name, **row}, ensure_ascii=False).encode() for row in _rows(count)]
    raw = b"\n".join(lines)

    def from_file() -> tuple[int, int]:
        accepted = rejected = 0
        for piece in read_lines(io.BytesIO(raw)):
            rejected += len(piece.rejected)
            for rows in piece.accepted:
                secrets = columnar.random_secrets(len(rows))
                accepted += len(columnar.commit_table(rows, MEMBER, secrets).leaf_hashes)
        return accepted, rejected

    faulty = len(range(0, count, FAULTY_EVERY))
    assert from_file() == (count - faulty, faulty)
    return Figure(
        work="the same from NDJSON: parsed strictly, validated, committed, leaf-hashed",
        unit="records/s",
        runs=rate(count, from_file),
        yardstick="json.loads of the same lines, nothing else",
        yardstick_runs=rate(count, lambda: [json.loads(line) for line in lines]),
        checked=f"{count - faulty} accepted, {faulty} rejected, as built in",
        detail={"records": count, "bytes": len(raw)},
    )


def _root(count: int) -> Figure:
    leaves = [os.urandom(32) for _ in range(count)]

    def bare() -> None:
        for left, right in pairwise(leaves):
            hashlib.sha256(b"\x01" + left + right).digest()

    tree = merkle.Tree(leaves)
    assert merkle.root(leaves) == tree.root
    for index in range(0, count, count // 16):
        merkle.verify_inclusion(leaves[index], index, count, tree.inclusion_proof(index), tree.root)
    return Figure(
        work="RFC 6962 root over leaf hashes",
        unit="leaves/s",
        runs=rate(count, lambda: merkle.root(leaves)),
        yardstick="hashlib loop: as many SHA-256 over 65 bytes",
        yardstick_runs=rate(count, bare),
        checked="equals the root of the tree with levels; 16 inclusion proofs lead to it",
        goal="≥ 400 000/s",
        detail={"leaves": count},
    )


def _proofs(count: int) -> Figure:
    leaves = [os.urandom(32) for _ in range(count)]

    def all_proofs() -> list[tuple[bytes, ...]]:
        tree = merkle.Tree(leaves)
        return [tree.inclusion_proof(index) for index in range(count)]

    proofs, root = all_proofs(), merkle.root(leaves)
    for index in range(0, count, 61):
        merkle.verify_inclusion(leaves[index], index, count, proofs[index], root)
    return Figure(
        work="inclusion proofs of every leaf of a batch, tree included",
        unit="proofs/s",
        runs=rate(count, all_proofs),
        yardstick="the root alone",
        yardstick_runs=rate(count, lambda: merkle.root(leaves)),
        checked=f"{len(range(0, count, 61))} of them verified",
        detail={"leaves": count, "nodes": max(map(len, proofs))},
    )


def _openings(count: int) -> Figure:
    rows = [row for place, row in enumerate(_rows(count)) if place % FAULTY_EVERY]
    records = [validate(KIND, row) for row in rows]
    secrets = [os.urandom(32) for _ in records]
    tree = merkle.Tree([commit(*each).leaf_hash for each in zip(records, [MEMBER] * len(rows), secrets, strict=True)])
    batch = AnchoredBatch(MEMBER, records[0].stream, 0, tree.size, tree.root)
    file = [
        make_opening(record, secret, batch, index, tree.inclusion_proof(index)).to_json()
        for index, (record, secret) in enumerate(zip(records, secrets, strict=True))
    ]

    def verified() -> int:
        return sum(verify_opening(parse_opening(line), batch).index == index for index, line in enumerate(file))

    assert verified() == len(file)
    return Figure(
        work="openings with proof read and verified against their anchored root",
        unit="openings/s",
        runs=rate(len(file), verified),
        yardstick="json.loads of the same lines, nothing else",
        yardstick_runs=rate(len(file), lambda: [json.loads(line) for line in file]),
        checked=f"all {len(file)} verified",
        goal="≥ 5 000 items/s",
        detail={"openings": len(file)},
    )


def _rows(count: int) -> list[dict[str, str]]:
    """Notes of 5 000 loans; every thousandth has a date that does not exist."""
    loans = [hashlib.sha256(number.to_bytes(4, "big")).hexdigest() for number in range(5000)]
    return [
        {
            "agreement": "5f" * 32,
            "loan": loans[number % 5000],
            "occurred_at": "2024-02-29T09:30:00Z",
            "booking_date": "2024-02-29" if number % FAULTY_EVERY else "2023-02-29",
            "reference": f"REF-{number:08}",
            "source_system": "core-banking",
            "source_id": str(10_000_000 + number),
            "text": TEXTS[number % len(TEXTS)],
        }
        for number in range(count)
    ]


def _check_columnar(
    rows: list[dict[str, str]], secrets: pa.Array, done: list[tuple[columnar.Validated, columnar.CommittedRows]]
) -> str:
    faulty = [refusal.line for checked, _ in done for refusal in checked.rejected]
    assert faulty == list(range(0, len(rows), FAULTY_EVERY))
    sampled = 0
    for piece, (checked, committed) in enumerate(done):
        for place in range(0, len(checked.accepted), 997):
            record = validate(KIND, rows[checked.accepted.lines[place].as_py()])
            alone = commit(record, MEMBER, secrets[piece * PIECE + place].as_py())
            assert committed.digests[place].as_py() == alone.digest
            assert committed.leaf_hashes[place].as_py() == alone.leaf_hash
            sampled += 1
    return f"{len(faulty)} faulty rows named; {sampled} rows equal the scalar path"


def _preimages(rows: list[dict[str, str]]) -> dict[str, pa.Array]:
    """Every byte string that is hashed for these rows, a column for each hash."""
    columns: dict[str, list[bytes]] = {}
    for row in rows:
        for name, preimage in _preimages_of(KIND, row, os.urandom(32)):
            columns.setdefault(name, []).append(preimage)
    return {name: pa.array(column, pa.binary()) for name, column in columns.items()}


def _preimages_of(kind: RecordType, row: dict[str, str], secret: bytes) -> Iterator[tuple[str, bytes]]:
    commits = []
    for position, field in enumerate(kind.fields):
        salted = b"\x12" + secret + position.to_bytes(2, "big")
        named = b"\x10" + hashlib.sha256(salted).digest() + commitments.u16_text(field.name)
        commits.append(named + b"\x01" + row[field.name].encode())
        yield f"salt{position}", salted
        yield f"commit{position}", commits[-1]
    head = commitments.digest_head(kind, MEMBER, bytes.fromhex(row["agreement"]))
    digested = head + b"".join(hashlib.sha256(each).digest() for each in commits)
    yield "digest", digested
    yield "leaf", b"\x00" + hashlib.sha256(digested).digest()
