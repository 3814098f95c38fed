"""The gateway's parts that deal with the chain, put together: nodes, watcher, sender, and their tasks."""

from collections.abc import Callable

from tallystick_gateway.acts.examiner import Examiner
from tallystick_gateway.acts.reconciler import Reconciler
from tallystick_gateway.acts.sender import Sender
from tallystick_gateway.kit.gateway import Gateway, Reason
from tallystick_gateway.kit.worker import Task

from .auditing import Auditor
from .errors import NodeLied
from .nodes import NodePool
from .watcher import Watcher

__all__ = ["assemble_chain"]

_SEND_EVERY_S = 1.0
_EXAMINE_EVERY_S = 2.0
_RECONCILE_EVERY_S = 5.0
_AUDIT_EVERY_S = 5.0
_LOOK_EVERY_S = 2.0
"""How often each node is looked at, and the watcher tries again at least."""


def assemble_chain(gateway: Gateway) -> None:
    """Attach nodes and watcher, add the tasks, and say what `/v1/status` and `/ready` show. Nothing runs yet."""
    pool = NodePool(gateway.config.settings.chain.nodes)
    watcher = Watcher(gateway, pool)
    sender = Sender(gateway, pool, watcher.block_gas)
    reconciler = Reconciler(gateway, pool, sender)
    examiner = Examiner(gateway, pool)
    gateway.attach(pool)
    gateway.attach(watcher)
    gateway.facts["chain"] = watcher.facts
    gateway.checks.append(watcher.reason)
    gateway.checks.append(lambda: _doubt(pool))
    gateway.worker.add(
        [
            Task("watch", gateway.config.settings.chain.poll_s, _watch(gateway, watcher, sender), _LOOK_EVERY_S),
            Task("watch.nodes", _LOOK_EVERY_S, watcher.witnesses.look),
            Task("acts.send", _SEND_EVERY_S, sender.step, _RECONCILE_EVERY_S),
            Task("acts.examine", _EXAMINE_EVERY_S, examiner.step),
            Task("chain.audit", _AUDIT_EVERY_S, Auditor(gateway, pool).step),
            Task("acts.reconcile", _RECONCILE_EVERY_S, reconciler.step, _RECONCILE_EVERY_S),
        ]
    )


def _watch(gateway: Gateway, watcher: Watcher, sender: Sender) -> Callable[[], bool]:
    def run() -> bool:
        before = watcher.tip
        more = watcher.step()
        if watcher.tip != before:
            gateway.worker.nudge("acts.send")
            gateway.worker.nudge("acts.examine")
        if not more and sender.waits_for_blocks():
            gateway.worker.stopping.wait(watcher.look_again_s)
            return True
        return more

    return run


def _doubt(pool: NodePool) -> Reason | None:
    """A node that lied, while others are believed: the gateway works, and somebody should know."""
    lies = [f"{each.url}: {each.lie}" for each in pool.distrusted]
    return Reason("watch.node_lied", " ".join(lies), NodeLied.advice, blocking=False) if lies else None
