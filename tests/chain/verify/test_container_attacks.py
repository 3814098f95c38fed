"""Whatever is done to the ZIP: appended, prepended, cut, packed again, names that climb, collide or hide."""

import io
import zipfile
import zlib
from collections.abc import Callable

import pytest

from tallystick.package.container import MAX_ENTRIES, MAX_PACKAGE_BYTES, write_container
from tallystick.verify.verifier import Report

from .cases import Cases, acts, maybe, no
from .forging import files_of, repacked
from .stories import judged


def changed(change: Callable[[bytes], bytes]) -> Callable[[], Report]:
    return lambda: judged(acts(), change(acts().package))


def rezipped(compression: int = zipfile.ZIP_STORED) -> bytes:
    """The same files, written by another program."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for path, content in files_of(acts().package).items():
            archive.writestr(path, content)
    return buffer.getvalue()


def raw_zip(entries: list[tuple[bytes, bytes]]) -> bytes:
    """The format's ZIP of any names in any order, written by other code than the product's."""
    body = directory = b""
    for name, content in entries:
        common = bytes.fromhex("0a000000000000002100") + zlib.crc32(content).to_bytes(4, "little")
        common += len(content).to_bytes(4, "little") * 2 + len(name).to_bytes(2, "little") + bytes(2)
        directory += b"PK\1\2\n\0" + common + bytes(10) + len(body).to_bytes(4, "little") + name
        body += b"PK\3\4" + common + name + content
    count = len(entries).to_bytes(2, "little")
    sizes = len(directory).to_bytes(4, "little") + len(body).to_bytes(4, "little")
    return body + directory + b"PK\5\6" + bytes(4) + count * 2 + sizes + bytes(2)


def entries_of() -> list[tuple[bytes, bytes]]:
    return [(path.encode(), content) for path, content in files_of(acts().package).items()]


def renamed(new: bytes) -> Callable[[], Report]:
    """custody.jsonl under another name."""
    return changed(
        lambda _: raw_zip([(new if path == b"custody.jsonl" else path, each) for path, each in entries_of()])
    )


def too_many() -> bytes:
    package = bytearray(write_container({"mimetype": b"application/vnd.etsi.asic-e+zip"}))
    package[-14:-10] = (MAX_ENTRIES + 1).to_bytes(2, "little") * 2
    return bytes(package)


def swapped() -> bytes:
    """The last two files have changed places."""
    *others, one, other = entries_of()
    return raw_zip([*others, other, one])


def patched(offset_from_end: int, value: bytes) -> Callable[[], Report]:
    def change(package: bytes) -> bytes:
        start = len(package) + offset_from_end
        return package[:start] + value + package[start + len(value) :]

    return changed(change)


def in_directory(offset: int, value: bytes) -> Callable[[], Report]:
    """A field of the first entry of the directory changed."""

    def change(package: bytes) -> bytes:
        start = package.index(b"PK\1\2") + offset
        return package[:start] + value + package[start + len(value) :]

    return changed(change)


CASES: Cases = {
    "no bytes": maybe(changed(lambda _: b""), "container.not_zip"),
    "some text": maybe(changed(lambda _: b"hello"), "container.not_zip"),
    "larger than allowed": maybe(changed(lambda _: bytes(MAX_PACKAGE_BYTES + 1)), "container.too_large"),
    "more files than allowed": maybe(changed(lambda _: too_many()), "container.too_large"),
    "a byte appended": no(changed(lambda package: package + b"\0"), "container.shape"),
    "a byte prepended": no(changed(lambda package: b"\0" + package), "container.shape"),
    "two packages in one": no(changed(lambda package: package + package), "container.shape"),
    "cut in half": no(changed(lambda package: package[: len(package) // 2]), "container.shape"),
    "the end record alone": no(changed(lambda package: package[-22:]), "container.shape"),
    "packed again": no(changed(lambda _: rezipped()), "container.shape"),
    "compressed": no(changed(lambda _: rezipped(zipfile.ZIP_DEFLATED)), "container.shape"),
    "a comment": no(patched(-2, b"\1"), "container.shape"),
    "one file fewer in the count": no(patched(-14, b"\1\0\1\0"), "container.shape"),
    "another size of the directory": no(patched(-10, b"\0\0"), "container.shape"),
    "a second disk": no(patched(-18, b"\1"), "container.shape"),
    "a link, by its attributes": no(in_directory(38, b"\0\0\xff\xa1"), "container.shape"),
    "made by another system": no(in_directory(5, b"\3"), "container.shape"),
    "encrypted, by its flag": no(in_directory(8, b"\1"), "container.shape"),
    "another time": no(in_directory(12, b"\1"), "container.shape"),
    "an extra field": no(in_directory(30, b"\4"), "container.shape"),
    "a comment on a file": no(in_directory(32, b"\4"), "container.shape"),
    "the content elsewhere": no(in_directory(42, b"\4"), "container.shape"),
    "roots inside": no(renamed(b"roots/ro.json"), "container.name"),
    "a path that climbs": no(renamed(b"../../evil.sh"), "container.name"),
    "an absolute path": no(renamed(b"/etc/passwd.x"), "container.name"),
    "a path of another system": no(renamed(b"C:\\custody.js"), "container.name"),
    "a folder": no(renamed(b"custody.json/"), "container.name"),
    "a name in other letters": no(renamed(b"Custody.jsonl"), "container.name"),
    "a name that is not ASCII": no(renamed("custod\u00ff".encode()), "container.name"),
    "a name with a line end": no(renamed(b"custody\njsonl"), "container.name"),
    "a name with zeros before a number": no(renamed(b"a/007-0070.rl"), "container.name"),
    "one name twice": no(renamed(b"evidence.json"), "container.duplicate"),
    "two files in each other's place": no(changed(lambda _: swapped()), "container.order"),
    "another mimetype": no(lambda: judged(acts(), repacked(acts().package, {"mimetype": b"x"})), "container.shape"),
    "no mimetype": no(lambda: judged(acts(), repacked(acts().package, {"mimetype": None})), "container.shape"),
}


def test_other_code_writes_the_same_package() -> None:
    assert raw_zip(entries_of()) == acts().package


@pytest.mark.parametrize("name", CASES)
def test_a_container_in_another_shape_is_never_verified(name: str) -> None:
    CASES[name].check()
