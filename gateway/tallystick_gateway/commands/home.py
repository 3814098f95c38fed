"""`tally init`: a member's keys, configuration and card in a new home folder; `tally clients`: who may use the API."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path

import click

from tallystick.consortium import CardKeys, MemberCard, Role, is_sealed, sign_card
from tallystick.hexadecimal import byte_string
from tallystick.keys import Address, KeyKind, Keystore
from tallystick.strictjson import loads_object
from tallystick_gateway.commands.following import read_object
from tallystick_gateway.kit.cli import Tally, pass_tally
from tallystick_gateway.kit.clients import ed25519_jwk, register_client
from tallystick_gateway.kit.config import Chain, Config, Development, Listen, Settings
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.roles import ClientRole

__all__ = ["HomeExists", "clients", "init", "make_home"]

LOCAL_CLIENT = "local"
ROLE_NAMES = tuple(Role.__members__)
KEYS: tuple[tuple[str, KeyKind, str], ...] = (
    ("act", KeyKind.SECP256K1, "ACT: signs the member's acts"),
    ("recovery", KeyKind.SECP256K1, "RECOVERY: replaces the others"),
    ("sender", KeyKind.SECP256K1, "signs transactions that carry acts; no authority"),
    ("exchange", KeyKind.ED25519, "EXCHANGE: gateway to gateway"),
    ("seal", KeyKind.X25519, "SEAL: documents are sealed to it"),
    ("client", KeyKind.ED25519, "local client of the API"),
    ("kek", KeyKind.SYMMETRIC, "wraps record and agreement secrets in the database"),
    ("ref_secret", KeyKind.SYMMETRIC, "the member's own business references"),
)


VALIDATOR_KEY = ("validator", KeyKind.SECP256K1, "VALIDATOR: seals blocks of one chain")
"""Made only for a member without a validator node: the key of a node stays with that node."""


class _ValidatorAddress(click.ParamType[Address]):
    """An Ethereum address on the command line."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        try:
            return Address(byte_string(str(value).lower(), 20))
        except ValueError:
            self.fail(f"{value!r} is no address: 0x and 40 hexadecimal digits", param, ctx)


class HomeExists(GatewayError):
    """The home folder is in use already"""

    status = 409
    code = "home.exists"
    advice = "Choose another --home, or move the old one away: it holds keys."


