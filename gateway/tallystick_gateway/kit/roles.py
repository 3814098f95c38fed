"""Who may do what: one table of roles × actions (`gateway.md`, API). A token's scopes are actions."""

from enum import StrEnum

__all__ = ["ROLE_ACTIONS", "Action", "ClientRole"]


class Action(StrEnum):
    """What an endpoint does, and the OAuth scope that allows it."""

    MEMBERS_READ = "members:read"
    MEMBERS_GOVERN = "members:govern"
    AGREEMENTS_READ = "agreements:read"
    AGREEMENTS_PROPOSE = "agreements:propose"
    AGREEMENTS_COSIGN = "agreements:cosign"
    LOANS_READ = "loans:read"
    LOANS_DISBURSE = "loans:disburse"
    LOANS_CHANGE = "loans:change"
    RECORDS_READ = "records:read"
    RECORDS_SUBMIT = "records:submit"
    RECORDS_OPEN = "records:open"
    RECORDS_CHECK = "records:check"
    PACKAGES_READ = "packages:read"
    PACKAGES_BUILD = "packages:build"
    SUBMISSIONS_READ = "submissions:read"
    SUBMISSIONS_CANCEL = "submissions:cancel"
    EVENTS_READ = "events:read"
    CHAIN_READ = "chain:read"
    OPERATE = "gateway:operate"


class ClientRole(StrEnum):
    """What a client of the API is for."""

    ADMIN = "admin"
    SUBMITTER = "submitter"
    SIGNATORY = "signatory"
    AUDITOR = "auditor"
    MONITOR = "monitor"


_SEE = {
    Action.MEMBERS_READ,
    Action.AGREEMENTS_READ,
    Action.LOANS_READ,
    Action.RECORDS_READ,
    Action.SUBMISSIONS_READ,
    Action.EVENTS_READ,
    Action.CHAIN_READ,
}

ROLE_ACTIONS: dict[ClientRole, frozenset[Action]] = {
    ClientRole.ADMIN: frozenset(Action),
    ClientRole.SUBMITTER: frozenset(_SEE | {Action.LOANS_DISBURSE, Action.RECORDS_SUBMIT}),
    ClientRole.SIGNATORY: frozenset(
        _SEE
        | {
            Action.MEMBERS_GOVERN,
            Action.AGREEMENTS_PROPOSE,
            Action.AGREEMENTS_COSIGN,
            Action.LOANS_DISBURSE,
            Action.LOANS_CHANGE,
            Action.SUBMISSIONS_CANCEL,
        }
    ),
    ClientRole.AUDITOR: frozenset(
        _SEE | {Action.RECORDS_OPEN, Action.RECORDS_CHECK, Action.PACKAGES_READ, Action.PACKAGES_BUILD}
    ),
    ClientRole.MONITOR: frozenset({Action.CHAIN_READ, Action.EVENTS_READ}),
}
"""What each role may do; a client asks for a token with some or all of it."""
