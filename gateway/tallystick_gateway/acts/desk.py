"""What signing needs: the member's keys, the pinned consortium, and what the watcher has seen of the chain."""

import threading
from functools import cached_property

from tallystick.acts import Domain
from tallystick.consortium import Consortium
from tallystick.keys import ActKey
from tallystick_gateway.kit.config import Goal
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.gateway import Gateway

from .errors import NotJoined
from .states import State

__all__ = ["Desk", "desk_of"]


class Desk:
    """One gateway's signing desk. Shared by API and worker threads; secrets never leave it but as signatures."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._consortium: Consortium | None = None
        self._lock = threading.Lock()
        self._node_checked = False
        self._halted: GatewayError | None = None

    @cached_property
    def act_key(self) -> ActKey:
        """The key behind the member's signature on acts."""
        return self._gateway.keystore.act_key("act")

    @cached_property
    def recovery_key(self) -> ActKey:
        """The key that may replace the others."""
        return self._gateway.keystore.act_key("recovery")

    @cached_property
    def sender_key(self) -> ActKey:
        """The key that signs transactions; it has no authority over anything."""
        return self._gateway.keystore.act_key("sender")

    @cached_property
    def ref_secret(self) -> bytes:
        """The member's own secret under business references."""
        return self._gateway.keystore.symmetric("ref_secret")

    @property
    def consortium(self) -> Consortium:
        """What was pinned by `tally join`. Raises `NotJoined`."""
        if self._consortium is None:
            try:
                self._consortium = Consortium.parse(self._gateway.config.consortium_path.read_bytes())
            except FileNotFoundError:
                raise NotJoined("There is no consortium.json in this gateway's home.") from None
        return self._consortium

    @property
    def joined(self) -> bool:
        """Whether a consortium is pinned."""
        return self._consortium is not None or self._gateway.config.consortium_path.exists()

    @property
    def goal(self) -> State:
        """The state at which a submission is done on this chain."""
        return State.FINAL if self._gateway.config.goal is Goal.FINAL else State.INCLUDED

    def domain(self, contract: str) -> Domain:
        """The EIP-712 domain of a contract of the directory. Raises `NotJoined`, `ConsortiumMalformed`."""
        return Domain(self.consortium.chain_id, self.consortium.contract(contract).address)

    def node_checked(self) -> None:
        """The watcher found the pinned chain id and genesis at a node, and is past its first block."""
        with self._lock:
            self._node_checked = True
            self._halted = None

    def halt(self, why: GatewayError) -> None:
        """The watcher stopped: nothing is signed until it has found the chain in order again."""
        with self._lock:
            self._halted = why

    @property
    def may_sign(self) -> bool:
        """Whether a node of our chain was seen since start. Raises `ClockSkewed`, or why the watcher stopped."""
        with self._lock:
            if self._halted is not None:
                raise self._halted
            seen = self._node_checked
        self._gateway.skew.require_sound()
        return seen


_lock = threading.Lock()


def desk_of(gateway: Gateway) -> Desk:
    """The gateway's one desk."""
    with _lock:
        try:
            return gateway.part(Desk)
        except KeyError:
            desk = Desk(gateway)
            gateway.attach(desk)
            return desk
