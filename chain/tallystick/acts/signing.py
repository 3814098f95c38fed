"""Signing acts and finding out who signed them (`protocol.md` §4)."""

from typing import Protocol

from tallystick.keys import HALF_ORDER, Address, SignatureMalformed, recover_address

from .eip712 import Domain, digest, struct_hash
from .types import AgreementTerms, Struct

__all__ = ["DigestSigner", "act_id", "agreement_id", "recover", "sign"]

_V_OFFSET = 27


class DigestSigner(Protocol):
    """Whatever can sign 32 bytes as `r ‖ s ‖ v`: `tallystick.keys.ActKey`, or a device."""

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes with low s and v 27 or 28."""
        ...


def act_id(act: Struct, domain: Domain) -> bytes:
    """The act's id: the EIP-712 digest that is signed. Raises `ActFieldInvalid`."""
    return digest(act, domain)


def agreement_id(terms: AgreementTerms) -> bytes:
    """The agreement's id: `hashStruct(terms)`, the same on every chain. Raises `ActFieldInvalid`."""
    return struct_hash(terms)


def sign(act: Struct, domain: Domain, key: DigestSigner) -> bytes:
    """The signature contracts take: 65 bytes `r ‖ s ‖ v`, low s, v 27 or 28. Raises `ActFieldInvalid`."""
    return key.sign_digest(digest(act, domain))


def recover(act: Struct, domain: Domain, signature: bytes) -> Address:
    """Who signed `act` for `domain`, by the rules the contracts apply.

    Raises `SignatureMalformed` for another length than 65, a v other than 27 or 28, a high s, or values no key
    could have made; `ActFieldInvalid`.
    """
    if len(signature) != 65:
        raise SignatureMalformed(f"a signature has 65 bytes, not {len(signature)}", found=len(signature))
    if signature[64] not in (_V_OFFSET, _V_OFFSET + 1):
        raise SignatureMalformed(f"v is {signature[64]}, not 27 or 28", found=signature[64])
    if int.from_bytes(signature[32:64]) > HALF_ORDER:
        raise SignatureMalformed("s is in the upper half of the range", found=signature[32:64].hex())
    return recover_address(digest(act, domain), signature[:64] + bytes([signature[64] - _V_OFFSET]))
