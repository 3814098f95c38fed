"""What a certificate says: the index of a package as sections, facts and tables, in both languages. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tallystick.roots import Roots
from tallystick.verify.wording import amount, name_of_member

from .texts import ACTS, KINDS, NOT_PROVED, STATES, Text, both

__all__ = ["MOST_ROWS", "Column", "Section", "Table", "sections_of"]

MOST_ROWS = 200
"""A table shows so many rows; how many more there are is said."""

Index = Mapping[str, Any]
"""`evidence.json`, read."""


class Column(NamedTuple):
    """A column of a table, and how wide it is beside the others; `mono` for hashes."""

    title: Text
    width: float
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a section; `left_out` more are only in the index."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the certificate; any of its contents may be empty."""

    title: Text
    facts: Sequence[tuple[Text, str]] = ()
    table: Table | None = None
    notes: Sequence[Text] = ()


def sections_of(index: Index, digest: bytes, roots: Roots) -> list[Section]:
    """The certificate of the package with this index, whose SHA-256 is `digest`; names of members are from `roots`."""
    names = _Names(roots)
    made = (
        _package(index, digest, names),
        _loan(index, names),
        _figures(index, names),
        _acts(index, names),
        _logs(index, names),
        _blocks(index),
        _withheld(index),
        _files(index),
        Section(Text("What no package proves", "任何证据包均不证明的事项"), notes=NOT_PROVED),
    )
    return [section for section in made if section is not None]


class _Names:
    def __init__(self, roots: Roots) -> None:
        self._roots = roots

    def of(self, member: object) -> str:
        """Name and legal id of a member, given in hex."""
        return name_of_member(bytes.fromhex(str(member)), self._roots)


def _package(index: Index, digest: bytes, names: _Names) -> Section:
    built, as_of, chain, subject = index["built"], index["as_of"], index["chain"], index["subject"]
    facts = [
        (Text("Kind", "种类"), both(KINDS[index["kind"]])),
        *((_SUBJECTS[name], names.of(value) if name == "member" else value) for name, value in subject.items()),
        (Text("Built by", "制作方"), names.of(built["member"])),
        (Text("Built at, by its own clock", "制作时间（制作方时钟）"), built["at"]),
        (Text("As of block", "截止区块"), f"{as_of['height']}  {as_of['hash']}"),
        (Text("Chain", "链"), f"{chain['chain_id']}  {chain['genesis_hash']}"),
        (Text("SHA-256 of the index", "索引的 SHA-256"), digest.hex()),
    ]
    return Section(Text("The package", "证据包"), facts, notes=_HOW_TO_CHECK)


_SUBJECTS = {
    "member": Text("Log of", "日志所属成员"),
    "stream": Text("Agreement of the log", "日志所属协议"),
    "acts": Text("Digest of the acts' ids", "行为编号摘要"),
    "agreement": Text("Agreement", "协议"),
    "loan": Text("Loan", "贷款"),
}
_HOW_TO_CHECK = (
    Text(
        "This page is a readable rendering of evidence.json in the package that it came in; it proves nothing itself. "
        "The program tally-verify judges the package offline, by roots that you have from somebody you trust.",
        "本页是所在证据包中 evidence.json 的可读版本，其本身不构成证明。请使用程序 tally-verify，"
        "并以取自可信来源的信任根，离线核验证据包。",
    ),
    Text(
        "The code is the SHA-256 of evidence.json. It tells which package this page belongs to.",
        "二维码为 evidence.json 的 SHA-256，用于指明本页所属的证据包。",
    ),
)


def _loan(index: Index, names: _Names) -> Section | None:
    loan = index["loan"]
    if loan is None:
        return None
    withheld = "withheld 未披露"
    principal = withheld if loan["principal"] is None else amount(loan["principal"], loan["currency"])
    day = str(loan["value_date"]) if loan["value_date"] else ""
    snapshot = loan["snapshot"]
    complete = (
        f"all up to block 截至区块 {snapshot['height']}" if snapshot else "later acts are not excluded 不排除其后的行为"
    )
    return Section(
        Text("The loan", "贷款"),
        [
            (Text("State", "状态"), both(STATES.get(loan["state"], STATES["NONE"]))),
            (Text("Paid out by", "放款方"), names.of(loan["originator"]) if loan["originator"] else "–"),
            (Text("Principal", "本金"), principal),
            (Text("Value date", "起息日"), f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else withheld),
            (Text("Borrower's tag", "借款人标签"), loan["borrower_tag"] or withheld),
            (Text("Acts", "行为数"), f"{loan['count']}, {complete}"),
            (Text("Head", "链头"), loan["head"]),
        ],
    )


