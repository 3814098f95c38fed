"""Evidence of other products (esig/dss): time-stamp tokens and ASiC-E containers. Evidence records: not yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conformance import containers, time_stamps
from tests.conformance.cases import Case, Recognised, VectorFile, all_texts, companions, is_list_of

JUDGES: dict[str, tuple[str, Callable[[Path, dict[str, Any]], None]]] = {
    "time-stamp": ("RFC 3161 time-stamp tokens", time_stamps.token),
    "asic-e": ("ASiC-E containers", containers.container),
}
LATER = {"evidence-record": ("RFC 4998 evidence records", "a later part; our packages renew by archive manifests")}


def recognise(file: VectorFile) -> list[Recognised] | None:
    document = file.document
    entries = document.get("cases") if isinstance(document, dict) else None
    if not entries or not is_list_of(entries, "kind", "file", "expect"):
        return None
    found: dict[str, Recognised] = {}
    for entry in entries:
        kind = entry["kind"]
        if kind in LATER:
            source, note = LATER[kind]
            found.setdefault(kind, Recognised(source, note=note)).not_yet += 1
            continue
        source, judge = JUDGES[kind]
        case = Case(str(entry.get("id")), lambda entry=entry, judge=judge: judge(file.path.parent, entry))
        found.setdefault(kind, Recognised(source)).cases.append(case)
    beside = companions(file, all_texts(entries))
    for recognised in found.values():
        recognised.companions = beside
    return list(found.values())
