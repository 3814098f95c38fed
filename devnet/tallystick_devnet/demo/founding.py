"""The first part: four homes, one chain, one consortium that every founder has checked and ratified."""

from __future__ import annotations

from tallystick.consortium import Consortium
from tallystick_devnet.demo.cast import CAST, ORIGINATOR
from tallystick_devnet.demo.stage import Stage
from tallystick_devnet.demo.waiting import until

__all__ = ["found"]

_RATIFIED_WITHIN_S = 90.0
_GOVERNANCE_DELAY_S = "60"


def found(stage: Stage) -> None:
    """Bring everything to the point where members can act. What an earlier run did is kept."""
    journal, gateways, chain = stage.journal, stage.gateways, stage.chain
    with journal.step("Make keys, configuration and a card for each member") as step:
        gateways.init(chain)
        step.line.sent = f"{len(CAST)} member cards"

    document_path = stage.folder / "consortium.json"
    with journal.step("Assemble the consortium: deploy its contracts") as step:
        if not document_path.exists():
            cards = [str(gateways.home(part) / "card.json") for part in CAST]
            options = ["--node", chain.nodes(0)[0], "--engine", chain.engine.name]
            options += ["--out", str(document_path), "--delay", _GOVERNANCE_DELAY_S]
            gateways.tally(ORIGINATOR, "consortium", "assemble", *cards, *options)
        document = Consortium.parse(document_path.read_bytes())
        step.line.sent = f"{len(document.contracts)} contracts"
        step.line.held = f"digest {document.digest.hex()[:16]}…"

    with journal.step("Each member checks file, chain and code, and joins") as step:
        gateways.settle_addresses(chain)
        gateways.join(document_path, document.digest.hex())
        step.line.sent = f"{len(CAST)} members"
        step.line.check = "genesis, code, founders"
        step.line.differences = 0

    with journal.step("Start four gateways; every founder ratifies on chain", total=len(CAST)) as step:
        gateways.start()
        api = gateways.api(ORIGINATOR)

        def ratified() -> bool:
            answer = api.get("/v1/consortium")
            step.done(len(answer["ratified"]))
            return bool(answer["active"])

        until(stage, ratified, "every founder has ratified", within_s=_RATIFIED_WITHIN_S)
        step.line.sent = f"{len(CAST)} ratifications"
        step.line.held = "consortium active"
