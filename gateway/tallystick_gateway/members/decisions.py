"""Where a proposal stands: what the contract would say of it now, from the projection alone."""

from dataclasses import dataclass

from tallystick_gateway.kit.db import Session

from . import repository
from .models import ProposalRow

__all__ = ["Standing", "standing_of"]


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is OPEN, EXECUTED, CANCELLED or LAPSED. `counting` are approvals by members active now, of `required`."""

    state: str
    counting: int
    required: int
    executable: bool


def standing_of(session: Session, row: ProposalRow, at: int) -> Standing:
    """Where the proposal stands at `at` (Unix seconds)."""
    settings = repository.consortium(session)
    active = {member.member for member in repository.list_members(session) if member.state == "ACTIVE"}
    approvals = {approval.member for approval in repository.approvals_of(session, row.proposal)}
    counting = len(approvals & active)
    two_thirds = -(-2 * len(active) // 3)
    required = max(two_thirds, settings.threshold or 0) if settings else two_thirds
    lapsed = at > row.lapses_at or (settings is not None and settings.epoch != row.epoch)
    state = "LAPSED" if row.state == "OPEN" and lapsed else row.state
    due = state == "OPEN" and counting >= required and at >= row.executable_from
    return Standing(state, counting, required, due)
