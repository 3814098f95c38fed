"""The four gateways as the processes an institution would run: `tally … serve`, each with its own home."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tallystick.errors import TallystickError
from tallystick_devnet.demo.cast import CAST, Part
from tallystick_devnet.demo.chain import DemoChain
from tallystick_devnet.engines.ports import free_port, free_ports, is_free
from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.config import Config

__all__ = ["GatewayStopped", "Gateways", "StepFailed", "tally"]

_START_S: Final = 90.0
_STOP_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.1
_LAST_LINES: Final = 12


class StepFailed(TallystickError):
    """A `tally` command of the demonstration did not do its work."""

    code = "demo.step_failed"
    advice = "Its own message is above."


class GatewayStopped(TallystickError):
    """One of the four gateways is not running any more."""

    code = "demo.gateway_stopped"
    advice = "Its last words are above, all of them in its log; going on starts it again."


def tally(home: Path, passphrase_file: Path, *arguments: str) -> str:
    """Run one `tally` command as its user would; its output. Raises `StepFailed` with what it said."""
    result = subprocess.run(
        [sys.executable, "-m", "tallystick_gateway", "--home", str(home), *arguments],
        env=_environment(passphrase_file),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise StepFailed(f"tally {arguments[0]} for {home.name}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


class Gateways:
    """Homes and processes of the four members under one folder. Leaving the block ends every process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.passphrase_file = _passphrase_in(folder)
        self._processes: dict[Part, subprocess.Popen[bytes]] = {}
        self._clients: dict[Part, ApiClient] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def home(self, part: Part) -> Path:
        return self._folder / part.folder

    def init(self, chain: DemoChain) -> None:
        """`tally init` for whoever has no home yet, each with the node of its place in the cast."""

        def init(position: int, port: int) -> None:
            part = CAST[position]
            options = ["--legal-id", part.legal_id, "--name", part.name, "--role", part.role]
            self.tally(part, "init", *options, "--port", str(port), *chain.init_options(position))

        homeless = [position for position, part in enumerate(CAST) if not self.home(part).exists()]
        _at_once(init, homeless, free_ports(len(homeless)))

    def join(self, document: Path, digest: str) -> None:
        """`tally join` for whoever has not joined yet."""
        outside = [part for part in CAST if not (self.home(part) / "consortium.json").exists()]
        _at_once(lambda part: self.tally(part, "join", str(document), "--expect", digest), outside)

    def settle_addresses(self, chain: DemoChain) -> None:
        """What an earlier run listened on may be taken now, and nodes may have moved: write it down anew."""
        for position, part in enumerate(CAST):
            config = Config.load(self.home(part))
            settings = config.settings
            port = settings.listen.port if is_free(settings.listen.port) else free_port()
            listen = settings.listen.model_copy(update={"port": port})
            nodes = settings.chain.model_copy(update={"nodes": chain.nodes(position)})
            Config(config.home, settings.model_copy(update={"listen": listen, "chain": nodes})).write()

    def tally(self, part: Part, *arguments: str) -> str:
        """One `tally` command for that member."""
        return tally(self.home(part), self.passphrase_file, *arguments)

    def member(self, part: Part) -> str:
        """That member's id, 64 hex digits."""
        return Config.load(self.home(part)).member_id.hex()

    def start(self) -> None:
        """Start whoever is not running, and wait until each answers."""
        for part in CAST:
            if part not in self._processes:
                self._processes[part] = self._spawn(part)
        for part in CAST:
            if part not in self._clients:
                self._await_ready(part)

    def api(self, part: Part) -> ApiClient:
        """The local client of that member's gateway."""
        return self._clients[part]

    def answers(self, part: Part) -> bool:
        """Whether that member's gateway was started and answered."""
        return part in self._clients

    def check(self) -> None:
        """Raise `GatewayStopped` if a gateway that was started has ended."""
        for part, process in self._processes.items():
            if process.poll() is not None:
                raise GatewayStopped(
                    f"the gateway of {part.name} ended with {process.returncode}: {_last_lines(self.log(part))}",
                    member=part.name,
                    exit_code=process.returncode,
                )

    def kill(self, part: Part) -> None:
        """End that member's gateway as `kill -9` does; `start` brings it back."""
        self._clients.pop(part).close()
        process = self._processes.pop(part)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End the processes, each by its own number: SIGTERM, and after half a minute SIGKILL."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def processes(self) -> dict[str, int]:
        """The process numbers of the gateways that were started, by the name of what each is."""
        return {f"gateway of {part.folder}": process.pid for part, process in list(self._processes.items())}

    def log(self, part: Part) -> Path:
        """What that member's gateway said."""
        return self._folder / f"{part.folder}.log"

    def _spawn(self, part: Part) -> subprocess.Popen[bytes]:
        (self.home(part) / "gateway.url").unlink(missing_ok=True)
        with self.log(part).open("ab") as log:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tallystick_gateway",
                    "--home",
                    str(self.home(part)),
                    "serve",
                    "--die-with-parent",
                ],
                env=_environment(self.passphrase_file),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _await_ready(self, part: Part) -> None:
        deadline = time.monotonic() + _START_S
        config = Config.load(self.home(part))
        while not config.address_path.exists():
            self.check()
            if time.monotonic() > deadline:
                raise GatewayStopped(f"{part.name} did not start: {_last_lines(self.log(part))}", member=part.name)
            time.sleep(_LOOK_EVERY_S)
        passphrase = self.passphrase_file.read_text().strip()
        self._clients[part] = ApiClient.from_home(config, passphrase)


def _passphrase_in(folder: Path) -> Path:
    """One file for the four, made where there is none: 0600, random, and worth nothing beyond this folder."""
    path = folder / "passphrase"
    if not path.exists():
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
    return path


def _at_once(work: Callable[..., object], *arguments: Sequence[object]) -> None:
    """`work` for each, in so many threads as there are processors. Raises what the first one raised."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(work, *arguments):
            pass


def _environment(passphrase_file: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "TALLY_PASSPHRASE"}
    return {**environment, "TALLY_PASSPHRASE_FILE": str(passphrase_file)}


def _last_lines(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
    except OSError:
        return "it wrote no log"
