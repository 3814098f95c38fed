"""Rules about members, keys and proposals on the way to the chain."""

from collections.abc import Sequence

from tallystick.acts import ContractEntry, struct_hash
from tallystick.keccak import keccak256
from tallystick_gateway.acts.accepted import Accepted, accepted
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.service import Draft, count_of_kind, enqueue
from tallystick_gateway.kit.clock import as_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

from . import repository
from .codes import KEY_PURPOSES
from .decisions import standing_of
from .errors import AlreadyRatified, DigestDiffers, KeyUnknown, NotOwnKey, ProposalNotOpen, ProposalUnknown
from .fields import word_of
from .models import KeyRow, ProposalRow
from .payloads import change_of_name, encode_payload
from .schemas import AddKeyIn, CompromiseIn, ProposalIn, RevokeKeyIn

__all__ = [
    "add_key",
    "approve",
    "cancel_proposal",
    "contract_list",
    "hash_of",
    "key_draft",
    "open_proposal",
    "propose",
    "ratify",
    "report_compromise",
    "revoke_key",
]

_PURPOSE_CODES = {name: code for code, name in KEY_PURPOSES.items()}


def contract_list(gateway: Gateway) -> tuple[ContractEntry, ...]:
    """The contracts of consortium.json as founders ratify them. Raises `NotJoined`."""
    return tuple(
        ContractEntry(name=word_of(entry.name), at=entry.address, code_hash=entry.code_hash)
        for entry in desk_of(gateway).consortium.contracts
    )


def hash_of(contracts: Sequence[ContractEntry]) -> bytes:
    """The EIP-712 hash of the list, as the contract's events give it."""
    return keccak256(b"".join(struct_hash(entry) for entry in contracts))


def ratify(session: Session, gateway: Gateway, digest: bytes) -> Accepted:
    """Sign that this member stands by the consortium's chain and contracts.

    Raises `DigestDiffers`, `AlreadyRatified`, or as `enqueue` does.
    """
    pinned = desk_of(gateway).consortium.digest
    if digest != pinned:
        raise DigestDiffers(
            f"The digest given is not {pinned.hex()}, that of consortium.json here.", field="digest", pinned=pinned
        )
    contracts = contract_list(gateway)
    list_hash = hash_of(contracts)
    before = repository.find_ratification(session, session.owner)
    if before and before.list_hash == list_hash:
        raise AlreadyRatified(f"Ratified in block {before.height}.", height=before.height)
    number = before.number + 1 if before else 1
    draft = Draft("Ratify", {"contracts": contracts}, f"{number}:{list_hash.hex()}", f"consortium/{digest.hex()}")
    return accepted(enqueue(session, gateway, [draft], subject=draft.subject), draft.subject)


def key_draft(purpose: str, key: bytes, window: tuple[int, int], *, by_recovery: bool) -> Draft:
    """The act that adds a key of this member, valid in `window` (Unix seconds)."""
    code, (not_before, not_after) = _PURPOSE_CODES[purpose], window
    values = {"purpose": code, "key": key, "not_before": not_before, "not_after": not_after}
    business_id = f"{code}:{key.hex()}:{not_before}"
    return Draft("AddKey", values, business_id, f"key/{key.hex()}", by_recovery=by_recovery)


def add_key(session: Session, gateway: Gateway, asked: AddKeyIn) -> Accepted:
    """Add a key of this member. Raises as `enqueue` does; the contract checks window and purpose."""
    window = (as_unix(asked.not_before), as_unix(asked.not_after))
    draft = key_draft(asked.purpose, asked.key, window, by_recovery=asked.sign_with == "RECOVERY")
    return accepted(enqueue(session, gateway, [draft], subject=draft.subject), draft.subject)


def revoke_key(session: Session, gateway: Gateway, key: bytes, asked: RevokeKeyIn) -> Accepted:
    """Revoke a key of this member. Raises `KeyUnknown`, `NotOwnKey`, or as `enqueue` does."""
    purpose = _PURPOSE_CODES[_own_key(session, key).purpose]
    values = {"purpose": purpose, "key": key, "reason": word_of(asked.reason)}
    return _key_act(session, gateway, "RevokeKey", values, f"{purpose}:{key.hex()}", key, asked.sign_with)


def report_compromise(session: Session, gateway: Gateway, key: bytes, asked: CompromiseIn) -> Accepted:
    """State since when a key of this member was in other hands. Raises as `revoke_key` does."""
    purpose, since = _PURPOSE_CODES[_own_key(session, key).purpose], as_unix(asked.since)
    values = {"purpose": purpose, "key": key, "since": since, "reason": word_of(asked.reason)}
    return _key_act(
        session, gateway, "ReportCompromise", values, f"{purpose}:{key.hex()}:{since}", key, asked.sign_with
    )


def propose(session: Session, gateway: Gateway, asked: ProposalIn) -> Accepted:
    """Propose a change and approve it. Raises `ChangeUnknown`, `PayloadMalformed`, or as `enqueue` does."""
    change = change_of_name(asked.change)
    values = {"change": change.code, "payload": encode_payload(change, asked.payload)}
    number = max(repository.proposals_by(session, session.owner), count_of_kind(session, "Propose")) + 1
    draft = Draft("Propose", values, f"{change.code}:{number}", f"proposal/{change.name}/{number}")
    return accepted(enqueue(session, gateway, [draft], subject=draft.subject), draft.subject)


def approve(session: Session, gateway: Gateway, proposal: bytes) -> Accepted:
    """Approve a proposal. Raises `ProposalUnknown`, `ProposalNotOpen`, or as `enqueue` does."""
    return _on_proposal(session, gateway, "Approve", proposal)


def cancel_proposal(session: Session, gateway: Gateway, proposal: bytes) -> Accepted:
    """Take a proposal of this member back. Raises as `approve` does."""
    return _on_proposal(session, gateway, "CancelProposal", proposal)


def open_proposal(session: Session, gateway: Gateway, proposal: bytes) -> ProposalRow:
    """The proposal, if it is open. Raises `ProposalUnknown`, `ProposalNotOpen`."""
    row = repository.find_proposal(session, proposal)
    if row is None:
        raise ProposalUnknown(f"The chain knows no proposal {proposal.hex()}.", proposal=proposal)
    state = standing_of(session, row, as_unix(gateway.clock.now())).state
    if state != "OPEN":
        raise ProposalNotOpen(f"Proposal {proposal.hex()} is {state}.", proposal=proposal, state=state)
    return row


def _on_proposal(session: Session, gateway: Gateway, kind: str, proposal: bytes) -> Accepted:
    open_proposal(session, gateway, proposal)
    draft = Draft(kind, {"proposal": proposal}, proposal.hex(), f"proposal/{proposal.hex()}")
    return accepted(enqueue(session, gateway, [draft], subject=draft.subject), draft.subject)


def _key_act(
    session: Session,
    gateway: Gateway,
    kind: str,
    values: dict[str, object],
    business_id: str,
    key: bytes,
    sign_with: str,
) -> Accepted:
    draft = Draft(kind, values, business_id, f"key/{key.hex()}", by_recovery=sign_with == "RECOVERY")
    return accepted(enqueue(session, gateway, [draft], subject=draft.subject), draft.subject)


def _own_key(session: Session, key: bytes) -> KeyRow:
    row = repository.find_key(session, key)
    if row is None:
        raise KeyUnknown(f"The chain knows no key {key.hex()}.", key=key)
    if row.member != session.owner:
        raise NotOwnKey(f"Key {key.hex()} is another member's.", key=key, member=row.member)
    return row
