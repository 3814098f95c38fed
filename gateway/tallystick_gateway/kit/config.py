"""`gateway.toml`: what an operator states about one gateway. Strict: an unknown or mistyped entry is an error."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "Batching",
    "Chain",
    "Config",
    "ConfigRefused",
    "Development",
    "Goal",
    "Limits",
    "Listen",
    "MemberEntry",
    "Role",
    "Settings",
]

CONFIG_NAME = "gateway.toml"
_MIB = 1024 * 1024


class ConfigRefused(GatewayError):
    """The gateway's configuration cannot be used"""

    status = 500
    code = "config.refused"
    advice = "Correct the named entry of gateway.toml, or make a fresh home with `tally init`."


class Role(StrEnum):
    """What a member is in the consortium."""

    LENDER = "LENDER"
    DEPOSITORY = "DEPOSITORY"
    ARBITRATOR = "ARBITRATOR"
    REGULATOR = "REGULATOR"


class Goal(StrEnum):
    """The state at which a submission is done; which one it is depends on the engine (`gateway.md`)."""

    INCLUDED = "included"
    FINAL = "final"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class MemberEntry(_Entry):
    """The member whose gateway this is."""

    legal_id: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=200)
    roles: list[Literal["LENDER", "DEPOSITORY", "ARBITRATOR", "REGULATOR"]] = Field(min_length=1)


class Listen(_Entry):
    """Where the API listens. Loopback unless the operator says otherwise."""

    host: str = "127.0.0.1"
    port: int = Field(default=8440, ge=0, le=65535)


class Chain(_Entry):
    """The chain's nodes, asked in this order, and the engine's kind, which fixes the goal state.

    `validator` is the address of the member's own validator node, whose votes this gateway casts; "" is the first of
    `nodes`. `acts_per_transaction` bounds how many acts travel together: fewer where nodes take smaller transactions.
    """

    nodes: list[str] = Field(default_factory=list)
    validator: str = ""
    engine: Literal["embedded", "qbft", "besu"] = "embedded"
    poll_s: float = Field(default=0.5, gt=0, le=60)
    clock_limit_s: int = Field(default=60, ge=5, le=3600)
    acts_per_transaction: int = Field(default=100, ge=1, le=100)


class Batching(_Entry):
    """When a batch of records is anchored: at `max_records` or after `max_age_s`, whichever comes first."""

    max_records: int = Field(default=100_000, ge=1, le=1_000_000)
    max_age_s: float = Field(default=2.0, ge=0, le=86_400)


class Limits(_Entry):
    """Bounds on what comes from outside."""

    body_bytes: int = Field(default=8 * _MIB, ge=1024, le=8 * _MIB)
    upload_bytes: int = Field(default=16 * 1024 * _MIB, ge=1024)
    uploads_at_once: int = Field(default=4, ge=1, le=64)
    uploads_waiting: int = Field(default=100, ge=1)
    records_waiting: int = Field(default=50_000_000, ge=1)
    requests_per_s: float = Field(default=2000.0, gt=0)
    burst: int = Field(default=4000, ge=1)
    requests_at_once: int = Field(default=512, ge=1, le=4096)
    submissions_waiting: int = Field(default=1_000_000, ge=1)


class Development(_Entry):
    """Switches that a service never has. They count only on the embedded engine."""

    arrival_dates: bool = False
    clock_offset_s: int = 0


class Settings(_Entry):
    """All of gateway.toml."""

    member: MemberEntry
    listen: Listen = Listen()
    chain: Chain = Chain()
    batching: Batching = Batching()
    limits: Limits = Limits()
    development: Development = Development()


@dataclass(frozen=True)
class Config:
    """One gateway's home folder and its settings."""

    home: Path
    settings: Settings

    @classmethod
    def load(cls, home: Path) -> Self:
        """Read `home/gateway.toml`; raises `ConfigRefused` naming the entry that is wrong."""
        path = home / CONFIG_NAME
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as missing:
            raise ConfigRefused(f"There is no {CONFIG_NAME} in {home}.", field=CONFIG_NAME) from missing
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
            raise ConfigRefused(f"{CONFIG_NAME} is not TOML: {broken}.", field=CONFIG_NAME) from broken
        return cls(home.resolve(), cls.parse(entries))

    @staticmethod
    def parse(entries: dict[str, Any]) -> Settings:
        """Settings from parsed TOML; raises `ConfigRefused`."""
        try:
            settings = Settings.model_validate(entries)
        except ValidationError as refused:
            first = refused.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            raise ConfigRefused(f"Entry {field} of {CONFIG_NAME}: {first['msg']}.", field=field) from refused
        if settings.chain.engine != "embedded" and settings.development != Development():
            raise ConfigRefused("Development switches are only allowed on the embedded engine.", field="development")
        return settings

    def write(self) -> Path:
        """Write `home/gateway.toml` anew (the home must exist); returns its path."""
        path = self.home / CONFIG_NAME
        path.write_text(self.render(), encoding="utf-8")
        return path

    def render(self) -> str:
        """The settings as TOML that `load` reads back unchanged."""
        sections = []
        for name, section in self.settings.model_dump().items():
            lines = [f"{key} = {_toml(value)}" for key, value in section.items()]
            sections.append("\n".join([f"[{name}]", *lines]))
        return "\n\n".join(sections) + "\n"

    @property
    def member_id(self) -> bytes:
        """The member's 32-byte id (`contracts.md`: SHA-256("member:" ‖ legal id))."""
        return hashlib.sha256(b"member:" + self.settings.member.legal_id.encode()).digest()

    @property
    def issuer(self) -> str:
        """The audience that a client's assertion names (RFC 7523): this member's gateway, wherever it listens."""
        return f"urn:tallystick:gateway:{self.member_id.hex()}"

    @property
    def goal(self) -> Goal:
        """`final` where headers carry seals that prove it, else `included`."""
        return Goal.INCLUDED if self.settings.chain.engine == "embedded" else Goal.FINAL

    @property
    def validator_url(self) -> str | None:
        """Where the member's own validator answers; None where nobody seals (embedded), or no node is named."""
        chain = self.settings.chain
        if chain.engine == "embedded":
            return None
        return chain.validator or next(iter(chain.nodes), None)

    @property
    def database_path(self) -> Path:
        return self.home / "gateway.db"

    @property
    def keystore_path(self) -> Path:
        return self.home / "keystore.json"

    @property
    def consortium_path(self) -> Path:
        return self.home / "consortium.json"

    @property
    def card_path(self) -> Path:
        return self.home / "card.json"

    @property
    def clients_path(self) -> Path:
        return self.home / "clients"

    @property
    def address_path(self) -> Path:
        """Holds the URL of the running gateway, for clients on this machine; absent while none runs."""
        return self.home / "gateway.url"

    @property
    def uploads_path(self) -> Path:
        return self.home / "uploads"

    @property
    def packages_path(self) -> Path:
        return self.home / "packages"


def _toml(value: object) -> str:
    """TOML's strings, numbers, booleans and arrays of them are JSON's, but for DEL, which is escaped here."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
