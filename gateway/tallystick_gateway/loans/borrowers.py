"""Borrower tags: pseudonyms over random secrets, which stay here, wrapped (`protocol.md` §5)."""

import hmac
import secrets
from collections.abc import Sequence

from tallystick.pseudonyms import borrower_tag
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

from . import repository

__all__ = ["borrower_tags"]


def borrower_tags(session: Session, gateway: Gateway, numbers: Sequence[str | None]) -> list[bytes]:
    """A tag for each loan: one and the same for one borrower number, a fresh one where no number is given.

    Of a number only a keyed hash is kept, to find the tag again.
    """
    ref_secret = desk_of(gateway).ref_secret
    references = {number: _reference(ref_secret, number) for number in set(numbers) if number is not None}
    known = repository.known_borrowers(session, list(references.values())) if references else {}
    new: list[tuple[bytes, bytes | None, bytes]] = []

    def tag_of(number: str | None) -> bytes:
        reference = None if number is None else references[number]
        if reference is not None and reference in known:
            return known[reference]
        secret = secrets.token_bytes(32)
        tag = borrower_tag(secret)
        new.append((tag, reference, gateway.vault.wrap(secret, tag)))
        if reference is not None:
            known[reference] = tag
        return tag

    tags = [tag_of(number) for number in numbers]
    repository.store_borrowers(session, new)
    return tags


def _reference(ref_secret: bytes, number: str) -> bytes:
    return hmac.digest(ref_secret, b"borrower:" + number.encode(), "sha256")
