"""Sets of validators as a watcher follows and keeps them: over batches, restarts, crashes and later exports."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.keys import Address
from tallystick.qbft import SetChange, Validators, header_from_rpc, signers_among
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch import repository
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent
from tallystick_gateway.watch.errors import BlockDiffers, EpochsDiffer, ValidatorsUnexplained
from tallystick_gateway.watch.nodes import NodePool
from tallystick_gateway.watch.pace import Pace
from tallystick_gateway.watch.projections import PROJECTIONS, Projection
from tallystick_gateway.watch.watcher import Watcher
from tests.gateway.memory_chain import MemoryChain, MemoryNode, keys_for
from tests.gateway.support import client_for, open_test_gateway

KEYS = keys_for(7)
EVERYBODY = [key.address for key in KEYS]
FOUNDERS, FIFTH = EVERYBODY[:4], EVERYBODY[4]
_numbers = count()


def add(address: Address) -> SetChange:
    return SetChange(address, True)


def drop(address: Address) -> SetChange:
    return SetChange(address, False)


def with_(listed: Sequence[Address], change: SetChange) -> list[Address]:
    """The set after one change."""
    return sorted({*listed, change.address} if change.add else set(listed) - {change.address})


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every chain of this module has a home."""
    return tmp_path_factory.mktemp("homes")


def home_of(chain: MemoryChain, homes: Path) -> Config:
    return chain.home(homes / f"home-{next(_numbers)}")


@contextmanager
def watching(config: Config, chain: MemoryChain) -> Iterator[tuple[Gateway, "Restarts"]]:
    """The gateway of a home, and its watcher to be run and restarted."""
    with open_test_gateway(config) as gateway:
        yield gateway, Restarts(gateway, chain)


class Restarts:
    """A watcher that starts anew as often as a test wants, on the same database."""

    def __init__(self, gateway: Gateway, chain: MemoryChain, projections: Sequence[Projection] = PROJECTIONS) -> None:
        self._gateway = gateway
        self._projections = projections
        self.node = MemoryNode(chain)
        self.now_s = 0.0
        self.start()

    def start(self) -> Watcher:
        """A new watcher, that knows what the database knows."""
        pool = NodePool(["memory"], lambda _url: self.node)
        self.watcher = Watcher(self._gateway, pool, self._projections, lambda: self.now_s)
        self._gateway.attach(self.watcher)
        return self.watcher

    def follow(self, height: int | None = None) -> None:
        """Take everything up to `height`."""
        self.node.shown = self.node.shown if height is None else height
        while self.watcher.step():
            pass


def epochs_of(chain: MemoryChain) -> list[tuple[int, int | None, list[Address]]]:
    """The epochs by the headers' own lists."""
    lists = [list(header_from_rpc(block).extra.validators) for block in chain.blocks]
    firsts = [0, *(height for height in range(1, len(lists)) if lists[height] != lists[height - 1])]
    lasts: list[int | None] = [first - 1 for first in firsts[1:]]
    return [(first, last, lists[first]) for first, last in zip(firsts, [*lasts, None], strict=True)]


def assert_kept(gateway: Gateway, chain: MemoryChain) -> None:
    """The database says of this chain what its headers say."""
    proposed: Counter[bytes] = Counter()
    sealed: dict[bytes, list[int]] = defaultdict(list)
    for block in chain.blocks[1:]:
        header = header_from_rpc(block)
        proposed[header.coinbase] += 1
        for signer in signers_among(header, Validators.of(header.extra.validators)):
            sealed[signer].append(header.number)
    with gateway.database.read() as session:
        stored = [(row.first, row.last, list(row.validators)) for row in repository.epochs(session)]
        rows = repository.validators(session)
        last = repository.last_block(session)
    assert stored == epochs_of(chain)
    assert last is not None
    assert last.height == chain.height
    assert {row.address: row.proposed for row in rows if row.proposed} == dict(proposed)
    assert {row.address: (row.sealed, row.last_sealed) for row in rows if row.sealed} == {
        address: (len(heights), heights[-1]) for address, heights in sealed.items()
    }
    assert {row.address: row.member for row in rows}.items() <= chain.members.items()


# ── any history ──


def make_history(steps: Sequence[tuple[str, int]]) -> MemoryChain:
    """A chain on which these things happened: the contract changed its list, or a pending change was voted in."""
    chain = MemoryChain(KEYS)
    chain.found()
    sealing, governed = list(FOUNDERS), set(FOUNDERS)
    for what, number in steps:
        changes, listed = [], None
        due = sorted(governed ^ set(sealing))
        if what in ("vote", "both") and due:
            address = due[number % len(due)]
            listed = sealing = with_(sealing, SetChange(address, address in governed))
        if what in ("decide", "both"):
            address = EVERYBODY[number % len(EVERYBODY)]
            change = SetChange(address, address not in governed)
            if change.add or len(governed) > 4:
                governed ^= {address}
                changes = [change]
        chain.seal(*changes, listed=listed)
    return chain


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(["plain", "decide", "vote", "both"]), st.integers(0, 6)), max_size=60),
    st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=30),
)
def test_whatever_the_batches_and_restarts_the_database_says_what_the_headers_say(
    homes: Path, steps: list[tuple[str, int]], visits: list[tuple[int, bool]]
) -> None:
    chain = make_history(steps)
    with watching(home_of(chain, homes), chain) as (gateway, watching_it):
        height = 0
        for blocks, restarts in visits:
            height = min(chain.height, height + blocks)
            watching_it.follow(height)
            if restarts:
                watching_it.start()
        watching_it.follow(chain.height)
        assert_kept(gateway, chain)


