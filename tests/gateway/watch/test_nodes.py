"""Whom to ask: the operator's order, but for nodes that failed, fell behind, or lied."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tallystick.client import Node, NodeTimeout, NodeUnreachable
from tallystick_gateway.watch.errors import NodeAway, ReceiptsRootMismatch
from tallystick_gateway.watch.nodes import NodePool, NodeState

OWN, SECOND, THIRD = (f"http://127.0.0.1:{port}" for port in (1, 2, 3))
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(clock: Clock) -> Iterator[NodePool]:
    """Three nodes, all admitted, at height 100."""
    pool = NodePool([OWN, SECOND, THIRD], now_s=clock)
    for node in pool.nodes:
        pool.admit(node)
        pool.saw_head(node, 100)
    yield pool
    pool.close()


def preferred(pool: NodePool) -> str | None:
    node = pool.preferred()
    return node.url if node else None


def states(pool: NodePool) -> list[NodeState]:
    return [view.state for view in pool.views()]


def gone(node: Node) -> NodeUnreachable:
    return NodeUnreachable(url=node.url, reason="connection refused")


def test_a_node_is_asked_only_after_it_was_checked(clock: Clock) -> None:
    pool = NodePool([OWN, SECOND], now_s=clock)
    assert preferred(pool) is None
    with pytest.raises(NodeAway), pool.admitted():
        pass
    pool.admit(pool.nodes[1])
    assert preferred(pool) == SECOND
    pool.admit(pool.nodes[0])
    assert preferred(pool) == OWN


def test_a_node_that_hangs_is_asked_first_again_only_after_it_has_answered_a_check(
    pool: NodePool, clock: Clock
) -> None:
    own = pool.nodes[0]
    with pytest.raises(NodeTimeout), pool.admitted() as node:
        raise NodeTimeout(url=node.url, timeout_s=5.0)
    assert preferred(pool) == SECOND
    assert own not in pool.due()
    clock.s += 2
    assert own in pool.due()
    assert preferred(pool) == SECOND
    pool.admit(own)
    assert preferred(pool) == OWN


def test_a_node_that_fails_again_and_again_is_looked_at_ever_more_seldom_but_never_given_up(
    pool: NodePool, clock: Clock
) -> None:
    own = pool.nodes[0]
    waits = []
    for _ in range(9):
        pool.demote(own, gone(own))
        began = clock.s
        while own not in pool.due():
            clock.s += 1
        waits.append(clock.s - began)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60, 60]
    clock.s += 200
    pool.demote(own, gone(own))
    clock.s += 2
    assert own in pool.due()


def test_a_node_that_falls_behind_for_some_time_gives_way_to_one_that_is_ahead(pool: NodePool, clock: Clock) -> None:
    own, second, _ = pool.nodes
    pool.saw_head(second, 104)
    assert preferred(pool) == OWN
    clock.s += 3
    assert preferred(pool) == SECOND
    assert states(pool) == [NodeState.BEHIND, NodeState.USABLE, NodeState.BEHIND]
    pool.saw_head(own, 105)
    assert preferred(pool) == OWN


def test_a_node_a_few_blocks_behind_keeps_its_place(pool: NodePool, clock: Clock) -> None:
    pool.saw_head(pool.nodes[1], 103)
    clock.s += 60
    assert preferred(pool) == OWN


def test_the_height_of_a_node_that_failed_makes_nobody_look_late(pool: NodePool, clock: Clock) -> None:
    boaster = pool.nodes[2]
    pool.saw_head(boaster, 10**9)
    pool.demote(boaster, gone(boaster))
    pool.saw_head(pool.nodes[0], 101)
    clock.s += 10
    assert preferred(pool) == OWN


def test_if_all_others_are_away_one_that_is_behind_is_better_than_none(pool: NodePool, clock: Clock) -> None:
    _, second, third = pool.nodes
    pool.saw_head(second, 200)
    clock.s += 5
    pool.demote(second, gone(second))
    pool.demote(third, gone(third))
    assert preferred(pool) == OWN


def test_a_node_that_lied_is_out_for_good(pool: NodePool, clock: Clock) -> None:
    own = pool.nodes[0]
    lie = ReceiptsRootMismatch("The 2 receipts of block 7 do not give its receipts root.")
    assert pool.distrust(own, lie, AT)
    clock.s += 1000
    pool.admit(own)
    assert own not in (*pool.nodes, *pool.due(), *pool.candidates())
    assert preferred(pool) == SECOND
    (known,) = pool.distrusted
    assert (known.url, known.lie, known.at) == (OWN, lie, AT)
    assert pool.views()[0].detail == str(lie)


def test_the_last_one_that_lies_leaves_nobody(pool: NodePool) -> None:
    lie = ReceiptsRootMismatch("no")
    assert [pool.distrust(node, lie, AT) for node in pool.nodes] == [True, True, False]
    assert preferred(pool) is None


def test_a_height_that_falls_is_told(pool: NodePool) -> None:
    pool.saw_head(pool.nodes[0], 60)
    assert pool.views()[0].detail == "Its height fell from 100 to 60."
    assert pool.views()[0].head == 60


def test_candidates_are_tried_in_the_order_in_which_they_did_not_fail_lately(pool: NodePool, clock: Clock) -> None:
    own, second, third = pool.nodes
    for node in (second, own, third):
        clock.s += 1
        pool.demote(node, gone(node))
    assert pool.candidates() == [second, own, third]
    assert pool.away().values["why"] == "node.unreachable"
