"""Burning an act of one's own that is not recorded yet: `cancel`, as every contract takes it."""

from dataclasses import replace

import pytest

from tallystick.acts import Act, Cancel, Ratify, encode_data
from tests.contracts.consortium.plain_acts import anchor, note, proposal
from tests.contracts.support import Network, digest, the, word


def cancellation(network: Network, act: Act, **fields: object) -> Cancel:
    values = {"act_id": network.act_id(act)}
    return network.act(Cancel, network.founders[0], **(values | fields))


def test_a_burnt_act_can_never_be_recorded(network: Network) -> None:
    bank, act = network.founders[0], note(network)
    cancel, consortium = cancellation(network, act), network.contracts["Consortium"]
    events = network.send(cancel, encode_data(act), to=consortium)
    assert the(events, "ActCancelled") == {
        "actId": network.act_id(cancel, consortium),
        "cancelled": network.act_id(act),
        "member": bank.id,
        "signer": bank.act.address,
        "chainId": network.chain.id,
    }
    assert network.ask("Consortium", "isCancelled", network.act_id(act)) is True
    network.refused(act, "ActIsCancelled", actId=network.act_id(act))
    network.send(replace(act, issued_at=act.issued_at + 1))


def test_burning_works_in_every_contract_for_its_own_acts(network: Network) -> None:
    act, log = anchor(network), network.contracts["RecordLog"]
    network.send(cancellation(network, act), encode_data(act), to=log)
    network.refused(act, "ActIsCancelled", actId=network.act_id(act))


def test_an_act_is_burnt_in_the_contract_it_is_for(network: Network) -> None:
    """The act id names the contract: elsewhere the encoded act is another act."""
    act, consortium = note(network), network.contracts["Consortium"]
    cancel, log = cancellation(network, act), network.contracts["RecordLog"]
    values = {"stated": network.act_id(act, consortium), "rebuilt": network.act_id(act, log)}
    network.refused(cancel, "EncodedActMismatch", encode_data(act), to=log, **values)


def test_a_member_burns_its_own_acts_only(network: Network) -> None:
    other, consortium = network.founders[1], network.contracts["Consortium"]
    act = note(network, member=other.id)
    values = {"actId": network.act_id(act), "owner": other.id, "member": network.founders[0].id}
    network.refused(cancellation(network, act), "NotOwnAct", encode_data(act), to=consortium, **values)
    network.send(act)


def test_a_recorded_act_is_not_burnt(network: Network) -> None:
    act, consortium = note(network), network.contracts["Consortium"]
    network.send(act)
    cancel = cancellation(network, act)
    network.refused(cancel, "AlreadyRecorded", encode_data(act), to=consortium, actId=network.act_id(act))
    assert network.ask("Consortium", "isCancelled", network.act_id(act)) is False


def test_a_proposal_is_not_taken_back_by_burning_it(network: Network) -> None:
    act, consortium = proposal(network), network.contracts["Consortium"]
    network.send(act)
    cancel = cancellation(network, act)
    network.refused(cancel, "AlreadyRecorded", encode_data(act), to=consortium, actId=network.act_id(act))


@pytest.mark.parametrize("length", [0, 31, 4 * 32, 6 * 32 - 1, 6 * 32 + 31, 33 * 32])
def test_what_is_burnt_is_given_in_whole_words_five_to_thirty_two(network: Network, length: int) -> None:
    act, consortium = note(network), network.contracts["Consortium"]
    encoded = (encode_data(act) + bytes(33 * 32))[:length]
    network.refused(cancellation(network, act), "EncodedActMalformed", encoded, to=consortium, length=length)


def test_what_is_burnt_is_the_act_that_was_named(network: Network) -> None:
    act, consortium = note(network), network.contracts["Consortium"]
    cancel = cancellation(network, act, act_id=digest("another act"))
    values = {"stated": cancel.act_id, "rebuilt": network.act_id(act)}
    network.refused(cancel, "EncodedActMismatch", encode_data(act), to=consortium, **values)


def test_burning_needs_the_members_act_key_and_is_itself_an_act(network: Network) -> None:
    bank, act, consortium = network.founders[0], note(network), network.contracts["Consortium"]
    cancel = cancellation(network, act)
    signer = {"key": word(bank.recovery.address), "purpose": 2, "expected": 1}
    network.refused(cancel, "WrongPurpose", encode_data(act), by=bank.recovery, to=consortium, **signer)
    network.send(cancel, encode_data(act), to=consortium)
    cancel_id = network.act_id(cancel, consortium)
    network.refused(cancel, "AlreadyRecorded", encode_data(act), to=consortium, actId=cancel_id)
    again = cancellation(network, act, ref=cancel.ref)
    network.refused(again, "RefAlreadyUsed", encode_data(act), to=consortium, ref=cancel.ref, actId=cancel_id)


def test_a_founder_may_burn_a_ratification_that_is_under_way(founded: Network) -> None:
    consortium = founded.contracts["Consortium"]
    act = founded.act(Ratify, founded.founders[0], contracts=founded.directory_list())
    founded.send(cancellation(founded, act), encode_data(act), to=consortium)
    founded.refused(act, "ActIsCancelled", actId=founded.act_id(act))
