"""The numbers contracts use for states, purposes and changes (`contracts/acts.json` and the interfaces)."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

__all__ = [
    "LOAN_TRANSITIONS",
    "PAYLOAD_WORDS",
    "AgreementState",
    "Change",
    "KeyPurpose",
    "LoanState",
    "MatterKind",
    "MemberState",
    "ProposalState",
    "Visibility",
]


class MemberState(IntEnum):
    """Where a member stands."""

    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2
    EXPELLED = 3


class KeyPurpose(IntEnum):
    """What a key is for; ACT, RECOVERY and VALIDATOR keys are addresses, left-padded to 32 bytes."""

    ACT = 1
    RECOVERY = 2
    VALIDATOR = 3
    EXCHANGE = 4
    SEAL = 5
    DOCUMENT = 6


class Change(IntEnum):
    """What m of n members decide."""

    ADMIT = 1
    SUSPEND = 2
    REINSTATE = 3
    EXPEL = 4
    SET_ROLES = 5
    ADD_VALIDATOR = 6
    REMOVE_VALIDATOR = 7
    SET_THRESHOLD = 8
    SET_DELAY = 9
    SET_CONTRACT = 10
    BACKDATE_COMPROMISE = 11
    REPLACE_RECOVERY = 12


PAYLOAD_WORDS: Final[Mapping[Change, int]] = {
    Change.ADMIT: 6,
    Change.SUSPEND: 2,
    Change.REINSTATE: 2,
    Change.EXPEL: 2,
    Change.SET_ROLES: 2,
    Change.ADD_VALIDATOR: 4,
    Change.REMOVE_VALIDATOR: 3,
    Change.SET_THRESHOLD: 1,
    Change.SET_DELAY: 1,
    Change.SET_CONTRACT: 3,
    Change.BACKDATE_COMPROMISE: 5,
    Change.REPLACE_RECOVERY: 6,
}
"""Words of 32 bytes in the payload of each change."""


class ProposalState(IntEnum):
    """Where a proposal stands; one that is open may have lapsed."""

    OPEN = 1
    CANCELLED = 2
    EXECUTED = 3


class Visibility(IntEnum):
    """SEALED: a loan is one digest. OPEN: amounts, shares and dates are on chain."""

    SEALED = 0
    OPEN = 1


class AgreementState(IntEnum):
    """PROPOSED → ACTIVE when every party has signed, or PROPOSED → WITHDRAWN."""

    NONE = 0
    PROPOSED = 1
    ACTIVE = 2
    WITHDRAWN = 3


class LoanState(IntEnum):
    """Where a loan stands; what may follow is in `LOAN_TRANSITIONS`."""

    NONE = 0
    PENDING = 1
    ACTIVE = 2
    SETTLED = 3
    WRITTEN_OFF = 4
    REVERSED = 5


LOAN_TRANSITIONS: Final[Mapping[LoanState, frozenset[LoanState]]] = {
    LoanState.NONE: frozenset({LoanState.PENDING, LoanState.ACTIVE}),
    LoanState.PENDING: frozenset({LoanState.ACTIVE, LoanState.REVERSED}),
    LoanState.ACTIVE: frozenset({LoanState.SETTLED, LoanState.WRITTEN_OFF, LoanState.REVERSED}),
    LoanState.SETTLED: frozenset(),
    LoanState.WRITTEN_OFF: frozenset({LoanState.SETTLED}),
    LoanState.REVERSED: frozenset(),
}
"""The state table of `LoanLedger`."""


class MatterKind(IntEnum):
    """What waits for the signature of others."""

    AGREEMENT = 1
    SEALED_LOAN = 2
    SHARE_TRANSFER = 3
    SERVICING_TRANSFER = 4
