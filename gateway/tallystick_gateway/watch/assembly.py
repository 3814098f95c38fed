"""The gateway's parts that deal with the chain, put together: nodes, watcher, sender, and their tasks."""

from collections.abc import Callable

from tallystick_gateway.acts.examiner import Examiner
from tallystick_gateway.acts.reconciler import Reconciler
from tallystick_gateway.acts.sender import Sender
from tallystick_gateway.kit.gateway import Gateway, Reason
from tallystick_gateway.kit.worker import Task

from .auditing import Auditor
from .nodes import NodePool
from .watcher import Watcher

__all__ = ["assemble_chain"]

_SEND_EVERY_S = 1.0
_EXAMINE_EVERY_S = 2.0
_RECONCILE_EVERY_S = 5.0
_AUDIT_EVERY_S = 5.0
_POLL_WHILE_WAITING_S = 0.1
"""How often the watcher looks while something of ours is on its way."""


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
    gateway.checks.append(lambda: _reason(watcher))
    gateway.worker.add(
        [
            Task("watch", gateway.config.settings.chain.poll_s, _watch(gateway, watcher, sender)),
            Task("acts.send", _SEND_EVERY_S, sender.step),
            Task("acts.examine", _EXAMINE_EVERY_S, examiner.step),
            Task("chain.audit", _AUDIT_EVERY_S, Auditor(gateway, pool).step),
            Task("acts.reconcile", _RECONCILE_EVERY_S, reconciler.step),
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
            gateway.worker.stopping.wait(_POLL_WHILE_WAITING_S)
            return True
        return more

    return run


def _reason(watcher: Watcher) -> Reason | None:
    stopped = watcher.stopped
    if stopped is not None:
        return Reason(stopped.code, str(stopped), stopped.advice)
    if not watcher.joined:
        return Reason("acts.not_joined", "This gateway has not joined a consortium.", "Run `tally join`.")
    if not watcher.caught_up:
        return Reason("watch.behind", "The watcher has not caught up with the chain.", "Wait, or see /v1/status.")
    return None
