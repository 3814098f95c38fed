"""Project Wycheproof: signatures, AEAD, HKDF and X25519, through the functions and libraries the product uses."""

import hashlib
from collections.abc import Callable
from typing import Any

import coincurve
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.errors import TallystickError
from tallystick.keccak import keccak256
from tallystick.keys import CURVE_ORDER, HALF_ORDER, X25519Key, recover_address, verify_ed25519
from tests.conformance.cases import Case, Recognised, VectorFile, accepted, is_list_of, require, require_equal

FIELD = 2**256 - 2**32 - 977
AES_GCM = "AeadTest AES-GCM"

Check = Callable[[dict[str, Any], dict[str, Any]], None]
"""Takes a group and one of its tests; raises if the product answers otherwise than the test says."""


def recognise(file: VectorFile) -> list[Recognised] | None:
    document = file.document
    if not isinstance(document, dict) or not {"algorithm", "testGroups"} <= document.keys():
        return None
    found: dict[str, Recognised] = {}
    groups = document["testGroups"]
    if not is_list_of(groups, "tests") or not groups:
        return [Recognised(f"wycheproof {document['algorithm']}")]
    for position, group in enumerate(groups):
        scheme = scheme_of(document["algorithm"], group)
        source = found.setdefault(scheme, Recognised(f"wycheproof {scheme}"))
        if scheme not in CHECKS:
            source.not_yet += len(group["tests"])
            continue
        for test in group["tests"]:
            if scheme == AES_GCM and not nonce_is_covered(test):
                source.not_yet += 1
                source.note = (
                    "cases with nonces the product has no format for: it uses 12 bytes, its library takes 8 to 128"
                )
                continue
            name = f"group {position} test {test.get('tcId')}"
            source.cases.append(Case(name, lambda group=group, test=test, check=CHECKS[scheme]: check(group, test)))
    return list(found.values())


def scheme_of(algorithm: str, group: dict[str, Any]) -> str:
    public_key = group.get("publicKey")
    curve = public_key.get("curve") if isinstance(public_key, dict) else group.get("curve")
    return " ".join(str(part) for part in (group.get("type"), algorithm, curve, group.get("sha")) if part)


def nonce_is_covered(test: dict[str, Any]) -> bool:
    """An invalid case is put whatever its nonce: it must give no plaintext."""
    return test.get("result") != "valid" or 8 <= len(test.get("iv", "")) // 2 <= 128


def judge(test: dict[str, Any], is_accepted: bool) -> None:
    expected = {"valid": True, "invalid": False}[test["result"]]
    require(is_accepted == expected, f"{'accepted' if is_accepted else 'refused'}, but {test['result']}")


def ecdsa_bitcoin(group: dict[str, Any], test: dict[str, Any]) -> None:
    message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
    public_key = coincurve.PublicKey(bytes.fromhex(group["publicKey"]["uncompressed"]))
    digest = hashlib.sha256(message).digest()
    numbers = strict_der(signature)
    if numbers is None or not (0 < numbers[0] < CURVE_ORDER and 0 < numbers[1] <= HALF_ORDER):
        judge(test, False)
        return
    r, s = numbers
    by_library = public_key.verify(signature, digest, hasher=None)
    judge(test, by_library)
    if r + CURVE_ORDER >= FIELD:  # else the point's x may exceed the order, which our 65 bytes cannot say
        signer = keccak256(public_key.format(compressed=False)[1:])[12:]
        compact = r.to_bytes(32) + s.to_bytes(32)
        recovered = [recover_or_none(digest, compact + bytes([recovery])) for recovery in (0, 1)]
        require_equal(signer in recovered, by_library, "recovery of the signer")


def recover_or_none(digest: bytes, signature: bytes) -> bytes | None:
    try:
        return recover_address(digest, signature)
    except TallystickError:
        return None


def strict_der(signature: bytes) -> tuple[int, int] | None:
    """r and s of a DER ECDSA-Sig-Value in its only form (BIP 66), or None."""
    if len(signature) < 8 or signature[0] != 0x30 or signature[1] != len(signature) - 2 or signature[1] > 0x7F:
        return None
    r, after_r = der_integer(signature, 2)
    s, after_s = der_integer(signature, after_r)
    return (r, s) if r is not None and s is not None and after_s == len(signature) else None


def der_integer(text: bytes, at: int) -> tuple[int | None, int]:
    if at + 2 > len(text) or text[at] != 0x02 or not 0 < text[at + 1] <= 33:
        return None, len(text) + 1
    value, after = text[at + 2 : at + 2 + text[at + 1]], at + 2 + text[at + 1]
    if after > len(text) or value[0] & 0x80 or (value[0] == 0 and len(value) > 1 and not value[1] & 0x80):
        return None, len(text) + 1
    return int.from_bytes(value), after


def ecdsa_p256(group: dict[str, Any], test: dict[str, Any]) -> None:
    point = bytes.fromhex(group["publicKey"]["uncompressed"])
    public_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
    judge(test, accepted(lambda: public_key.verify(signature, message, ec.ECDSA(SHA256())), InvalidSignature))


def ed25519(group: dict[str, Any], test: dict[str, Any]) -> None:
    public = bytes.fromhex(group["publicKey"]["pk"])
    message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
    judge(test, accepted(lambda: verify_ed25519(public, signature, message), TallystickError))


def aes_gcm(_: dict[str, Any], test: dict[str, Any]) -> None:
    key, nonce, aad, message, text, tag = (
        bytes.fromhex(test[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag")
    )
    opened: list[bytes] = []
    attempt = accepted(lambda: opened.append(AESGCM(key).decrypt(nonce, text + tag, aad)), (InvalidTag, ValueError))
    judge(test, attempt)
    if attempt:
        require_equal(opened[0], message, "plaintext")
        require_equal(AESGCM(key).encrypt(nonce, message, aad), text + tag, "ciphertext")


def hkdf_sha256(_: dict[str, Any], test: dict[str, Any]) -> None:
    ikm, salt, info, okm = (bytes.fromhex(test[name]) for name in ("ikm", "salt", "info", "okm"))
    derived: list[bytes] = []
    attempt = accepted(
        lambda: derived.append(HKDF(SHA256(), length=test["size"], salt=salt, info=info).derive(ikm)), ValueError
    )
    judge(test, attempt)
    if attempt:
        require_equal(derived[0], okm, "derived key")


def x25519(_: dict[str, Any], test: dict[str, Any]) -> None:
    secret, public, shared = (bytes.fromhex(test[name]) for name in ("private", "public", "shared"))
    agreed: list[bytes] = []
    attempt = accepted(
        lambda: agreed.append(X25519Key(secret).private.exchange(X25519PublicKey.from_public_bytes(public))), ValueError
    )
    if attempt:
        require_equal(agreed[0], shared, "shared secret")
    if test["result"] != "acceptable":
        judge(test, attempt)


CHECKS: dict[str, Check] = {
    "EcdsaBitcoinVerify ECDSA secp256k1 SHA-256": ecdsa_bitcoin,
    "EcdsaVerify ECDSA secp256r1 SHA-256": ecdsa_p256,
    "EddsaVerify EDDSA edwards25519": ed25519,
    AES_GCM: aes_gcm,
    "HkdfTest HKDF-SHA-256": hkdf_sha256,
    "XdhComp XDH curve25519": x25519,
}
