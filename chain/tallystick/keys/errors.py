"""What can be wrong with a key, a signature or a keystore."""

from tallystick.errors import TallystickError

__all__ = [
    "KeyKindWrong",
    "KeyNameTaken",
    "KeyUnknown",
    "KeystoreDamaged",
    "KeystoreExists",
    "PassphraseWrong",
    "SignatureInvalid",
    "SignatureMalformed",
]


class SignatureMalformed(TallystickError):
    """The bytes are no recoverable signature: length, r or s out of range, recovery id, or no such point."""

    code = "signature.malformed"
    advice = "Ask the signer for the 65 bytes r, s, v exactly as they were produced."


class SignatureInvalid(TallystickError):
    """The signature is not by this key over these bytes."""

    code = "signature.invalid"
    advice = "Check that key and signed bytes are the ones the signer used."


class PassphraseWrong(TallystickError):
    """The passphrase does not unlock the keystore."""

    code = "keystore.passphrase_wrong"
    advice = "Give the passphrase with which the keystore was made (TALLY_PASSPHRASE or TALLY_PASSPHRASE_FILE)."


class KeystoreDamaged(TallystickError):
    """The file is not a keystore of this format, or one of its entries was altered."""

    code = "keystore.damaged"
    advice = "Restore keystore.json from its backup; if there is none, replace the keys with the RECOVERY key."


class KeystoreExists(TallystickError):
    """A keystore is already there; it is never overwritten."""

    code = "keystore.exists"
    advice = "Use the keystore that is there, or choose another home folder."


class KeyUnknown(TallystickError):
    """The keystore has no entry of this name."""

    code = "keystore.key_unknown"
    advice = "Run `tally init` in this home folder first, or check the name."


class KeyNameTaken(TallystickError):
    """The keystore has an entry of this name already."""

    code = "keystore.name_taken"
    advice = "Choose another name; entries are never replaced."


class KeyKindWrong(TallystickError):
    """The entry is a key of another kind than asked for."""

    code = "keystore.kind_wrong"
    advice = "Check the name of the entry."
