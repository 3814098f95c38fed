"""Two banks that lend together, and roots that their members signed: what packages are made of and judged by."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tallystick.roots import Roots
from tests.gateway.chain_told import BANK_A, BANK_B, terms_json
from tests.gateway.deciding import Members
from tests.gateway.network import MEMBERS, Network, run_until, wait_done
from tests.gateway.support import client_for, keyed

__all__ = ["BANK_A", "BANK_B", "Lending", "index", "lending_on", "lines", "repayment", "verdict"]

_SIGNERS = ("BANK-A", "BANK-B", "DEPOSITORY")


@dataclass(frozen=True)
class Lending:
    """Members with their gateways running, and one active 20/80 agreement, its secret at both banks."""

    network: Network
    members: Members
    folder: Path
    agreement: str
    signed: dict[str, str] = field(default_factory=dict)
    """Digests of the roots that each member signed last."""

    def api(self, name: str) -> httpx.Client:
        return client_for(self.members.gateway(name))

    def post(self, name: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What that member's gateway accepts, once it stands on the chain (or, without a submission, at once)."""
        with self.api(name) as api:
            answer = api.post(path, json=body, headers=keyed())
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        if found.get("submission_id"):
            state = wait_done(self.members.gateway(name), found["submission_id"]).state
            assert state in ("included", "final"), state
        return found

    def disburse(self, loan_id: str, principal: int = 100_001, **changes: Any) -> str:
        """A loan paid out by BANK-A and seen by every member; its key."""
        row = {"loan_id": loan_id, "currency": "USD", "principal": str(principal), "value_date": "2018-01-31"}
        loan = str(self.post("BANK-A", "/v1/loans", {"agreement": self.agreement, **row, **changes})["loan"])
        for name in MEMBERS:
            self.sees(name, f"/v1/loans/{self.agreement}/{loan}")
        return loan

    def sees(self, name: str, path: str, **values: object) -> dict[str, Any]:
        """What stands at a path, once that member's gateway knows it, with these values."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.members.get(name, path)
            return found if "code" not in found and found.items() >= values.items() else None

        return run_until(look, f"{name} has {path}")

    def record(self, *rows: dict[str, Any], by: str = "BANK-A") -> list[dict[str, Any]]:
        """Records taken by that member and anchored; each with its place in the log."""
        taken = []
        for start in range(0, len(rows), 1000):
            body = {"records": [{"agreement": self.agreement, **row} for row in rows[start : start + 1000]]}
            taken += self.post(by, "/v1/records", body)["records"]
        last = max(each["log_index"] for each in taken)

        def look() -> bool | None:
            logs = {log["stream"]: log for log in self.members.get(by, "/v1/logs")["items"]}
            return (logs[self.agreement]["anchored"] > last) or None

        run_until(look, f"record {last} anchored")
        return taken

    def _reaches(self, name: str, height: int) -> None:
        run_until(lambda: self.members.get(name, "/v1/chain")["checked"] >= height or None, f"{name} at {height}")

    def package(self, name: str, *arguments: object) -> tuple[Path, dict[str, Any]]:
        """`tally package ARGUMENTS` of that member: the file, and what was said of it."""
        out = self.folder / f"{len(list(self.folder.iterdir()))}.asice"
        return out, self.members.done(name, "package", *arguments, "--out", out)

    def roots(self) -> Path:
        """Roots as of now, signed by three of four members."""
        file = self.folder / f"roots-{len(list(self.folder.iterdir()))}.json"
        self.members.done("BANK-A", "roots", "export", "--out", file)
        document = Roots.parse(file.read_bytes())
        for name in _SIGNERS:
            self._reaches(name, document.as_of_height)
            abandoned = ("--abandon", self.signed[name]) if name in self.signed else ()
            self.members.done(name, "roots", "sign", file, *abandoned)
            self.signed[name] = document.digest.hex()
        return file


@contextmanager
def lending_on(network: Network, folder: Path) -> Iterator[Lending]:
    """The network's members, with an agreement that both banks have signed."""
    with Members(network) as members:
        members.open(*MEMBERS)
        members.all_ratified()
        terms = folder / "terms.json"
        terms.write_text(json.dumps(terms_json()))
        agreement = str(members.done("BANK-A", "agreements", "propose", terms)["agreement"])
        lending = Lending(network, members, folder, agreement)
        lending.sees("BANK-B", f"/v1/agreements/{agreement}")
        members.done("BANK-B", "agreements", "cosign", agreement)
        for name in MEMBERS:
            lending.sees(name, f"/v1/agreements/{agreement}", state="ACTIVE")
        sealed = folder / "secret.json"
        members.done("BANK-A", "agreements", "seal-secret", agreement, "--out", sealed)
        members.done("BANK-B", "agreements", "open-secret", sealed, "--agreement", agreement)
        yield lending


def index(package: Path) -> dict[str, Any]:
    """`evidence.json` of a package, read as any program reads a ZIP."""
    with zipfile.ZipFile(package) as archive:
        found: dict[str, Any] = json.loads(archive.read("evidence.json"))
    return found


def lines(package: Path) -> list[dict[str, Any]]:
    """The openings in a package."""
    with zipfile.ZipFile(package) as archive:
        return [json.loads(line) for line in archive.read("records/records.ndjson").splitlines()]


def repayment(number: int, loan_id: str, source_system: str = "core") -> dict[str, Any]:
    """A repayment with 1000 + `number` of principal."""
    return {
        "type": "repayment",
        "loan_id": loan_id,
        "occurred_at": "2026-11-20T09:30:00Z",
        "reference": f"instalment {number}",
        "source_system": source_system,
        "source_id": f"TX-{number:07d}",
        "value_date": "2026-11-20",
        "currency": "USD",
        "principal": str(1000 + number),
        "interest": "310",
        "penalty": "0",
        "fees": "0",
        "channel": "借记",
    }


def verdict(package: Path, roots: Path, *arguments: object) -> tuple[int, dict[str, Any]]:
    """Exit code and report of `tally-verify`, run as a process of its own, with the roots pinned."""
    digest = Roots.parse(roots.read_bytes()).digest.hex()
    program = Path(sys.executable).with_name("tally-verify")
    command = [program, package, "--roots", roots, "--roots-digest", digest, "--json", *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, timeout=60, check=False)
    assert not done.stderr, done.stderr.decode()
    report: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, report
