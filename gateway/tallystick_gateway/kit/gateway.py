"""One running gateway: what its domains need, made once and handed around."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from tallystick.keys import Keystore
from tallystick_gateway.kit.auth import Authority
from tallystick_gateway.kit.clients import Clients
from tallystick_gateway.kit.clock import Clock, SkewMonitor, clock_of
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.db import Database
from tallystick_gateway.kit.idempotency import Idempotency
from tallystick_gateway.kit.pulse import Pulse
from tallystick_gateway.kit.ratelimit import RateLimit
from tallystick_gateway.kit.scoping import guard
from tallystick_gateway.kit.vault import Vault
from tallystick_gateway.kit.worker import Worker

__all__ = ["Gateway", "Reason", "open_gateway"]

Part = TypeVar("Part")


@dataclass(frozen=True)
class Reason:
    """Why the gateway is not ready, in words an operator can act on; or, not `blocking`, what should be looked into."""

    code: str
    detail: str
    advice: str
    blocking: bool = True


@dataclass(eq=False)
class Gateway:
    """Configuration, clock, database, keys and worker of one gateway; domains add their own parts and checks.

    `checks` return a reason, or None; they MUST be quick and not raise.
    """

    config: Config
    clock: Clock
    database: Database
    keystore: Keystore
    worker: Worker
    skew: SkewMonitor
    pulse: Pulse
    authority: Authority
    idempotency: Idempotency
    rate_limit: RateLimit
    vault: Vault
    checks: list[Callable[[], Reason | None]] = field(default_factory=list)
    facts: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What `/v1/status` shows besides the worker's tasks, by name (`chain`, `records`, …)."""
    _parts: dict[type, object] = field(default_factory=dict, repr=False)

    def attach(self, part: object) -> None:
        """Keep a domain's part (a `Desk`, a `Watcher`) for `part()`; one of each type."""
        self._parts[type(part)] = part

    def part(self, kind: type[Part]) -> Part:
        """The attached part of that type; KeyError if app.py did not attach one (a defect)."""
        return cast("Part", self._parts[kind])

    def reasons(self) -> list[Reason]:
        """Everything that keeps the gateway from being ready, and what else should be looked into."""
        found = [reason for check in self.checks if (reason := check())]
        if not self.skew.sound:
            found.append(
                Reason(
                    "clock.skew",
                    f"Our clock and the chain's blocks differ by {self.skew.skew_s:.0f} s.",
                    "Set the machine's clock (NTP).",
                )
            )
        if self.worker.fatal:
            found.append(
                Reason("worker.stopped", f"The worker has stopped: {self.worker.fatal['detail']}", "Read the log.")
            )
        return found


def open_gateway(config: Config, keystore: Keystore, clock: Clock | None = None) -> Gateway:
    """Put a gateway together over a migrated database. The caller holds the lease and closes the database."""
    clock = clock or clock_of(config)
    limits = config.settings.limits
    database = guard(Database(config.database_path, config.member_id, clock.now))
    pulse = Pulse()
    database.on_commit(pulse.beat)
    return Gateway(
        config=config,
        clock=clock,
        database=database,
        keystore=keystore,
        worker=Worker(clock),
        skew=SkewMonitor(clock, config.settings.chain.clock_limit_s),
        pulse=pulse,
        authority=Authority(Clients(config.clients_path), database, clock, config.issuer),
        idempotency=Idempotency(database, clock),
        rate_limit=RateLimit(limits.requests_per_s, limits.burst),
        vault=Vault(keystore.symmetric("kek")),
    )
