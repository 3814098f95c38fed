"""Nodes that lie to a running gateway: caught by what it recomputes, named, and left for the next one.

Which lie is told apart how is tested beside the watcher (`tests/gateway/watch`); here a gateway lives through them.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tallystick_devnet.demo.cast import ARBITRATION, DEPOSITORY, ORIGINATOR, PARTNER
from tallystick_devnet.engines import EmbeddedEngine
from tests.gateway.forging import Block, Forger, height_of
from tests.gateway.network import run_until
from tests.gateway.proxy import Lie, lying_node
from tests.network.live import PATIENCE_S, Live

pytestmark = pytest.mark.chain

RECEIPTS = ("eth_getTransactionReceipt", "eth_getBlockReceipts")
QUORUM = 3


def wrong_receipts(_forger: Forger, first: int) -> Lie:
    """Transactions that logged nothing."""

    def silenced(result: Any) -> Any:
        if isinstance(result, list):
            return [silenced(each) for each in result]
        return {**result, "logs": []} if result and int(result["blockNumber"], 16) >= first else result

    return lambda method, _params, result: silenced(result) if method in RECEIPTS else result


def wrong_header(_forger: Forger, first: int) -> Lie:
    """Another state under the same hash."""
    return about_blocks(first, lambda block: block.update(stateRoot=f"0x{'ab' * 32}"))


def quorum_minus_one(forger: Forger, first: int) -> Lie:
    """The real block with one seal too few."""
    return about_blocks(first, lambda block: forger.seal(block, QUORUM - 1))


def old_set(forger: Forger, first: int) -> Lie:
    """A block by the set of a time without the fourth validator, sealed by a quorum of that set."""
    return about_blocks(
        first, lambda block: forger.seal(block, QUORUM - 1, listed=forger.without(forger.keys[-1].address))
    )


def other_fork(forger: Forger, first: int) -> Lie:
    """Another block in the real one's place, by a minority of the right set."""
    return about_blocks(first, lambda block: forger.change(block, QUORUM - 1))


LIES = {
    wrong_receipts: "watch.receipts_root_mismatch",
    wrong_header: "watch.header_mismatch",
    quorum_minus_one: "watch.header_unproved",
    old_set: "watch.header_unproved",
    other_fork: "watch.header_unproved",
}


def about_blocks(first: int, change: Callable[[Block], None]) -> Lie:
    """A lie about every block from this height on that is asked for by its height."""

    def lie(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result and height_of(result) >= first:
            change(result)
        return result

    return lie


def test_a_gateway_names_one_liar_after_the_other_and_goes_on_with_the_next_node(live: Live) -> None:
    forger = Forger.of(live.engine)
    own, other, *_ = live.config(PARTNER).settings.chain.nodes
    with ExitStack() as stack:
        liars = [stack.enter_context(lying_node(own)) for _ in LIES]
        stack.enter_context(live.asking(PARTNER, *(liar.url for liar in liars), other))
        load = stack.enter_context(live.load())
        for caught, (liar, lie) in enumerate(zip(liars, LIES, strict=True)):
            run_until(lambda liar=liar: live.chain(PARTNER)["node"] == liar.url or None, "it is asked", PATIENCE_S)
            live.goes_on(PARTNER, blocks=1)
            liar.lie = lie(forger, live.checked(PARTNER) + 2)
            run_until(lambda caught=caught: len(distrusted(live)) > caught or None, lie.__name__, PATIENCE_S)
            assert distrusted(live)[liar.url] == LIES[lie], lie.__name__
        load.end()
        live.all_final(load.submissions)
        live.goes_on(PARTNER)
        chain = live.chain(PARTNER)
        assert (chain["node"], chain["stopped"]) == (other, None)
        assert list(distrusted(live)) == [liar.url for liar in liars]
        said = live.gateways.log(PARTNER).read_text().splitlines()
        status = live.api(PARTNER).get("/v1/status")
        for liar in liars:
            assert any('"critical"' in line and liar.url in line for line in said)
            assert any(liar.url in reason["detail"] for reason in status["reasons"])
        live.nothing_lost_nothing_doubled()


def test_a_gateway_whose_every_node_lied_stops_and_goes_on_when_it_is_started_again(live: Live) -> None:
    own = live.config(PARTNER).settings.chain.nodes[0]
    with lying_node(own) as liar, live.asking(PARTNER, liar.url):
        live.goes_on(PARTNER)
        first = live.checked(PARTNER) + 2
        liar.lie = quorum_minus_one(Forger.of(live.engine), first)
        stopped = run_until(lambda: live.chain(PARTNER)["stopped"], "it stops", PATIENCE_S)
        assert stopped["code"] == "watch.header_unproved"
        assert distrusted(live) == {liar.url: "watch.header_unproved"}
        assert live.checked(PARTNER) == first - 1
        assert not live.api(PARTNER).get("/v1/status")["ready"]
        live.all_final([live.hand_in()])
        live.goes_on(ORIGINATOR, DEPOSITORY, ARBITRATION)

        liar.honest()
        live.gateways.kill(PARTNER)
        live.gateways.start()
        live.goes_on(PARTNER)
        assert live.chain(PARTNER)["stopped"] is None
        live.nothing_lost_nothing_doubled()


def test_nodes_of_another_chain_and_of_another_network_are_refused_by_name(live: Live) -> None:
    forger = Forger.of(live.engine)

    def another_beginning(block: Block) -> None:
        if height_of(block) == 0:
            forger.change(block, 0)

    own, other, *_ = live.config(PARTNER).settings.chain.nodes
    with EmbeddedEngine() as elsewhere, lying_node(own) as namesake:
        namesake.lie = about_blocks(0, another_beginning)
        with live.asking(PARTNER, elsewhere.url, namesake.url, other):
            live.goes_on(PARTNER)
            assert distrusted(live) == {elsewhere.url: "watch.wrong_chain", namesake.url: "watch.wrong_genesis"}
            (told,) = (each["detail"] for each in live.chain(PARTNER)["distrusted"] if each["node"] == elsewhere.url)
            assert str(elsewhere.chain_id) in told
            assert str(live.engine.chain_id) in told


def distrusted(live: Live) -> dict[str, str]:
    """The nodes that the partner's gateway distrusts, in the order in which they were caught, and for what."""
    return {each["node"]: each["code"] for each in live.chain(PARTNER)["distrusted"]}
