"""Parcels: what travels together, and calldata that are exactly the contracts' ABI."""

import os
from collections.abc import Sequence

from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from tallystick.acts import Act, AgreementTerms, Anchor, Cancel, Disburse, Party, ProposeAgreement, Settle, values
from tallystick.client import artifacts
from tallystick_gateway.acts.abi import array_calldata, decode_act, encode_act, is_dynamic, single_calldata
from tallystick_gateway.acts.functions import function_of
from tallystick_gateway.acts.packing import MOST_ACTS, MOST_BYTES, Waiting, gas_for, pack

SELECTOR = b"\x12\x34\x56\x78"
b32 = st.binary(min_size=32, max_size=32)
u64 = st.integers(0, 2**64 - 1)
PREFIX = {"member": b32, "ref": b32, "issued_at": u64, "valid_until": u64}
disbursements = st.builds(
    Disburse,
    **PREFIX,
    agreement=b32,
    loan=b32,
    borrower_tag=b32,
    currency=st.binary(min_size=3, max_size=3),
    principal=u64,
    shares=st.lists(u64, max_size=5).map(tuple),
    value_date=st.integers(0, 2**32 - 1),
)
settlements = st.builds(Settle, **PREFIX, agreement=b32, loan=b32, value_date=st.integers(0, 2**32 - 1))
parties = st.builds(Party, member=b32, share_bps=st.integers(0, 65535), limit=u64)
proposals = st.builds(
    ProposeAgreement,
    **PREFIX,
    terms=st.builds(
        AgreementTerms,
        originator=b32,
        parties=st.lists(parties, max_size=4).map(tuple),
        currency=st.binary(min_size=3, max_size=3),
        visibility=st.integers(0, 1),
        loan_limit=u64,
        total_limit=u64,
        calendar=st.text(max_size=64),
        time_zone=st.text(max_size=64),
        cut_off=st.integers(0, 2**32 - 1),
        attesting_roles=st.integers(0, 255),
        calculation_rules=b32,
        penalty_surcharge_bps=st.integers(0, 65535),
        objection_period=u64,
        cure_period=u64,
        response_period=u64,
        call_deadline_blocks=u64,
        dispute_question=b32,
        dispute_outcomes=b32,
        depository=b32,
        arbitrator=b32,
        nonce=b32,
    ),
)


def tuple_type(contract: str, kind: str) -> str:
    """The ABI type of the act, from the compiled contract rather than from acts.json."""
    name = function_of(contract, kind).name
    entry = next(entry for entry in artifacts.load(contract).abi if entry.get("name") == name)
    return artifacts.canonical_type(entry["inputs"][0]).removesuffix("[]")


@given(st.lists(disbursements, min_size=1, max_size=4), st.binary(min_size=65, max_size=65))
def test_a_batch_of_disbursements_is_encoded_as_the_abi_says(acts: list[Disburse], signature: bytes) -> None:
    kind = tuple_type("LoanLedger", "Disburse")
    signatures = [signature] * len(acts)
    expected = SELECTOR + encode([f"{kind}[]", "bytes[]"], [[values(act) for act in acts], signatures])
    assert array_calldata(SELECTOR, "Disburse", [encode_act(act) for act in acts], signatures) == expected


@given(st.lists(settlements, min_size=1, max_size=4), st.binary(min_size=65, max_size=65))
def test_a_batch_of_acts_of_fixed_size_is_encoded_as_the_abi_says(acts: list[Settle], signature: bytes) -> None:
    kind = tuple_type("LoanLedger", "Settle")
    signatures = [signature] * len(acts)
    expected = SELECTOR + encode([f"{kind}[]", "bytes[]"], [[values(act) for act in acts], signatures])
    assert array_calldata(SELECTOR, "Settle", [encode_act(act) for act in acts], signatures) == expected


@given(proposals, st.binary(min_size=65, max_size=65))
def test_a_single_act_with_nested_terms_is_encoded_as_the_abi_says(act: ProposeAgreement, signature: bytes) -> None:
    kind = tuple_type("AgreementBook", "ProposeAgreement")
    expected = SELECTOR + encode([kind, "bytes"], [values(act), signature])
    assert single_calldata(SELECTOR, "ProposeAgreement", encode_act(act), signature) == expected


@given(st.builds(Cancel, **PREFIX, act_id=b32), st.binary(max_size=200), st.binary(min_size=65, max_size=65))
def test_a_companion_stands_between_act_and_signature(act: Cancel, companion: bytes, signature: bytes) -> None:
    kind = tuple_type("LoanLedger", "Cancel")
    expected = SELECTOR + encode([kind, "bytes", "bytes"], [values(act), companion, signature])
    assert single_calldata(SELECTOR, "Cancel", encode_act(act), signature, companion) == expected


