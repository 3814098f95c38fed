"""Keys of a member: secp256k1 for acts, Ed25519 and X25519 for gateways, and the file they are kept in."""

from .curve25519 import Ed25519Key, X25519Key, verify_ed25519
from .errors import (
    KeyKindWrong,
    KeyNameTaken,
    KeystoreDamaged,
    KeystoreExists,
    KeyUnknown,
    PassphraseWrong,
    SignatureInvalid,
    SignatureMalformed,
)
from .keystore import KeyKind, Keystore, PublicEntry, ScryptCost
from .secp256k1 import CURVE_ORDER, HALF_ORDER, ActKey, Address, address_of, recover_address

__all__ = [
    "CURVE_ORDER",
    "HALF_ORDER",
    "ActKey",
    "Address",
    "Ed25519Key",
    "KeyKind",
    "KeyKindWrong",
    "KeyNameTaken",
    "KeyUnknown",
    "Keystore",
    "KeystoreDamaged",
    "KeystoreExists",
    "PassphraseWrong",
    "PublicEntry",
    "ScryptCost",
    "SignatureInvalid",
    "SignatureMalformed",
    "X25519Key",
    "address_of",
    "recover_address",
    "verify_ed25519",
]
