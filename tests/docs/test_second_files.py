"""A second implementation, from docs/formats.md alone, gets the bytes of the page: files and tokens."""

import base64
import hashlib
import json
from collections.abc import Callable

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .second import SHOWN, Shown, hpke_open, sha, signer, u, unhex


def sealed_file(shown: Shown) -> None:
    file = shown["file"]
    statement = {name: value for name, value in file.items() if name not in ("ciphertext", "signature")}
    public = Ed25519PublicKey.from_public_bytes(unhex(shown["sender_exchange_public"]))
    public.verify(unhex(file["signature"]), b"tallystick-sealed/1\x00" + rfc8785.dumps(statement))
    readers = [unhex(each["member"]) for each in file["readers"]]
    wrapped = next(unhex(each["key"]) for each in file["readers"] if each["member"] == shown["reader"])
    info = b"tallystick/v1" + unhex(file["id"]) + unhex(shown["reader"]) + sha(*sorted(readers))
    data_key = hpke_open(wrapped, unhex(shown["reader_seal_key"]), info)
    raw = base64.b64decode(file["ciphertext"])
    assert sha(raw) == unhex(file["ciphertext_digest"])
    bound = unhex(file["id"]) + u(16, file["version"]) + unhex(file["digest"])
    secret = AESGCM(data_key).decrypt(raw[:12], raw[12:], bound)
    assert secret == unhex(shown["agreement_secret"])
    assert sha(b"tallystick-agreement-secret/v1", unhex(file["id"]), secret) == unhex(file["digest"])


def keystore(shown: Shown) -> None:
    file, cost = shown["file"], shown["file"]["scrypt"]
    unlock = hashlib.scrypt(
        shown["passphrase"].encode(), salt=unhex(cost["salt"]), n=cost["n"], r=cost["r"], p=cost["p"], dklen=32
    )
    cipher, form = AESGCM(unlock), file["format"]

    def unsealed(sealed: bytes, *bound: str) -> bytes:
        return cipher.decrypt(sealed[:12], sealed[12:], rfc8785.dumps([form, *bound]))

    assert unsealed(unhex(file["check"]), "", "passphrase check", "symmetric", "") == b""
    for name, entry in file["entries"].items():
        opened = unsealed(unhex(entry["sealed"]), name, entry["purpose"], entry["kind"], entry["public"])
        assert opened == unhex(shown["secrets"][name])


def card(shown: Shown) -> None:
    digest = sha(b"tallystick-card/1\n", rfc8785.dumps(shown["body"]))
    for name, signature in shown["signatures"].items():
        assert signer(digest, unhex(signature), 27) == shown["body"]["keys"][name]


def consortium(shown: Shown) -> None:
    assert sha(rfc8785.dumps(shown["file"]["body"])) == unhex(shown["digest"])
    for each in shown["file"]["body"]["members"]:
        card({"body": each["body"], "signatures": each["signatures"]})


def token(shown: Shown) -> None:
    head, claims, signature = shown["client_assertion"].split(".")
    raw = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (head, claims, signature)]
    assert [json.loads(part) for part in raw[:2]] == [shown["header"], shown["claims"]]
    key = Ed25519PrivateKey.from_private_bytes(unhex(shown["client_key"]))
    assert raw[2] == key.sign(f"{head}.{claims}".encode())


CHECKS: dict[str, Callable[[Shown], None]] = {
    "sealed-file": sealed_file,
    "keystore": keystore,
    "card": card,
    "consortium": consortium,
    "token": token,
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_formulas_of_the_page_give_its_bytes(name: str) -> None:
    CHECKS[name](SHOWN[name])
