"""What holds for every act holds in each of these contracts: in time, once, by the member, or burnt before.

The rules themselves are walked on the Consortium; here each contract is seen to keep them.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tallystick.acts import Act, Anchor, Cancel, ProposeAgreement, encode_data, sign
from tallystick.keys import CURVE_ORDER
from tests.contracts.ledger.lending import Lending
from tests.contracts.support import DAY, NOBODY, Call, Creation, Deployed, Network, digest, word

CLOCK_TOLERANCE_S = 15
CLOCK_LIMIT_S = 10**11
"""The largest block time that counts seconds."""

Make = Callable[[Lending], Act]


def proposal(lending: Lending) -> Act:
    terms = replace(lending.terms, nonce=digest("another"))
    return lending.network.act(ProposeAgreement, lending.originator, terms=terms)


def anchor(lending: Lending) -> Act:
    values = {"stream": lending.agreement, "first_index": 0, "count": 1, "root": digest("root"), "previous": NOBODY}
    return lending.network.act(Anchor, lending.originator, **values)


ACTS: dict[str, Make] = {
    "AgreementBook": proposal,
    "LoanLedger": lambda lending: lending.disburse_act(),
    "RecordLog": anchor,
}


@pytest.fixture(params=list(ACTS))
def place(request: pytest.FixtureRequest, network: Network) -> Deployed:
    return network.contracts[request.param]


@pytest.fixture
def act(place: Deployed, lending: Lending) -> Act:
    """An act by the first founder that `place` would take."""
    return ACTS[place.name](lending)


def handed_in(act: Act) -> Act | list[Act]:
    """Alone, or in the array that the function takes."""
    return [act] if type(act).__name__ == "Disburse" else act


def cancellation(network: Network, act: Act, **fields: object) -> Cancel:
    return network.act(Cancel, network.founders[0], **({"act_id": network.act_id(act)} | fields))


def test_an_act_is_taken_within_its_validity_only(network: Network, act: Act) -> None:
    now = network.chain.now
    early = replace(act, issued_at=now + CLOCK_TOLERANCE_S + 1, valid_until=now + DAY)
    values = {"issuedAt": early.issued_at, "timestamp": now}
    network.refused(handed_in(early), "IssuedInFuture", actId=network.act_id(early), **values)
    late = replace(act, issued_at=now - 10, valid_until=now - 1)
    values = {"validUntil": now - 1, "timestamp": now}
    network.refused(handed_in(late), "ActExpired", actId=network.act_id(late), **values)
    inverted = replace(act, issued_at=now, valid_until=now - 1)
    values = {"issuedAt": now, "validUntil": now - 1}
    network.refused(handed_in(inverted), "ValidityInverted", actId=network.act_id(inverted), **values)
    greedy = replace(act, issued_at=now, valid_until=now + DAY + 1)
    values = {"validity": DAY + 1, "longest": DAY}
    network.refused(handed_in(greedy), "ValidityTooLong", actId=network.act_id(greedy), **values)
    network.send(handed_in(replace(act, issued_at=now, valid_until=now + DAY)))


def test_a_business_fact_is_recorded_once(network: Network, act: Act) -> None:
    network.send(handed_in(act))
    network.refused(handed_in(act), "AlreadyRecorded", actId=network.act_id(act))
    again = replace(act, issued_at=act.issued_at + 1)
    network.refused(handed_in(again), "RefAlreadyUsed", ref=act.ref, actId=network.act_id(act))


def test_a_signature_is_whole_and_has_one_form(network: Network, place: Deployed, act: Act) -> None:
    good = sign(act, network.domain(place), network.founders[0].act)
    high = (CURVE_ORDER - int.from_bytes(good[32:64])).to_bytes(32)
    mirrored = good[:32] + high + bytes([27 + 28 - good[64]])
    network.refused(handed_in(act), "ECDSAInvalidSignatureS", signature=mirrored, s=high)
    network.refused(handed_in(act), "ECDSAInvalidSignature", signature=good[:64] + b"\x00")
    network.refused(handed_in(act), "ECDSAInvalidSignatureLength", signature=good[:64], length=64)


def test_the_stated_member_signs_with_its_act_key(network: Network, act: Act) -> None:
    bank, other = network.founders[:2]
    owners = {"member": bank.id, "owner": other.id}
    network.refused(handed_in(act), "KeyNotOfMember", by=other.act, key=word(other.act.address), **owners)
    purposes = {"purpose": 2, "expected": 1}
    network.refused(handed_in(act), "WrongPurpose", by=bank.recovery, key=word(bank.recovery.address), **purposes)


def test_an_act_is_burnt_before_it_is_recorded(network: Network, place: Deployed, act: Act) -> None:
    encoded = encode_data(act)
    cancel = cancellation(network, act)
    network.refused(cancel, "EncodedActMalformed", encoded[:-1], to=place, length=len(encoded) - 1)
    elsewhere = cancellation(network, act, act_id=digest("another act"))
    values = {"stated": elsewhere.act_id, "rebuilt": network.act_id(act)}
    network.refused(elsewhere, "EncodedActMismatch", encoded, to=place, **values)
    theirs = replace(cancel, member=network.founders[1].id)
    values = {"actId": network.act_id(act), "owner": act.member, "member": theirs.member}
    network.refused(theirs, "NotOwnAct", encoded, to=place, **values)

    network.send(cancel, encoded, to=place)
    network.refused(handed_in(act), "ActIsCancelled", actId=network.act_id(act))
    network.send(handed_in(replace(act, issued_at=act.issued_at + 1)))


def test_a_clock_that_counts_milliseconds_takes_no_contract(network: Network, place: Deployed) -> None:
    network.chain.travel_to(CLOCK_LIMIT_S + 1)
    arguments = (f"0x{network.contracts['Consortium'].address.hex()}", f"0x{bytes(20).hex()}")
    creation = Creation(place.name, arguments[: 1 if place.name == "RecordLog" else 2])
    network.chain.refused(creation, "ClockNotInSeconds", timestamp=CLOCK_LIMIT_S + 1)


@pytest.mark.parametrize("function", ["disburse", "settle", "snapshot", "adopt"])
def test_every_array_of_acts_has_acts(network: Network, function: str) -> None:
    ledger = network.contracts["LoanLedger"]
    if function == "adopt":
        old = f"0x{ledger.address.hex()}"
        ledger = network.chain.deploy("LoanLedger", f"0x{network.contracts['Consortium'].address.hex()}", old)
    network.chain.refused(Call(ledger, function, ((), ())), "BatchSizeInvalid", size=0, most=100)
