"""What the tests of the embedded engine share: a small contract, processes by their folder, and waiting for a state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tallystick.client import Block, Node
from tallystick.client.transactions import created_address, sign_transaction
from tallystick.keys import ActKey

__all__ = ["LOGS_ITS_BLOCK", "Sender", "processes_of", "until", "whole_chain"]

T = TypeVar("T")
PATIENCE_S = 60.0

LOGS_ITS_BLOCK = bytes.fromhex("600f600c600039600f6000f3" + "436000524260205260406000a000".ljust(30, "0"))
"""Creation code of a contract that logs NUMBER ‖ TIMESTAMP when called."""


class Sender:
    """An account that sends plain transactions, one after the other."""

    def __init__(self, node: Node, chain_id: int) -> None:
        self._node, self._chain_id = node, chain_id
        self._key, self._nonce = ActKey.generate(), 0

    def sign(self, to: bytes | None, data: bytes = b"", gas: int = 300_000) -> bytes:
        """The next transaction's bytes, not sent."""
        signed = sign_transaction(self._key, chain_id=self._chain_id, nonce=self._nonce, gas=gas, to=to, data=data)
        self._nonce += 1
        return signed.raw

    def deploy(self, creation_code: bytes) -> bytes:
        """The address of the new contract, once it stands."""
        address = created_address(self._key.address, self._nonce)
        self.send(None, creation_code)
        return address

    def send(self, to: bytes | None, data: bytes = b"") -> Mapping[str, Any]:
        """Send and wait for the receipt."""
        transaction = self._node.send_raw(self.sign(to, data))
        return until(lambda: self._node.receipt(transaction))


def until(look: Callable[[], T | None]) -> T:
    """What `look` gives as soon as that is something; fails after a minute."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, "waited for a minute in vain"
        time.sleep(0.02)
    return found


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process whose command line names `folder`."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in part for part in process.info["cmdline"] or [])
    ]


def whole_chain(node: Node, height: int) -> list[tuple[Block, list[Mapping[str, Any]]]]:
    """Every block up to `height` with all its receipts."""
    return [(block, node.receipts(block)) for block in node.blocks(range(height + 1))]
