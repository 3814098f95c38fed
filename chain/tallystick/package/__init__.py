"""The evidence package: its container, its files, and how it is written (`docs/package.md`).

`writer`, which judges proofs before it packs them, is imported by its own name.
"""

from .act_files import ActFile, Place
from .builder import BuilderStatement, sign_package, statement_of
from .container import MAX_ENTRIES, MAX_PACKAGE_BYTES, read_container, write_container
from .custody import Step
from .errors import PackageRefused
from .evidence import Evidence, ListedFile, acts_subject, loan_subject, parse_evidence, records_subject
from .proofs import CheckpointProof, CollectedAct, Proofs
from .terms import LoanTerms

__all__ = [
    "MAX_ENTRIES",
    "MAX_PACKAGE_BYTES",
    "ActFile",
    "BuilderStatement",
    "CheckpointProof",
    "CollectedAct",
    "Evidence",
    "ListedFile",
    "LoanTerms",
    "PackageRefused",
    "Place",
    "Proofs",
    "Step",
    "acts_subject",
    "loan_subject",
    "parse_evidence",
    "read_container",
    "records_subject",
    "sign_package",
    "statement_of",
    "write_container",
]