def test_a_set_that_was_decided_and_voted_in_within_one_batch_is_followed(homes: Path) -> None:
    chain = MemoryChain(KEYS)
    chain.found()
    chain.seal(add(FIFTH))
    chain.seal(listed=with_(FOUNDERS, add(FIFTH)))
    chain.seal(drop(FOUNDERS[0]))
    chain.seal(listed=with_(EVERYBODY[:5], drop(FOUNDERS[0])))
    with watching(home_of(chain, homes), chain) as (gateway, watching_it):
        assert not watching_it.watcher.step()
        assert_kept(gateway, chain)
        answer = client_for(gateway).get("/v1/validators").json()
    assert [(epoch["first"], epoch["last"], len(epoch["validators"])) for epoch in answer["epochs"]] == [
        (0, 2, 4),
        (3, 4, 5),
        (5, None, 4),
    ]
    assert [row["address"] for row in answer["sealing"]] == answer["governed"]
    assert answer["pending"] == []


def test_what_is_decided_and_not_yet_voted_in_is_pending(homes: Path) -> None:
    chain = MemoryChain(KEYS)
    chain.found()
    chain.seal(add(FIFTH), drop(FOUNDERS[1]))
    with watching(home_of(chain, homes), chain) as (gateway, watching_it):
        watching_it.follow()
        answer = client_for(gateway).get("/v1/validators").json()
    changes = {(each["address"], each["change"]) for each in answer["pending"]}
    assert changes == {(f"0x{FIFTH.hex()}", "ADD"), (f"0x{FOUNDERS[1].hex()}", "REMOVE")}


def test_votes_under_way_for_one_that_was_dropped_meanwhile_are_followed_over_a_restart(homes: Path) -> None:
    chain = MemoryChain(KEYS)
    chain.found()
    chain.seal(add(FIFTH))
    chain.seal(drop(FIFTH))
    chain.seal(listed=with_(FOUNDERS, add(FIFTH)))
    chain.seal(listed=FOUNDERS)
    with watching(home_of(chain, homes), chain) as (gateway, watching_it):
        watching_it.follow(3)
        watching_it.start()
        watching_it.follow(4)
        (pending,) = client_for(gateway).get("/v1/validators").json()["pending"]
        assert pending == {"address": f"0x{FIFTH.hex()}", "change": "REMOVE"}
        watching_it.follow(chain.height)
        assert_kept(gateway, chain)


def test_before_the_contracts_stand_the_genesis_set_seals_and_nobody_governs(homes: Path) -> None:
    chain = MemoryChain(KEYS)
    for _ in range(20):
        chain.seal()
    with watching(home_of(chain, homes), chain) as (gateway, watching_it):
        watching_it.follow()
        answer = client_for(gateway).get("/v1/validators").json()
    assert (len(answer["sealing"]), answer["governed"], answer["pending"]) == (4, [], [])
    assert sum(row["proposed"] for row in answer["sealing"]) == 20


# ── crashes ──


def test_a_crash_in_the_middle_of_a_batch_leaves_nothing_of_it(homes: Path) -> None:
    chain = MemoryChain(KEYS)
    chain.found()
    for _ in range(20):
        chain.seal()
    chain.seal(add(FIFTH))
    chain.seal(listed=with_(FOUNDERS, add(FIFTH)))
    chain.seal()

    def crash(_session: Session, block: CheckedBlock, _events: Sequence[ChainEvent]) -> None:
        if block.height == chain.height:
            raise RuntimeError("the power went")

    with watching(home_of(chain, homes), chain) as (gateway, _):
        crashing = Restarts(gateway, chain, (*PROJECTIONS, crash))
        with pytest.raises(RuntimeError):
            crashing.follow()
        with gateway.database.read() as session:
            last = repository.last_block(session)
            assert last is not None
            assert last.height == 15
            assert [(row.first, row.last) for row in repository.epochs(session)] == [(0, None)]
            assert sum(row.proposed for row in repository.validators(session)) == 15
        # The same watcher goes on as a new one does.
        crashing.watcher._projections = PROJECTIONS
        crashing.follow()
        assert_kept(gateway, chain)


def test_blocks_whose_validators_were_lost_are_not_followed_without(homes: Path) -> None:
    chain = MemoryChain(KEYS)
    chain.found()
    chain.seal()
    with watching(home_of(chain, homes), chain) as (gateway, watching_it):
        watching_it.follow(1)
        with gateway.database.write() as session:
            for row in repository.epochs(session):
                session.delete(row)
        watching_it.start()
        with pytest.raises(BlockDiffers):
            watching_it.follow(chain.height)
        assert watching_it.watcher.stopped is not None


