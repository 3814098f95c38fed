"""The ordered Merkle-Patricia trie under receiptsRoot and transactionsRoot (Yellow Paper, appendix D).

Key i is RLP(i) and the value is not empty; no key is a prefix of another, so no branch holds a value.
"""

from .building import ordered_proof, ordered_root
from .nodes import EMPTY_ROOT, TrieProofInvalid
from .proof import verify_ordered_absence, verify_ordered_proof

__all__ = [
    "EMPTY_ROOT",
    "TrieProofInvalid",
    "ordered_proof",
    "ordered_root",
    "verify_ordered_absence",
    "verify_ordered_proof",
]
