"""What the worker does for records: read uploads, make batches."""

from tallystick_gateway.kit.gateway import Gateway, Reason
from tallystick_gateway.kit.worker import Task
from tallystick_gateway.records import repository
from tallystick_gateway.records.batches import BatchWork
from tallystick_gateway.records.uploads import UploadWork, clear_leftovers

__all__ = ["attach"]


def attach(gateway: Gateway) -> None:
    """Add the tasks, readiness checks and facts of this domain; remove what a crash left in the uploads folder."""
    clear_leftovers(gateway)
    gateway.worker.add(
        [
            Task("records.uploads", 5.0, UploadWork(gateway).step),
            Task("records.batches", 0.5, BatchWork(gateway).step),
        ]
    )
    gateway.checks.append(lambda: _contradicted(gateway))
    gateway.facts["records"] = lambda: _facts(gateway)


def _contradicted(gateway: Gateway) -> Reason | None:
    with gateway.database.read() as session:
        for log in repository.logs(session):
            if any(batch.contradicted for batch in repository.open_batches(session, log.stream)):
                return Reason(
                    "records.log_contradicted",
                    f"The chain holds an anchor of our log {log.stream.hex()} that this gateway did not make.",
                    "Stop, revoke the key, restore the database: see `tally records audit`.",
                )
    return None


def _facts(gateway: Gateway) -> dict[str, object]:
    with gateway.database.read() as session:
        return {
            "uploads_waiting": repository.uploads_waiting(session),
            "records_waiting": repository.waiting_records(session),
            "logs": len(repository.logs(session)),
        }