# ── what is not explained ──


@pytest.mark.parametrize(
    "decided", [[], [add(EVERYBODY[5])], [add(FIFTH), drop(FIFTH)]], ids=["nothing", "another", "taken back"]
)
def test_a_set_that_no_earlier_block_explains_stops_the_watcher(homes: Path, decided: list[SetChange]) -> None:
    chain = MemoryChain(KEYS)
    chain.found()
    chain.seal(*decided)
    chain.seal(listed=with_(FOUNDERS, add(FIFTH)))
    with watching(home_of(chain, homes), chain) as (_, watching_it):
        with pytest.raises(ValidatorsUnexplained):
            watching_it.follow()
        assert watching_it.watcher.tip is None
        with pytest.raises(ValidatorsUnexplained):
            watching_it.watcher.step()


def test_a_decision_does_not_explain_the_set_of_its_own_block(homes: Path) -> None:
    chain = MemoryChain(KEYS)
    chain.found()
    chain.seal(add(FIFTH), listed=with_(FOUNDERS, add(FIFTH)))
    with watching(home_of(chain, homes), chain) as (_, watching_it), pytest.raises(ValidatorsUnexplained):
        watching_it.follow()


def test_contracts_founded_for_others_than_seal_stop_the_watcher(homes: Path) -> None:
    chain = MemoryChain(KEYS)
    chain.seal(*(add(address) for address in EVERYBODY[1:5]))
    with watching(home_of(chain, homes), chain) as (_, watching_it), pytest.raises(EpochsDiffer):
        watching_it.follow()


# ── later exports ──


def changed_once() -> MemoryChain:
    """The fifth is voted in at block 12."""
    chain = MemoryChain(KEYS)
    chain.found()
    for _ in range(8):
        chain.seal()
    chain.seal(add(FIFTH))
    chain.seal()
    chain.seal(listed=EVERYBODY[:5])
    for _ in range(10):
        chain.seal()
    return chain


def test_a_later_export_that_agrees_is_followed_and_taken_in_place_of_the_first(homes: Path) -> None:
    chain = changed_once()
    config = home_of(chain, homes)
    with watching(config, chain) as (_, watching_it):
        watching_it.follow(5)
    config.consortium_path.write_bytes(chain.consortium(*epochs_of(chain)).to_bytes())
    with watching(config, chain) as (gateway, watching_it):
        watching_it.follow()
        assert_kept(gateway, chain)


@pytest.mark.parametrize("begins", [11, 13])
@pytest.mark.parametrize("followed", [5, 22])
def test_a_later_export_that_contradicts_the_chain_stops_the_watcher(homes: Path, begins: int, followed: int) -> None:
    chain = changed_once()
    config = home_of(chain, homes)
    with watching(config, chain) as (_, watching_it):
        watching_it.follow(followed)
    wrong = chain.consortium((0, begins - 1, FOUNDERS), (begins, None, EVERYBODY[:5]))
    config.consortium_path.write_bytes(wrong.to_bytes())
    with watching(config, chain) as (gateway, watching_it):
        with pytest.raises(EpochsDiffer):
            watching_it.follow(chain.height)
        assert client_for(gateway).get("/v1/chain").json()["stopped"]["code"] == EpochsDiffer.code


# ── a chain that stands still ──


def test_a_chain_that_stands_still_is_told_with_who_did_not_propose_lately(homes: Path) -> None:
    chain = MemoryChain(KEYS)
    chain.found()
    silent = FOUNDERS[2]
    for _ in range(20):
        chain.seal(skipped=silent)
    with watching(home_of(chain, homes), chain) as (gateway, watching_it):
        watching_it.follow()
        api = client_for(gateway)
        watching_it.now_s = 4.9
        watching_it.follow()
        assert api.get("/v1/chain").json()["stalled"] is None
        watching_it.now_s = 5.1
        watching_it.follow()
        stalled = api.get("/v1/chain").json()["stalled"]
        assert stalled["head"] == chain.height
        assert "3 of 4 validators are needed" in stalled["detail"]
        assert f"not proposing lately: 0x{silent.hex()} of DEPOSITORY (test) (" in stalled["detail"]
        assert stalled["detail"].count("0x") == 1
        assert watching_it.watcher.reason().code == "watch.chain_stalled"  # type: ignore[union-attr]  # there is one

        chain.seal()
        watching_it.follow(chain.height)
        assert api.get("/v1/chain").json()["stalled"] is None
        assert watching_it.watcher.reason() is None


def test_slow_turns_of_one_validator_that_is_down_are_no_stall() -> None:
    clock = iter([0.0, 0.0, 7.9, 8.1, 8.1, 8.2])
    pace = Pace(lambda: next(clock))
    pace.moved([0, 1, 2, 3, 8, 9, 10, 11, 16])
    assert [pace.is_stalled, pace.is_stalled] == [False, True]
    pace.moved([17])
    assert not pace.is_stalled
