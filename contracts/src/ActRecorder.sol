// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActTypes, Cancel, Prefix} from "./Acts.sol";
import {IActRecorder} from "./interfaces/IActRecorder.sol";
import {KeyPurpose} from "./interfaces/IConsortium.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice Whose acts one transaction carries. In a batch the same speaker is looked up once.
struct Speaker {
    bytes32 domain;
    bytes32 member;
    address signer;
    uint8 roles;
    KeyPurpose purpose;
    bool evenIfSuspended;
}

/// @title Recording of signed acts, each once
/// @dev An implementation states in `_authorise` whose signature counts.
abstract contract ActRecorder is IActRecorder {
    uint256 private constant LARGEST_TIMESTAMP_IN_SECONDS = 1e11;
    uint64 private constant CLOCK_TOLERANCE = 15 seconds;
    uint64 internal constant LONGEST_VALIDITY = 24 hours;
    uint64 internal constant LONGEST_GOVERNANCE_VALIDITY = 30 days;

    uint256 internal constant WORD = 32;
    uint256 private constant FEWEST_ENCODED_WORDS = 5;
    uint256 private constant MOST_ENCODED_WORDS = 32;

    string private constant NAME = "Tallystick";
    string private constant VERSION = "1";
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @dev In `_recorded`: nothing is recorded of the fact, but an act about it was cancelled.
    bytes32 private constant CANCELLED = bytes32(uint256(1));

    /// @dev One slot, read once, refuses both duplicates, for an equal act id implies an equal fact; and it tells whether
    /// to look for a cancellation.
    mapping(bytes32 fact => bytes32 actId) private _recorded;
    mapping(bytes32 actId => bool) private _cancelled;

    constructor() {
        if (block.timestamp > LARGEST_TIMESTAMP_IN_SECONDS) revert ClockNotInSeconds(block.timestamp);
    }

    /* ACTS */

    /// @inheritdoc IActRecorder
    function cancel(Cancel calldata act, bytes calldata encodedAct, bytes calldata signature) external {
        Speaker memory speaker = _speaker();
        speaker.evenIfSuspended = true;
        bytes32 actId = _record(speaker, ActTypes.CANCEL_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);

        bytes32 fact = _ownFact(speaker.domain, act, encodedAct);
        bytes32 first = _recorded[fact];
        if (first == act.actId) {
            _withdrawMatter(actId, act.actId, act.member);
        } else {
            _cancelled[act.actId] = true;
            if (first == 0) _recorded[fact] = CANCELLED;
        }
        emit ActCancelled(actId, act.actId, act.member, speaker.signer, block.chainid);
    }

    /* VIEWS */

    /// @inheritdoc IActRecorder
    function recordedAct(bytes32 member, bytes32 typehash, bytes32 ref) external view returns (bytes32) {
        bytes32 first = _recorded[_fact(member, typehash, ref)];
        return first == CANCELLED ? bytes32(0) : first;
    }

    /// @inheritdoc IActRecorder
    function isCancelled(bytes32 actId) external view returns (bool) {
        return _cancelled[actId];
    }

    /// @inheritdoc IActRecorder
    function domainSeparator() public view returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), block.chainid, address(this))
        );
    }

    /* FOR IMPLEMENTATIONS */

    /// @dev Checks that `speaker.signer` may speak for `speaker.member`, and fills in the roles.
    function _authorise(Speaker memory speaker) internal view virtual;

    /// @dev Withdraws the recorded act `matter` if it is still open for co-signature; reverts if it is not.
    function _withdrawMatter(bytes32, bytes32 matter, bytes32) internal virtual {
        revert AlreadyRecorded(matter);
    }

    /// @dev A transaction's speaker before its first act: an ACT key of an active member.
    function _speaker() internal view returns (Speaker memory speaker) {
        speaker.domain = domainSeparator();
        speaker.purpose = KeyPurpose.Act;
    }

    function _record(
        Speaker memory speaker,
        bytes32 typehash,
        bytes32 structHash,
        Prefix calldata prefix,
        bytes calldata signature
    ) internal returns (bytes32 actId) {
        return _record(speaker, typehash, structHash, prefix, signature, LONGEST_VALIDITY);
    }

    /// @dev Records an act: fresh, in time, signed by an authorised key. Every act function MUST begin with this.
    function _record(
        Speaker memory speaker,
        bytes32 typehash,
        bytes32 structHash,
        Prefix calldata prefix,
        bytes calldata signature,
        uint64 longestValidity
    ) internal returns (bytes32 actId) {
        actId = _typedDataHash(speaker.domain, structHash);
        bytes32 fact = _fact(prefix.member, typehash, prefix.ref);
        bytes32 first = _recorded[fact];
        if (first == actId) revert AlreadyRecorded(actId);

        _requireInTime(actId, prefix, longestValidity);
        address signer = _recover(actId, signature);
        if (speaker.member != prefix.member || speaker.signer != signer) {
            speaker.member = prefix.member;
            speaker.signer = signer;
            _authorise(speaker);
        }

        if (first != 0 && _cancelled[actId]) revert ActIsCancelled(actId);
        if (first != 0 && first != CANCELLED) revert RefAlreadyUsed(prefix.ref, first);
        _recorded[fact] = actId;
    }

    /* PRIVATE */

    function _requireInTime(bytes32 actId, Prefix calldata prefix, uint64 longestValidity) private view {
        (uint64 issuedAt, uint64 validUntil) = (prefix.issuedAt, prefix.validUntil);
        if (validUntil < issuedAt) revert ValidityInverted(actId, issuedAt, validUntil);
        if (issuedAt > block.timestamp + CLOCK_TOLERANCE) revert IssuedInFuture(actId, issuedAt, block.timestamp);
        if (block.timestamp > validUntil) revert ActExpired(actId, validUntil, block.timestamp);
        uint64 validity = validUntil - issuedAt;
        if (validity > longestValidity) revert ValidityTooLong(actId, validity, longestValidity);
    }

    /// @dev 65 bytes r ‖ s ‖ v with low s and v 27 or 28; anything else reverts with an error of ECDSA.
    function _recover(bytes32 actId, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65) revert ECDSA.ECDSAInvalidSignatureLength(signature.length);
        return ECDSA.recover(actId, uint8(signature[64]), bytes32(signature[0:32]), bytes32(signature[32:64]));
    }

    /// @dev The fact of the encoded act, checked to be the act that `act` names and the member's own.
    function _ownFact(bytes32 domain, Cancel calldata act, bytes calldata encodedAct) private pure returns (bytes32) {
        uint256 length = encodedAct.length;
        if (length % WORD != 0 || length < FEWEST_ENCODED_WORDS * WORD || length > MOST_ENCODED_WORDS * WORD) {
            revert EncodedActMalformed(length);
        }
        bytes32 rebuilt = _typedDataHash(domain, keccak256(encodedAct));
        if (rebuilt != act.actId) revert EncodedActMismatch(act.actId, rebuilt);
        (bytes32 typehash, bytes32 owner, bytes32 ref) = abi.decode(encodedAct[:3 * WORD], (bytes32, bytes32, bytes32));
        if (owner != act.member) revert NotOwnAct(act.actId, owner, act.member);
        return _fact(owner, typehash, ref);
    }

    function _typedDataHash(bytes32 domain, bytes32 structHash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _fact(bytes32 member, bytes32 typehash, bytes32 ref) private pure returns (bytes32) {
        return keccak256(abi.encode(member, typehash, ref));
    }
}
