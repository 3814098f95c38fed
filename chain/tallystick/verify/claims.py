"""What `evidence.json` must say, from what the proofs prove (`docs/package.md`, evidence.json)."""

import hashlib
from collections.abc import Mapping, Sequence

from tallystick.package.instants import format_instant, from_unix
from tallystick.strictjson import Json

from .checks.loan import Loan
from .checks.logs import Log, Logs
from .checks.records import LogTally, RecordTally
from .facts import Block, CheckpointFacts, Material, ProvedAct

__all__ = ["claims_of", "first_difference"]


def claims_of(
    material: Material,
    blocks: Mapping[int, Block],
    acts: Sequence[ProvedAct],
    logs: Logs,
    tally: RecordTally,
    loan: Loan | None,
    figures: Sequence[Json] | None,
    checkpoints: Sequence[CheckpointFacts],
) -> dict[str, Json]:
    """The claims, as JSON values."""
    newest = blocks[max(blocks)] if blocks else None
    contracts = sorted({(act.file.contract, act.address) for act in acts})
    return {
        "as_of": {"height": newest.height, "hash": newest.hash.hex()} if newest else None,
        "blocks": [
            {"height": block.height, "hash": block.hash.hex(), "time": format_instant(from_unix(block.time))}
            for _, block in sorted(blocks.items())
        ],
        "contracts": [{"name": name, "address": f"0x{address.hex()}"} for name, address in contracts],
        "acts": [_act(act) for act in acts],
        "logs": [_log(log, tally.logs.get(key)) for key, log in logs.items()],
        "loan": _loan(loan, figures) if loan else None,
        "checkpoints": [_checkpoint(each, material) for each in checkpoints],
        "withheld": _withheld(tally, loan),
    }


def first_difference(said: Json, found: Json, path: str) -> str | None:
    """Where two JSON values differ, in words; None if they are equal."""
    if isinstance(said, Mapping) and isinstance(found, Mapping) and said.keys() == found.keys():
        inner = ((said[key], found[key], f"{path}.{key}") for key in sorted(said))
    elif isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        inner = ((one, other, f"{path}[{place}]") for place, (one, other) in enumerate(zip(said, found, strict=True)))
    elif type(said) is type(found) and said == found:
        return None
    else:
        return f"{path}: the index says {_shown(said)}, the proofs say {_shown(found)}"
    return next((why for one, other, where in inner if (why := first_difference(one, other, where))), None)


def _act(act: ProvedAct) -> dict[str, Json]:
    return {
        "id": act.id.hex(),
        "kind": act.kind,
        "contract": act.file.contract,
        "member": act.member.hex(),
        "signer": f"0x{act.signer.hex()}",
        "height": act.place.height,
        "transaction": act.place.transaction,
        "log": act.place.log,
    }


def _log(log: Log, tally: LogTally | None) -> dict[str, Json]:
    whole = tally is not None and tally.is_whole(log)
    return {
        "member": log.member.hex(),
        "stream": log.stream.hex(),
        "anchors": [
            {
                "act": anchor.act_id.hex(),
                "first_index": anchor.batch.first_index,
                "count": anchor.batch.count,
                "root": anchor.batch.root.hex(),
            }
            for anchor in log.anchors
        ],
        "records": tally.records if tally else 0,
        "complete": {"first_index": log.first_index, "next_index": log.next_index} if whole else None,
    }


def _loan(loan: Loan, figures: Sequence[Json] | None) -> dict[str, Json]:
    snapshot = loan.snapshot
    return {
        "agreement": loan.agreement.hex(),
        "loan": loan.loan.hex(),
        "visibility": loan.visibility,
        "state": loan.state,
        "originator": loan.originator.hex() if loan.originator else None,
        "currency": loan.currency,
        "principal": None if loan.principal is None else str(loan.principal),
        "value_date": loan.value_date,
        "borrower_tag": loan.borrower_tag.hex() if loan.borrower_tag else None,
        "count": loan.count,
        "head": loan.head.hex(),
        "snapshot": {"act": snapshot.id.hex(), "height": snapshot.place.height} if snapshot else None,
        "figures": list(figures or ()),
    }


def _checkpoint(each: CheckpointFacts, material: Material) -> dict[str, Json]:
    return {
        "first": each.checkpoint.first,
        "last": each.checkpoint.last,
        "root": each.checkpoint.root.hex(),
        "heights": list(each.heights),
        "tokens": [{"path": path, "sha256": hashlib.sha256(material.files[path]).hexdigest()} for path in each.tokens],
    }


def _withheld(tally: RecordTally, loan: Loan | None) -> list[Json]:
    withheld: list[Json] = [
        {"part": "records", "type": kind, "version": version, "field": name, "count": count}
        for (kind, version, name), count in sorted(tally.withheld.items())
    ]
    if loan is not None and loan.visibility == "SEALED" and loan.principal is None:
        withheld.append({"part": "terms", "type": "DisburseSealed", "version": 1, "field": "terms", "count": 1})
    return withheld


def _shown(value: Json) -> str:
    text = repr(value) if isinstance(value, str | int) or value is None else f"{type(value).__name__} {value!r}"
    return text if len(text) <= 120 else text[:120] + "…"
