"""What a node of a sealed chain makes up is told from what its validators did: the one is named, the other stops all.

One network of four; its validators' keys are at hand, so that anything they could seal can be shown. Each test has a
gateway of its own that hears of the chain through the liar first and an honest node second.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tallystick.client import Node
from tallystick.keys import ActKey
from tallystick.qbft import decode_header, signers_among
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch import repository
from tallystick_gateway.watch.auditing import Auditor
from tallystick_gateway.watch.errors import (
    BlockDiffers,
    BodyMismatch,
    ChainDistrusted,
    Equivocated,
    HeaderMismatch,
    HeaderUnproved,
    HistoryChanged,
    NodeTalksNonsense,
    ReceiptsRootMismatch,
    ValidatorsUnexplained,
    WrongChain,
    WrongGenesis,
)
from tallystick_gateway.watch.nodes import NodePool
from tallystick_gateway.watch.watcher import Watcher
from tests.gateway.forging import Block, Forger, height_of, mirrored
from tests.gateway.network import Network, build_sealed
from tests.gateway.proxy import Liar, Lie, lying_node
from tests.gateway.support import client_for, keyed, open_test_gateway

pytestmark = pytest.mark.chain
FORGED = 3
"""The height at which nodes lie."""


@pytest.fixture(scope="module")
def network(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = build_sealed(tmp_path_factory.mktemp("network"))
    try:
        yield network
    finally:
        network.engine.stop()


@pytest.fixture(scope="module")
def forger(network: Network) -> Forger:
    return Forger.of(network.engine)


@pytest.fixture
def liar(network: Network) -> Iterator[Liar]:
    with lying_node(network.url) as liar:
        yield liar


@pytest.fixture
def gateway(network: Network, liar: Liar, tmp_path: Path) -> Iterator[Gateway]:
    """BANK-A's gateway, which asks the liar first; its worker does not run."""
    honest = network.engine.endpoints[1].url
    with open_test_gateway(network.home("BANK-A", tmp_path / "home", liar.url, honest)) as gateway:
        yield gateway


def follow(gateway: Gateway) -> None:
    """Take everything there is."""
    while gateway.part(Watcher).step():
        pass


def look(gateway: Gateway) -> None:
    """Look at every node, as its task does."""
    gateway.part(Watcher).witnesses.look()


def taken(gateway: Gateway) -> int:
    """The height of the last block that was believed."""
    with gateway.database.read() as session:
        last = repository.last_block(session)
        return -1 if last is None else last.height


def facts(gateway: Gateway) -> Any:
    """What the operator reads."""
    return client_for(gateway).get("/v1/chain").json()


# ── lies ──


