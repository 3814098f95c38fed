"""A contract takes any bytes for a calendar's name: one that is no text stops no gateway, and nobody signs it."""

from pathlib import Path

from tallystick.acts import AgreementTerms, Domain, Party, ProposeAgreement, act_id, agreement_id, sign
from tallystick.client.calls import encode_call
from tallystick.client.transactions import sign_transaction
from tallystick.keys import ActKey, Keystore
from tests.gateway.chain_told import BANK_A, BANK_B
from tests.gateway.network import Network, build, ratify_all, run_until
from tests.gateway.support import PASSPHRASE, client_for, keyed

LEGIBLE, ILLEGIBLE = "WEEKDAYS", b"\xff\xfeEKDAYS"


def illegible_terms(calendar: str) -> AgreementTerms:
    return AgreementTerms(
        originator=BANK_A,
        parties=tuple(Party(member=m, share_bps=bps, limit=10**9) for m, bps in ((BANK_A, 2000), (BANK_B, 8000))),
        currency=b"USD",
        visibility=1,
        loan_limit=10**9,
        total_limit=10**9,
        calendar=calendar,
        time_zone="UTC",
        cut_off=0,
        attesting_roles=0,
        calculation_rules=bytes(32),
        penalty_surcharge_bps=0,
        objection_period=60,
        cure_period=60,
        response_period=60,
        call_deadline_blocks=10,
        dispute_question=bytes(32),
        dispute_outcomes=bytes(32),
        depository=bytes(32),
        arbitrator=bytes(32),
        nonce=b"\x07" * 32,
    )


def proposal(now: int, terms: AgreementTerms) -> ProposeAgreement:
    return ProposeAgreement(member=BANK_A, ref=b"\x09" * 32, issued_at=now, valid_until=now + 3600, terms=terms)


def propose_illegibly(network: Network) -> bytes:
    """BANK-A's own tool proposes; the agreement's id, once it is on the chain."""
    book = network.consortium.contract("AgreementBook").address
    terms = illegible_terms(ILLEGIBLE.decode(errors="surrogateescape"))
    key = Keystore.open(network.homes["BANK-A"].keystore_path, PASSPHRASE).act_key("act")
    with network.node() as node:
        now = node.block("latest").timestamp
        act = proposal(now, terms)
        domain = Domain(network.consortium.chain_id, book)
        shown = proposal(now, illegible_terms(LEGIBLE))
        call = encode_call("AgreementBook", "proposeAgreement", shown, sign(act, domain, key))
        call = call.replace(LEGIBLE.encode(), ILLEGIBLE)
        sender = ActKey.generate()
        raw = sign_transaction(sender, chain_id=network.consortium.chain_id, nonce=0, gas=8_000_000, to=book, data=call)
        transaction = node.send_raw(raw.raw)
        receipt = run_until(lambda: node.receipt(transaction), "the proposal")
    assert receipt["status"] == "0x1"
    assert act_id(act, domain).hex() in str(receipt["logs"])
    return agreement_id(terms)


def test_terms_that_are_no_text_stop_no_gateway_and_are_not_signed(tmp_path: Path) -> None:
    network = build(tmp_path)
    try:
        with network.gateway("BANK-A") as one, network.gateway("BANK-B") as two:
            with network.gateway("DEPOSITORY") as three, network.gateway("ARBITRATION") as four:
                ratify_all(network, [one, two, three, four])
            agreement = propose_illegibly(network).hex()
            with client_for(two) as api:
                path = f"/v1/agreements/{agreement}"
                shown = run_until(lambda: answer if (answer := api.get(path)).is_success else None, "the agreement")
                assert shown.json()["terms"]["calendar"] == "\ufffd\ufffdEKDAYS"
                signed = api.post(f"{path}/cosign", json={"agreement": agreement}, headers=keyed())
                assert signed.json()["code"] == "agreement.id_differs"
                audit = api.post("/v1/chain:audit", headers=keyed()).json()["id"]
                ended = api.get(f"/v1/audits/{audit}", params={"wait": "done", "timeout": 60}).json()
                assert (ended["state"], ended["report"]["agreed"]) == ("DONE", True)
            assert two.worker.fatal is None
    finally:
        network.engine.stop()
