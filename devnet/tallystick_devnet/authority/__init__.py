"""A time-stamp authority for development: RFC 3161 over HTTP on this machine. Its time proves nothing to anybody."""

from .errors import AuthorityFilesBroken
from .identity import SUBJECT, Identity, load_or_make, make_identity
from .server import DevelopmentAuthority

__all__ = [
    "SUBJECT",
    "AuthorityFilesBroken",
    "DevelopmentAuthority",
    "Identity",
    "load_or_make",
    "make_identity",
]
