"""The offline verifier: bytes and roots in, findings and a verdict out (`docs/package.md`; `evidence.md`, Verifier)."""

from .findings import Finding, Verdict
from .trust import Trust, read_trust
from .verifier import Report, verify

__all__ = ["Finding", "Report", "Trust", "Verdict", "read_trust", "verify"]
