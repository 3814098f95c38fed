"""The words of a certificate, in English and Chinese."""

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["ACTS", "KINDS", "NOT_PROVED", "STATES", "Text", "both"]


class Text(NamedTuple):
    """The same in two languages."""

    en: str
    zh: str


def both(text: Text) -> str:
    """On one line."""
    return f"{text.en} {text.zh}"


KINDS: Mapping[str, Text] = {
    "records": Text("Records of one member's log", "一个成员的记录日志"),
    "acts": Text("Acts", "行为"),
    "loan": Text("One loan", "一笔贷款"),
}

STATES: Mapping[str, Text] = {
    "NONE": Text("not known", "未知"),
    "PENDING": Text("awaiting co-signature", "待共同签署"),
    "ACTIVE": Text("active", "存续"),
    "SETTLED": Text("settled", "已结清"),
    "WRITTEN_OFF": Text("written off", "已核销"),
    "REVERSED": Text("reversed", "已冲正"),
}

ACTS: Mapping[str, Text] = {
    "AddKey": Text("key added", "新增密钥"),
    "Adopt": Text("loan taken over from an earlier ledger", "由前账本承接贷款"),
    "AdoptAgreement": Text("agreement taken over from an earlier book", "由前协议簿承接协议"),
    "Anchor": Text("records anchored", "记录锚定"),
    "Approve": Text("proposal approved", "同意提案"),
    "Cancel": Text("act cancelled", "取消行为"),
    "CancelProposal": Text("proposal withdrawn", "撤回提案"),
    "CoSign": Text("co-signed", "共同签署"),
    "Disburse": Text("loan paid out", "放款"),
    "DisburseSealed": Text("loan paid out, terms sealed", "放款（条款密封）"),
    "NoteTime": Text("time stamp noted", "记录时间戳"),
    "Propose": Text("change proposed", "提出变更"),
    "ProposeAgreement": Text("agreement proposed", "提出协议"),
    "Ratify": Text("contracts ratified", "确认合约"),
    "ReportCompromise": Text("key reported as compromised", "报告密钥泄露"),
    "Reverse": Text("payout reversed", "冲正放款"),
    "RevokeKey": Text("key revoked", "撤销密钥"),
    "Settle": Text("loan settled", "结清"),
    "Snapshot": Text("state of the loan confirmed", "确认贷款状态"),
    "TransferServicing": Text("servicing offered to another party", "提议转移贷款服务"),
    "TransferShare": Text("share offered to another party", "提议转让份额"),
    "WriteOff": Text("loan written off", "核销"),
}
"""What each kind of act says, by the name of its EIP-712 type."""

NOT_PROVED = (
    Text(
        "That what was recorded was true. A proof shows who stated what, where and by when; not that it happened.",
        "所记录内容的真实性。证明只显示谁在何处、最迟何时陈述了什么，不证明事情确已发生。",
    ),
    Text(
        "Which person used a key. The roots say which institution it belongs to.",
        "由何人使用密钥。信任根只说明密钥属于哪个机构。",
    ),
    Text("Anything after the block that the package is as of.", "证据包截止区块之后的任何事项。"),
    Text(
        "That this page renders the index faithfully. Its builder signed both; a verdict rests on the index.",
        "本页忠实反映索引。制作方对二者均已签名，结论以索引为准。",
    ),
)