@click.command()
@pass_tally
@click.option("--legal-id", required=True, help="The institution's legal identifier, such as LEI:5493001KJTIIGC8Y1R12.")
@click.option("--name", required=True, help="The institution's name, as others should read it.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLE_NAMES), help="Repeatable.")
@click.option("--node", "nodes", multiple=True, help="URL of a chain node; repeatable, asked in this order.")
@click.option("--engine", type=click.Choice(["embedded", "qbft", "besu"]), default="embedded", show_default=True)
@click.option(
    "--validator",
    type=_ValidatorAddress(),
    metavar="0xADDRESS",
    help="Address of this member's own validator node; its key stays with the node. [default: a key is made]",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8440, show_default=True, help="Where the API listens.")
@click.option("--endpoint", help="URL under which other members reach this gateway. [default: the API's own]")
@click.option("--development-arrival-dates", is_flag=True, help="Uploads may name their arrival date (embedded only).")
def init(
    tally: Tally,
    legal_id: str,
    name: str,
    roles: tuple[str, ...],
    nodes: tuple[str, ...],
    engine: str,
    validator: Address | None,
    port: int,
    endpoint: str | None,
    development_arrival_dates: bool,
) -> None:
    """Make a member's keys, configuration and signed member card in a new home folder."""
    settings = Config.parse(
        {
            "member": {"legal_id": legal_id, "name": name, "roles": list(roles)},
            "listen": Listen(port=port).model_dump(),
            "chain": Chain(nodes=list(nodes), engine=engine).model_dump(),  # type: ignore[arg-type]  # click checked it
            "development": Development(arrival_dates=development_arrival_dates).model_dump(),
        }
    )
    card = make_home(
        tally.home, settings, tally.passphrase(twice=True), endpoint or f"http://127.0.0.1:{port}", validator
    )
    tally.emit({"member": card.member.hex(), "home": str(tally.home), "card": str(tally.home / "card.json")})
    tally.say(f"{card.name} is member {card.member.hex()}")
    tally.say(
        f"Made {tally.home}/ with keystore.json, gateway.toml, card.json. Back up keystore.json and its passphrase."
    )
    if is_sealed(engine) and validator is None:
        tally.say("No --validator was given: this member seals no blocks, and cannot be a founder of a sealed chain.")
    tally.say(
        "Next: hand card.json to whoever assembles the consortium (tally consortium assemble CARD…), or to a member"
    )
    tally.say("      that proposes your admission to one (tally proposals make Admit --card CARD).")
    joining = tally.line("join consortium.json --expect DIGEST")
    tally.say(f"      Then join with the file and the digest they give you: {joining}")


def make_home(
    home: Path, settings: Settings, passphrase: str, endpoint: str, validator: Address | None = None
) -> MemberCard:
    """Fill a new `home` (mode 0700) and return the signed card. All or nothing: a failure leaves no half-made home.

    `validator` is the address of the member's own validator node; without one a validator key is made here.
    Raises `HomeExists` if it holds anything but what a stopped `init` left.
    """
    if home.exists() and any(home.iterdir()):
        raise HomeExists(f"{home} is not empty.", home=str(home))
    home.parent.mkdir(parents=True, exist_ok=True)
    fresh = home.parent / f".{home.resolve().name}.{secrets.token_hex(4)}.new"
    fresh.mkdir(mode=0o700)
    try:
        card = _fill(Config(fresh, settings), passphrase, endpoint, validator)
        fresh.replace(home)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return card


def _fill(config: Config, passphrase: str, endpoint: str, validator: Address | None) -> MemberCard:
    keystore = Keystore.create(config.keystore_path, passphrase)
    public = {name: keystore.generate(name, kind, purpose).public for name, kind, purpose in KEYS}
    if validator is None:
        keystore.generate(*VALIDATOR_KEY)
        validator = keystore.act_key("validator").address
    member = config.settings.member
    card = MemberCard(
        legal_id=member.legal_id,
        name=member.name,
        roles=tuple(Role[role] for role in member.roles),
        keys=CardKeys(
            act=keystore.act_key("act").address,
            recovery=keystore.act_key("recovery").address,
            validator=validator,
            exchange=public["exchange"],
            seal=public["seal"],
            document=bytes(32),
        ),
        endpoint=endpoint,
    )
    signed = sign_card(card, keystore.act_key("act"), keystore.act_key("recovery"))
    signed = MemberCard.parse(json.dumps(signed.to_json()).encode())
    config.write()
    config.uploads_path.mkdir(mode=0o700)
    _write_durably(config.card_path, json.dumps(signed.to_json(), indent=1, ensure_ascii=False).encode() + b"\n")
    register_client(config.clients_path, LOCAL_CLIENT, ClientRole.ADMIN, ed25519_jwk(public["client"]))
    return signed


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@click.group()
def clients() -> None:
    """Who may use this gateway's API."""


@clients.command("add")
@pass_tally
@click.argument("client_id")
@click.option("--role", type=click.Choice([role.value for role in ClientRole]), required=True)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Public Ed25519 or P-256 key, as a JWK file.",
)
def add_client(tally: Tally, client_id: str, role: str, key: Path) -> None:
    """Register CLIENT_ID with its public key; its requests for tokens are signed with the private half."""
    config = tally.config
    jwk = {name: str(value) for name, value in read_object(key).items()}
    path = register_client(config.clients_path, client_id, ClientRole(role), jwk)
    click.echo(f"Client {client_id} may act as {role}. To end its access, delete {path}.")
    click.echo(f"It asks for tokens at /v1/oauth/token with an assertion whose audience is {config.issuer}.")


@clients.command("list")
@pass_tally
def list_clients(tally: Tally) -> None:
    """The registered clients."""
    for path in sorted(tally.config.clients_path.glob("*.json")):
        entry = loads_object(path.read_bytes(), max_bytes=16_384)
        click.echo(f"{entry.get('id')}  {entry.get('role')}")