def _figures(index: Index, names: _Names) -> Section | None:
    figures = index["loan"]["figures"] if index["loan"] else []
    if not figures:
        return None
    rows = [
        [
            names.of(entry["member"]),
            "–" if entry["repayments"] is None else str(entry["repayments"]),
            *(_amount(entry, name) for name in ("principal", "interest", "penalty", "fees", "outstanding")),
            "yes 是" if entry["complete"] else "no 否",
        ]
        for entry in figures
    ]
    columns = (
        Column(Text("By the records of", "依据其记录"), 22),
        Column(Text("Payments", "还款笔数"), 10),
        Column(Text("Principal repaid", "已还本金"), 14),
        Column(Text("Interest", "利息"), 12),
        Column(Text("Penalty", "罚息"), 11),
        Column(Text("Fees", "费用"), 11),
        Column(Text("Principal left", "剩余本金"), 14),
        Column(Text("All records shown", "记录完整"), 10),
    )
    return Section(Text("Recomputed from records", "依记录重算"), table=Table(columns, rows))


def _amount(entry: Mapping[str, Any], name: str) -> str:
    return "–" if entry[name] is None else amount(entry[name], entry["currency"])


def _acts(index: Index, names: _Names) -> Section:
    times = {block["height"]: block["time"] for block in index["blocks"]}

    def row(act: Mapping[str, Any]) -> list[str]:
        kind = both(ACTS[act["kind"]]) if act["kind"] in ACTS else act["kind"]
        return [kind, names.of(act["member"]), f"{act['height']}  {times[act['height']]}", act["id"]]

    columns = (
        Column(Text("Act", "行为"), 24),
        Column(Text("Signed by", "签署方"), 22),
        Column(Text("Block, and its time", "区块及其时间"), 20),
        Column(Text("Id", "编号"), 34, mono=True),
    )
    return Section(Text("Acts", "行为"), table=_table(columns, index["acts"], row))


def _logs(index: Index, names: _Names) -> Section | None:
    if not index["logs"]:
        return None

    def row(log: Mapping[str, Any]) -> list[str]:
        whole = log["complete"]
        span = f"{whole['first_index']} – {whole['next_index'] - 1}" if whole else "no 否"
        return [names.of(log["member"]), log["stream"], str(len(log["anchors"])), str(log["records"]), span]

    columns = (
        Column(Text("Member", "成员"), 22),
        Column(Text("Agreement", "协议"), 40, mono=True),
        Column(Text("Anchors", "锚定次数"), 10),
        Column(Text("Records shown", "展示记录数"), 12),
        Column(Text("Complete", "完整区间"), 16),
    )
    return Section(Text("Logs of records", "记录日志"), table=_table(columns, index["logs"], row))


def _blocks(index: Index) -> Section:
    stamped = sorted({height for each in index["checkpoints"] if each["tokens"] for height in each["heights"]})
    authorities = sum(len(each["tokens"]) for each in index["checkpoints"])
    shown = ", ".join(map(str, stamped[:20])) + (" …" if len(stamped) > 20 else "")
    note = Text(
        "A block's time is its validators' claim. What a time-stamp authority vouches for, tally-verify tells.",
        "区块时间由验证节点声明。时间戳机构所证明的时间，以 tally-verify 的结果为准。",
    )
    facts = [(Text("Blocks", "区块数"), str(len(index["blocks"])))]
    if stamped:
        facts += [(Text("Time stamps", "时间戳"), f"{authorities}; blocks 区块 {shown}")]
    return Section(Text("Time", "时间"), facts, notes=(note,))


def _withheld(index: Index) -> Section:
    title = Text("Withheld", "未披露内容")
    if not index["withheld"]:
        nothing = Text("Nothing of what the package covers.", "证据包所涵盖的内容均已披露。")
        return Section(title, notes=(nothing,))
    columns = (
        Column(Text("Type", "类型"), 30),
        Column(Text("Field", "字段"), 40),
        Column(Text("In so many records", "涉及记录数"), 30),
    )

    def row(entry: Mapping[str, Any]) -> list[str]:
        return [f"{entry['type']} v{entry['version']}", entry["field"], str(entry["count"])]

    return Section(title, table=_table(columns, index["withheld"], row))


def _files(index: Index) -> Section:
    columns = (
        Column(Text("File", "文件"), 45, mono=True),
        Column(Text("Bytes", "字节"), 10),
        Column(Text("SHA-256", "SHA-256"), 45, mono=True),
    )
    rows = _table(columns, index["files"], lambda each: [each["path"], str(each["size"]), each["sha256"]])
    return Section(Text("Files", "文件清单"), table=rows)


def _table(
    columns: Sequence[Column], entries: Sequence[Mapping[str, Any]], row: Callable[[Mapping[str, Any]], list[str]]
) -> Table:
    return Table(columns, [row(entry) for entry in entries[:MOST_ROWS]], max(0, len(entries) - MOST_ROWS))
