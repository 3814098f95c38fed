"""What a package shows and when it was recorded, line by line, for the report."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from tallystick.roots import Roots

from .checks.loan import Loan
from .examination import Examination
from .facts import ProvedAct
from .wording import amount, block_time, moment, name_of_member, short

if TYPE_CHECKING:
    from tallystick.timestamps import End

__all__ = ["shown_lines", "when_lines"]

MOST_LINES: Final = 12


def when_lines(examination: Examination) -> list[str]:
    """For each block with an act: the validators' time, and between which instants others saw it."""
    heights = sorted({act.place.height for act in examination.acts})
    lines = []
    for height in heights[:MOST_LINES]:
        said = f"block {height}: {block_time(examination.blocks[height].time)} by the validators' clocks"
        interval = examination.times.intervals.get(height)
        lower, upper = (interval.lower, interval.upper) if interval else (None, None)
        if upper:
            said += f"; not after {_end(upper)}"
        if lower:
            said += f"; not before {_end(lower)}"
        lines.append(said)
    if len(heights) > MOST_LINES:
        lines.append(f"… and {len(heights) - MOST_LINES} more blocks, up to block {heights[-1]}")
    lines.append("These are times of recording. When a thing happened is what its record says, and no more.")
    return lines


def shown_lines(examination: Examination, roots: Roots | None) -> list[str]:
    """Acts, records, and the loan."""
    lines = list(_loan_lines(examination, roots)) if examination.loan else []
    acts = [act for act in examination.acts if act.kind != "NoteTime"]
    lines += [_act_line(act, roots) for act in acts[:MOST_LINES]]
    if len(acts) > MOST_LINES:
        lines.append(f"… and {len(acts) - MOST_LINES} more acts")
    by_type = sorted(examination.tally.by_type.items())
    if by_type:
        lines.append("records: " + ", ".join(f"{count} of type {kind}" for kind, count in by_type))
    for key, log in examination.logs.items():
        tally = examination.tally.logs.get(key)
        if tally is not None and tally.is_whole(log):
            where = f"from {log.first_index} to {log.next_index - 1}"
            lines.append(f"the log of {name_of_member(log.member, roots)} {where} is shown without a gap")
    return lines


def _end(end: "End") -> str:
    development = " (development: proves nothing)" if end.development else ""
    return f"{moment(end.instant)} by {end.authority}{development}"


def _act_line(act: ProvedAct, roots: Roots | None) -> str:
    says = f"block {act.place.height}: {name_of_member(act.member, roots)}: {act.kind}"
    loan, stream = act.values.get("loan"), act.values.get("stream")
    principal, currency = act.values.get("principal"), act.values.get("currency")
    if isinstance(principal, int) and isinstance(currency, bytes):
        says += f" of {amount(principal, currency.decode('ascii', 'replace'))}"
    if isinstance(loan, bytes):
        says += f", loan {short(loan)}"
    if isinstance(stream, bytes):
        first, count = act.number("firstIndex"), act.number("count")
        says += f", records {first} to {first + count - 1}"
    return says


def _loan_lines(examination: Examination, roots: Roots | None) -> Iterator[str]:
    loan = examination.loan
    if loan is None:
        return
    yield f"loan {loan.loan.hex()}: {loan.state}, {loan.visibility or 'of a predecessor'}"
    yield f"agreement {loan.agreement.hex()}"
    if loan.originator:
        principal = "terms withheld" if loan.principal is None else amount(loan.principal, loan.currency)
        yield f"paid out by {name_of_member(loan.originator, roots)}: {principal}"
    entries = [entry for entry in examination.figures or () if isinstance(entry, dict)]
    names = {str(entry["member"]): name_of_member(bytes.fromhex(str(entry["member"])), roots) for entry in entries}
    for entry in entries:
        yield _figures_line(entry, names[str(entry["member"])])
    yield _acts_line(loan)
    for entry in entries:
        all_or_not = "every one up to its last anchor shown" if entry["complete"] else "SOME MAY BE MISSING"
        yield f"completeness, records of {names[str(entry['member'])]}: {all_or_not}; later ones are not excluded"
    if not entries:
        yield "completeness, records: none shown"
    yield "completeness, book of the counterparty: not compared"


def _figures_line(entry: dict[str, object], who: str) -> str:
    currency = entry["currency"]
    if not isinstance(currency, str):
        return f"by the records of {who}: sums not shown, a field that they need is withheld"
    repaid = amount(str(entry["principal"]), currency)
    owed = "not known" if entry["outstanding"] is None else amount(str(entry["outstanding"]), currency)
    return (
        f"by the records of {who}: {entry['repayments']} repayments, principal repaid {repaid}, principal left {owed}"
    )


def _acts_line(loan: Loan) -> str:
    if loan.snapshot is None:
        return f"completeness, acts: {loan.count} shown without a gap; later ones are not excluded"
    return f"completeness, acts: all {loan.count} are shown, up to block {loan.snapshot.place.height}"
