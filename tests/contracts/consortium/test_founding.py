"""Deployment: who founds a consortium, with which keys and settings."""

from typing import Any

from tests.contracts.support import DAY, NOBODY, Chain, Creation, Member, Network, cast, digest, key_named, word

CLOCK_LIMIT_S = 10**11
LONGEST_DELAY_S = 14 * DAY
KEY_FROM, KEY_UNTIL = 1_000, 2**40


def creation(*founders: tuple[object, ...], delay_s: int = 1, threshold: int = 0) -> Creation:
    return Creation("Consortium", (list(founders), (delay_s, threshold)))


def entries(count: int = 4, **first: object) -> list[tuple[object, ...]]:
    """`count` founders; `first` changes fields of the first one."""
    members = [Member(f"BANK-{number}", cast()[0].roles) for number in range(count)]
    return [
        member.as_founder(KEY_FROM, KEY_UNTIL, **(first if number == 0 else {}))
        for number, member in enumerate(members)
    ]


def test_founders_become_active_members_in_their_order(founded: Network) -> None:
    ids = [founder.id for founder in founded.founders]
    assert founded.ask("Consortium", "members") == tuple(ids)
    assert founded.ask("Consortium", "activeMemberCount") == len(ids)
    for index, founder in enumerate(founded.founders):
        member = founded.ask("Consortium", "memberOf", founder.id)
        assert member == {"state": 1, "roles": founder.roles, "index": index, "certificate": founder.certificate}


def test_founders_keys_stand_with_their_purposes_and_window(founded: Network) -> None:
    founder = founded.founders[2]
    keys = {
        word(founder.act.address): 1,
        word(founder.recovery.address): 2,
        word(founder.validator.address): 3,
        founder.exchange: 4,
        founder.seal: 5,
        founder.document: 6,
    }
    for key, purpose in keys.items():
        found = founded.ask("Consortium", "keyOf", key)
        assert (found["member"], found["purpose"]) == (founder.id, purpose)
        assert found["notBefore"] < found["notAfter"]
        assert found["revokedAt"] == found["compromisedSince"] == found["compromiseReportedAt"] == 0
    validators = founded.ask("Consortium", "validators")
    assert set(validators) == {member.validator.address for member in founded.founders}


def test_settings_are_as_given_and_approvals_needed_are_two_thirds_rounded_up(chain: Chain) -> None:
    for count, threshold, required in ((4, 0, 3), (5, 0, 4), (6, 0, 4), (7, 0, 5), (7, 6, 6), (7, 4, 5), (9, 0, 6)):
        consortium = chain.deploy("Consortium", entries(count), (60, threshold))
        assert chain.ask(consortium, "requiredApprovals") == required
        assert (chain.ask(consortium, "delay"), chain.ask(consortium, "threshold")) == (60, threshold)
        assert chain.ask(consortium, "isActive") is False


def test_a_founder_may_come_without_exchange_seal_and_document_keys(chain: Chain) -> None:
    bare = entries(exchange=NOBODY, seal=NOBODY, document=NOBODY)
    consortium = chain.deploy("Consortium", bare, (1, 0))
    assert chain.ask(consortium, "keyOf", NOBODY)["member"] == NOBODY


def test_below_four_founders_there_is_no_consortium_nor_above_thirty_two(chain: Chain) -> None:
    for count in (0, 3, 33):
        chain.refused(creation(*entries(count)), "MemberCountInvalid", count=count, least=4, most=32)
    chain.deploy("Consortium", entries(32), (1, 0))


def test_founders_have_ids_and_no_two_the_same(chain: Chain) -> None:
    chain.refused(creation(*entries(member=NOBODY)), "MemberIdZero")
    twice = entries()
    twin = Member("BANK-0", cast()[0].roles).as_founder(KEY_FROM, KEY_UNTIL)
    chain.refused(creation(*twice, twin), "MemberExists", member=twin[0])


def test_founders_have_roles_that_exist(chain: Chain) -> None:
    member = Member("BANK-0", cast()[0].roles).id
    for roles in (0, 16, 255):
        chain.refused(creation(*entries(roles=roles)), "RolesInvalid", member=member, roles=roles)


def test_the_three_addresses_of_a_founder_exist_and_are_its_own(chain: Chain) -> None:
    nobody = f"0x{bytes(20).hex()}"
    for purpose in ("act", "recovery", "validator"):
        chain.refused(creation(*entries(**{purpose: nobody})), "KeyMalformed", key=NOBODY)

    first, second = (Member(f"BANK-{number}", cast()[0].roles) for number in (0, 1))
    taken = {"owner": first.id}
    same: Any = f"0x{first.act.address.hex()}"
    chain.refused(creation(*entries(recovery=same)), "KeyTaken", key=word(first.act.address), **taken)
    others: Any = f"0x{second.validator.address.hex()}"
    chain.refused(creation(*entries(validator=others)), "KeyTaken", key=word(second.validator.address), **taken)
    chain.refused(creation(*entries(seal=digest("BANK-0 EXCHANGE"))), "KeyTaken", key=first.exchange, **taken)


def test_founders_keys_have_a_window(chain: Chain) -> None:
    key = word(key_named("BANK-0 ACT").address)
    for window in ((5, 5), (6, 5), (5, 2**48)):
        values = dict(zip(("notBefore", "notAfter"), window, strict=True))
        chain.refused(creation(*entries(**values)), "KeyWindowInvalid", key=key, **values)


def test_the_timelock_is_above_zero_and_at_most_fourteen_days(chain: Chain) -> None:
    for delay in (0, LONGEST_DELAY_S + 1):
        wrong = creation(*entries(), delay_s=delay)
        chain.refused(wrong, "DelayInvalid", delay=delay, least=1, most=LONGEST_DELAY_S)
    chain.deploy("Consortium", entries(), (LONGEST_DELAY_S, 0))


def test_a_threshold_that_the_founders_could_not_reach_is_refused(chain: Chain) -> None:
    chain.refused(creation(*entries(), threshold=5), "ThresholdInvalid", threshold=5, members=4)
    chain.deploy("Consortium", entries(), (1, 4))


def test_a_chain_whose_clock_counts_milliseconds_takes_no_contract(chain: Chain) -> None:
    """FISCO BCOS without `feature_evm_timestamp` gives `block.timestamp` in milliseconds."""
    chain.travel_to(CLOCK_LIMIT_S)
    chain.refused(creation(*entries(0)), "MemberCountInvalid", count=0, least=4, most=32)
    chain.travel_to(CLOCK_LIMIT_S + 1)
    chain.refused(creation(*entries()), "ClockNotInSeconds", timestamp=CLOCK_LIMIT_S + 1)
    chain.refused(Creation("RecordLog", (f"0x{bytes(20).hex()}",)), "ClockNotInSeconds", timestamp=CLOCK_LIMIT_S + 1)
