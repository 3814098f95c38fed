"""What goes to an authority, and what is taken of what comes back."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
import rfc3161_client
from hypothesis import given
from hypothesis import strategies as st

from tallystick.errors import TallystickError
from tallystick.timestamps import (
    LARGEST_RESPONSE,
    AuthorityUnknown,
    ClockDisagrees,
    ImprintDiffers,
    NonceDiffers,
    RequestDenied,
    ResponseMalformed,
    ResponseRefused,
    TokenMalformed,
    TokenRefused,
    make_request,
    read_response,
    verify_token,
)
from tallystick.timestamps.stripping import strict_form
from tests.chain.timestamps import mint as m
from tests.chain.timestamps.mint import NONCE, NOON, STAMPED, attribute, mint, num, response, seq, tlv


def read(answer: bytes, **changes: Any) -> bytes:
    asked = {
        "stamped": STAMPED,
        "nonce": NONCE,
        "authority": m.identity().authority(),
        "sent_at": NOON - timedelta(seconds=1),
        "received_at": NOON + timedelta(seconds=1),
    }
    token, verified = read_response(answer, **(asked | changes))
    assert verified == verify_token(token, STAMPED, [asked["authority"]])
    return token


@given(st.integers(0, 2**64))
def test_a_request_is_read_by_another_implementation(nonce: int) -> None:
    request = rfc3161_client._rust.parse_timestamp_request(make_request(STAMPED, nonce))

    assert (request.version, request.nonce, request.policy, request.cert_req) == (1, nonce, None, True)
    assert request.message_imprint.message == hashlib.sha256(STAMPED).digest()


def test_an_answer_gives_the_token_as_it_is() -> None:
    token = mint()
    assert read(response(token)) == token


FOREIGN = tlv(0xA0, *m.three_levels().chain, m.identity().chain[0])
EXTRAS = {
    "a whole chain, in any order": mint(changes={"certificates": FOREIGN}),
    "another certificate format": mint(changes={"certificates": tlv(0xA0, tlv(0xA1, num(1)), m.identity().chain[0])}),
    "revocation data that is broken": mint(changes={"revocation": tlv(0xA1, b"\x30\x03\x02\x02\x00", num(1))}),
    "more digest algorithms": mint(changes={"digests": tlv(0x31, m.hash_id("SHA-256"), m.hash_id("SHA-384"))}),
    "a later version": mint(changes={"version": num(5)}),
    "unsigned attributes": mint(signer_changes={"unsigned": tlv(0xA1, attribute("1.2.3.4", num(1)))}),
}


@pytest.mark.parametrize("case", EXTRAS)
def test_what_nobody_signed_is_stripped(case: str) -> None:
    with pytest.raises(TokenMalformed):
        verify_token(EXTRAS[case], STAMPED, [m.identity().authority()])
    token = read(response(EXTRAS[case]))

    assert abs(len(token) - len(mint())) < 10
    assert m.identity().chain[0] in token
    assert strict_form(token) == token


def test_lengths_of_ber_and_octets_in_pieces_are_set_right() -> None:
    token = mint()
    content = m.stamp(STAMPED, "SHA-256", NOON, {})
    pieces = b"\x24\x80" + tlv(4, content[:10]) + tlv(0x04, content[10:]) + b"\0\0"
    kind = m.oid("1.2.840.113549.1.9.16.1.4")
    in_one = seq(kind, tlv(0xA0, tlv(4, content)))
    in_pieces = b"\x30\x80" + kind + b"\xa0\x80" + pieces + b"\0\0\0\0"
    outer = seq(m.oid("1.2.840.113549.1.7.2"))[2:]
    start = token.index(b"\x02\x01\x03")
    signed_data = token[start:].replace(in_one, in_pieces)
    loose = b"\x30\x80" + outer + b"\xa0\x80\x30\x80" + signed_data + b"\0\0" * 3

    assert in_pieces in loose
    assert read(response(loose)) == token


def test_a_certificate_that_was_not_sent() -> None:
    assert m.identity().chain[0] not in read(response(mint(changes={"certificates": b""})))


def test_a_refusal_is_told_in_the_authority_s_words() -> None:
    words = tlv(0x30, tlv(12, "no time\u202e today\x1b[2J".encode()))
    failure = tlv(3, b"\x01\x00\x02")
    with pytest.raises(RequestDenied) as refused:
        read(seq(seq(num(2), words, failure)))
    assert refused.value.status == "rejection"
    assert refused.value.detail == "no time� today�[2J; timeNotAvailable"


@pytest.mark.parametrize("status", [1, 3, 4, 5, 6, 200])
def test_only_granted_is_granted(status: int) -> None:
    with pytest.raises(RequestDenied):
        read(response(mint(), seq(tlv(2, bytes([status])))))


MALFORMED = {
    "empty": b"",
    "text": b"<html>moved</html>",
    "no status": seq(),
    "status without number": seq(seq()),
    "a long status": seq(seq(tlv(2, b"\0\0")), mint()),
    "granted without a token": seq(seq(num(0))),
    "more after the token": seq(seq(num(0)), mint(), num(1)),
    "appended": response(mint()) + b"\0",
    "a request": make_request(STAMPED, 1),
    "a bare token": mint(),
    "too large": response(tlv(4, bytes(LARGEST_RESPONSE))),
    "no signer": response(mint(changes={"signers": tlv(0x31)})),
    "two signers": response(mint(changes={"signers": tlv(0x31, seq(num(1)), seq(num(1)))})),
    "a signer cut short": response(mint(changes={"signers": tlv(0x31, seq(num(1)))})),
    "content that is not octets": response(mint(changes={"content": seq(m.oid("1.2.3"), tlv(0xA0))})),
    "a certificate that is none": response(mint(changes={"certificates": tlv(0xA0, seq(seq(num(1))))})),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_rubbish_is_refused(case: str) -> None:
    with pytest.raises(ResponseMalformed):
        read(MALFORMED[case])


def test_an_answer_to_another_request() -> None:
    with pytest.raises(NonceDiffers):
        read(response(mint(stamp_changes={"nonce": num(NONCE + 1)})))
    with pytest.raises(NonceDiffers):
        read(response(mint(stamp_changes={"nonce": b""})))
    with pytest.raises(ImprintDiffers):
        read(response(mint(stamped=b"other")))


def test_an_answer_of_another_authority() -> None:
    with pytest.raises(AuthorityUnknown):
        read(response(mint(m.three_levels())))


@pytest.mark.parametrize("off", [timedelta(seconds=-62), timedelta(seconds=62), timedelta(days=-100)])
def test_an_authority_whose_clock_is_not_ours(off: timedelta) -> None:
    with pytest.raises(ClockDisagrees) as refused:
        read(response(mint(gen_time=NOON + off)))
    assert refused.value.gen_time == NOON + off
    token = read(response(mint(gen_time=NOON + off)), tolerance=timedelta(days=301))
    assert len(token) > 500


@given(st.data())
def test_whatever_comes_is_taken_or_refused(data: st.DataObject) -> None:
    answer = bytearray(response(EXTRAS[data.draw(st.sampled_from(sorted(EXTRAS)))]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(answer) - 1))
        answer[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        read(bytes(answer))
    except (ResponseRefused, TokenRefused):
        return
    except TallystickError as other:
        pytest.fail(f"neither taken nor refused: {other!r}")
