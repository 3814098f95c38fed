"""Headers of a QBFT chain: decoded, hashed, and judged by their commit seals (EEA QBFT v1; `protocol.md` §7)."""

from .errors import RULES, FoundersDiffer, HeaderRefused, Rule, SetUnexplained
from .header import Extra, Header, Vote, chain_hash, decode_header, encode_header, header_from_rpc, seal_hash
from .succession import Epoch, SetChange, Succession, signers_among, verify_next
from .verification import (
    QBFT_MIX_HASH,
    Equivocation,
    Validators,
    Verified,
    check_header,
    find_equivocation,
    verify_header,
)

__all__ = [
    "QBFT_MIX_HASH",
    "RULES",
    "Epoch",
    "Equivocation",
    "Extra",
    "FoundersDiffer",
    "Header",
    "HeaderRefused",
    "Rule",
    "SetChange",
    "SetUnexplained",
    "Succession",
    "Validators",
    "Verified",
    "Vote",
    "chain_hash",
    "check_header",
    "decode_header",
    "encode_header",
    "find_equivocation",
    "header_from_rpc",
    "seal_hash",
    "signers_among",
    "verify_header",
    "verify_next",
]
