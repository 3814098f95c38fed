"""Random histories that the contracts would allow: each step picks something possible now, or does nothing."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from . import world as w
from .lending import (
    ACTIVE,
    AGREEMENT,
    OPEN,
    PENDING,
    REVERSED,
    SEALED,
    SEALED_LOAN,
    SERVICING,
    SETTLED,
    SHARE,
    WRITTEN_OFF,
    LendingWorld,
)
from .world import ascii32, hashed, padded, word

Step = Callable[[LendingWorld, random.Random], None]

_FOLLOWERS = {
    PENDING: (REVERSED,),
    ACTIVE: (SETTLED, WRITTEN_OFF, REVERSED),
    WRITTEN_OFF: (SETTLED,),
    SETTLED: (),
    REVERSED: (),
}
_BPS = ((2000, 8000), (3333, 6667), (3333, 3333, 3334), (1, 9999))


def started() -> LendingWorld:
    """Founded, ratified by all, active."""
    world = LendingWorld()
    world.found()
    for member in list(world.members):
        world.ratify(member)
    return world


def histories(least: int = 0, most: int = 40) -> st.SearchStrategy[LendingWorld]:
    step = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 2**32 - 1))
    return st.lists(step, min_size=least, max_size=most).map(run)


def run(steps: Sequence[tuple[str, int]]) -> LendingWorld:
    world = started()
    for name, seed in steps:
        chance = random.Random(seed)  # noqa: S311  # not for secrets
        if chance.random() < 0.7:
            world.block(chance.choice((1, 5, 3600)))
        else:
            world.transaction()
        STEPS[name](world, chance)
    return world


def _speaking(world: LendingWorld) -> list[bytes]:
    return [member for member in world.active_members() if world.key_of(member)]


def _can(world: LendingWorld, member: bytes) -> bool:
    return member in _speaking(world)


# Members and keys


def _add_key(world: LendingWorld, chance: random.Random) -> None:
    member = chance.choice(_speaking(world))
    by = chance.choice((w.ACT, w.RECOVERY))
    if not (signer := world.signer(member, by)):
        return
    purpose = chance.choice((w.ACT, 4, 5, 6) + ((w.RECOVERY,) if by == w.RECOVERY else ()))
    name = ("new key", world.acts)
    key = padded(w.address_of(*name)) if purpose <= 3 else hashed(*name)
    start = world.now + (world.delay if by == w.ACT else 0) + chance.choice((0, 50))
    world.add_key(world.act_id(), member, signer, purpose, key, start, start + chance.choice((5000, 10**9)))


def _revoke_key(world: LendingWorld, chance: random.Random) -> None:
    own = [
        (key, found["member"]) for key, found in world.keys.items() if found["purpose"] == w.ACT and world.counts(key)
    ]
    key, member = chance.choice(own)
    spare = [each for each, owner in own if owner == member and each != key]
    if world.members[member]["state"] == 1 and spare:
        world.revoke_key(world.act_id(), key[12:], key, ascii32("rotated"))


def _report_compromise(world: LendingWorld, chance: random.Random) -> None:
    member = chance.choice(_speaking(world))
    others = [key for key, found in world.keys.items() if found["member"] == member and found["purpose"] > w.VALIDATOR]
    fresh = [key for key in others if not world.keys[key]["compromised_since"]]
    if fresh and (signer := world.signer(member)):
        since = world.now - chance.randrange(72 * 3600)
        world.report_compromise(world.act_id(), signer, chance.choice(fresh), since)


def _note_time(world: LendingWorld, chance: random.Random) -> None:
    world.note_time(chance.choice(_speaking(world)))


def _cancel(world: LendingWorld, chance: random.Random) -> None:
    contract = chance.choice(("Consortium", "AgreementBook", "LoanLedger", "RecordLog"))
    world.cancel_unrecorded(contract, chance.choice(_speaking(world)))


# Governance


def _govern(world: LendingWorld, chance: random.Random) -> None:
    member = chance.choice(list(world.members))
    state = world.members[member]["state"]
    active = len(world.active_members())
    if len(_speaking(world)) < world.required():
        return
    reason = ascii32("decided")
    options: list[tuple[int, tuple[bytes, ...]]] = [
        (
            w.ADMIT,
            (
                hashed("newcomer", world.acts),
                word(1),
                hashed("c"),
                padded(w.address_of("r", world.acts)),
                word(0),
                word(w.FOREVER),
            ),
        ),
        (w.SET_THRESHOLD, (word(chance.randrange(active - 1)),)),
        (w.SET_DELAY, (word(chance.choice((1, 60, 3600))),)),
    ]
    if state != 3:
        options.append((w.SET_ROLES, (member, word(world.members[member]["roles"] | 8))))
        key = padded(w.address_of("validator", world.acts))
        options.append((w.ADD_VALIDATOR, (member, key, word(0), word(w.FOREVER))))
        new = padded(w.address_of("recovery", world.acts))
        old = next(
            key for key, found in world.keys.items() if (found["member"], found["purpose"]) == (member, w.RECOVERY)
        )
        if not world.keys[old]["revoked_at"]:
            options.append((w.REPLACE_RECOVERY, (member, old, new, word(0), word(w.FOREVER), reason)))
    if state == 2:
        options.append((w.REINSTATE, (member, reason)))
    if state == 1 and active > max(4, world.threshold):
        options.append((w.SUSPEND, (member, reason)))
    seats = [world.keys[key]["member"] for key in world.validators]
    if state == 1 and active > max(4, world.threshold) and len(seats) - seats.count(member) >= 4:
        options.append((w.EXPEL, (member, reason)))
    if len(world.validators) > 4:
        key = chance.choice(world.validators)
        options.append((w.REMOVE_VALIDATOR, (world.keys[key]["member"], key, reason)))
    change, words = chance.choice(options)
    world.decide(change, *words)


def _open_proposal(world: LendingWorld, chance: random.Random) -> None:
    member = chance.choice(_speaking(world))
    proposal = world.propose(member, w.SET_DELAY, word(100))
    if chance.random() < 0.5:
        world.transaction()
        world.withdraw_proposal(proposal)


# Agreements and loans


def _agree(world: LendingWorld, chance: random.Random) -> None:
    bps = chance.choice(_BPS)
    lenders = world.with_role(1)
    if len(lenders) >= len(bps) and all(_can(world, member) for member in lenders):
        world.agree(chance.choice((SEALED, OPEN)), bps)


def _propose_only(world: LendingWorld, chance: random.Random) -> None:
    lenders = [member for member in world.with_role(1) if _can(world, member)]
    if len(lenders) >= 3:
        terms = world.terms(lenders[:3], [5000, 2500, 2500], OPEN)
        world.propose_agreement(terms, chance.choice(lenders[:3]))


def _sign(world: LendingWorld, chance: random.Random) -> None:
    """Sign a matter that is open and can still take effect."""
    for matter, found in sorted(world.matters.items(), key=lambda item: chance.random()):
        if found["agreement"] not in world.agreements:
            continue
        parties = world.parties(found["agreement"])
        waiting = [
            party for index, party in enumerate(parties) if found["awaiting"] >> index & 1 and _can(world, party)
        ]
        if world.now > found["open_until"] or not waiting or not _takes_effect(world, found):
            continue
        world.co_sign(matter, chance.choice(waiting))
        return


def _takes_effect(world: LendingWorld, found: dict[str, Any]) -> bool:
    if found["kind"] == AGREEMENT:
        return True
    key = (found["agreement"], found["loan"])
    if key not in world.loans:
        return False
    loan = world.loans[key]
    if found["kind"] == SEALED_LOAN:
        return bool(loan["state"] == PENDING)
    if loan["state"] not in (ACTIVE, WRITTEN_OFF):
        return False
    if found["kind"] == SERVICING:
        return bool(world.servicer(key) == world.parties(key[0])[found["from"]])
    return bool(world.shares[key][found["from"]] >= max(found["amount"], 1))


def _withdraw(world: LendingWorld, chance: random.Random) -> None:
    openers = {
        matter: world.parties(found["agreement"])[found["from"]]
        for matter, found in world.matters.items()
        if found["agreement"] in world.agreements
        if found["kind"] != SEALED_LOAN and found["open_until"]
    }
    able = [matter for matter, opener in openers.items() if _can(world, opener)]
    if able:
        world.withdraw(chance.choice(able))


def _active_agreements(world: LendingWorld, visibility: int) -> list[bytes]:
    return [
        key
        for key, book in world.agreements.items()
        if book["state"] == 2 and book["terms"].visibility == visibility and _can(world, book["terms"].originator)
    ]


def _disburse(world: LendingWorld, chance: random.Random) -> None:
    if agreements := _active_agreements(world, OPEN):
        agreement = chance.choice(agreements)
        for _ in range(chance.choice((1, 1, 5))):
            world.disburse(agreement, chance.choice((1, 3, 9999, 10_001, 1_000_000)))


def _disburse_sealed(world: LendingWorld, chance: random.Random) -> None:
    if agreements := _active_agreements(world, SEALED):
        world.disburse_sealed(chance.choice(agreements))


def _move(world: LendingWorld, chance: random.Random) -> None:
    moves = [
        (key, state)
        for key, loan in _usable(world)
        for state in _FOLLOWERS[loan["state"]]
        if _can(world, world.servicer(key))
    ]
    if moves:
        world.move(*chance.choice(moves))


def _offer(world: LendingWorld, chance: random.Random) -> None:
    outstanding = [key for key, loan in _usable(world) if loan["state"] in (ACTIVE, WRITTEN_OFF)]
    if not outstanding:
        return
    key = chance.choice(outstanding)
    shares, parties = world.shares[key], world.parties(key[0])
    kind = chance.choice((SHARE, SERVICING))
    giver = parties.index(world.servicer(key)) if kind == SERVICING else chance.randrange(len(parties))
    taker = chance.choice([index for index in range(len(parties)) if index != giver])
    if not _can(world, parties[giver]):
        return
    if kind == SERVICING:
        world.offer(key, kind, giver, taker, 0)
    elif not world.is_open(key[0]):
        if shares[giver]:
            world.offer(key, kind, giver, taker, 0)
    elif shares[giver]:
        world.offer(key, kind, giver, taker, chance.randint(1, shares[giver]))


def _usable(world: LendingWorld) -> list[tuple[tuple[bytes, bytes], dict[str, Any]]]:
    """Loans of the present ledger under an agreement of the present book."""
    return [(key, loan) for key, loan in world.loans.items() if key[0] in world.agreements]


def _snapshot(world: LendingWorld, chance: random.Random) -> None:
    if usable := _usable(world):
        key, _ = chance.choice(usable)
        named = [*world.parties(key[0]), *world.with_role(2 | 4)]
        able = [member for member in named if _can(world, member)]
        if able:
            world.snapshot(key, chance.choice(able))


def _anchor(world: LendingWorld, chance: random.Random) -> None:
    member = chance.choice(_speaking(world))
    streams = [key for key, book in world.agreements.items() if book["state"] == 2 and member in world.parties(key)]
    world.anchor(member, chance.choice([w.NOTHING, *streams]), chance.randint(1, 500))


def _link(world: LendingWorld, chance: random.Random) -> None:
    if "EvidenceRegistry" not in world.directory:
        _register(world, "EvidenceRegistry")
    elif usable := _usable(world):
        key, _ = chance.choice(usable)
        world.link_from("EvidenceRegistry", key, chance.choice(world.parties(key[0])))


def _reduce(world: LendingWorld, chance: random.Random) -> None:
    if "Reconciliation" not in world.directory:
        _register(world, "Reconciliation")
        return
    loans = [key for key, loan in _usable(world) if loan["state"] == ACTIVE and world.is_open(key[0])]
    if loans:
        key = chance.choice(loans)
        first, second = world.shares[key][:2]
        world.reduce(key, (chance.randint(0, first), chance.randint(0, second)))


def _register(world: LendingWorld, name: str) -> None:
    if len(_speaking(world)) >= world.required():
        world.decide(w.SET_CONTRACT, ascii32(name), padded(w.address_of(name)), hashed("code", name))


def _upgrade(world: LendingWorld, chance: random.Random) -> None:
    if chance.random() < 0.3 and len(_speaking(world)) >= world.required():
        world.upgrade(chance.choice(("AgreementBook", "LoanLedger")))


def _adopt(world: LendingWorld, chance: random.Random) -> None:
    for agreement, book in list(world.agreements_before.items()):
        able = [party.member for party in book["terms"].parties if _can(world, party.member)]
        if book["state"] == 2 and able and chance.random() < 0.8:
            world.adopt_agreement(agreement, chance.choice(able))
    for key in list(world.loans_before):
        able = [member for member in world.parties(key[0]) if _can(world, member)] if key[0] in world.agreements else []
        if able and chance.random() < 0.6:
            world.adopt(key, chance.choice(able))


STEPS: dict[str, Step] = {
    "add key": _add_key,
    "revoke key": _revoke_key,
    "report compromise": _report_compromise,
    "note time": _note_time,
    "cancel": _cancel,
    "govern": _govern,
    "open proposal": _open_proposal,
    "agree": _agree,
    "agree again": _agree,
    "propose only": _propose_only,
    "sign": _sign,
    "sign again": _sign,
    "withdraw": _withdraw,
    "disburse": _disburse,
    "disburse again": _disburse,
    "disburse sealed": _disburse_sealed,
    "move": _move,
    "offer": _offer,
    "offer again": _offer,
    "snapshot": _snapshot,
    "anchor": _anchor,
    "link": _link,
    "reduce": _reduce,
    "upgrade": _upgrade,
    "adopt": _adopt,
}
