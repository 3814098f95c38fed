"""Handing an agreement's secret to the other parties as a sealed file, and taking it out of one (`protocol.md` §10)."""

from collections.abc import Sequence

from tallystick.keys import SignatureInvalid
from tallystick.sealing import (
    SealedFile,
    read_sealed_file,
    seal_agreement_secret,
    unseal_agreement_secret,
    write_sealed_file,
)
from tallystick_gateway.kit.clock import as_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members import repository as members
from tallystick_gateway.members.keys import is_valid

from . import repository, service
from .errors import ExchangeKeyUnknown, NotParty, SealKeyMissing, SecretDiffers
from .schemas import SealedSecretOut, SecretOpenedOut

__all__ = ["open_secret", "seal_secret"]


def seal_secret(
    session: Session, gateway: Gateway, agreement: bytes, readers: Sequence[bytes] | None
) -> SealedSecretOut:
    """The secret, sealed for the SEAL keys that the chain lists for `readers` (else all other parties), signed by us.

    Raises `AgreementUnknown`, `NotParty` (a reader is none), `SecretNotHeld`, `SealKeyMissing`.
    """
    service.known(session, agreement)
    parties = [party.member for party in repository.parties(session, agreement)]
    chosen = [member for member in parties if member != session.owner] if readers is None else list(readers)
    if outsiders := [member for member in chosen if member not in parties]:
        raise NotParty(f"Member {outsiders[0].hex()} is no party of the agreement", field="readers")
    secret = service.secret(gateway, session, agreement)
    sealed = seal_agreement_secret(
        secret, agreement, {member: _valid_keys(session, gateway, member, "SEAL")[-1] for member in chosen}
    )
    content = write_sealed_file(sealed, session.owner, gateway.keystore.ed25519("exchange"))
    return SealedSecretOut(
        agreement=agreement,
        readers=sorted(chosen),
        file_name=f"agreement-{agreement.hex()[:16]}.sealed.json",
        content=content.decode("ascii"),
    )


def open_secret(session: Session, gateway: Gateway, agreement: bytes, content: str) -> SecretOpenedOut:
    """Take the secret out of a sealed file and keep it.

    Raises `AgreementUnknown`, `NotParty` (we, or the sender), `SealedFileMalformed`, `ExchangeKeyUnknown`,
    `NotAReader`, `SealBroken` (another agreement's, or altered), `CommitmentDiffers`, `SecretDiffers`.
    """
    service.known(session, agreement)
    parties = {party.member for party in repository.parties(session, agreement)}
    if session.owner not in parties:
        raise NotParty(field="agreement")
    file = read_sealed_file(content.encode())
    if file.sender not in parties:
        raise NotParty(f"The file's sender {file.sender.hex()} is no party of the agreement", field="content")
    keys = _valid_keys(session, gateway, file.sender, "EXCHANGE")
    if not any(_signed_by(file, key) for key in keys):
        raise ExchangeKeyUnknown(field="content", member=file.sender.hex())
    secret = unseal_agreement_secret(file.sealed, agreement, session.owner, gateway.keystore.x25519("seal"))
    new = repository.find_secret(session, agreement) is None
    if new:
        service.keep_secret(session, gateway, agreement, secret, from_file=True)
    elif service.secret(gateway, session, agreement) != secret:
        raise SecretDiffers(field="content", agreement=agreement.hex())
    return SecretOpenedOut(agreement=agreement, sender=file.sender, new=new)


def _signed_by(file: SealedFile, key: bytes) -> bool:
    try:
        file.verify_sender(key)
    except SignatureInvalid:
        return False
    return True


def _valid_keys(session: Session, gateway: Gateway, member: bytes, purpose: str) -> list[bytes]:
    """The member's keys of that purpose valid now, oldest first. Raises `SealKeyMissing` for want of a SEAL key."""
    now = as_unix(gateway.clock.now())
    keys = [row.key for row in members.keys_of(session, member, purpose) if is_valid(row, now)]
    if not keys and purpose == "SEAL":
        raise SealKeyMissing(field="readers", member=member.hex())
    return keys
