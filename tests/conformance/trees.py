"""Proofs in RFC 6962 trees, one to a file (transparency-dev/merkle)."""

import base64
from typing import Any

from tallystick import merkle
from tallystick.errors import TallystickError
from tests.conformance.cases import Case, Recognised, VectorFile, accepted, require

INCLUSION = {"leafIdx", "treeSize", "root", "leafHash", "proof"}
CONSISTENCY = {"size1", "size2", "root1", "root2", "proof"}


def recognise(file: VectorFile) -> list[Recognised] | None:
    document = file.document
    if isinstance(document, dict) and document.keys() >= INCLUSION:
        return [Recognised("merkle inclusion", [Case("inclusion", lambda: judge(document, inclusion))])]
    if isinstance(document, dict) and document.keys() >= CONSISTENCY:
        return [Recognised("merkle consistency", [Case("consistency", lambda: judge(document, consistency))])]
    return None


def judge(document: dict[str, Any], attempt: Any) -> None:
    must_fail = document.get("wantErr", False)
    is_accepted = accepted(lambda: attempt(document), TallystickError)
    require(is_accepted != must_fail, f"{'accepted' if is_accepted else 'refused'}: {document.get('desc')}")


def inclusion(document: dict[str, Any]) -> None:
    merkle.verify_inclusion(
        plain(document["leafHash"]),
        document["leafIdx"],
        document["treeSize"],
        [plain(node) for node in document["proof"] or []],
        plain(document["root"]),
    )


def consistency(document: dict[str, Any]) -> None:
    merkle.verify_consistency(
        document["size1"],
        plain(document["root1"]),
        document["size2"],
        plain(document["root2"]),
        [plain(node) for node in document["proof"] or []],
    )


def plain(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
