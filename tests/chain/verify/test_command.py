"""`tally-verify` as people and programs call it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785

from tallystick.verify.command import run
from tallystick.verify.findings import Verdict

from .cases import acts, loan, records
from .forging import files_of, repacked
from .sealed_chain import act_key
from .stories import AGREEMENT, Packaged, Story, acts_package, member, record, records_package, records_subject

SCHEMAS = Path(__file__).resolve().parents[3] / "docs" / "schemas"


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text("utf-8"))


class Desk:
    """A folder with a package and the roots, and the command run in it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder, self._capture = folder, capture

    def lay(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def run(self, *arguments: str) -> tuple[int, bytes]:
        code = run(arguments)
        return code, self._capture.readouterr().out

    def verify(self, packaged: Packaged, *more: str, package: bytes | None = None) -> tuple[int, str]:
        content = packaged.package if package is None else package
        code, output = self.run(
            self.lay("package.asice", content),
            "--roots",
            self.lay("roots.json", packaged.roots.to_bytes()),
            "--roots-digest",
            packaged.roots.digest.hex(),
            *more,
        )
        return code, output.decode()


@pytest.fixture
def desk(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Desk:
    return Desk(tmp_path, capsysbinary)


def test_a_sound_package_exits_with_0_and_says_who_when_and_what(desk: Desk) -> None:
    code, report = desk.verify(loan())
    assert code == 0
    first, *_ = report.splitlines()
    assert first == "VERIFIED  (exit code 0)"
    for told in (
        "Intact, as its builder signed it: yes",
        "By recognised signers, entitled on that day: yes",
        "Harbour Bank (TEST-0): built and signed this package, signed 5 acts",
        "by Northern Time",
        "principal repaid 3,750.00 CNY, principal left 6,250.00 CNY",
        "in 1 record of type repayment: agreement, booking_date",
        "That what was recorded was true.",
    ):
        assert told in report


def test_limits_exit_with_1_and_say_what_they_mean(desk: Desk) -> None:
    code, report = desk.verify(acts_package(stamped=False))
    assert code == 1
    assert "VERIFIED WITH LIMITS" in report
    assert "time.unstamped: No time-stamp authority vouches" in report
    assert "What to do: " in report


def test_a_changed_digit_exits_with_2_and_says_why(desk: Desk) -> None:
    changed = repacked(acts().package, {"custody.jsonl": lambda text: text.replace(b"own", b"OWN")})
    code, report = desk.verify(acts(), package=changed)
    assert code == 2
    assert "NOT VERIFIED" in report
    assert "Intact, as its builder signed it: NO" in report
    assert "files.digest: A file has another digest" in report
    assert "WHO" not in report


def test_what_cannot_be_decided_exits_with_3_and_is_not_called_tampered(desk: Desk) -> None:
    code, output = desk.run(desk.lay("package.asice", acts().package))
    assert code == 3
    assert b"NOT VERIFIABLE" in output
    assert b"That is no sign that anybody changed the package." in output
    assert b"roots.missing" in output


@pytest.mark.parametrize("name", ["nowhere.asice", "."])
def test_a_file_that_cannot_be_read_exits_with_3(desk: Desk, name: str) -> None:
    code, output = desk.run(str(desk.folder / name), "--roots", str(desk.folder / "none.json"))
    assert code == 3
    assert b"container.unreadable" in output
    assert b"roots.malformed" in output


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "b"],
        ["x", "--roots-digest", "12"],
        ["x", "--at", "yesterday"],
        ["x", "--strange"],
        ["file", "x"],
        ["--explain", "acts.strange"],
    ],
)
def test_wrong_use_exits_with_64(desk: Desk, arguments: list[str]) -> None:
    try:
        code, _ = desk.run(*arguments)
    except SystemExit as left:
        code = left.code  # type: ignore[assignment]
    assert code == 64


