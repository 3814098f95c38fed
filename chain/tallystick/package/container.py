"""The container: a ZIP (APPNOTE 6.3.x) in the one shape of `docs/package.md`, Container.

Names and contents determine every byte. A reader follows the central directory and compares each header with the one
that the writer would write; what is not that shape is refused, whatever other programs make of it.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .errors import PackageRefused
from .paths import in_order, name_of

__all__ = ["MAX_ENTRIES", "MAX_PACKAGE_BYTES", "MIMETYPE_CONTENT", "read_container", "write_container"]

MAX_PACKAGE_BYTES: Final = 64 * 1024 * 1024
MAX_ENTRIES: Final = 4096
MAX_NAME_BYTES: Final = 128
MIMETYPE_CONTENT: Final = b"application/vnd.etsi.asic-e+zip"

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_LOCAL_MAGIC: Final = b"PK\x03\x04"
_CENTRAL_MAGIC: Final = b"PK\x01\x02"
_END_MAGIC: Final = b"PK\x05\x06"
_VERSION: Final = 10
_DATE: Final = 0x21
_END_SEARCH: Final = 65_535 + _END.size


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    crc: int
    size: int
    offset: int

    def local(self) -> bytes:
        return (
            _LOCAL.pack(_LOCAL_MAGIC, _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size, len(self.name), 0)
            + self.name
        )

    def central(self) -> bytes:
        head = (_CENTRAL_MAGIC, _VERSION, _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size)
        return _CENTRAL.pack(*head, len(self.name), 0, 0, 0, 0, 0, self.offset) + self.name


def write_container(files: Mapping[str, bytes]) -> bytes:
    """The package with these files, in the format's order.

    Raises `ValueError` for a name that the format does not have, and above the bounds.
    """
    for path in files:
        if name_of(path) is None:
            raise ValueError(f"the format has no file {path!a}")
    body, directory = bytearray(), bytearray()
    for path in in_order(files):
        content = files[path]
        entry = _Entry(path.encode("ascii"), zlib.crc32(content), len(content), len(body))
        body += entry.local()
        body += content
        directory += entry.central()
    if len(files) > MAX_ENTRIES or len(body) + len(directory) + _END.size > MAX_PACKAGE_BYTES:
        raise ValueError(f"a package has at most {MAX_ENTRIES} files and {MAX_PACKAGE_BYTES} bytes")
    return bytes(body + directory + _end(len(files), len(directory), len(body)))


def read_container(raw: bytes) -> dict[str, memoryview]:
    """The files of a package by name, in order; each a view of `raw`.

    Raises `PackageRefused`: `container.not_zip` and `container.too_large` where nothing can be said of the bytes,
    `container.shape`, `container.name`, `container.duplicate` and `container.order` where they are not of the format.
    """
    _require_end(raw)
    entries = list(_directory(raw))
    files = _contents(raw, entries)
    names = list(files)
    if names != in_order(names):
        misplaced = next(name for name, due in zip(names, in_order(names), strict=True) if name != due)
        raise PackageRefused("container.order", f"the file {misplaced} is not at its place")
    if names[:1] != ["mimetype"] or bytes(files["mimetype"]) != MIMETYPE_CONTENT:
        raise PackageRefused("container.shape", "the first file is not mimetype with the content of the format")
    return files


def _end(count: int, size: int, offset: int) -> bytes:
    return _END.pack(_END_MAGIC, 0, 0, count, count, size, offset, 0)


def _require_end(raw: bytes) -> None:
    if len(raw) > MAX_PACKAGE_BYTES:
        raise PackageRefused("container.too_large", f"more than {MAX_PACKAGE_BYTES} bytes")
    if raw[-_END.size :][:4] == _END_MAGIC and len(raw) >= _END.size:
        return
    if raw.startswith(_LOCAL_MAGIC) or _END_MAGIC in raw[-_END_SEARCH:]:
        raise PackageRefused("container.shape", "it does not end with the end record: cut off, or added to")
    raise PackageRefused("container.not_zip", "the bytes are not a ZIP")


def _directory(raw: bytes) -> Iterator[_Entry]:
    end = len(raw) - _END.size
    _, _, _, _, count, size, offset, _ = _END.unpack_from(raw, end)
    if count > MAX_ENTRIES:
        raise PackageRefused("container.too_large", f"{count} files, at most {MAX_ENTRIES}")
    if raw[end:] != _end(count, size, offset) or offset + size != end:
        raise PackageRefused("container.shape", "the end record is not that of the format")
    position = offset
    for _ in range(count):
        if position + _CENTRAL.size > end:
            raise PackageRefused("container.shape", "the directory is cut off")
        fields = _CENTRAL.unpack_from(raw, position)
        stop = position + _CENTRAL.size + fields[10]
        entry = _Entry(raw[position + _CENTRAL.size : stop], fields[7], fields[8], fields[16])
        if raw[position:stop] != entry.central() or stop > end:
            raise PackageRefused("container.shape", f"the directory is not that of the format at byte {position}")
        yield entry
        position = stop
    if position != end:
        raise PackageRefused("container.shape", "bytes stand between the directory and the end record")


def _contents(raw: bytes, entries: list[_Entry]) -> dict[str, memoryview]:
    view = memoryview(raw)
    files: dict[str, memoryview] = {}
    folded: set[bytes] = set()
    position = 0
    for entry in entries:
        path = _name(entry.name)
        if entry.name.lower() in folded:
            raise PackageRefused("container.duplicate", f"the name {path} stands twice")
        folded.add(entry.name.lower())
        start = position + _LOCAL.size + len(entry.name)
        content = view[start : start + entry.size]
        if entry.offset != position or raw[position:start] != entry.local() or len(content) != entry.size:
            raise PackageRefused("container.shape", f"the header of {path} is not that of the format")
        if zlib.crc32(content) != entry.crc:
            raise PackageRefused("container.shape", f"the content of {path} has another CRC-32 than its header says")
        files[path] = content
        position = start + entry.size
    if raw[position : position + 4] not in (_CENTRAL_MAGIC, _END_MAGIC) or position != _directory_offset(raw):
        raise PackageRefused("container.shape", f"bytes that belong to no file stand at byte {position}")
    return files


def _directory_offset(raw: bytes) -> int:
    return int(_END.unpack_from(raw, len(raw) - _END.size)[6])


def _name(name: bytes) -> str:
    shown = name[:MAX_NAME_BYTES].decode("ascii", "backslashreplace")
    if len(name) > MAX_NAME_BYTES or not name.isascii() or name_of(shown) is None:
        raise PackageRefused("container.name", f"the format has no file {shown!a}")
    return shown
