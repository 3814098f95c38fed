"""A token counts only if a pinned authority signed it, over these very bytes, at a time when it might."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from tallystick.timestamps import (
    Authority,
    AuthorityMalformed,
    AuthorityUnknown,
    CertificateForeign,
    CertificateNotValid,
    ChainRefused,
    HashNotTaken,
    ImprintDiffers,
    OutsideWindow,
    SignatureWrong,
    TokenMalformed,
    TokenRefused,
    verify_token,
)
from tests.chain.timestamps import mint as m
from tests.chain.timestamps.mint import ENDS, MADE, NONCE, NOON, STAMPED, attribute, hash_id, mint, num, oid, seq, tlv


def sha1(content: bytes) -> bytes:
    return hashlib.sha1(content, usedforsecurity=False).digest()


ACCURACY = timedelta(seconds=1, milliseconds=5, microseconds=7)


def test_a_token_says_what_its_authority_says() -> None:
    token = mint()
    verified = verify_token(token, STAMPED, [m.three_levels().authority(), m.identity().authority("Pinned")])

    assert (verified.gen_time, verified.accuracy) == (NOON, ACCURACY)
    assert (verified.earliest, verified.latest) == (NOON - ACCURACY, NOON + ACCURACY)
    assert (verified.authority.name, verified.authority.development) == ("Pinned", False)
    assert (verified.policy, verified.serial, verified.nonce) == ("1.3.6.1.4.1.32473.1", 4711, NONCE)
    assert (verified.hash_name, verified.digest) == ("SHA-256", hashlib.sha256(token).digest())
    assert verified.certificate_ends == ENDS


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA", "RSA-PSS"])
@pytest.mark.parametrize("hash_name", ["SHA-256", "SHA-384", "SHA-512"])
def test_every_scheme_and_hash_that_is_taken(kind: str, hash_name: str) -> None:
    who = m.identity(kind)
    token = mint(who, hash_name=hash_name, digest_by=hash_name)

    assert verify_token(token, STAMPED, [who.authority()]).hash_name == hash_name
    with pytest.raises(ImprintDiffers):
        verify_token(token, STAMPED + b"!", [who.authority()])


ALLOWED = {
    "no certificate": mint(changes={"certificates": b""}),
    "an empty set of certificates": mint(changes={"certificates": tlv(0xA0)}),
    "hash without parameters": mint(changes={"digests": tlv(0x31, seq(oid(m.HASHES["SHA-256"])))}),
    "microseconds": mint(gen_time=NOON.replace(microsecond=120_500)),
    "accuracy not stated": mint(stamp_changes={"accuracy": b""}),
    "accuracy in microseconds alone": mint(stamp_changes={"accuracy": seq(tlv(0x81, num(500)[2:]))}),
    "no nonce": mint(stamp_changes={"nonce": b""}),
    "ordering": mint(stamp_changes={"ordering": b"\x01\x01\xff"}),
    "negative serial": mint(stamp_changes={"serial": b"\x02\x04\xde\xad\xbe\xef"}),
    "authority's name": mint(stamp_changes={"name": tlv(0xA0, tlv(0xA4, seq()))}),
    "extension": mint(stamp_changes={"extensions": tlv(0xA1, seq(oid("0.4.0.19422.1.1"), tlv(4, b"\x05\x00")))}),
    "signing time": mint(
        attribute_changes={"signing time": attribute("1.2.840.113549.1.9.5", tlv(0x17, b"260601120000Z"))}
    ),
    "SHA-1 name of the certificate": mint(
        attribute_changes={
            "certificate": attribute("1.2.840.113549.1.9.16.2.12", seq(seq(seq(tlv(4, sha1(m.identity().chain[0]))))))
        }
    ),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_the_standards_leave_open_is_taken(case: str) -> None:
    assert verify_token(ALLOWED[case], STAMPED, [m.identity().authority()]).gen_time.date() == NOON.date()


def test_an_authority_below_a_root_counts_by_its_own_certificate() -> None:
    who = m.three_levels()
    assert verify_token(mint(who), STAMPED, [who.authority()]).gen_time == NOON


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = seq(inner)
    return inner


MALFORMED = {
    "empty": b"",
    "not a sequence": b"\x31\x00",
    "appended": mint() + b"\x00",
    "cut": mint()[:-1],
    "indefinite length": b"\x30\x80" + mint()[4:] + b"\x00\x00",
    "another content type": m.seq(oid("1.2.840.113549.1.7.1"), tlv(0xA0, seq())),
    "no signer": mint(changes={"signers": tlv(0x31)}),
    "two certificates": mint(changes={"certificates": tlv(0xA0, *sorted([*m.three_levels().chain[1:]]))}),
    "certificate of another form": mint(changes={"certificates": tlv(0xA0, tlv(0xA1, num(1)))}),
    "revocation data": mint(changes={"revocation": tlv(0xA1, seq())}),
    "unsigned attribute": mint(signer_changes={"unsigned": tlv(0xA1, attribute("1.2.3.4", num(1)))}),
    "no unsigned attributes, but their set": mint(signer_changes={"unsigned": tlv(0xA1)}),
    "version of signed data": mint(changes={"version": num(1)}),
    "version of signer": mint(signer_changes={"version": num(3)}),
    "signer by key identifier": mint(signer_changes={"sid": tlv(0x80, b"k" * 20)}),
    "something after": mint(changes={"after": num(1)}),
    "two digest algorithms": mint(changes={"digests": tlv(0x31, hash_id("SHA-256"), hash_id("SHA-384"))}),
    "other digest algorithm": mint(changes={"digests": tlv(0x31, hash_id("SHA-384"))}),
    "digest by MD5": mint(changes={"digests": tlv(0x31, seq(oid("1.2.840.113549.2.5"), tlv(5)))}),
    "other content type inside": mint(
        changes={"content": seq(oid("1.2.840.113549.1.7.1"), tlv(0xA0, tlv(4, b"\x30\x00")))}
    ),
    "no content": mint(changes={"content": seq(oid("1.2.840.113549.1.9.16.1.4"))}),
    "content in pieces": mint(changes={"content": seq(oid("1.2.840.113549.1.9.16.1.4"), tlv(0xA0, tlv(0x24)))}),
    "no signed attributes": mint(signer_changes={"attributes": b""}),
    "attributes unsorted": mint(unsorted=True),
    "attributes of another content type": mint(
        attribute_changes={"type": attribute("1.2.840.113549.1.9.3", oid("1.2.3.4"))}
    ),
    "attributes over other content": mint(
        attribute_changes={"digest": attribute("1.2.840.113549.1.9.4", tlv(4, bytes(32)))}
    ),
    "no digest": mint(attribute_changes={"digest": b""}),
    "no name of the certificate": mint(attribute_changes={"certificate": b""}),
    "attribute twice": mint(
        attribute_changes={"again": attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.9.16.1.4"))}
    ),
    "attribute with two values": mint(attribute_changes={"more": attribute("1.2.3.4", num(1), num(2))}),
    "attribute without value": mint(attribute_changes={"more": attribute("1.2.3.4")}),
    "scheme of another hash": mint(signer_changes={"scheme": seq(oid(m.ECDSA["SHA-384"]))}),
    "unknown scheme": mint(signer_changes={"scheme": seq(oid("1.3.101.112"))}),
    "scheme with parameters": mint(signer_changes={"scheme": seq(oid(m.ECDSA["SHA-256"]), tlv(5))}),
    "PSS by default, which is SHA-1": mint(signer_changes={"scheme": seq(oid("1.2.840.113549.1.1.10"), seq())}),
    "version of stamp": mint(stamp_changes={"version": num(2)}),
    "no policy": mint(stamp_changes={"policy": b""}),
    "imprint by MD5": mint(stamp_changes={"imprint": seq(seq(oid("1.2.840.113549.2.5")), tlv(4, bytes(16)))}),
    "time with zone": mint(stamp_changes={"time": tlv(0x18, b"20260601120000+0000")}),
    "time without seconds": mint(stamp_changes={"time": tlv(0x18, b"202606011200Z")}),
    "time with a trailing zero": mint(stamp_changes={"time": tlv(0x18, b"20260601120000.10Z")}),
    "time with a bare point": mint(stamp_changes={"time": tlv(0x18, b"20260601120000.Z")}),
    "time below the microsecond": mint(stamp_changes={"time": tlv(0x18, b"20260601120000.0000001Z")}),
    "30 February": mint(stamp_changes={"time": tlv(0x18, b"20260230120000Z")}),
    "the end of time": mint(stamp_changes={"time": tlv(0x18, b"99991231235959Z")}),
    "accuracy of a week": mint(stamp_changes={"accuracy": seq(num(7 * 86400))}),
    "accuracy below zero": mint(stamp_changes={"accuracy": seq(b"\x02\x01\xff")}),
    "accuracy of a thousand thousandths": mint(stamp_changes={"accuracy": seq(tlv(0x80, num(1000)[2:]))}),
    "accuracy of no thousandths": mint(stamp_changes={"accuracy": seq(tlv(0x80, b"\0"))}),
    "nonce below zero": mint(stamp_changes={"nonce": b"\x02\x01\xff"}),
    "no name where one belongs": mint(stamp_changes={"name": tlv(0xA0)}),
    "a name of no known form": mint(stamp_changes={"name": tlv(0xA0, tlv(0x89, b"x"))}),
    "ordering by default": mint(stamp_changes={"ordering": b"\x01\x01\x00"}),
    "boolean 01": mint(stamp_changes={"ordering": b"\x01\x01\x01"}),
    "padded number": mint(stamp_changes={"serial": b"\x02\x02\x00\x01"}),
    "critical extension": mint(
        stamp_changes={"extensions": tlv(0xA1, seq(oid("1.2.3.4"), b"\x01\x01\xff", tlv(4, b"")))}
    ),
    "something after the stamp": mint(stamp_changes={"after": num(1)}),
    "too large": mint(attribute_changes={"more": attribute("1.2.3.4", tlv(4, bytes(70_000)))}),
    "too deep": mint(attribute_changes={"more": attribute("1.2.3.4", nested(30))}),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_another_form_is_refused(case: str) -> None:
    with pytest.raises(TokenMalformed) as refused:
        verify_token(MALFORMED[case], STAMPED, [m.identity().authority()])
    assert refused.value.advice
    assert "�" not in str(refused.value)


def test_a_hash_that_is_broken() -> None:
    by_sha1 = seq(seq(oid("1.3.14.3.2.26")), tlv(4, sha1(STAMPED)))
    with pytest.raises(HashNotTaken, match="SHA-1"):
        verify_token(mint(stamp_changes={"imprint": by_sha1}), STAMPED, [m.identity().authority()])
    signed_by_sha1 = mint(m.identity("RSA"), digest_by="SHA-1")
    with pytest.raises(HashNotTaken, match="SHA-1"):
        verify_token(signed_by_sha1, STAMPED, [m.identity("RSA").authority()])


def test_other_bytes_than_those_stamped() -> None:
    with pytest.raises(ImprintDiffers) as refused:
        verify_token(mint(), b"what was not stamped", [m.identity().authority()])
    assert refused.value.found == hashlib.sha256(STAMPED).hexdigest()
    assert refused.value.expected == hashlib.sha256(b"what was not stamped").hexdigest()


def test_an_imprint_of_another_length() -> None:
    token = mint(stamp_changes={"imprint": seq(hash_id("SHA-256"), tlv(4, hashlib.sha256(STAMPED).digest()[:20]))})
    with pytest.raises(ImprintDiffers):
        verify_token(token, STAMPED, [m.identity().authority()])


def test_an_authority_that_is_not_pinned() -> None:
    for authorities in ([], [m.three_levels().authority()]):
        with pytest.raises(AuthorityUnknown):
            verify_token(mint(), STAMPED, authorities)


def test_a_rogue_with_the_name_and_number_of_the_pinned_one() -> None:
    pinned = m.identity()
    key = m.new_key()
    twin = m.certificate("mint P-256", key, serial=pinned.certificates[0].serial_number)
    rogue = m.Identity(key, (twin,))

    with pytest.raises(AuthorityUnknown):
        verify_token(mint(rogue), STAMPED, [pinned.authority()])
    named = m.attributes(b"", "SHA-256", pinned.chain)["certificate"]
    with pytest.raises(CertificateForeign):
        verify_token(mint(rogue, attribute_changes={"certificate": named}), STAMPED, [pinned.authority()])
    with pytest.raises(SignatureWrong):
        verify_token(
            mint(rogue, attribute_changes={"certificate": named}, changes={"certificates": b""}),
            STAMPED,
            [pinned.authority()],
        )


def test_an_intermediate_or_root_that_is_pinned_does_not_pin_what_it_issues() -> None:
    who = m.three_levels()
    middle = m.certificate("middle", who.key, usage=(ExtendedKeyUsageOID.TIME_STAMPING,))
    issued = m.certificate("below", m.new_key(), (middle.subject, who.key))
    below = m.Identity(who.key, (issued, middle))
    with pytest.raises(AuthorityUnknown):
        verify_token(mint(below), STAMPED, [m.Identity(who.key, (middle,)).authority()])


@pytest.mark.parametrize(
    ("gen_time", "refusal"),
    [
        (MADE - timedelta(seconds=1), OutsideWindow),
        (datetime(2026, 3, 1, tzinfo=UTC), None),
        (datetime(2026, 9, 1, tzinfo=UTC), None),
        (datetime(2026, 9, 1, 0, 0, 1, tzinfo=UTC), OutsideWindow),
    ],
)
def test_a_token_counts_within_the_window_alone(gen_time: datetime, refusal: type[TokenRefused] | None) -> None:
    authority = m.identity().authority(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 9, 1, tzinfo=UTC))
    if refusal is None:
        assert verify_token(mint(gen_time=gen_time), STAMPED, [authority]).gen_time == gen_time
        return
    with pytest.raises(refusal):
        verify_token(mint(gen_time=gen_time), STAMPED, [authority])


def test_one_certificate_with_two_windows() -> None:
    who = m.identity()
    first = who.authority("first", end=datetime(2026, 2, 1, tzinfo=UTC))
    second = who.authority("second", start=datetime(2026, 5, 1, tzinfo=UTC))

    assert verify_token(mint(), STAMPED, [first, second]).authority.name == "second"
    with pytest.raises(OutsideWindow):
        verify_token(mint(gen_time=datetime(2026, 3, 1, tzinfo=UTC)), STAMPED, [first, second])


@pytest.mark.parametrize("gen_time", [MADE - timedelta(seconds=1), ENDS + timedelta(seconds=1)])
def test_certificates_are_judged_at_the_token_s_own_time(gen_time: datetime) -> None:
    authority = m.identity().authority(start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2100, 1, 1, tzinfo=UTC))
    with pytest.raises(CertificateNotValid):
        verify_token(mint(gen_time=gen_time), STAMPED, [authority])


def test_an_issuer_that_may_not_issue() -> None:
    middle, own = m.new_key(), m.new_key()
    above = m.certificate("no issuer", middle)
    with pytest.raises(AuthorityMalformed, match="no issuer is not certified"):
        m.Identity(own, (m.certificate("authority", own, (above.subject, middle)), above)).authority()


def test_what_openssl_alone_refuses() -> None:
    """The second opinion: an issuer whose key is not for certificates."""
    root, own = m.new_key(), m.new_key()
    top = m.certificate("root", root, usage=None, more=(KEYS_FOR_SIGNATURES,))
    who = m.Identity(own, (m.certificate("authority", own, (top.subject, root)), top))
    with pytest.raises(ChainRefused) as refused:
        verify_token(mint(who), STAMPED, [who.authority()])
    assert refused.value.authority == "Mint"


KEYS_FOR_SIGNATURES = x509.KeyUsage(
    digital_signature=True,
    **dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    ),
)


def test_an_issuer_s_certificate_that_had_ended() -> None:
    root, own = m.new_key(), m.new_key()
    top = m.certificate("root", root, usage=None, end=NOON - timedelta(days=1))
    who = m.Identity(own, (m.certificate("authority", own, (top.subject, root)), top))
    with pytest.raises(CertificateNotValid):
        verify_token(mint(who), STAMPED, [who.authority()])


def test_a_signature_by_another_key() -> None:
    other = m.identity("RSA").sign(b"", "SHA-256")
    for signature in (b"", b"\x30\x00", other, mint(stamped=b"other")[-72:]):
        with pytest.raises(SignatureWrong):
            verify_token(mint(signer_changes={"signature": tlv(4, signature)}), STAMPED, [m.identity().authority()])


def test_a_scheme_that_does_not_fit_the_pinned_key() -> None:
    token = mint(signer_changes={"scheme": m.identity("RSA").scheme("SHA-256")})
    with pytest.raises(SignatureWrong):
        verify_token(token, STAMPED, [m.identity().authority()])


@pytest.mark.parametrize("salt", [0, 31, 33, 222, 223, 32767])
def test_a_salt_of_another_length(salt: int) -> None:
    who = m.identity("RSA-PSS")
    right = who.scheme("SHA-256")
    wrong = right.replace(tlv(0xA2, num(32)), tlv(0xA2, num(salt)))
    grown = len(num(salt)) - len(num(32))
    scheme = seq(oid("1.2.840.113549.1.1.10"), seq(wrong[-(right[14] + grown) :])) if grown else wrong
    with pytest.raises(TokenRefused):
        verify_token(mint(who, signer_changes={"scheme": scheme}), STAMPED, [who.authority()])


@pytest.mark.parametrize(
    ("usage", "critical"),
    [
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
        ((ExtendedKeyUsageOID.CODE_SIGNING,), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING), True),
        (None, True),
    ],
)
def test_a_certificate_that_is_not_for_time_stamping_alone(
    usage: tuple[x509.ObjectIdentifier, ...] | None, critical: bool
) -> None:
    key = m.new_key()
    who = m.Identity(key, (m.certificate("other", key, usage=usage, critical=critical),))
    with pytest.raises(AuthorityMalformed):
        who.authority()


def test_authorities_that_cannot_be_pinned() -> None:
    who = m.three_levels()
    own, middle, top = who.chain
    for certificate, issuers in [
        (b"", ()),
        (b"\x30\x00", ()),
        (own[:-1], (middle, top)),
        (own, ()),
        (own, (middle,)),
        (own, (top,)),
        (own, (top, middle)),
        (own, (middle, m.identity().chain[0])),
    ]:
        with pytest.raises(AuthorityMalformed):
            Authority("x", certificate, MADE, ENDS, issuers=issuers)
    with pytest.raises(AuthorityMalformed):
        Authority("x", own, ENDS, MADE, issuers=(middle, top))
    with pytest.raises(AuthorityMalformed):
        Authority("x", own, MADE.replace(tzinfo=None), ENDS, issuers=(middle, top))


@pytest.mark.parametrize("kind", ["P-256", "RSA-PSS"])
def test_no_byte_can_be_changed(kind: str) -> None:
    who = m.identity(kind)
    token = mint(who)
    authorities = [who.authority()]
    assert verify_token(token, STAMPED, authorities)
    for at in range(len(token)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            changed = token[:at] + bytes([token[at] ^ mask]) + token[at + 1 :]
            with pytest.raises(TokenRefused):
                verify_token(changed, STAMPED, authorities)


def elements(encoded: bytes, start: int = 0, end: int | None = None) -> list[tuple[int, int, int]]:
    """Start, start of content and end of every DER value in `encoded`, nested ones and those in octet strings too."""
    found, at = [], start
    end = len(encoded) if end is None else end
    while at < end:
        length, content = encoded[at + 1], at + 2
        if length > 0x80:
            content += length - 0x80
            length = int.from_bytes(encoded[at + 2 : content], "big")
        found.append((at, content, content + length))
        if encoded[at] & 0x20:
            found += elements(encoded, content, content + length)
        at = content + length
    return found


def rebuilt(encoded: bytes, at: tuple[int, int, int], replacement: bytes) -> bytes:
    """`encoded` with one value replaced, and the lengths of all around it set right."""
    around = [each for each in elements(encoded) if each[0] <= at[0] and each[2] >= at[2] and each != at]
    inner, (start, _, end) = replacement, at
    for outer_start, outer_content, outer_end in sorted(around, key=lambda each: each[2] - each[0]):
        inner = encoded[outer_content:start] + inner + encoded[end:outer_end]
        inner = tlv(encoded[outer_start], inner)
        start, end = outer_start, outer_end
    return inner


@given(st.data())
def test_no_well_formed_change_gives_a_token_another_meaning(data: st.DataObject) -> None:
    """Values are dropped, doubled, swapped, emptied, retagged or refilled, and all lengths set right again."""
    token, authority = mint(), m.identity().authority()
    original = verify_token(token, STAMPED, [authority])
    places = elements(token)
    at = data.draw(st.sampled_from(places))
    old = token[at[0] : at[2]]
    other = data.draw(st.sampled_from(places))
    replacement = data.draw(
        st.sampled_from(
            [
                b"",
                old + old,
                bytes([old[0], 0]),
                token[other[0] : other[2]],
                bytes([data.draw(st.integers(0, 255))]) + old[1:],
                tlv(old[0], data.draw(st.binary(max_size=20))),
                tlv(old[0], token[at[1] : at[2]], data.draw(st.binary(min_size=1, max_size=3))),
                tlv(0x30, old),
            ]
        )
    )
    try:
        verified = verify_token(rebuilt(token, at, replacement), STAMPED, [authority])
    except TokenRefused:
        return
    for name in ("authority", "gen_time", "accuracy", "serial", "policy", "hash_name", "nonce"):
        assert getattr(verified, name) == getattr(original, name)
