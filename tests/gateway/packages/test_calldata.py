"""Acts are found in whatever calldata a contract would have read them from, and nothing else is taken for one."""

import secrets
from collections.abc import Sequence

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from tallystick.acts import Act, Anchor, Cancel, Disburse, Domain, ProposeAgreement, Settle, act_id, sign
from tallystick.client import artifacts
from tallystick.keys import ActKey
from tallystick_gateway.acts.abi import encode_act
from tallystick_gateway.acts.functions import function_of
from tallystick_gateway.acts.packing import calldata_of
from tallystick_gateway.agreements.schemas import TermsIn
from tallystick_gateway.packages.calldata import signed_acts
from tests.gateway.chain_told import BANK_A, terms_json

_KEY = ActKey.generate()
_DOMAIN = Domain(1337, secrets.token_bytes(20))
_LOAN = {"agreement": bytes([1]) * 32, "loan": bytes([2]) * 32}


def _act(kind: type[Act], **fields: object) -> Act:
    return kind(member=BANK_A, ref=secrets.token_bytes(32), issued_at=1000, valid_until=2000, **fields)


def _disburse(principal: int = 100) -> Act:
    amounts = {"principal": principal, "shares": (20, 80), "value_date": 20180131}
    return _act(Disburse, **_LOAN, borrower_tag=bytes(32), currency=b"USD", **amounts)


_ACTS: dict[str, Sequence[Act]] = {
    "LoanLedger": [_disburse(), _disburse(200)],
    "AgreementBook": [_act(ProposeAgreement, terms=TermsIn.model_validate(terms_json()).struct(BANK_A, bytes(32)))],
    "RecordLog": [
        _act(Anchor, stream=bytes([1]) * 32, first_index=0, count=5, root=bytes([3]) * 32, previous=bytes(32)),
    ],
    "Consortium": [_act(Cancel, act_id=bytes([9]) * 32)],
}


class _Signed:
    def __init__(self, act: Act, companion: bytes | None = None) -> None:
        self.encoded, self.companion = encode_act(act), companion
        self.signature = sign(act, _DOMAIN, _KEY)


def _calldata(contract: str, acts: Sequence[Act]) -> bytes:
    kind = type(acts[0]).__name__
    companion = bytes(96) if kind == "Cancel" else None
    return calldata_of(contract, kind, [_Signed(act, companion) for act in acts])


def _found(calldata: bytes, contract: str, acts: Sequence[Act]) -> bool:
    found = signed_acts(calldata, contract, type(acts[0]).__name__, _DOMAIN)
    expected = {act_id(act, _DOMAIN): sign(act, _DOMAIN, _KEY) for act in acts}
    return {id_: signed.signature for id_, signed in found.items()} == expected


@pytest.mark.parametrize("contract", _ACTS)
def test_what_our_own_gateways_send_is_found(contract: str) -> None:
    acts = _ACTS[contract]
    assert _found(_calldata(contract, acts), contract, acts)


@pytest.mark.parametrize("contract", _ACTS)
def test_what_another_contract_relays_is_found(contract: str) -> None:
    acts = _ACTS[contract]
    inner = _calldata(contract, acts)
    relayed = b"\xca\x11\xab\x1e" + encode(["address", "bytes"], ["0x" + "11" * 20, inner])
    assert _found(relayed, contract, acts)


def test_offsets_may_lead_backwards_and_paddings_may_hold_anything() -> None:
    """A contract does not mind either; a member that wants its act not to be proved might try them."""
    act = _disburse()
    selector = function_of("LoanLedger", "Disburse").selector
    encoded, signature = encode_act(act), sign(act, _DOMAIN, _KEY)
    signatures = b"".join(map(_word, (1, 32, 65))) + signature + b"\xff" * 31
    acts = _word(1) + _word(32) + encoded
    calldata = selector + _word(64 + len(signatures)) + _word(64) + signatures + acts + b"\xee" * 7
    assert _found(calldata, "LoanLedger", [act])


def test_dirty_padding_inside_text_is_passed_over() -> None:
    (act,) = _ACTS["AgreementBook"]
    calldata = bytearray(_calldata("AgreementBook", [act]))
    text = calldata.index(b"WEEKDAYS")
    calldata[text + 8 : text + 32] = b"\xff" * 24
    assert _found(bytes(calldata), "AgreementBook", [act])


def test_a_false_start_before_the_call_hides_nothing() -> None:
    acts = [_act(Settle, **_LOAN, value_date=20180131)]
    selector = function_of("LoanLedger", "Settle").selector
    calldata = selector + _word(2**255) + selector + b"\xff" * 64 + selector + _calldata("LoanLedger", acts)
    assert _found(calldata, "LoanLedger", acts)


@given(junk=st.binary(max_size=400), cut=st.integers(0, 700))
def test_rubbish_yields_nothing_and_raises_nothing(junk: bytes, cut: int) -> None:
    for contract, acts in _ACTS.items():
        kind = type(acts[0]).__name__
        whole = _calldata(contract, acts)
        for calldata in (function_of(contract, kind).selector + junk, whole[:cut] + junk):
            found = signed_acts(calldata, contract, kind, _DOMAIN)
            assert all(act_id(signed.act, _DOMAIN) == id_ for id_, signed in found.items())
            assert len(found) <= 100


def test_every_act_that_the_contracts_take_can_be_looked_for() -> None:
    from tallystick.package.events import ACT_EVENTS

    for event in ACT_EVENTS:
        assert not signed_acts(b"", event.contract, event.kind, _DOMAIN)
        assert artifacts.load(event.contract)


def _word(value: int) -> bytes:
    return value.to_bytes(32)
