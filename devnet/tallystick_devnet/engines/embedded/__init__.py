"""The embedded engine: one anvil, for a first run and for tests of contracts and gateways."""

from .engine import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
