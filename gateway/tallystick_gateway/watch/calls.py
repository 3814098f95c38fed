"""Many `eth_call`s at once, in the state of the node's latest block."""

from collections.abc import Sequence

from tallystick.client import Fault, Node, NodeError, NodeRefused

__all__ = ["CallRequest", "eth_calls"]

CallRequest = tuple[bytes, bytes]
"""The contract's address, and calldata."""

_TRIES = 5


def eth_calls(node: Node, requests: Sequence[CallRequest], sender: bytes | None = None) -> list[str | NodeRefused]:
    """For each request what it returned (JSON-RPC data), or the `NodeRefused` of its revert.

    A node that keeps only the newest state refuses a call whose block was overtaken while it was answered: such calls
    are asked again. Raises a `NodeError` if the node keeps refusing, or is away.
    """
    answers: dict[int, str | NodeRefused] = {}
    asked = list(range(len(requests)))
    for left in reversed(range(_TRIES)):
        overtaken = []
        for index, answer in zip(asked, node.batch([_call(requests[index], sender) for index in asked]), strict=True):
            if isinstance(answer, NodeRefused) and (answer.revert_data or answer.fault is Fault.REVERTED):
                answers[index] = answer
            elif isinstance(answer, NodeRefused) and left:
                overtaken.append(index)
            elif isinstance(answer, NodeError):
                raise answer
            else:
                answers[index] = str(answer)
        asked = overtaken
    return [answers[index] for index in range(len(requests))]


def _call(request: CallRequest, sender: bytes | None) -> tuple[str, Sequence[object]]:
    to, calldata = request
    call = {"to": f"0x{to.hex()}", "data": f"0x{calldata.hex()}"}
    if sender is not None:
        call["from"] = f"0x{sender.hex()}"
    return "eth_call", (call, "latest")
