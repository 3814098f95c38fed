"""What the watcher found out about validators, as it goes out."""

from tallystick_gateway.kit.db import Session

from . import repository
from .schemas import EpochOut, EpochValidatorOut, PendingOut, SealingOut, ValidatorsOut

__all__ = ["validators_out"]


def validators_out(session: Session) -> ValidatorsOut:
    """Who seals, who is to seal, and who sealed when."""
    rows = {row.address: row for row in repository.validators(session)}
    sealing = repository.sealing_set(session)
    governed = repository.governed_set(session)
    due = governed ^ sealing if governed is not None else frozenset()
    return ValidatorsOut(
        sealing=[
            SealingOut(
                address=row.address,
                member=row.member,
                proposed=row.proposed,
                sealed=row.sealed,
                last_proposed=row.last_proposed,
                last_sealed=row.last_sealed,
            )
            for address, row in rows.items()
            if address in sealing
        ],
        governed=sorted(governed or ()),
        pending=[
            PendingOut(address=address, change="REMOVE" if address in sealing else "ADD") for address in sorted(due)
        ],
        epochs=[
            EpochOut(
                first=epoch.first,
                last=epoch.last,
                validators=[EpochValidatorOut(address=a, member=m) for a, m in epoch.validators.items()],
            )
            for epoch in repository.epochs(session)
        ],
    )
