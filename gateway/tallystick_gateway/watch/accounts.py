"""Three accounts of the same chain, in the form in which `tallystick.ledger` compares them.

The first is recomputed from events alone; here are the second, what our own tables say, and the third, what the
contracts' views answer.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, cast

from tallystick.client import Node, NodeRefused
from tallystick.client.errors import decode_revert
from tallystick.ledger import ChainState, Subject, Views
from tallystick_gateway.agreements.models import AgreementPartyRow, AgreementRow
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import owned_by, table_of
from tallystick_gateway.loans.models import LoanRow
from tallystick_gateway.loans.projections import split_shares
from tallystick_gateway.members import repository as members
from tallystick_gateway.members.codes import AGREEMENT_STATES, KEY_PURPOSES, LOAN_STATES, MEMBER_STATES

from . import repository
from .calls import CallRequest, eth_calls
from .decoding import result_reader

__all__ = ["Answers", "ask_contracts", "of_projections"]

Answers = dict[Subject, dict[Hashable, Mapping[str, object]]]
_KEY_FIELDS = ("member", "purpose", "notBefore", "notAfter", "revokedAt", "compromisedSince")
_CALLS_AT_ONCE = 1000


def of_projections(session: Session) -> Views:
    """What our tables say, in one snapshot."""
    agreements = _agreements(session)
    return {
        Subject.MEMBER: {
            row.member: {"state": _code(MEMBER_STATES, row.state), "roles": row.roles, "index": row.position}
            for row in members.list_members(session)
        },
        Subject.KEY: {
            row.key: {
                "member": row.member,
                "purpose": _code(KEY_PURPOSES, row.purpose),
                "not_before": row.not_before,
                "not_after": row.not_after,
                "revoked_at": row.revoked_at or 0,
                "compromised_since": row.compromised_since or 0,
            }
            for row in members.keys_of(session)
        },
        Subject.CONTRACT: {
            row.name: {"address": row.address, "code_hash": row.code_hash}
            for row in members.directory(session)
            if row.to_height is None
        },
        Subject.AGREEMENT: agreements,
        Subject.LOAN: dict(_loans(session)),
        Subject.LOG: {
            (member, stream): {"next_index": next_index, "last_anchor": last}
            for member, stream, next_index, last in repository.log_ends(session)
        },
    }


def ask_contracts(node: Node, expected: ChainState, subjects: Mapping[Subject, Sequence[Hashable]]) -> Answers:
    """What the contracts' views answer about these subjects now. Raises `ContractRefused` or a `NodeError`."""
    questions = [
        question for subject, keys in subjects.items() for key in keys for question in _ASK[subject](expected, key)
    ]
    answers: Answers = {subject: {} for subject in subjects}
    for start in range(0, len(questions), _CALLS_AT_ONCE):
        some = questions[start : start + _CALLS_AT_ONCE]
        for question, returned in zip(some, eth_calls(node, [question.request for question in some]), strict=True):
            row = dict(answers[question.subject].get(question.key, {}))
            row.update(question.read(returned))
            answers[question.subject][question.key] = row
    return answers


class _Question:
    """One view to be asked: `read` turns what came back into fields of the subject's row."""

    def __init__(
        self,
        subject: Subject,
        key: Hashable,
        contract: tuple[str, bytes],
        function: str,
        words: Sequence[bytes],
        fields: Callable[[Any], Mapping[str, object]],
    ) -> None:
        name, address = contract
        reader = result_reader(name, function)
        self.subject, self.key = subject, key
        self.request: CallRequest = (address, reader.selector + b"".join(words))
        self._read, self._fields = reader.read, fields

    def read(self, returned: str | NodeRefused) -> Mapping[str, object]:
        if isinstance(returned, NodeRefused):
            raise decode_revert(returned.revert_data)
        return self._fields(self._read(returned))


def _member(expected: ChainState, key: Hashable) -> Iterator[_Question]:
    yield _Question(
        Subject.MEMBER,
        key,
        ("Consortium", expected.consortium),
        "memberOf",
        _words(key),
        lambda found: {"state": found["state"], "roles": found["roles"], "index": found["index"]},
    )


def _key(expected: ChainState, key: Hashable) -> Iterator[_Question]:
    yield _Question(
        Subject.KEY,
        key,
        ("Consortium", expected.consortium),
        "keyOf",
        _words(key),
        lambda found: {_snake(name): found[name] for name in _KEY_FIELDS},
    )


