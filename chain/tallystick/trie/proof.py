"""Judging a proof: the nodes referred to by hash on the way from the root to the key, root first.

Each node is used exactly once, in this order, and none is left over.
"""

from collections.abc import Iterator, Sequence

from tallystick.keccak import keccak256

from .nodes import EMPTY_ROOT, HASH_BYTES, Branch, Extension, Leaf, Node, Reference, key_of, parse_node, refuse

__all__ = ["verify_ordered_absence", "verify_ordered_proof"]


def verify_ordered_proof(root: bytes, index: int, nodes: Sequence[bytes]) -> bytes:
    """The value that stands at `index` under `root`.

    Raises `TrieProofInvalid` if the nodes prove absence, prove nothing, are not canonical, or are not exactly the nodes
    needed in their order.
    """
    value = _walk(root, index, nodes)
    if value is None:
        refuse(f"it shows that index {index} is absent")
    return value


def verify_ordered_absence(root: bytes, index: int, nodes: Sequence[bytes]) -> None:
    """Accept that nothing stands at `index` under `root`; raises `TrieProofInvalid` as `verify_ordered_proof` does."""
    if _walk(root, index, nodes) is not None:
        refuse(f"it shows that index {index} is there")


def _walk(root: bytes, index: int, nodes: Sequence[bytes]) -> bytes | None:
    path = key_of(index)
    waiting = iter(nodes)
    value = None if root == EMPTY_ROOT else _descend(_resolve_root(root, waiting), path, waiting)
    if next(waiting, None) is not None:
        refuse("it has nodes that are not on the way to the key")
    return value


def _descend(node: Node, path: bytes, waiting: Iterator[bytes]) -> bytes | None:
    """Follow `path` from `node`: the value at its end, or None where the trie ends before it."""
    while not isinstance(node, Leaf):
        if isinstance(node, Branch):
            if not path:
                refuse("a branch stands where only a leaf can")
            child, path = node.children[path[0]], path[1:]
            if child is None:
                return None
            node = _resolve(child, waiting)
        else:
            if not path.startswith(node.segment):
                return None
            path = path[len(node.segment) :]
            node = _resolve_branch(node, waiting)
    return node.value if node.segment == path else None


def _resolve_branch(extension: Extension, waiting: Iterator[bytes]) -> Node:
    node = _resolve(extension.child, waiting)
    if not isinstance(node, Branch):
        refuse("an extension that does not lead to a branch")
    return node


def _resolve(reference: Reference, waiting: Iterator[bytes]) -> Node:
    if not isinstance(reference, bytes):
        return reference
    encoded = _next_node(reference, waiting)
    if len(encoded) < HASH_BYTES:
        refuse("a node is referred to by hash though it is short enough to stand inside its parent")
    return parse_node(encoded)


def _resolve_root(root: bytes, waiting: Iterator[bytes]) -> Node:
    return parse_node(_next_node(root, waiting))


def _next_node(expected: bytes, waiting: Iterator[bytes]) -> bytes:
    encoded = next(waiting, None)
    if encoded is None:
        refuse("a node is missing")
    if keccak256(encoded) != expected:
        refuse("a node has another hash than the one referred to")
    return encoded
