"""Acts and their signatures, found again in the calldata that handed them to a contract (Solidity contract ABI).

Whoever hands an act over may do so from within other calldata, and lay it out as the ABI allows, not only as our own
gateways do: so every place is tried at which the function's selector stands, and nothing is believed but what has the
id of an act that the contract recorded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

from eth_abi.abi import encode
from eth_abi.codec import ABIDecoder
from eth_abi.decoding import ByteStringDecoder, StringDecoder
from eth_abi.exceptions import DecodingError
from eth_abi.registry import registry

from tallystick.acts import Act, ActFieldInvalid, Domain, act_id
from tallystick.client import artifacts
from tallystick_gateway.acts.abi import decode_act
from tallystick_gateway.acts.functions import function_of
from tallystick_gateway.acts.packing import MOST_ACTS

__all__ = ["SignedAct", "signed_acts"]

_registry: Any = registry
"""(Published without types.)"""

_WORD = 32
_SIGNATURE = 65
_DYNAMIC = re.compile(r"string|bytes(?!\d)|\[]")


@dataclass(frozen=True, slots=True)
class SignedAct:
    """An act as it was handed over. Who signed is not judged."""

    act: Act
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Form:
    """How a function takes its acts: `words` of the act in place, None where it stands behind an offset."""

    selector: bytes
    struct: str
    words: int | None
    takes_array: bool
    signature_at: int
    """Where among the parameters' heads the signature's, or the signatures', offset is."""


def signed_acts(calldata: bytes, contract: str, kind: str, domain: Domain) -> dict[bytes, SignedAct]:
    """The acts of a kind that `calldata` hands to `contract`, by their ids in its domain; empty where it has none."""
    form = _form(contract, kind)
    found: dict[bytes, SignedAct] = {}
    start = calldata.find(form.selector)
    while start >= 0:
        arguments = calldata[start + len(form.selector) :]
        for act, signature in _Arguments(arguments).pairs(form):
            signed = _rebuilt(kind, form, act, signature)
            if signed is not None and (id_ := _id(signed, domain)) is not None:
                found[id_] = signed
        start = calldata.find(form.selector, start + 1)
    return found


class _Arguments:
    """A function's arguments, read as a contract reads them: offsets may point anywhere inside."""

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded

    def pairs(self, form: _Form) -> Iterator[tuple[bytes, bytes]]:
        """Each act, as bytes that begin with it, and its signature; none where the arguments are of no such call."""
        if not form.takes_array:
            act_at = 0 if form.words is not None else self._number(0)
            yield self._encoded[act_at:], self._signature(self._number(form.signature_at))
            return
        acts, signatures = self._number(0), self._number(form.signature_at)
        if self._number(acts) > MOST_ACTS:
            return
        acts_from, signatures_from = acts + _WORD, signatures + _WORD
        for place in range(self._number(acts)):
            step = _WORD * place * (form.words or 1)
            act_at = acts_from + (step if form.words is not None else self._number(acts_from + step))
            signature_at = signatures_from + self._number(signatures_from + _WORD * place)
            yield self._encoded[act_at:], self._signature(signature_at)

    def _number(self, at: int) -> int:
        """The word at an offset; 0 past the end."""
        return int.from_bytes(self._encoded[at : at + _WORD])

    def _signature(self, at: int) -> bytes:
        return self._encoded[at + _WORD : at + _WORD + _SIGNATURE]


def _rebuilt(kind: str, form: _Form, act: bytes, signature: bytes) -> SignedAct | None:
    """The act at the beginning of these bytes; None where there is none."""
    if len(signature) != _SIGNATURE:
        return None
    behind_offset = b"" if form.words is not None else _WORD.to_bytes(_WORD)
    try:
        values = _decoder().decode([form.struct], behind_offset + act)
        encoded = encode([form.struct], values)
    except (DecodingError, ValueError, OverflowError):
        return None
    return SignedAct(decode_act(kind, encoded[len(behind_offset) :]), signature)


def _id(signed: SignedAct, domain: Domain) -> bytes | None:
    try:
        return act_id(signed.act, domain)
    except ActFieldInvalid:
        return None


class _Padded:
    """Bytes as contracts read them: whatever follows them up to the next word, no act's id depends on it."""

    def read_data_from_stream(self, stream: BytesIO) -> bytes:
        return stream.read(int.from_bytes(stream.read(_WORD)))


class _PaddedBytes(_Padded, ByteStringDecoder):
    pass


class _PaddedText(_Padded, StringDecoder):
    pass


@cache
def _decoder() -> ABIDecoder:
    lenient = _registry.copy()
    for name, decoder in (("bytes", _PaddedBytes), ("string", _PaddedText)):
        lenient.unregister_decoder(name)
        lenient.register_decoder(lambda text, name=name: text == name, decoder, label=name)
    return ABIDecoder(lenient)


@cache
def _form(contract: str, kind: str) -> _Form:
    function = function_of(contract, kind)
    entry = next(
        each for each in artifacts.load(contract).abi if each["type"] == "function" and each["name"] == function.name
    )
    first, *others = (artifacts.canonical_type(part) for part in entry["inputs"])
    struct = first.removesuffix("[]")
    words = None if _DYNAMIC.search(struct) else struct.count(",") + 1
    heads = 1 if function.takes_array or words is None else words
    return _Form(function.selector, struct, words, function.takes_array, _WORD * (heads + len(others) - 1))
