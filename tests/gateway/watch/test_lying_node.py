"""Whatever a node makes up, the watcher names it, stops, and takes nothing from it."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tallystick.blocks import ethereum_hash, header_items
from tallystick.client import Node, NodeAnswerMalformed, NodeTimeout
from tallystick_gateway.acts import Draft
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.worker import Fatal
from tallystick_gateway.watch import repository
from tallystick_gateway.watch.errors import (
    BodyMismatch,
    ChainDistrusted,
    HeaderMismatch,
    HistoryChanged,
    NodeAway,
    NodeTalksNonsense,
    ParentMismatch,
    ReceiptsRootMismatch,
    WrongChain,
    WrongGenesis,
)
from tallystick_gateway.watch.nodes import NodePool
from tallystick_gateway.watch.watcher import Watcher
from tests.gateway.network import Network, build, contract_entries, put, run_until
from tests.gateway.proxy import Liar, Lie, lying_node
from tests.gateway.support import client_for, open_test_gateway

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = build(tmp_path_factory.mktemp("network"))
    try:
        yield network
    finally:
        network.engine.stop()


@pytest.fixture
def liar(network: Network) -> Iterator[Liar]:
    with lying_node(network.engine.url) as liar:
        yield liar


@pytest.fixture
def gateway(network: Network, liar: Liar, tmp_path: Path) -> Iterator[Gateway]:
    """BANK-A's gateway that hears of the chain through the liar alone; its worker does not run."""
    with open_test_gateway(network.home("BANK-A", tmp_path / "home", liar.url)) as gateway:
        yield gateway


def follow(gateway: Gateway) -> None:
    """Take everything there is."""
    watcher = gateway.part(Watcher)
    while watcher.step():
        pass


def look(gateway: Gateway) -> None:
    """Look at every node, as its task does."""
    gateway.part(Watcher).witnesses.look()


def taken(gateway: Gateway) -> int:
    """The height of the last block that was believed."""
    with gateway.database.read() as session:
        last = repository.last_block(session)
        return -1 if last is None else last.height


