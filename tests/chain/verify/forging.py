"""A builder that cheats: it changes what it likes, lists and signs the result properly, and skips every check."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import rfc8785

from tallystick.acts import PackageBuilt, sign
from tallystick.keys import ActKey
from tallystick.package.builder import BuilderStatement, statement_of
from tallystick.package.container import read_container, write_container
from tallystick.package.evidence import Evidence, ListedFile, parse_evidence
from tallystick.package.paths import BUILDER, CERTIFICATE, EVIDENCE, META_INF, MIMETYPE, VERIFY_TXT
from tallystick.package.verify_txt import verify_txt
from tallystick.roots import Roots

from .sealed_chain import act_key

Changes = Mapping[str, bytes | Callable[[bytes], bytes] | None]


def files_of(package: bytes) -> dict[str, bytes]:
    """The files of a sound package."""
    return {path: bytes(content) for path, content in read_container(package).items()}


def repacked(package: bytes, changes: Changes) -> bytes:
    """The package with files changed (None: taken out) and nothing else: what an outsider can do."""
    return write_container(_changed(files_of(package), changes))


def forged(
    package: bytes,
    roots: Roots,
    changes: Changes | None = None,
    *,
    claims: Mapping[str, Any] | None = None,
    key: ActKey | None = None,
    said: Callable[[PackageBuilt], PackageBuilt] = lambda said: said,
    **evidence: Any,
) -> bytes:
    """The package with files, claims or parts of the index changed, listed and signed anew: what its builder can do."""
    files = _changed(files_of(package), changes or {})
    index = parse_evidence(files.pop(EVIDENCE))
    certificate = files.get(CERTIFICATE)
    index = replace(index, **{"claims": {**index.claims, **(claims or {})}, **evidence})
    index, files = listed(index, files)
    evidence_json = index.to_json()
    statement = said(statement_of(index, evidence_json, certificate))
    signature = sign(statement, roots.domain, key or act_key(0))
    files |= {EVIDENCE: evidence_json, BUILDER: BuilderStatement(statement, signature).to_json()}
    return write_container(files)


def listed(index: Evidence, files: Mapping[str, bytes]) -> tuple[Evidence, dict[str, bytes]]:
    """The index with these files listed, and the files with their VERIFY.txt."""
    kept = {
        path: content
        for path, content in files.items()
        if path not in (MIMETYPE, EVIDENCE, CERTIFICATE, VERIFY_TXT) and not path.startswith(META_INF)
    }
    entries = [_entry(path, content) for path, content in sorted(kept.items())]
    text = verify_txt(index.kind, index.member, index.built_at, entries)
    entries = sorted([*entries, _entry(VERIFY_TXT, text)], key=lambda each: each.path)
    return replace(index, files=tuple(entries)), {**files, VERIFY_TXT: text}


@contextmanager
def careless() -> Iterator[None]:
    """Within, a draft is made of any proofs, with the index that follows from what of them holds."""
    with mock.patch("tallystick.package.writer._require_proved"):
        yield


def jcs(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    """A change of a JSON file: `change` alters the value in place, or returns another."""

    def changed(content: bytes) -> bytes:
        value = json.loads(content)
        return rfc8785.dumps(change(value) or value)

    return changed


def _changed(files: dict[str, bytes], changes: Changes) -> dict[str, bytes]:
    for path, change in changes.items():
        if change is None:
            del files[path]
        else:
            files[path] = change(files[path]) if callable(change) else change
    return files


def _entry(path: str, content: bytes) -> ListedFile:
    return ListedFile(path, hashlib.sha256(content).digest(), len(content))
