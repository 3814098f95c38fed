"""Packages asked for, followed and handed out; built one after the other by the worker (`tasks`)."""

import hashlib
import secrets
from pathlib import Path

from pydantic import TypeAdapter

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.loans import service as loans
from tallystick_gateway.loans.schemas import SnapshotIn

from . import repository
from .choosing import choose
from .disclosing import require_known_fields
from .errors import PackageLost, PackageNotDone, PackageUnknown
from .models import PackageRow
from .schemas import ActsIn, LoanPackageIn, PackageIn, PackageOut, PackageSummary

__all__ = ["asked_for", "file_of", "finished", "known", "request", "shown"]

_ASKED: TypeAdapter[PackageIn] = TypeAdapter(PackageIn)


def request(session: Session, gateway: Gateway, asked: PackageIn, client_id: str) -> PackageOut:
    """Take a package into the queue; the chain is asked for a fresh snapshot at once.

    Raises what `choose` does, `FieldUnknown`, and what a snapshot is refused for.
    """
    choose(session, gateway, asked)
    if not isinstance(asked, ActsIn):
        require_known_fields([*(asked.disclose or ()), *(asked.withhold or ())])
    row = PackageRow(
        id=secrets.token_hex(16),
        sequence=0,
        client_id=client_id,
        kind=asked.kind,
        request=asked.model_dump(mode="json"),
        state="waiting",
        requested_at=gateway.clock.now(),
    )
    if isinstance(asked, LoanPackageIn) and asked.snapshot == "fresh":
        wanted = SnapshotIn(agreement=asked.agreement, loan_ids=[asked.loan])
        row.snapshot_submission = loans.snapshot(session, gateway, wanted, partial=False).submission_id
    repository.add_package(session, row)
    return shown(row)


def asked_for(row: PackageRow) -> PackageIn:
    """What was asked for."""
    return _ASKED.validate_python(row.request)


def known(session: Session, package_id: str) -> PackageRow:
    """The package. Raises `PackageUnknown`."""
    row = repository.find(session, package_id)
    if row is None:
        raise PackageUnknown(f"There is no package {package_id}.", package_id=package_id)
    return row


def shown(row: PackageRow) -> PackageOut:
    """The package as clients see it."""
    return PackageOut.model_validate(
        {
            "id": row.id,
            "kind": row.kind,
            "state": row.state,
            "requested_at": row.requested_at,
            "ended_at": row.ended_at,
            "snapshot_submission": row.snapshot_submission,
            "content": f"/v1/packages/{row.id}/content" if row.state == "done" else None,
            "package": PackageSummary.model_validate(row.summary) if row.summary else None,
            "error": row.error,
        }
    )


def file_of(gateway: Gateway, package_id: str) -> Path:
    """Where a finished package is."""
    return gateway.config.packages_path / f"{package_id}.asice"


def finished(session: Session, gateway: Gateway, package_id: str) -> tuple[Path, bytes]:
    """The file of a finished package, and its SHA-256. Raises `PackageUnknown`, `PackageNotDone`, `PackageLost`."""
    row = known(session, package_id)
    if row.state != "done" or row.file_digest is None:
        raise PackageNotDone(f"The package is {row.state}.", state=row.state)
    path = file_of(gateway, package_id)
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
    except OSError:
        raise PackageLost("The package's file is not there.", package_id=package_id) from None
    if found != row.file_digest:
        raise PackageLost("The package's file is another than was written.", package_id=package_id)
    return path, found