def _agreement(expected: ChainState, key: Hashable) -> Iterator[_Question]:
    def fields(found: Any) -> Mapping[str, object]:
        return {
            "state": found["state"],
            "visibility": found["visibility"],
            "currency": found["currency"],
            "loan_limit": found["loanLimit"],
            "total_limit": found["totalLimit"],
            "exposure": found["exposure"],
            "parties": tuple(party["member"] for party in found["parties"]),
            "share_bps": tuple(party["shareBps"] for party in found["parties"]),
            "limits": tuple(party["limit"] for party in found["parties"]),
            "exposures": tuple(party["exposure"] for party in found["parties"]),
        }

    yield _Question(Subject.AGREEMENT, key, _at(expected, "AgreementBook"), "agreementOf", _words(key), fields)


def _loan(expected: ChainState, key: Hashable) -> Iterator[_Question]:
    words = _words(key)
    ledger = _at(expected, "LoanLedger")
    yield _Question(
        Subject.LOAN,
        key,
        ledger,
        "loanOf",
        words,
        lambda found: {name: found[name] for name in ("state", "servicer", "principal", "count", "head")},
    )
    yield _Question(Subject.LOAN, key, ledger, "sharesOf", words, lambda found: {"shares": found})


def _log(expected: ChainState, key: Hashable) -> Iterator[_Question]:
    yield _Question(
        Subject.LOG,
        key,
        _at(expected, "RecordLog"),
        "logOf",
        _words(key),
        lambda found: {"next_index": found["nextIndex"], "last_anchor": found["lastAnchor"]},
    )


_ASK: Mapping[Subject, Callable[[ChainState, Hashable], Iterator[_Question]]] = {
    Subject.MEMBER: _member,
    Subject.KEY: _key,
    Subject.AGREEMENT: _agreement,
    Subject.LOAN: _loan,
    Subject.LOG: _log,
}


def _at(expected: ChainState, name: str) -> tuple[str, bytes]:
    return name, expected.contract_at(name) or bytes(20)


def _words(key: Hashable) -> list[bytes]:
    """The 32-byte parts of a subject's key, as a view takes them."""
    return [bytes(part) for part in key] if isinstance(key, tuple) else [cast("bytes", key)]


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _code(names: Mapping[int, str], name: str) -> int:
    return next(code for code, known in names.items() if known == name)


def _agreements(session: Session) -> dict[Hashable, Mapping[str, object]]:
    agreements, parties = table_of(AgreementRow), table_of(AgreementPartyRow)
    columns = ("agreement", "state", "currency", "loan_limit", "total_limit", "exposure")
    by_agreement: dict[bytes, list[Any]] = {}
    query = parties.select().where(owned_by(session, parties)).order_by(parties.c.agreement, parties.c.position)
    for party in session.execute(query):
        by_agreement.setdefault(party.agreement, []).append(party)
    found: dict[Hashable, Mapping[str, object]] = {}
    query = agreements.select().where(owned_by(session, agreements), agreements.c.proposed_height.is_not(None))
    for row in session.execute(query):
        of = by_agreement.get(row.agreement, [])
        found[row.agreement] = {name: getattr(row, name) for name in columns[3:]} | {
            "state": _code(AGREEMENT_STATES, row.state),
            "currency": row.currency.encode(),
            "parties": tuple(party.member for party in of),
            "share_bps": tuple(party.share_bps for party in of),
            "limits": tuple(party.limit_minor for party in of),
            "exposures": tuple(party.exposure for party in of),
        }
    return found


def _loans(session: Session) -> Iterator[tuple[Hashable, Mapping[str, object]]]:
    loans = table_of(LoanRow)
    columns = ("agreement", "loan", "state", "principal", "shares", "count", "head")
    query = loans.select().with_only_columns(*(loans.c[name] for name in columns))
    for row in session.execute(query.where(owned_by(session, loans), loans.c.count > 0)):
        fields: dict[str, object] = {
            "state": _code(LOAN_STATES, row.state),
            "principal": row.principal or 0,
            "count": row.count,
            "head": row.head,
        }
        if row.shares:
            fields["shares"] = split_shares(row.shares)
        yield (row.agreement, row.loan), fields