def test_several_roots_are_a_chain(desk: Desk) -> None:
    from .test_trust_attacks import LATER, ROOTS

    roots = [desk.lay(f"roots{number}.json", each.to_bytes()) for number, each in enumerate((LATER, ROOTS))]
    package = desk.lay("package.asice", acts().package)
    code, _ = desk.run(package, "--roots", roots[0], "--roots", roots[1], "--roots-digest", ROOTS.digest.hex())
    assert code == 0


def test_roots_beyond_all_measure_are_not_read(desk: Desk) -> None:
    large = desk.lay("large.json", b" " * (4 << 20))
    code, output = desk.run(desk.lay("package.asice", acts().package), *(["--roots", large] * 5))
    assert code == 3
    assert b"roots.malformed" in output


@pytest.mark.parametrize("package", [acts, records, loan])
def test_json_is_canonical_and_by_its_schema(desk: Desk, package: Any) -> None:
    code, output = desk.verify(package(), "--json")
    report = json.loads(output)
    assert rfc8785.dumps(report) + b"\n" == output.encode()
    jsonschema.validate(report, schema("verdict.schema.json"))
    assert (report["verdict"], report["exit"], code) == ("VERIFIED", 0, 0)
    assert report["limits"] == []
    assert report["evidence"]["kind"] == json.loads(files_of(package().package)["evidence.json"])["kind"]


def test_json_of_rubbish_is_by_its_schema_too(desk: Desk) -> None:
    code, output = desk.run(desk.lay("package.asice", b"rubbish"), "--json")
    report = json.loads(output)
    jsonschema.validate(report, schema("verdict.schema.json"))
    assert (report["verdict"], code) == ("NOT VERIFIABLE", 3)


@pytest.mark.parametrize("package", [acts, records, loan])
def test_an_index_is_by_its_schema(package: Any) -> None:
    jsonschema.validate(json.loads(files_of(package().package)["evidence.json"]), schema("evidence.schema.json"))


def test_the_same_bytes_every_time(desk: Desk) -> None:
    assert desk.verify(loan()) == desk.verify(loan())
    assert desk.verify(loan(), "--json") == desk.verify(loan(), "--json")


def test_a_terminal_is_not_told_what_to_do(desk: Desk) -> None:
    """Control characters in a package, here in the reference of a record, are shown and not obeyed."""
    changed = repacked(acts().package, {"custody.jsonl": b'{"at":"\x1b[2J\xe2\x80\xae"}\n'})
    _, report = desk.verify(acts(), package=changed)
    assert "\x1b" not in report
    assert "\u202e" not in report


def test_explain_tells_of_every_kind_of_finding(desk: Desk) -> None:
    code, output = desk.run("--explain", "headers.quorum")
    assert code == 0
    assert output.startswith(b"headers.quorum (FAIL)\n  A block has fewer seals than a quorum.\n  Meaning: ")
    code, output = desk.run("--explain", "unproved.truth")
    assert code == 0


# Does this very file stand in the package?


def with_document(content: bytes, fields: list[str] | None = None) -> Packaged:
    """A package with a record of a contract called LOAN-7.pdf."""
    import hashlib

    story = Story()
    digest = hashlib.sha256(content).hexdigest()
    batch = story.anchor([record(0), record(1, kind="document", content=digest, source_id="LOAN-7.pdf")])
    openings = [batch.opening(0), batch.opening(1, fields)]
    draft = story.draft("records", [batch.act], records_subject(member(0), AGREEMENT), openings=openings)
    return Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at)


