"""`tally status`: what fails now, not what failed once."""

from pathlib import Path

import pytest

from tallystick_gateway.kit.gateway import Reason
from tests.gateway.commands.support import run
from tests.gateway.support import PASSPHRASE, ServedAt, make_home, open_test_gateway


def test_a_task_that_works_again_is_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TALLY_PASSPHRASE", PASSPHRASE)
    with open_test_gateway(make_home(tmp_path / "home")) as gateway:
        gateway.config.address_path.write_text(gateway.part(ServedAt).url)
        broken, healed = gateway.worker.states["records.uploads"], gateway.worker.states["records.batches"]
        for state in (broken, healed):
            state.last_error = {"code": "node.away", "detail": "No node answers."}
        broken.consecutive_failures = 1
        gateway.facts["probe"] = lambda: {"known": 1, "absent": None}
        gateway.checks.append(lambda: Reason("probe.odd", "Something is odd.", "Look at it.", blocking=False))
        run("--home", gateway.config.home, "status")
        said = capsys.readouterr().out
    assert "task records.uploads fails: code node.away, detail No node answers." in said
    assert "records.batches" not in said
    assert "probe: known 1\n" in said
    assert "look into: Something is odd. (probe.odd)\n  → Look at it." in said
    assert "not ready: This gateway has not joined a consortium. (acts.not_joined)" in said
