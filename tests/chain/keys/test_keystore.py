"""A member's keys survive on disk, open with the passphrase alone, and show every alteration."""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tallystick.keys import (
    KeyKind,
    KeyKindWrong,
    KeyNameTaken,
    Keystore,
    KeystoreDamaged,
    KeystoreExists,
    KeyUnknown,
    PassphraseWrong,
    ScryptCost,
)

CHEAP = ScryptCost(n=1 << 10)
PASSPHRASE = "correct horse"


def filled(path: Path) -> Keystore:
    keystore = Keystore.create(path, PASSPHRASE, CHEAP)
    keystore.generate("act", KeyKind.SECP256K1, "ACT")
    keystore.generate("recovery", KeyKind.SECP256K1, "RECOVERY")
    keystore.generate("exchange", KeyKind.ED25519, "EXCHANGE")
    keystore.generate("seal", KeyKind.X25519, "SEAL")
    keystore.add("kek", KeyKind.SYMMETRIC, "KEK", b"k" * 32)
    return keystore


def test_every_key_comes_back_after_opening_again(tmp_path: Path) -> None:
    made = filled(tmp_path / "keystore.json")
    opened = Keystore.open(tmp_path / "keystore.json", PASSPHRASE)

    assert opened.act_key("act").address == made.act_key("act").address
    assert opened.act_key("act").public_key == opened.public["act"].public
    assert opened.ed25519("exchange").public == opened.public["exchange"].public
    assert opened.x25519("seal").public == opened.public["seal"].public
    assert opened.symmetric("kek") == b"k" * 32
    assert Keystore.read_public(tmp_path / "keystore.json") == opened.public


def test_the_file_is_its_owners_alone_and_holds_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "keystore.json"
    keystore = filled(path)
    text = path.read_text("ascii")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keystore.act_key("act").secret.hex() not in text
    assert (b"k" * 32).hex() not in text
    assert [entry.name for entry in tmp_path.iterdir()] == ["keystore.json"]
    assert "k" * 32 not in repr(keystore)


def test_a_wrong_passphrase_is_said_plainly_even_of_an_empty_keystore(tmp_path: Path) -> None:
    Keystore.create(tmp_path / "empty.json", PASSPHRASE, CHEAP)
    filled(tmp_path / "full.json")

    for name in ("empty.json", "full.json"):
        with pytest.raises(PassphraseWrong) as refused:
            Keystore.open(tmp_path / name, "incorrect horse")
        assert "horse" not in str(refused.value)


def test_a_keystore_is_never_overwritten(tmp_path: Path) -> None:
    keystore = filled(tmp_path / "keystore.json")

    with pytest.raises(KeystoreExists):
        Keystore.create(tmp_path / "keystore.json", PASSPHRASE, CHEAP)
    with pytest.raises(KeyNameTaken):
        keystore.generate("act", KeyKind.SECP256K1, "ACT")


def test_asking_for_what_is_not_there_names_it(tmp_path: Path) -> None:
    keystore = filled(tmp_path / "keystore.json")

    with pytest.raises(KeyUnknown, match="sender"):
        keystore.act_key("sender")
    with pytest.raises(KeyKindWrong, match="x25519"):
        keystore.act_key("seal")


@pytest.mark.parametrize(
    ("kind", "secret"),
    [(KeyKind.SECP256K1, bytes(32)), (KeyKind.ED25519, b"x"), (KeyKind.X25519, b"x" * 33), (KeyKind.SYMMETRIC, b"")],
)
def test_a_secret_that_is_no_key_is_not_taken(tmp_path: Path, kind: KeyKind, secret: bytes) -> None:
    keystore = filled(tmp_path / "keystore.json")

    with pytest.raises(ValueError, match=r"."):
        keystore.add("new", kind, "NEW", secret)
    assert "new" not in Keystore.open(tmp_path / "keystore.json", PASSPHRASE).public


def swapped(document: dict[str, Any]) -> None:
    entries = document["entries"]
    entries["act"], entries["recovery"] = entries["recovery"], entries["act"]


def relabelled(document: dict[str, Any]) -> None:
    document["entries"]["act"]["purpose"] = "RECOVERY"


def other_public_key(document: dict[str, Any]) -> None:
    document["entries"]["act"]["public"] = document["entries"]["recovery"]["public"]


def flipped_bit(document: dict[str, Any]) -> None:
    sealed = bytearray.fromhex(document["entries"]["act"]["sealed"])
    sealed[20] ^= 1
    document["entries"]["act"]["sealed"] = sealed.hex()


@pytest.mark.parametrize("alter", [swapped, relabelled, other_public_key, flipped_bit])
def test_an_altered_entry_never_opens(tmp_path: Path, alter: Any) -> None:
    path = tmp_path / "keystore.json"
    filled(path)
    document = json.loads(path.read_text("ascii"))
    alter(document)
    path.write_text(json.dumps(document), "ascii")

    with pytest.raises(KeystoreDamaged):
        Keystore.open(path, PASSPHRASE).act_key("act")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"format":"tallystick-keystore/v2"}',
        b"[" * 100_000,
        b'{"format":"tallystick-keystore/v1","scrypt":{"n":1073741824,"r":8,"p":1,"salt":""},"check":"","entries":{}}',
        b'{"format":"tallystick-keystore/v1","scrypt":{"n":1024,"r":8,"p":1,"salt":""},"check":"","entries":{"a":7}}',
        b" " * ((1 << 20) + 1),
    ],
)
def test_a_file_that_is_no_keystore_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keystore.json"
    path.write_bytes(content)

    with pytest.raises(KeystoreDamaged):
        Keystore.open(path, PASSPHRASE)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keystore.json"
    keystore = filled(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        keystore.generate("sender", KeyKind.SECP256K1, "SENDER")
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["keystore.json"]
    assert "sender" not in keystore.public


def test_scrypt_at_its_default_cost_takes_128_mib() -> None:
    assert 128 * ScryptCost().n * ScryptCost().r == 128 << 20
