"""Logs: one JSON object a line, never with a secret in it."""

import json
import logging

import pytest
import structlog

from tallystick_gateway.kit import log


def test_secrets_and_raw_bytes_are_blanked_wherever_they_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        log.configure()
        structlog.get_logger("test").warning(
            "happened",
            record_secret="hidden",
            Authorization="Bearer hidden",
            access_token="hidden",
            passphrase="hidden",
            key=b"hidden",
            amount="125",
        )
        logging.getLogger("other").error("plain %s", "words")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        structlog.reset_defaults()
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert "hidden" not in json.dumps(first)
    assert (first["event"], first["amount"], first["level"]) == ("happened", "125", "warning")
    assert second["event"] == "plain words"
