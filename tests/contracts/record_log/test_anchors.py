"""A member's logs of records: roots over ranges without gap or fork, in its own streams only."""

from typing import Any

import pytest

from tallystick.acts import Anchor
from tests.contracts.ledger.lending import Lending, agreed, terms_of
from tests.contracts.support import NOBODY, Member, Network, digest, the

GENERAL = NOBODY
MOST_RECORDS = 2**32


def anchor(network: Network, member: Member | None = None, **fields: Any) -> Anchor:
    """The first anchor of the first founder's general log, unless `fields` say otherwise."""
    values = {"stream": GENERAL, "first_index": 0, "count": 10, "root": digest("root"), "previous": NOBODY}
    return network.act(Anchor, member or network.founders[0], **(values | fields))


def end_of(network: Network, member: Member, stream: bytes = GENERAL) -> tuple[int, bytes]:
    log = network.ask("RecordLog", "logOf", member.id, stream)
    return log["nextIndex"], log["lastAnchor"]


def test_an_anchor_is_told_with_its_range_root_and_predecessor(network: Network) -> None:
    bank = network.founders[0]
    assert end_of(network, bank) == (0, NOBODY)
    act = anchor(network)
    assert the(network.send(act), "Anchored") == {
        "actId": network.act_id(act),
        "stream": GENERAL,
        "member": bank.id,
        "signer": bank.act.address,
        "firstIndex": 0,
        "count": 10,
        "root": act.root,
        "previous": NOBODY,
        "chainId": network.chain.id,
    }
    assert end_of(network, bank) == (10, network.act_id(act))


def test_a_log_goes_on_where_it_ended(network: Network) -> None:
    first = anchor(network)
    network.send(first)
    second = anchor(network, first_index=10, count=1, previous=network.act_id(first))
    network.send(second)
    third = anchor(network, first_index=11, count=5, previous=network.act_id(second))
    network.send(third)
    assert end_of(network, network.founders[0]) == (16, network.act_id(third))


@pytest.mark.parametrize("index", [0, 9, 11, 2**64 - 1])
def test_a_log_has_no_gap_and_is_not_written_again(network: Network, index: int) -> None:
    bank, first = network.founders[0], anchor(network)
    network.send(first)
    act = anchor(network, first_index=index, previous=network.act_id(first))
    values = {"member": bank.id, "stream": GENERAL, "expected": 10, "found": index}
    network.refused(act, "IndexNotNext", **values)


def test_a_log_begins_at_zero_with_nothing_before(network: Network) -> None:
    values = {"member": network.founders[0].id, "stream": GENERAL}
    network.refused(anchor(network, first_index=1), "IndexNotNext", expected=0, found=1, **values)
    before = digest("something before")
    network.refused(anchor(network, previous=before), "PreviousMismatch", expected=NOBODY, found=before, **values)


def test_a_log_has_no_fork(network: Network) -> None:
    """Two anchors that both follow the first: one is taken, the other no more."""
    bank, first = network.founders[0], anchor(network)
    network.send(first)
    branches = [
        anchor(network, first_index=10, count=5, root=digest(name), previous=network.act_id(first))
        for name in ("one", "other")
    ]
    network.send(branches[0])
    values = {"member": bank.id, "stream": GENERAL, "expected": 15, "found": 10}
    network.refused(branches[1], "IndexNotNext", **values)


@pytest.mark.parametrize("wrong", ["nothing", "the one before the last", "another member's"])
def test_an_anchor_names_the_one_before_it(network: Network, wrong: str) -> None:
    bank, other = network.founders[:2]
    first = anchor(network)
    second = anchor(network, first_index=10, previous=network.act_id(first))
    elsewhere = anchor(network, other)
    for act in (first, second, elsewhere):
        network.send(act)
    previous = {
        "nothing": NOBODY,
        "the one before the last": network.act_id(first),
        "another member's": network.act_id(elsewhere),
    }[wrong]
    values = {"member": bank.id, "stream": GENERAL, "expected": network.act_id(second), "found": previous}
    network.refused(anchor(network, first_index=20, previous=previous), "PreviousMismatch", **values)


def test_an_anchor_has_records_and_no_impossible_number_of_them(network: Network) -> None:
    for count in (0, MOST_RECORDS + 1, 2**64 - 1):
        network.refused(anchor(network, count=count), "CountInvalid", count=count, most=MOST_RECORDS)
    network.send(anchor(network, count=MOST_RECORDS))
    assert end_of(network, network.founders[0])[0] == MOST_RECORDS


def test_each_member_and_stream_has_a_log_of_its_own(network: Network) -> None:
    first, second = network.founders[:2]
    lending = agreed(network)
    acts = [
        anchor(network, first),
        anchor(network, second),
        anchor(network, first, stream=lending.agreement),
        anchor(network, second, stream=lending.agreement, count=3),
    ]
    for act in acts:
        network.send(act)
    for act, member in zip(acts, (first, second, first, second), strict=True):
        assert end_of(network, member, act.stream) == (act.count, network.act_id(act))


def test_every_member_has_a_general_log(network: Network) -> None:
    for member in network.founders:
        network.send(anchor(network, member))
        assert end_of(network, member)[0] == 10


def test_the_log_of_an_agreement_is_for_its_parties_once_all_have_signed(network: Network) -> None:
    lending = Lending(network, terms_of(network))
    first, second, *others = network.founders
    mine = {"stream": lending.agreement}

    def refused(member: Member) -> None:
        values = {"member": member.id, "stream": lending.agreement}
        network.refused(anchor(network, member, **mine), "StreamNotOfMember", **values)

    refused(first)
    proposal = lending.propose()
    refused(first)
    lending.cosign(proposal, second)
    for member in (first, second):
        network.send(anchor(network, member, **mine))
    for member in others:
        refused(member)


def test_a_role_that_the_agreement_names_is_no_party_and_has_no_log_of_it(network: Network) -> None:
    depository, arbitration = network.founders[2:4]
    lending = agreed(network, depository=depository.id, arbitrator=arbitration.id, attesting_roles=15)
    for member in (depository, arbitration):
        values = {"member": member.id, "stream": lending.agreement}
        network.refused(anchor(network, member, stream=lending.agreement), "StreamNotOfMember", **values)


def test_no_stream_is_made_up(network: Network) -> None:
    stream = digest("no agreement")
    values = {"member": network.founders[0].id, "stream": stream}
    network.refused(anchor(network, stream=stream), "StreamNotOfMember", **values)