def in_block(change: Callable[[Block], None], height: int = FORGED) -> Lie:
    """Change the block at a height, wherever it is asked for."""

    def lie(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result is not None and height_of(result) == height:
            change(result)
        return result

    return lie


def in_every_block(change: Callable[[Block], None]) -> Lie:
    """Change every block above genesis."""

    def lie(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result is not None and height_of(result) > 0:
            change(result)
        return result

    return lie


def in_bodies(change: Callable[[Block], None]) -> Lie:
    """Change every block that has transactions, where these are asked for with it."""

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[1] and result is not None and result["transactions"]:
            change(result)
        return result

    return lie


def in_receipts(change: Callable[[dict[str, Any]], None]) -> Lie:
    """Change every receipt."""

    def lie(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getTransactionReceipt" and result is not None:
            change(result)
        return result

    return lie


def block_of_another_height() -> Lie:
    """The block before, sealed and true, in the place of the one asked for."""
    kept: Block = {}

    def lie(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result is not None:
            if height_of(result) == FORGED:
                return kept
            if height_of(result) == FORGED - 1:
                kept.update(result)
        return result

    return lie


def flip_status(receipt: dict[str, Any]) -> None:
    receipt["status"] = "0x0" if receipt["status"] == "0x1" else "0x1"


def without_events(receipt: dict[str, Any]) -> None:
    receipt["logs"] = []


def without_bloom(receipt: dict[str, Any]) -> None:
    del receipt["logsBloom"]


def other_calldata(block: Block) -> None:
    block["transactions"][0]["input"] += "00"


def without_transactions(block: Block) -> None:
    block["transactions"] = []


def another_hash(block: Block) -> None:
    block["hash"] = "0x" + "22" * 32


def cut_short(block: Block) -> None:
    block["extraData"] = block["extraData"][:-2]


SAID: dict[str, tuple[Callable[[], Lie], type[ChainDistrusted]]] = {
    "a status turned around": (lambda: in_receipts(flip_status), ReceiptsRootMismatch),
    "events left out": (lambda: in_receipts(without_events), ReceiptsRootMismatch),
    "half a receipt": (lambda: in_receipts(without_bloom), NodeTalksNonsense),
    "other calldata": (lambda: in_bodies(other_calldata), BodyMismatch),
    "transactions hidden": (lambda: in_bodies(without_transactions), BodyMismatch),
    "a hash that is not the block's": (lambda: in_block(another_hash), HeaderMismatch),
    "extraData cut short": (lambda: in_block(cut_short), HeaderUnproved),
    "the block of another height": (block_of_another_height, HeaderMismatch),
    "another chain": (lambda: lambda method, _, said: "0x7a69" if method == "eth_chainId" else said, WrongChain),
}


@pytest.mark.parametrize("said", SAID)
def test_what_a_node_makes_up_is_named_and_the_next_node_is_believed(said: str, gateway: Gateway, liar: Liar) -> None:
    make, expected = SAID[said]
    liar.lie = make()
    expect_lie(gateway, liar, expected)


def test_a_node_of_another_network_with_our_chain_id_is_named(gateway: Gateway, liar: Liar, forger: Forger) -> None:
    liar.lie = in_block(lambda block: forger.change(block, 0), 0)
    expect_lie(gateway, liar, WrongGenesis)


def _repeat(seals: list[bytes]) -> list[bytes]:
    return [*seals[:2], seals[0]]


def _mirror(seals: list[bytes]) -> list[bytes]:
    return [*seals[:2], mirrored(seals[0])]


STRANGERS = [ActKey.generate() for _ in range(4)]

SEALED: dict[str, Callable[[Forger, Block], None]] = {
    "a quorum minus one": lambda forger, block: forger.seal(block, 2),
    "no seals": lambda forger, block: forger.seal(block, 0),
    "a seal twice": lambda forger, block: forger.seal(block, 3, seals=_repeat),
    "a mirrored seal": lambda forger, block: forger.seal(block, 3, seals=_mirror),
    "seals of strangers": lambda forger, block: forger.seal(block, STRANGERS),
    "a stranger among them": lambda forger, block: forger.seal(block, [*forger.keys[:2], STRANGERS[0]]),
    "another round than was sealed": lambda forger, block: forger.seal(block, 3, agreed=1),
    "another block, a minority's": lambda forger, block: forger.change(block, 2),
    "another parent, a minority's": lambda forger, block: forger.change(block, 2, parentHash="0x" + "11" * 32),
    "a set without one of them, sealed by two of the three": lambda forger, block: forger.seal(
        block, 2, listed=forger.without(forger.keys[3].address)
    ),
    "a set of strangers, sealed by all of them": lambda forger, block: forger.seal(
        block, STRANGERS, listed=sorted(key.address for key in STRANGERS)
    ),
}


@pytest.mark.parametrize("forgery", SEALED)
def test_a_header_without_its_quorum_is_the_nodes_lie_and_the_next_node_is_believed(
    forgery: str, gateway: Gateway, liar: Liar, forger: Forger
) -> None:
    liar.lie = in_block(lambda block: SEALED[forgery](forger, block))
    expect_lie(gateway, liar, HeaderUnproved)


def expect_lie(gateway: Gateway, liar: Liar, expected: type[ChainDistrusted]) -> None:
    """The liar is named, not asked again, and the chain is followed to its head as the honest node has it."""
    follow(gateway)
    said = facts(gateway)
    assert said["stopped"] is None
    assert [(lie["node"], lie["code"]) for lie in said["distrusted"]] == [(liar.url, expected.code)]
    assert [node["state"] for node in said["nodes"]] == ["distrusted", "usable"]
    assert said["checked"] > FORGED
    asked = dict(liar.heard)
    look(gateway)
    follow(gateway)
    assert liar.heard == asked
    assert_taken_as(gateway, said["node"])


def assert_taken_as(gateway: Gateway, url: str) -> None:
    """Every block taken is the one of the honest node."""
    with Node(url) as node, gateway.database.read() as session:
        for height in range(taken(gateway) + 1):
            row = repository.block_at(session, height)
            assert row is not None
            assert row.hash == node.block(height).hash


def test_a_lie_is_a_reason_to_look_but_the_gateway_stays_ready(gateway: Gateway, liar: Liar, forger: Forger) -> None:
    liar.lie = in_block(lambda block: forger.seal(block, 2))
    follow(gateway)
    answer = client_for(gateway).get("/ready")
    reasons = answer.json()["reasons"]
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert [(reason["code"], reason["blocking"]) for reason in reasons] == [("watch.node_lied", False)]
    assert liar.url in reasons[0]["detail"]


def test_when_every_node_lied_the_watcher_stops_with_the_last_lie(
    network: Network, tmp_path: Path, liar: Liar, forger: Forger
) -> None:
    with (
        lying_node(network.url) as other,
        open_test_gateway(network.home("BANK-A", tmp_path / "home", liar.url, other.url)) as gateway,
    ):
        liar.lie = in_block(lambda block: forger.seal(block, 2))
        other.lie = in_bodies(without_transactions)
        with pytest.raises(BodyMismatch):
            follow(gateway)
        said = facts(gateway)
        assert [lie["node"] for lie in said["distrusted"]] == [liar.url, other.url]
        assert said["stopped"]["code"] == BodyMismatch.code
        assert client_for(gateway).get("/ready").status_code == 503


def test_another_past_without_its_quorum_is_that_nodes_lie(gateway: Gateway, liar: Liar, forger: Forger) -> None:
    follow(gateway)
    height = taken(gateway)
    liar.lie = in_every_block(lambda block: forger.change(block, 2))
    look(gateway)
    assert [(lie["node"], lie["code"]) for lie in facts(gateway)["distrusted"]] == [(liar.url, HistoryChanged.code)]
    follow(gateway)
    assert taken(gateway) >= height


# ── the audit ──


def audit(gateway: Gateway) -> Any:
    """Ask for an audit, have it run to its end, and read it."""
    api = client_for(gateway)
    asked = api.post("/v1/chain:audit", headers=keyed()).json()
    while Auditor(gateway, gateway.part(NodePool)).step():
        pass
    return api.get(f"/v1/audits/{asked['id']}").json()


def test_an_audit_checks_every_seal_and_set_again(gateway: Gateway) -> None:
    follow(gateway)
    answer = audit(gateway)
    assert (answer["state"], answer["report"]["agreed"]) == ("DONE", True), answer
    assert answer["report"]["epochs"] == {"found": 1, "as_stored": True}


def test_an_audit_that_is_lied_to_names_the_node_and_begins_again_with_the_next(
    gateway: Gateway, liar: Liar, forger: Forger
) -> None:
    follow(gateway)
    look(gateway)
    liar.lie = in_block(lambda block: forger.seal(block, 2))
    answer = audit(gateway)
    assert (answer["state"], answer["report"]["agreed"]) == ("DONE", True), answer
    assert [lie["node"] for lie in facts(gateway)["distrusted"]] == [liar.url]


def test_an_audit_finds_epochs_that_were_changed_in_the_database(gateway: Gateway) -> None:
    follow(gateway)
    with gateway.database.write() as session:
        (epoch,) = repository.epochs(session)
        epoch.members = dict(list(epoch.members.items())[1:])
        session.add(epoch)
    report = audit(gateway)["report"]
    assert (report["agreed"], report["epochs"]) == (False, {"found": 1, "as_stored": False})


# ── what validators did ──


def expect_stop(gateway: Gateway, expected: type[ChainDistrusted]) -> ChainDistrusted:
    """The watcher has stopped for this, though another node is there, and no node is blamed."""
    stopped = gateway.part(Watcher).stopped
    assert isinstance(stopped, expected)
    assert facts(gateway)["stopped"]["code"] == expected.code
    assert facts(gateway)["distrusted"] == []
    return stopped


def expect_equivocation(gateway: Gateway, forger: Forger) -> None:
    """Both headers are there for everybody to check, and the validators that sealed both are named."""
    stopped = expect_stop(gateway, Equivocated)
    headers = [decode_header(bytes.fromhex(text)) for text in facts(gateway)["stopped"]["headers"]]
    assert [header.number for header in headers] == [stopped.values["height"]] * 2
    succession = gateway.part(Watcher).standing.succession
    assert succession is not None
    sealed = [signers_among(header, succession.sealing) for header in headers]
    assert min(map(len, sealed)) >= 3
    assert stopped.values["culprits"] == sorted(sealed[0] & sealed[1])
    assert sealed[1] == {key.address for key in forger.keys[:3]}


def test_a_second_sealed_block_on_another_node_is_equivocation(
    network: Network, tmp_path: Path, liar: Liar, forger: Forger
) -> None:
    honest = network.engine.endpoints[1].url
    with open_test_gateway(network.home("BANK-A", tmp_path / "home", honest, liar.url)) as gateway:
        follow(gateway)
        liar.lie = in_every_block(lambda block: forger.change(block, 3))
        with pytest.raises(Equivocated):
            look(gateway)
        expect_equivocation(gateway, forger)


def test_our_own_node_that_fell_back_to_another_sealed_past_is_equivocation(
    gateway: Gateway, liar: Liar, forger: Forger
) -> None:
    follow(gateway)
    height = taken(gateway) - 1
    forged = in_block(lambda block: forger.change(block, 3), height)
    liar.lie = lambda method, params, said: hex(height) if method == "eth_blockNumber" else forged(method, params, said)
    with pytest.raises(Equivocated):
        follow(gateway)
    expect_equivocation(gateway, forger)


def test_a_sealed_block_upon_another_one_than_ours_is_equivocation(
    gateway: Gateway, liar: Liar, forger: Forger
) -> None:
    liar.lie = in_block(lambda block: forger.change(block, 3, parentHash="0x" + "33" * 32))
    with pytest.raises(Equivocated) as refused:
        follow(gateway)
    assert refused.value.values["height"] == FORGED - 1
    expect_stop(gateway, Equivocated)


@pytest.mark.parametrize("by", [3, 4])
def test_a_set_that_nobody_decided_on_sealed_by_the_quorum_stops_at_once(
    by: int, gateway: Gateway, liar: Liar, forger: Forger
) -> None:
    listed = sorted([*(key.address for key in forger.keys), STRANGERS[0].address])
    liar.lie = in_block(lambda block: forger.seal(block, by, listed=listed))
    with pytest.raises(ValidatorsUnexplained) as refused:
        follow(gateway)
    assert refused.value.values["added"] == (STRANGERS[0].address,)
    expect_stop(gateway, ValidatorsUnexplained)
    (header,) = facts(gateway)["stopped"]["headers"]
    assert decode_header(bytes.fromhex(header)).extra.validators == tuple(listed)
    assert taken(gateway) < FORGED


def test_a_database_that_was_changed_is_not_taken_for_equivocation(gateway: Gateway) -> None:
    follow(gateway)
    with gateway.database.write() as session:
        row = repository.last_block(session)
        assert row is not None
        row.hash = bytes(32)
    with pytest.raises(BlockDiffers):
        look(gateway)
    expect_stop(gateway, BlockDiffers)


# ── nodes that fail without lying ──


@pytest.mark.parametrize("withheld", ["eth_getTransactionReceipt", "eth_getBlockByNumber"])
def test_a_node_that_withholds_is_passed_over_and_not_called_a_liar(
    withheld: str, gateway: Gateway, liar: Liar
) -> None:
    liar.lie = lambda method, _params, result: None if method == withheld else result
    expect_passed_over(gateway)


@pytest.mark.parametrize("junk", [b"", b"<html>502</html>", b'{"jsonrpc":"2.0","id":0,"error":{"code":-32000}}'])
def test_a_node_that_answers_by_errors_is_passed_over(junk: bytes, gateway: Gateway, liar: Liar) -> None:
    liar.raw = junk
    expect_passed_over(gateway)


def test_a_node_that_hangs_is_asked_once_and_passed_over(network: Network, tmp_path: Path, liar: Liar) -> None:
    honest = network.engine.endpoints[1].url
    with open_test_gateway(network.home("BANK-A", tmp_path / "home", liar.url, honest)) as gateway:
        pool = NodePool([liar.url, honest], lambda url: Node(url, timeout_s=1.0))
        watcher = Watcher(gateway, pool)
        watcher.step()
        liar.silent.set()
        while watcher.step():
            pass
        assert watcher.caught_up
        waits = liar.unanswered
        watcher.step()
        assert liar.unanswered == waits <= 2
        pool.close()


def expect_passed_over(gateway: Gateway) -> None:
    """The chain was followed by the other node, and nobody is called a liar."""
    follow(gateway)
    said = facts(gateway)
    assert said["distrusted"] == []
    assert said["checked"] == said["head"] > FORGED
    assert [node["state"] for node in said["nodes"]] == ["away", "usable"]
