"""Who may speak to whom: each node's own allow-list rewritten, and its connections made or dropped to match."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence

from tallystick.client import Node, NodeUnreachable
from tallystick_devnet.engines.network.settings import NetworkFolder, NetworkSettings
from tallystick_devnet.engines.network.software import Software
from tallystick_devnet.errors import GroupsWrong

__all__ = ["allow", "check_groups"]

_TIMEOUT_S = 10.0


def check_groups(groups: Sequence[Collection[int]], nodes: int) -> None:
    """Raise `GroupsWrong` unless every node is in exactly one group."""
    numbers = sorted(number for group in groups for number in group)
    if numbers != list(range(nodes)):
        raise GroupsWrong(groups=" ".join(",".join(map(str, sorted(group))) for group in groups), last=nodes - 1)


def allow(
    folder: NetworkFolder,
    software: Software,
    settings: NetworkSettings,
    groups: Sequence[Collection[int]],
    running: Collection[int],
) -> None:
    """Let each node speak to its group only. A node that does not run keeps to it once it does.

    A paused one is dropped by those that run; two paused ones stay connected to each other.
    """
    group_of = {number: group for group in groups for number in group}
    for number, group in group_of.items():
        software.write_allow_list(folder.node(number), [settings.nodes[peer] for peer in sorted(group)])
    for number in running:
        with Node(settings.nodes[number].url, timeout_s=_TIMEOUT_S) as node, contextlib.suppress(NodeUnreachable):
            software.read_again(node)
            for peer, other in enumerate(settings.nodes):
                if peer != number:
                    node.call("admin_addPeer" if peer in group_of[number] else "admin_removePeer", other.enode)
