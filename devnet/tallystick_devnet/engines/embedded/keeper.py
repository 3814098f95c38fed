"""One anvil on one locked data folder: started on its newest whole state, its dumps kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from tallystick.client import Node, NodeError
from tallystick_devnet.engines.embedded.anvil import ADDRESS_IN_USE, anvil_command, begin_mining
from tallystick_devnet.engines.embedded.states import DataFolder
from tallystick_devnet.engines.folder import ChainFolder
from tallystick_devnet.engines.keeper import Keeper
from tallystick_devnet.engines.ports import free_port, is_free
from tallystick_devnet.errors import DevnetError, EngineFailed, PortTaken, StateBroken, StateForeign

__all__ = ["EmbeddedKeeper", "Options"]

_ONLY_NODE: Final = 0
_PORT_TRIES: Final = 5
_STATE_UNREADABLE: Final = "for '--load-state"


@dataclass(frozen=True, slots=True)
class Options:
    """How to start; `port` 0 takes a free one, None the one the chain had before."""

    program: str
    gas_limit: int
    block_time_s: int
    state_interval_s: int
    port: int | None


class EmbeddedKeeper(Keeper):
    """One anvil on one locked folder. It is told to end gently, and then writes its state."""

    def __init__(self, folder: DataFolder, options: Options, log: IO[str], *, stopping: Callable[[], bool]) -> None:
        super().__init__(folder, log, stopping=stopping)
        self._data, self._options = folder, options
        self._settings = folder.open_settings(gas_limit=options.gas_limit, block_time_s=options.block_time_s)
        self._nodes, self._urls = [None], [""]

    @classmethod
    def on(cls, folder: ChainFolder, options: dict[str, Any], log: IO[str], *, stopping: Callable[[], bool]) -> Self:
        """As the supervisor makes it."""
        return cls(DataFolder(folder.path), Options(**options), log, stopping=stopping)

    def log_of(self, node: int) -> Path:
        """The engine's and the supervisor's log are one."""
        return self._folder.log

    def look(self) -> None:
        """Also keep a dump that has become whole."""
        self._data.keep_dump()
        super().look()

    def stop(self) -> None:
        """Also keep the state that anvil writes when it ends."""
        self._end([_ONLY_NODE])
        self._data.keep_dump()
        super().stop()

    def start(self) -> None:
        """Bring anvil up on the newest whole state and let it mine. Raises `DevnetError`."""
        self._end_orphans()
        self.start_node(_ONLY_NODE)

    def start_node(self, node: int) -> None:
        """The same for a node that was killed."""
        self._data.keep_dump()
        state, cut = self._data.newest_state()
        for path in cut:
            self.say(f"{path.name} was cut while being written: going on from the state before it")
        port = self._options.port if self._options.port is not None else self._settings.port
        for attempt in range(_PORT_TRIES):
            try:
                self._start_on(port or free_port(), state)
                return
            except PortTaken:
                if port or attempt == _PORT_TRIES - 1:
                    raise

    def _start_on(self, port: int, state: Path | None) -> None:
        if not is_free(port):
            raise PortTaken(port=port)
        command = anvil_command(
            Path(self._options.program),
            self._data,
            self._settings,
            port=port,
            state=state,
            state_interval_s=self._options.state_interval_s,
        )
        said = self._folder.log.stat().st_size
        engine = self._spawn(command, self._log, {})
        url = f"http://127.0.0.1:{port}"
        try:
            with Node(url) as node:
                self._until_it_answers(engine, lambda: self._serves(node), lambda: self._failure(port, state, said))
                genesis, height = begin_mining(node, self._settings)
            if self._settings.genesis_hash not in (None, genesis.hex()):
                raise StateForeign(folder=self._folder.path, expected=self._settings.genesis_hash, found=genesis.hex())
        except BaseException:
            engine.kill()
            engine.wait()
            raise
        self._nodes, self._urls = [engine], [url]
        self._data.complete_settings(genesis_hash=genesis.hex(), port=port)
        self._settings = self._data.settings() or self._settings
        self.note_run()
        self.say(f"serving chain {self._settings.chain_id} on {url} from block {height}")

    def _serves(self, node: Node) -> bool:
        try:
            node.check_chain_id(self._settings.chain_id)
        except NodeError:
            return False
        return True

    def _failure(self, port: int, state: Path | None, said: int) -> DevnetError:
        words = " ".join(self._lines_since(self._folder.log, said))
        if ADDRESS_IN_USE in words:
            return PortTaken(port=port)
        if _STATE_UNREADABLE in words and state is not None:
            return StateBroken(path=state, reason=words.partition("json file: ")[2] or words)
        return EngineFailed(reason=words or "it ended without a word", log=self._folder.log)
