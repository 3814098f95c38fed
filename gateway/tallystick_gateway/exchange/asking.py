"""One request to a partner's gateway: bounded in time as a whole, and in size, whatever answers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from .errors import PartnerAway, PartnerNonsense

__all__ = ["LARGEST_ANSWER", "Answered", "ask"]

LARGEST_ANSWER: Final = 64 * 1024
_CONNECT_S = 3.0
_WHOLE_S = 10.0


@dataclass(frozen=True)
class Answered:
    """What came back: status, header lines as they came, body."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def ask(url: str, headers: Mapping[str, str], body: bytes) -> Answered:
    """POST `body`. Redirects are not followed, proxies of the environment not used.

    Raises `PartnerAway` where nobody answers in time, `PartnerNonsense` where what answers is too long or not HTTP.
    """
    return asyncio.run(_ask(url, headers, body, _WHOLE_S))


async def _ask(url: str, headers: Mapping[str, str], body: bytes, within_s: float) -> Answered:
    timeout = httpx.Timeout(within_s, connect=min(_CONNECT_S, within_s))
    try:
        async with (
            asyncio.timeout(within_s),
            httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False) as http,
            http.stream("POST", url, headers={**headers, "accept-encoding": "identity"}, content=body) as answer,
        ):
            read = b""
            async for part in answer.aiter_raw():
                read += part
                if len(read) > LARGEST_ANSWER:
                    raise PartnerNonsense(f"The answer at {url} has more than {LARGEST_ANSWER} bytes.", url=url)
            lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers.raw]
            return Answered(answer.status_code, lines, read)
    except TimeoutError:
        raise PartnerAway(f"{url} does not answer within {within_s:g} s.", url=url) from None
    except (httpx.RemoteProtocolError, httpx.DecodingError) as why:
        raise PartnerNonsense(f"What answers at {url} does not speak HTTP: {_said(why)}.", url=url) from None
    except (httpx.HTTPError, httpx.InvalidURL) as why:
        raise PartnerAway(f"{url}: {_said(why)}.", url=url) from None


def _said(why: Exception) -> str:
    lines = str(why).splitlines()
    return f"{type(why).__name__} {lines[0][:200] if lines else ''}".rstrip(" .")
