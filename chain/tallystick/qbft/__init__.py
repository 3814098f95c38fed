"""Headers of a QBFT chain: decoded, hashed, and judged by their commit seals (EEA QBFT v1; `protocol.md` §7)."""

from .errors import RULES, HeaderRefused, Rule
from .header import Extra, Header, Vote, chain_hash, decode_header, encode_header, header_from_rpc, seal_hash
from .verification import Equivocation, Validators, Verified, find_equivocation, verify_header

__all__ = [
    "RULES",
    "Equivocation",
    "Extra",
    "Header",
    "HeaderRefused",
    "Rule",
    "Validators",
    "Verified",
    "Vote",
    "chain_hash",
    "decode_header",
    "encode_header",
    "find_equivocation",
    "header_from_rpc",
    "seal_hash",
    "verify_header",
]
