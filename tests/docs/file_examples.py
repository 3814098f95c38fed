"""The examples about files and the API: sealed file, keystore, card, consortium, client, token, problem."""

import base64
import hashlib
import json
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tallystick.consortium import Consortium, MemberCard
from tallystick.keys import ActKey, Ed25519Key, KeyKind, Keystore, X25519Key
from tallystick.records.errors import FieldMissing
from tallystick.sealing import read_sealed_file, unseal_agreement_secret
from tallystick_gateway.kit.auth import Authority
from tallystick_gateway.kit.clients import Clients, ed25519_jwk, register_client
from tallystick_gateway.kit.clock import FixedClock
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.db import Database
from tallystick_gateway.kit.errors import problem_of
from tallystick_gateway.kit.roles import ClientRole
from tallystick_gateway.migrations import upgrade

from .page import Given

Outcome = Mapping[str, Any]


def sealed_file(given: Given) -> Outcome:
    file = read_sealed_file(rfc8785.dumps(given["file"]))
    sender = Ed25519Key(given.hex("sender_exchange_key"))
    file.verify_sender(sender.public)
    key, reader = X25519Key(given.hex("reader_seal_key")), given.hex("reader")
    secret = unseal_agreement_secret(file.sealed, file.sealed.id, reader, key)
    readers = b"".join(sorted(file.sealed.wrapped_keys))
    return {
        "sender_exchange_public": sender.public.hex(),
        "reader_seal_public": key.public.hex(),
        "hpke_info": (b"tallystick/v1" + file.sealed.id + reader + hashlib.sha256(readers).digest()).hex(),
        "aad": (file.sealed.id + file.sealed.version.to_bytes(2) + file.sealed.digest).hex(),
        "agreement_secret": secret.hex(),
    }


def keystore(given: Given) -> Outcome:
    document = given["file"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keystore.json"
        path.write_text(json.dumps(document))
        opened = Keystore.open(path, given["passphrase"])
    openers = {
        KeyKind.SECP256K1: lambda name: opened.act_key(name).secret,
        KeyKind.X25519: lambda name: opened.x25519(name).secret,
        KeyKind.ED25519: lambda name: opened.ed25519(name).secret,
        KeyKind.SYMMETRIC: opened.symmetric,
    }
    cost = document["scrypt"]
    derive = Scrypt(salt=bytes.fromhex(cost["salt"]), length=32, n=cost["n"], r=cost["r"], p=cost["p"]).derive
    return {
        "unlock_key": derive(given["passphrase"].encode()).hex(),
        "bound_to": {name: entry.bound_bytes().decode() for name, entry in opened.public.items()},
        "secrets": {name: openers[entry.kind](name).hex() for name, entry in opened.public.items()},
    }


def card(given: Given) -> Outcome:
    keys = ActKey(given.hex("act_key")), ActKey(given.hex("recovery_key"))
    digest = hashlib.sha256(b"tallystick-card/1\n" + rfc8785.dumps(given["body"])).digest()
    signatures = {name: key.sign_digest(digest).hex() for name, key in zip(("act", "recovery"), keys, strict=True)}
    file = {"format": "tallystick-card/1", "body": given["body"], "signatures": signatures}
    read = MemberCard.parse(json.dumps(file).encode())
    assert (read.keys.act, read.keys.recovery) == tuple(key.address for key in keys)
    return {"signed_digest": digest.hex(), "signatures": signatures, "member": read.member.hex()}


def consortium(given: Given) -> Outcome:
    read = Consortium.parse(json.dumps(given["file"]).encode())
    assert read.body() == given["file"]["body"]
    return {"digest": read.digest.hex()}


def client(given: Given) -> Outcome:
    file = given["file"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{file['id']}.json").write_text(json.dumps(file))
        found = Clients(Path(folder)).find(file["id"])
    assert found is not None
    public = Ed25519Key(given.hex("client_key")).public
    assert file["jwk"] == ed25519_jwk(public)
    return {"public": public.hex(), "role": found.role.value, "algorithms": list(found.algorithms)}


def token(given: Given) -> Outcome:
    """Sign the assertion, and have a gateway take it at the instant of its `iat`."""
    key, claims = Ed25519Key(given.hex("client_key")), given["claims"]
    config = Config(Path(), Config.parse({"member": {"legal_id": given["legal_id"], "name": "–", "roles": ["LENDER"]}}))
    parts = [_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (given["header"], claims)]
    signing_input = ".".join(parts)
    assertion = f"{signing_input}.{_base64url(key.sign(signing_input.encode()))}"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        upgrade(home / "gateway.db")
        register_client(home / "clients", claims["iss"], ClientRole(given["role"]), ed25519_jwk(key.public))
        database = Database(home / "gateway.db", config.member_id)
        try:
            clock = FixedClock(datetime.fromisoformat(given["at"]))
            granted = Authority(Clients(home / "clients"), database, clock, config.issuer).grant(
                assertion, given["scope"]
            )
        finally:
            database.dispose()
    scopes = sorted(scope.value for scope in granted.principal.scopes)
    assert claims["aud"] == config.issuer
    return {"client_assertion": assertion, "granted": " ".join(scopes)}


def problem(given: Given) -> Outcome:
    error = FieldMissing(line=given["line"], field=given["field"])
    return {"problem": problem_of(error, given["path"])}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


EXAMPLES = {
    "sealed-file": sealed_file,
    "keystore": keystore,
    "card": card,
    "consortium": consortium,
    "client": client,
    "token": token,
    "problem": problem,
}
