"""What a client is told when its request was accepted and goes to the chain."""

from tallystick_gateway.kit.wire import Hex32, Wire

from .service import Enqueued

__all__ = ["Accepted", "accepted"]


class Accepted(Wire):
    """Follow `submission_id` at `/v1/submissions/{id}`; `act_ids` are the signed acts, in order."""

    submission_id: str
    subject: str
    act_ids: list[Hex32]


def accepted(enqueued: Enqueued, subject: str) -> Accepted:
    """The answer to a request that became `enqueued`."""
    return Accepted(submission_id=enqueued.submission_id, subject=subject, act_ids=list(enqueued.act_ids))