@pytest.mark.parametrize(
    ("name", "content", "fields", "answer", "exit_code"),
    [
        ("scan.pdf", b"the contract", None, "MATCHES", 0),
        ("LOAN-7.pdf", b"another text", None, "DIFFERS", 2),
        ("other.pdf", b"another text", None, "NOT IN THIS PACKAGE", 3),
        ("LOAN-7.pdf", b"the contract", ["source_id"], "COULD NOT BE CHECKED", 3),
        ("custody.jsonl", b"another text", None, "DIFFERS", 2),
    ],
)
def test_a_file_is_compared(
    desk: Desk, name: str, content: bytes, fields: list[str] | None, answer: str, exit_code: int
) -> None:
    packaged = with_document(b"the contract", fields)
    given = [
        *("file", desk.lay(name, content), "--package", desk.lay("package.asice", packaged.package)),
        *("--roots", desk.lay("roots.json", packaged.roots.to_bytes())),
        *("--roots-digest", packaged.roots.digest.hex()),
    ]
    code, output = desk.run(*given)
    assert output.decode().splitlines()[0] == f"{answer}  (exit code {exit_code})"
    assert code == exit_code
    code, output = desk.run(*given, "--json")
    assert json.loads(output)["answer"] == answer
    assert json.loads(output)["exit"] == code


def test_a_file_is_not_compared_with_a_package_that_is_not_verified(desk: Desk) -> None:
    packaged = with_document(b"the contract")
    package = desk.lay("package.asice", packaged.package + b"\0")
    original = desk.lay("scan.pdf", b"the contract")
    code, output = desk.run(
        "file", original, "--package", package, "--roots", desk.lay("roots.json", packaged.roots.to_bytes())
    )
    assert code == 3
    assert b"COULD NOT BE CHECKED" in output
    assert b"the package is NOT VERIFIED" in output


def test_an_original_that_cannot_be_read_could_not_be_checked(desk: Desk) -> None:
    code, output = desk.run("file", str(desk.folder / "nowhere"), "--package", "x", "--roots", "y")
    assert code == 3
    assert b"COULD NOT BE CHECKED" in output


# Alone

NO_NETWORK = """
import sys, socket
def refuse(*arguments, **options):
    raise RuntimeError("the network is off")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
sys.modules["_socket"] = None
from tallystick.tally_verify import main
code = main()
foreign = {"web3", "httpx", "requests", "urllib3", "duckdb", "pyarrow", "eth_abi", "pyhanko", "fastapi", "sqlalchemy"}
assert not foreign & {name.partition(".")[0] for name in sys.modules}, foreign & set(sys.modules)
assert not [name for name in sys.modules if name.startswith("tallystick.client")]
sys.exit(code)
"""


@pytest.mark.parametrize("stamped", [False, True])
def test_the_command_needs_no_network_and_no_heavy_library(desk: Desk, stamped: bool) -> None:
    packaged = records_package(stamped=stamped)
    given = [
        desk.lay("package.asice", packaged.package),
        *("--roots", desk.lay("roots.json", packaged.roots.to_bytes())),
        *("--roots-digest", packaged.roots.digest.hex()),
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run(
        [sys.executable, "-c", NO_NETWORK, *given], capture_output=True, check=False, env=environment, timeout=120
    )
    assert run.stderr == b""
    assert Verdict(run.returncode) is (Verdict.VERIFIED if stamped else Verdict.VERIFIED_WITH_LIMITS)


def test_a_broken_installation_is_no_verdict(desk: Desk) -> None:
    """Python leaves with 1 where an import fails, and 1 would read as VERIFIED WITH LIMITS."""
    script = "import sys; sys.modules['coincurve'] = None; from tallystick.tally_verify import main; sys.exit(main())"
    package = desk.lay("package.asice", acts().package)
    run = subprocess.run([sys.executable, "-c", script, package], capture_output=True, check=False, timeout=120)
    assert run.returncode == 3
    assert run.stdout == b""
    assert b"That says nothing about the package." in run.stderr


def test_an_unstamped_package_needs_no_x509(desk: Desk) -> None:
    packaged = records_package(stamped=False)
    script = NO_NETWORK.replace('"fastapi"', '"fastapi", "rfc3161_client"')
    given = [desk.lay("p.asice", packaged.package), "--roots", desk.lay("r.json", packaged.roots.to_bytes())]
    run = subprocess.run([sys.executable, "-c", script, *given], capture_output=True, check=False, timeout=120)
    assert run.stderr == b""
    assert run.returncode == 1