@given(st.one_of(disbursements, settlements, proposals))
def test_an_encoded_act_is_read_back_unchanged(act: Act) -> None:
    assert decode_act(type(act).__name__, encode_act(act)) == act


def test_only_acts_with_values_of_varying_length_stand_behind_an_offset() -> None:
    assert is_dynamic("Disburse")
    assert not is_dynamic("Anchor")


def disbursement(shares: Sequence[int] = (1, 4)) -> Disburse:
    return Disburse(
        member=os.urandom(32),
        ref=os.urandom(32),
        issued_at=1,
        valid_until=2,
        agreement=os.urandom(32),
        loan=os.urandom(32),
        borrower_tag=os.urandom(32),
        currency=b"USD",
        principal=5,
        shares=tuple(shares),
        value_date=20180101,
    )


def waiting(row: int, contract: str = "LoanLedger", kind: str = "Disburse", failures: int = 0) -> Waiting:
    act = disbursement() if kind == "Disburse" else anchor()
    return Waiting(row, contract, kind, encode_act(act), os.urandom(65), None, failures)


def anchor() -> Anchor:
    return Anchor(
        member=os.urandom(32),
        ref=os.urandom(32),
        issued_at=1,
        valid_until=2,
        stream=bytes(32),
        first_index=0,
        count=1,
        root=os.urandom(32),
        previous=bytes(32),
    )


@given(st.lists(st.sampled_from(["Disburse", "Anchor"]), max_size=260), st.integers(0, 40))
def test_parcels_keep_the_order_within_a_kind_and_lose_nothing(kinds: list[str], most: int) -> None:
    acts = [waiting(row, "LoanLedger" if kind == "Disburse" else "RecordLog", kind) for row, kind in enumerate(kinds)]
    parcels = pack(acts, most)
    assert len(parcels) <= most
    for parcel in parcels:
        assert {act.kind for act in parcel.acts} == {parcel.kind}
        assert len(parcel.acts) <= (MOST_ACTS if parcel.kind == "Disburse" else 1)
        assert len(parcel.calldata) <= MOST_BYTES
    for kind in ("Disburse", "Anchor"):
        carried = [act.id for parcel in parcels if parcel.kind == kind for act in parcel.acts]
        assert carried == [act.id for act in acts if act.kind == kind][: len(carried)]
    if len(parcels) < most:
        assert sum(len(parcel.acts) for parcel in parcels) == len(acts)


def test_a_full_batch_of_many_parties_stays_below_the_nodes_size_limit() -> None:
    acts = [
        Waiting(row, "LoanLedger", "Disburse", encode_act(disbursement(range(16))), os.urandom(65), None, 0)
        for row in range(100)
    ]
    parcels = pack(acts, 10)
    assert sum(len(parcel.acts) for parcel in parcels) == 100
    assert max(len(parcel.calldata) for parcel in parcels) <= MOST_BYTES


def test_no_parcel_declares_more_gas_than_a_block_has() -> None:
    acts = [waiting(row) for row in range(100)]
    whole = pack(acts, 10)[0].gas
    assert max(parcel.gas for parcel in pack(acts, 100, block_gas=whole // 3)) <= whole // 3


def test_what_failed_goes_with_more_gas_than_before_but_never_more_than_a_block_has() -> None:
    (parcel,) = pack([waiting(0, failures=4)], 10, block_gas=300_000)
    assert parcel.gas == 300_000


@given(st.integers(1, 100))
def test_no_more_acts_travel_together_than_the_operator_wants(most_acts: int) -> None:
    parcels = pack([waiting(row) for row in range(120)], 200, None, most_acts)
    assert max(len(parcel.acts) for parcel in parcels) <= most_acts
    assert [act.id for parcel in parcels for act in parcel.acts] == list(range(120))


def test_what_failed_travels_in_ever_smaller_company() -> None:
    acts = [
        waiting(row, failures=failures) for failures in range(5) for row in range(100 * failures, 100 * failures + 100)
    ]
    sizes = {parcel.acts[0].failures: len(parcel.acts) for parcel in reversed(pack(acts, 500))}
    assert sizes == {0: 100, 1: 25, 2: 6, 3: 1, 4: 1}
    assert all(len({act.failures for act in parcel.acts}) == 1 for parcel in pack(acts, 500))


def test_a_failure_doubles_the_gas_for_execution() -> None:
    first, again = [waiting(0)], [waiting(0, failures=1)]
    calldata = b"\x01" * 1000
    assert gas_for("Disburse", again, calldata) > gas_for("Disburse", first, calldata) * 3 // 2
