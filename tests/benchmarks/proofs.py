"""Checks a watcher and a verifier make by the thousand: headers, receipts, signatures."""

from __future__ import annotations

from dataclasses import replace

import coincurve

from tallystick import acts, qbft, receipts, trie
from tallystick.keys import ActKey
from tests.benchmarks.measure import Figure, rate
from tests.chain.qbft.network import KEYS, Block

_BLOCK_RECEIPTS = 100
_DOMAIN = acts.Domain(chain_id=1 << 40, verifying_contract=b"\x11" * 20)


def figures(*, engine: str, quick: bool = False) -> list[Figure]:
    """Headers verified, receipts rebuilt and proved, acts signed and recovered; beside bare signing and recovery."""
    count = 200 if quick else 4000
    recoveries = _bare_recoveries(count)
    headers = [_headers(count, validators, recoveries) for validators in (4, 7)]
    return [*headers, *_receipts(count), _signed(count), _recovered(count, recoveries)]


def _bare_recoveries(count: int) -> tuple[float, ...]:
    """The yardstick: coincurve recovers a public key from a digest and a signature, and nothing else."""
    digest = b"\x42" * 32
    signature = KEYS[0].sign_recoverable(digest)

    def recover() -> bytes:
        return coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None).format(compressed=False)

    assert recover() == KEYS[0].public_key
    return rate(count, lambda: [recover() for _ in range(count)])


def _headers(count: int, validators: int, recoveries: tuple[float, ...]) -> Figure:
    keys = sorted((ActKey(bytes([number]) * 32) for number in range(1, validators + 1)), key=lambda key: key.address)
    addresses = [key.address for key in keys]
    expected = qbft.Validators.of(addresses)
    unsealed = replace(Block(), validators=addresses).with_item(2, addresses[0])
    numbers = range(256, 256 + count)
    encoded = [unsealed.with_item(8, number.to_bytes(2)).sealed(by=keys[: expected.quorum]) for number in numbers]
    verified: list[qbft.Verified] = []

    def work() -> None:
        verified[:] = [qbft.verify_header(header, expected) for header in encoded]

    runs = rate(count, work)
    assert len({each.chain_hash for each in verified}) == count
    assert all(len(each.signers) == expected.quorum for each in verified)
    _require_refused(encoded[0], expected)
    return Figure(
        work=f"QBFT headers verified, {validators} validators, {expected.quorum} seals",
        unit="headers/s",
        runs=runs,
        yardstick=f"coincurve recover, {expected.quorum} a header",
        yardstick_runs=tuple(speed / expected.quorum for speed in recoveries),
        checked="every header accepted with a quorum of signers; one with a byte changed refused",
    )


def _require_refused(encoded: bytes, expected: qbft.Validators) -> None:
    try:
        qbft.verify_header(encoded[:100] + bytes([encoded[100] ^ 1]) + encoded[101:], expected)
    except qbft.HeaderRefused:
        return
    raise AssertionError("a header with a changed byte was accepted")


def _receipts(count: int) -> list[Figure]:
    entries = [_receipt_json(index) for index in range(_BLOCK_RECEIPTS)]
    parsed = [receipts.receipt_from_rpc(entry) for entry in entries]
    encoded = [receipts.encode_receipt(receipt) for receipt in parsed]
    root, blocks = trie.ordered_root(encoded), max(1, count // _BLOCK_RECEIPTS)
    proofs = [trie.ordered_proof(encoded, index) for index in range(_BLOCK_RECEIPTS)]
    rebuilt: list[bytes] = []

    def rebuild() -> None:
        rebuilt[:] = [
            receipts.receipts_root([receipts.receipt_from_rpc(each) for each in entries]) for _ in range(blocks)
        ]

    def prove() -> None:
        for _ in range(blocks):
            for index, nodes in enumerate(proofs):
                assert receipts.verify_receipt(root, index, nodes) == parsed[index]

    rebuild_runs = rate(blocks * _BLOCK_RECEIPTS, rebuild)
    assert set(rebuilt) == {root}
    bare_runs = rate(blocks * _BLOCK_RECEIPTS, lambda: [trie.ordered_root(encoded) for _ in range(blocks)])
    detail: dict[str, object] = {"receipts_a_block": _BLOCK_RECEIPTS}
    return [
        Figure(
            work="receiptsRoot rebuilt from a node's JSON, 100 receipts with 3 logs",
            unit="receipts/s",
            runs=rebuild_runs,
            yardstick="the trie alone, over ready bytes",
            yardstick_runs=bare_runs,
            checked="each block's root is the one of another path to it",
            detail=detail | {"blocks_per_s": sorted(rebuild_runs)[len(rebuild_runs) // 2] / _BLOCK_RECEIPTS},
        ),
        Figure(
            work="receipts proved under a receiptsRoot and decoded",
            unit="proofs/s",
            runs=rate(blocks * _BLOCK_RECEIPTS, prove),
            yardstick="",
            yardstick_runs=(),
            checked="each receipt equals the one put in",
            goal="≥ 5 000 items/s in a big package",
            detail=detail,
        ),
    ]


def _receipt_json(index: int) -> dict[str, object]:
    log = {
        "address": "0x" + "ab" * 20,
        "topics": ["0x" + topic * 32 for topic in ("01", "02", "03", "04")],
        "data": "0x" + f"{index:064x}" * 8,
    }
    return {
        "type": "0x0",
        "status": "0x1",
        "cumulativeGasUsed": hex(80_000 * (index + 1)),
        "logsBloom": "0x" + "10" * 256,
        "logs": [log] * 3,
    }


def _disbursement(number: int) -> acts.Disburse:
    return acts.Disburse(
        member=b"m" * 32,
        ref=number.to_bytes(32),
        issued_at=1_790_000_000,
        valid_until=1_790_003_600,
        agreement=b"a" * 32,
        loan=number.to_bytes(32),
        borrower_tag=b"t" * 32,
        currency=b"USD",
        principal=100_000 + number,
        shares=(20_000, 80_000 + number),
        value_date=20261123,
    )


def _signed(count: int) -> Figure:
    key = ActKey(b"\x07" * 32)
    of_loans = [_disbursement(number) for number in range(count)]
    signatures: list[bytes] = []

    def work() -> None:
        signatures[:] = [acts.sign(act, _DOMAIN, key) for act in of_loans]

    runs = rate(count, work)
    for act, signature in zip(of_loans[::50], signatures[::50], strict=True):
        assert acts.recover(act, _DOMAIN, signature) == key.address
    return Figure(
        work="disbursements hashed (EIP-712) and signed",
        unit="acts/s",
        runs=runs,
        yardstick="coincurve sign, digest ready",
        yardstick_runs=rate(count, lambda: [key.sign_digest(b"\x42" * 32) for _ in range(count)]),
        checked="every fiftieth signature recovers to its key",
        goal="≥ 5 000 acts/s",
    )


def _recovered(count: int, recoveries: tuple[float, ...]) -> Figure:
    key = ActKey(b"\x07" * 32)
    signed = [(act, acts.sign(act, _DOMAIN, key)) for act in map(_disbursement, range(count))]
    signers: set[bytes] = set()

    def work() -> None:
        signers.update(acts.recover(act, _DOMAIN, signature) for act, signature in signed)

    runs = rate(count, work)
    assert signers == {key.address}
    return Figure(
        work="disbursements hashed and their signer recovered",
        unit="acts/s",
        runs=runs,
        yardstick="coincurve recover",
        yardstick_runs=recoveries,
        checked="every signer is the key's address",
    )