def in_block(change: Callable[[dict[str, Any]], None], chosen: Callable[[dict[str, Any]], bool]) -> Lie:
    """Change the blocks that are `chosen`."""

    def lie(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and chosen(result):
            change(result)
        return result

    return lie


def in_receipts(change: Callable[[list[Any]], None]) -> Lie:
    """Change the receipts of every block that has some."""

    def lie(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockReceipts" and result:
            change(result)
        return result

    return lie


def rehash(block: dict[str, Any]) -> None:
    """Give a changed header the hash that belongs to it."""
    block["hash"] = f"0x{ethereum_hash(header_items(block)).hex()}"


def above_genesis(block: dict[str, Any]) -> bool:
    return int(block["number"], 16) >= 1


def with_transactions(block: dict[str, Any]) -> bool:
    return any(isinstance(entry, dict) for entry in block["transactions"])


def later(block: dict[str, Any]) -> None:
    block["timestamp"] = hex(int(block["timestamp"], 16) + 1)


def forged(block: dict[str, Any]) -> None:
    later(block)
    rehash(block)


def flip_status(receipts: list[Any]) -> None:
    receipts[0]["status"] = "0x0" if receipts[0]["status"] == "0x1" else "0x1"


def change_event(receipts: list[Any]) -> None:
    for receipt in receipts:
        for log in receipt["logs"]:
            log["data"] = log["data"][:-1] + ("0" if log["data"][-1] != "0" else "1")


def leave_out(receipts: list[Any]) -> None:
    del receipts[-1]


def repeat(receipts: list[Any]) -> None:
    receipts.append(copy.deepcopy(receipts[0]))


def leave_out_events(receipts: list[Any]) -> None:
    for receipt in receipts:
        receipt["logs"] = []


def other_calldata(block: dict[str, Any]) -> None:
    block["transactions"][0]["input"] += "00"


def hide_transactions(block: dict[str, Any]) -> None:
    block["transactions"] = []


def without_root(block: dict[str, Any]) -> None:
    del block["receiptsRoot"]


LIES: dict[str, tuple[Lie, type[ChainDistrusted]]] = {
    "a status turned around": (in_receipts(flip_status), ReceiptsRootMismatch),
    "an event changed": (in_receipts(change_event), ReceiptsRootMismatch),
    "a receipt left out": (in_receipts(leave_out), ReceiptsRootMismatch),
    "a receipt twice": (in_receipts(repeat), ReceiptsRootMismatch),
    "no events": (in_receipts(leave_out_events), ReceiptsRootMismatch),
    "receipts of another form": (in_receipts(lambda receipts: receipts.insert(0, "0x")), NodeTalksNonsense),
    "other calldata": (in_block(other_calldata, with_transactions), BodyMismatch),
    "transactions hidden": (in_block(hide_transactions, with_transactions), BodyMismatch),
    "a header changed": (in_block(later, above_genesis), HeaderMismatch),
    "a header forged": (in_block(forged, above_genesis), ParentMismatch),
    "another genesis": (in_block(forged, lambda block: block["number"] == "0x0"), WrongGenesis),
    "a header without a field": (in_block(without_root, above_genesis), NodeTalksNonsense),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_named_and_nothing_is_taken_from_it(lie: str, gateway: Gateway, liar: Liar) -> None:
    liar.lie, expected = LIES[lie]
    with pytest.raises(expected):
        follow(gateway)
    assert taken(gateway) == -1
    facts = gateway.part(Watcher).facts()
    assert isinstance(facts["stopped"], dict)
    assert facts["stopped"]["code"] == expected.code


def test_a_node_of_another_chain_is_refused_before_anything_is_read(gateway: Gateway, liar: Liar) -> None:
    liar.lie = lambda method, _params, result: "0x7a69" if method == "eth_chainId" else result
    with pytest.raises(WrongChain):
        follow(gateway)
    assert taken(gateway) == -1


def test_history_that_changes_stops_the_watcher(gateway: Gateway, liar: Liar) -> None:
    follow(gateway)
    height = taken(gateway)
    liar.lie = in_block(forged, lambda block: int(block["number"], 16) == height)
    with pytest.raises(HistoryChanged) as refused:
        look(gateway)
    assert refused.value.values["height"] == height
    assert taken(gateway) == height


def test_a_node_that_is_rolled_back_to_another_past_stops_the_watcher(gateway: Gateway, liar: Liar) -> None:
    follow(gateway)
    height = taken(gateway)

    def lie(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_blockNumber":
            return hex(height - 1)
        if method == "eth_getBlockByNumber" and int(result["number"], 16) == height - 1:
            forged(result)
        return result

    liar.lie = lie
    with pytest.raises(HistoryChanged):
        follow(gateway)


def test_a_node_that_is_merely_behind_is_waited_for(gateway: Gateway, liar: Liar) -> None:
    follow(gateway)
    height = taken(gateway)
    liar.lie = lambda method, _params, result: hex(height - 1) if method == "eth_blockNumber" else result
    follow(gateway)
    assert taken(gateway) == height
    assert gateway.part(Watcher).facts()["stopped"] is None
    liar.honest()
    follow(gateway)
    assert taken(gateway) >= height


def test_after_a_lie_nothing_is_signed_and_everybody_is_told(network: Network, gateway: Gateway, liar: Liar) -> None:
    follow(gateway)
    gateway.worker.start()
    liar.lie = in_block(later, above_genesis)
    run_until(lambda: gateway.worker.fatal, "the worker to stop")
    draft = Draft("Ratify", {"contracts": contract_entries(network.consortium)}, "1:test", "consortium")
    with pytest.raises(HeaderMismatch):
        put(gateway, draft)
    status = client_for(gateway).get("/v1/status").json()
    assert status["facts"]["chain"]["stopped"]["code"] == "watch.header_mismatch"
    assert status["worker_fatal"]["code"] == "watch.header_mismatch"
    assert not status["ready"]
    assert isinstance(gateway.part(Watcher).stopped, Fatal)


@pytest.mark.parametrize(
    "junk", [b"", b"\xff\xfe\x00", b"<html>502</html>", b"[]", b'{"jsonrpc":"2.0","id":0}', b"null"]
)
def test_junk_is_not_a_lie_and_the_watcher_goes_on_when_it_ends(junk: bytes, gateway: Gateway, liar: Liar) -> None:
    follow(gateway)
    before = taken(gateway)
    liar.raw = junk
    with pytest.raises((NodeAnswerMalformed, NodeAway)):
        follow(gateway)
    liar.honest()
    follow(gateway)
    assert taken(gateway) >= before
    assert gateway.part(Watcher).stopped is None


def test_a_node_that_does_not_answer_is_given_up_after_its_time(network: Network, tmp_path: Path, liar: Liar) -> None:
    with open_test_gateway(network.home("BANK-A", tmp_path / "home", liar.url)) as gateway:
        pool = NodePool([liar.url], lambda url: Node(url, timeout_s=0.2))
        watcher = Watcher(gateway, pool)
        while watcher.step():
            pass
        liar.silent.set()
        with pytest.raises(NodeTimeout):
            watcher.step()
        with pytest.raises(NodeAway):
            watcher.step()
        pool.close()


def test_another_node_takes_over(network: Network, tmp_path: Path, liar: Liar) -> None:
    home = network.home("BANK-A", tmp_path / "home", liar.url, network.engine.url)
    with open_test_gateway(home) as gateway:
        follow(gateway)
        liar.raw = b"gone"
        follow(gateway)
        assert gateway.part(Watcher).facts()["node"] == network.engine.url


def test_nodes_that_disagree_stop_the_watcher(network: Network, tmp_path: Path, liar: Liar) -> None:
    home = network.home("BANK-A", tmp_path / "home", network.engine.url, liar.url)
    with open_test_gateway(home) as gateway:
        follow(gateway)
        liar.lie = in_block(forged, above_genesis)
        with pytest.raises(HistoryChanged) as refused:
            look(gateway)
        assert refused.value.values["node"] == liar.url


def test_the_watcher_goes_on_where_it_was(network: Network, tmp_path: Path, liar: Liar) -> None:
    home = network.home("BANK-A", tmp_path / "home", liar.url)
    with open_test_gateway(home) as gateway:
        follow(gateway)
        before = taken(gateway)
    liar.heard.clear()
    with open_test_gateway(home) as gateway:
        follow(gateway)
        assert taken(gateway) >= before
    assert liar.heard["eth_getBlockByNumber"] < before
