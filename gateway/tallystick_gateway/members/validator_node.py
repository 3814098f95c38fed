"""The member's own validator node: who it is, and the votes on validators that it casts when it proposes a block.

Both client kinds have the same three methods under other names. GoQuorum (a stand-in for Besu) and Besu keep votes in
memory only: they are gone when the node restarts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tallystick.client import Fault, Node, NodeAnswerMalformed, NodeKind, NodeRefused
from tallystick.hexadecimal import byte_string
from tallystick.keys import Address, address_of
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["MethodMissing", "ValidatorNode"]

_PUBLIC_KEY_BYTES = 64
_WHO_AM_I = "admin_nodeInfo"


class MethodMissing(GatewayError):
    """The validator node does not offer a method that its gateway needs"""

    status = 503
    code = "validator.method_missing"
    advice = (
        "Enable the node's admin API and its validator votes (Besu: --rpc-http-api=…,ADMIN,QBFT) on an address that "
        "only this gateway reaches."
    )


@dataclass(frozen=True, slots=True)
class _Methods:
    pending: str
    propose: str
    discard: str


_ISTANBUL = _Methods("istanbul_candidates", "istanbul_propose", "istanbul_discard")
_QBFT = _Methods("qbft_getPendingVotes", "qbft_proposeValidatorVote", "qbft_discardValidatorVote")
_METHODS = {NodeKind.GOQUORUM: _ISTANBUL, NodeKind.BESU: _QBFT}


class ValidatorNode:
    """A node's own words; nothing of it is proved. Every method raises `MethodMissing` or a `NodeError`."""

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def url(self) -> str:
        """Where it answers, without credentials."""
        return self._node.url

    def check_chain(self, chain_id: int) -> None:
        """Raises `ChainIdWrong` unless it serves this chain."""
        self._node.check_chain_id(chain_id)

    def address(self) -> Address:
        """The address of the key with which it seals: that of its enode's public key."""
        found = self._call(_WHO_AM_I)
        enode = found.get("enode") if isinstance(found, Mapping) else None
        try:
            public_key = bytes.fromhex(urlsplit(enode).username or "" if isinstance(enode, str) else "")
            return address_of(public_key)
        except ValueError:
            raise self._malformed(_WHO_AM_I, "no enode with a public key") from None

    def votes(self) -> dict[Address, bool]:
        """What it asks for in each block it proposes: to let the address in (True) or to drop it."""
        method = self._methods().pending
        found = self._call(method)
        if not isinstance(found, Mapping) or not all(isinstance(add, bool) for add in found.values()):
            raise self._malformed(method, "no map of addresses to votes")
        try:
            return {Address(byte_string(address, 20)): add for address, add in found.items()}
        except ValueError:
            raise self._malformed(method, "a vote on no address") from None

    def vote(self, address: Address, *, add: bool) -> None:
        """Ask from now on for `address` to be let in, or dropped. Repeating changes nothing."""
        self._call(self._methods().propose, _hex(address), add)

    def withdraw(self, address: Address) -> None:
        """Ask no more about `address`. What stands in blocks already is counted until the engine forgets it."""
        self._call(self._methods().discard, _hex(address))

    def _methods(self) -> _Methods:
        kind = self._node.kind()
        if kind not in _METHODS:
            raise MethodMissing(f"The node at {self.url} is neither GoQuorum nor Besu.", node=self.url, kind=kind)
        return _METHODS[kind]

    def _call(self, method: str, *params: object) -> object:
        try:
            return self._node.call(method, *params)
        except NodeRefused as refused:
            if refused.fault is Fault.METHOD_UNKNOWN:
                raise MethodMissing(f"The node at {self.url} does not offer {method}.", node=self.url) from None
            raise

    def _malformed(self, method: str, reason: str) -> NodeAnswerMalformed:
        return NodeAnswerMalformed(url=self.url, method=method, reason=reason)


def _hex(address: Address) -> str:
    return f"0x{address.hex()}"
