"""Long files: read in pieces, every faulty line named, nothing dependent on where a piece ends."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.records import MAX_LINE_BYTES, RecordError, parse
from tallystick.records.lines import LinesRead, read_lines
from tests.chain.records.examples import ANY_TEXT, wire

GOOD = [json.dumps(wire(name)).encode() for name in ("repayment", "note", "fee")]
GOOD.append(json.dumps(wire("note", text="张三 \U0001f600"), ensure_ascii=False).encode())
GOOD.append(json.dumps(wire("note", text="张三 \U0001f600")).encode())
FAULTY = [
    b"junk",
    b"\xff\xfe",
    b"[]",
    b'{"type":"note","type":"note"}',
    b"[" * 10_000,
    b"x" * (MAX_LINE_BYTES + 1),
    b" " * (3 * MAX_LINE_BYTES),
    json.dumps(wire("note", text="\ud800")).encode(),
    json.dumps(wire("note", text=5)).encode(),
    json.dumps(wire("note", text=None)).encode(),
    json.dumps(wire("note", text="")).encode(),
    json.dumps(wire("note", more="x")).encode(),
    json.dumps(wire("repayment", value_date="2023-02-29")).encode(),
]
ODD = ANY_TEXT.map(lambda text: json.dumps(wire("note", text=text)).encode())
LINES = st.lists(st.one_of(*(st.sampled_from(each) for each in (GOOD, GOOD, FAULTY, [b"", b" \r"])), ODD), max_size=30)


def one_by_one(lines: list[bytes]) -> tuple[dict[int, dict[str, str]], list[tuple[object, ...]]]:
    accepted, rejected = {}, []
    for number, line in enumerate(lines, 1):
        if not line.strip() and len(line) <= MAX_LINE_BYTES:
            continue
        try:
            accepted[number] = dict(parse(line, line=number).values)
        except RecordError as refusal:
            rejected.append((refusal.line, refusal.field, refusal.code))
    return accepted, rejected


def together(pieces: list[LinesRead]) -> tuple[dict[int, dict[str, str]], list[tuple[object, ...]]]:
    accepted = {
        line: {name: value for name, value in row.items() if value is not None}
        for piece in pieces
        for rows in piece.accepted
        for line, row in zip(rows.lines.to_pylist(), rows.table.to_pylist(), strict=True)
    }
    return dict(sorted(accepted.items())), [(r.line, r.field, r.code) for piece in pieces for r in piece.rejected]


@settings(max_examples=60)
@given(LINES, st.integers(1, 12), st.integers(1, 4000), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_a_file_is_read_as_its_lines_are_wherever_pieces_end(
    lines: list[bytes], piece_lines: int, piece_bytes: int, line_end: bytes, ends_open: bool
) -> None:
    raw = line_end.join(lines) + (b"" if ends_open else line_end)
    pieces = list(read_lines(io.BytesIO(raw), piece_lines=piece_lines, piece_bytes=piece_bytes))

    assert together(pieces) == one_by_one(lines)
    assert all(piece.lines_read - before <= piece_lines for before, piece in _with_lines_before(pieces))
    if pieces:
        assert pieces[-1].bytes_read == len(raw)


def _with_lines_before(pieces: list[LinesRead]) -> list[tuple[int, LinesRead]]:
    return list(zip([0, *(piece.lines_read for piece in pieces)], pieces, strict=False))


def test_reading_goes_on_where_another_process_stopped() -> None:
    lines = [GOOD[0], FAULTY[0], GOOD[1], GOOD[2], FAULTY[3], GOOD[0]]
    raw = b"\n".join(lines)
    first = next(read_lines(io.BytesIO(raw), piece_lines=3))
    rest = list(read_lines(io.BytesIO(raw[first.bytes_read :]), first_line=first.lines_read + 1))
    assert together([first, *rest]) == one_by_one(lines)


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    class Endless(io.RawIOBase):
        """A gigabyte of one character, then a good line."""

        left = 1 << 30

        def readable(self) -> bool:
            return True

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size <= MAX_LINE_BYTES + 1
            if self.left > 0:
                self.left -= size
                return b"x" * size
            if self.left <= 0 and self.left != -(1 << 40):
                self.left = -(1 << 40)
                return b"\n"
            return b""

    pieces = list(read_lines(Endless()))
    assert [refusal.code for piece in pieces for refusal in piece.rejected] == ["record.too_large"]


@pytest.mark.parametrize("raw", [b"", b"\n\n", b" \r\n"])
def test_a_file_without_records_gives_none(raw: bytes) -> None:
    assert together(list(read_lines(io.BytesIO(raw)))) == ({}, [])
