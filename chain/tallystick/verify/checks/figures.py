"""What is left of a loan when its records are added up again (`docs/package.md`, Loans)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tallystick.records.handover import OpenedRecord
from tallystick.strictjson import Json
from tallystick.verify.findings import Findings

__all__ = ["Figures", "LoanBook", "check_figures"]

_PARTS: Final = ("principal", "interest", "penalty", "fees")


@dataclass(frozen=True, slots=True)
class _Repayment:
    currency: str
    amounts: tuple[int, ...]


@dataclass(slots=True)
class LoanBook:
    """The records of one loan in one log that change what is owed."""

    repayments: dict[bytes, _Repayment] = field(default_factory=dict)
    reversals: list[tuple[bytes, bytes]] = field(default_factory=list)
    others: set[bytes] = field(default_factory=set)
    withheld: int = 0

    def add(self, record: OpenedRecord) -> None:
        """Take a record of the loan; they come by ascending index."""
        shown = record.disclosed
        if record.kind.name == "repayment":
            currency, *amounts = (shown.get(name) or "" for name in ("currency", *_PARTS))
            if currency and all(amounts):
                self.repayments[record.digest] = _Repayment(currency, tuple(map(int, amounts)))
            else:
                self.withheld += 1
        elif record.kind.name == "reversal":
            reversed_ = shown.get("reverses")
            if reversed_ is None:
                self.withheld += 1
            else:
                self.reversals.append((record.digest, bytes.fromhex(reversed_)))
        else:
            self.others.add(record.digest)

    def counted(self) -> list[_Repayment]:
        """The repayments that no reversal takes back; a reversal that is itself reversed takes nothing back."""
        taken_back: set[bytes] = set()
        for digest, target in reversed(self.reversals):
            if digest not in taken_back:
                taken_back.add(target)
        return [repayment for digest, repayment in self.repayments.items() if digest not in taken_back]

    def unmatched(self) -> int:
        """How many reversals name a record that is not shown."""
        known = self.repayments.keys() | self.others | {digest for digest, _ in self.reversals}
        return sum(target not in known for _, target in self.reversals)


@dataclass(slots=True)
class Figures:
    """The records of `loan`, by log; a listener of `check_records`."""

    loan: str
    books: dict[tuple[bytes, bytes], LoanBook] = field(default_factory=dict)

    def add(self, record: OpenedRecord) -> None:
        """Take a record if it shows that it is of the loan."""
        if record.disclosed.get("loan") == self.loan:
            self.books.setdefault((record.member, record.stream), LoanBook()).add(record)


def check_figures(
    figures: Figures,
    complete: Mapping[tuple[bytes, bytes], bool],
    currency: str | None,
    principal: int | None,
    found: Findings,
) -> list[Json]:
    """The sums by log, as the index states them. `complete` says of which logs nothing can be missing."""
    entries = [
        _entry(key, book, currency, principal, found) | {"complete": complete.get(key, False)}
        for key, book in sorted(figures.books.items())
    ]
    if not entries:
        found.add("figures.none", "no record of the loan is opened")
    else:
        found.passed("figures.recomputed", f"from the records of {len(entries)} logs")
    return list(entries)


def _entry(
    key: tuple[bytes, bytes], book: LoanBook, currency: str | None, principal: int | None, found: Findings
) -> dict[str, Json]:
    member, stream = key
    entry: dict[str, Json] = {"member": member.hex(), "stream": stream.hex(), "currency": None, "repayments": None}
    entry |= dict.fromkeys((*_PARTS, "outstanding"))
    if book.withheld:
        found.add("figures.withheld", f"{book.withheld} records of member {member.hex()}")
        return entry
    if unmatched := book.unmatched():
        found.add("figures.reversal", f"{unmatched} reversals of member {member.hex()}")
    counted = book.counted()
    currencies = {each.currency for each in counted}
    if len(currencies) > 1 or (currency is not None and currencies - {currency}):
        of_loan = currency or "none that is shown"
        found.add("figures.currency", f"{', '.join(sorted(currencies))}; the loan is in {of_loan}")
        return entry
    sums = {name: sum(each.amounts[place] for each in counted) for place, name in enumerate(_PARTS)}
    left = None if principal is None else str(principal - sums["principal"])
    shown: dict[str, Json] = {name: str(amount) for name, amount in sums.items()}
    only = next(iter(currencies), currency)
    return entry | shown | {"currency": only, "repayments": len(counted), "outstanding": left}
