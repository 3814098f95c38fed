"""VERIFY.txt tells the truth: each of its commands is run, with the tools it names."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tallystick.package.writer import manifest_to_stamp, with_stamp
from tests.chain.timestamps.mint import identity, mint

from .cases import acts
from .forging import files_of
from .sealed_chain import instant

TOOLS = ("unzip", "sh", "grep", "sha256sum", "openssl")
pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)} on this machine"
)


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """The package of acts, stamped and unpacked; and the authority's certificate, as a reader has it from roots."""
    package = acts().package
    seen = instant(acts().story.chain.blocks[-1].time + 90)
    (tmp_path / "package.asice").write_bytes(
        with_stamp(package, mint(identity(), manifest_to_stamp(package), gen_time=seen))
    )
    subprocess.run(["unzip", "-q", "package.asice"], cwd=tmp_path, check=True)
    certificates = [each.public_bytes(Encoding.PEM) for each in identity().certificates]
    (tmp_path / "AUTHORITY.pem").write_bytes(b"".join(certificates))
    return tmp_path


def commands(folder: Path, program: str) -> list[str]:
    text = (folder / "VERIFY.txt").read_text("utf-8")
    return re.findall(rf"^  ({program} .*)$", text, re.MULTILINE)


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


def test_the_files_are_those_of_the_list(unpacked: Path) -> None:
    (command,) = commands(unpacked, "grep")
    ran = run(unpacked, command)
    assert ran.returncode == 0, ran.stderr
    listed = json.loads((unpacked / "evidence.json").read_bytes())["files"]
    assert ran.stdout.count(": OK\n") == len(listed) - 1
    (unpacked / "custody.jsonl").write_text("changed")
    assert run(unpacked, command).returncode == 1


def test_the_index_is_the_one_that_was_signed(unpacked: Path) -> None:
    first, second = commands(unpacked, "sha256sum")
    ran = run(unpacked, first)
    signed = json.loads((unpacked / "META-INF" / "builder.json").read_bytes())["evidence_digest"]
    assert ran.stdout.startswith(f"{signed}  evidence.json\n")
    assert "certificate.pdf" in second


def test_an_authority_saw_the_checkpoint_and_the_package(unpacked: Path) -> None:
    found = commands(unpacked, "openssl")
    assert len(found) == 2
    for command in found:
        # The certificate of the test is not of today, and openssl has a clock.
        ran = run(unpacked, f"{command} -attime {int(instant(acts().story.chain.blocks[-1].time).timestamp())}")
        assert "Verification: OK" in ran.stdout, ran.stderr
        stamped = command.split(" -data ")[1].split(" ")[0]
        (unpacked / stamped).write_bytes(b"changed")
        assert "Verification: OK" not in run(unpacked, command).stdout


def test_unzip_gives_what_was_packed(unpacked: Path) -> None:
    for path, content in files_of(acts().package).items():
        assert (unpacked / path).read_bytes() == content
