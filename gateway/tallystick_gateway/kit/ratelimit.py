"""How fast one client may ask: a token bucket each."""

import math
import threading
import time
from dataclasses import dataclass

from tallystick_gateway.kit.errors import GatewayError

__all__ = ["RateLimit", "TooManyRequests"]

_MOST_CLIENTS = 10_000


class TooManyRequests(GatewayError):
    """The client asks faster than its limit"""

    status = 429
    code = "limit.too_many_requests"
    advice = "Wait as Retry-After says; send many items in one request or by upload."


@dataclass
class _Bucket:
    tokens: float
    at_s: float


class RateLimit:
    """`per_s` requests a second on average, `burst` at once, per client."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def take(self, client_id: str) -> None:
        """Count one request; raises `TooManyRequests` with the seconds to wait."""
        now_s = time.monotonic()
        with self._lock:
            if len(self._buckets) >= _MOST_CLIENTS:
                self._buckets.clear()
            bucket = self._buckets.setdefault(client_id, _Bucket(self._burst, now_s))
            bucket.tokens = min(self._burst, bucket.tokens + (now_s - bucket.at_s) * self._per_s)
            bucket.at_s = now_s
            if bucket.tokens < 1:
                wait_s = math.ceil((1 - bucket.tokens) / self._per_s)
                raise TooManyRequests("The client asks faster than its limit.", retry_after_s=wait_s)
            bucket.tokens -= 1
