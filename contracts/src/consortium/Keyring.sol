// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActRecorder, Speaker} from "../ActRecorder.sol";
import {ActTypes, AddKey, Prefix, ReportCompromise, RevokeKey} from "../Acts.sol";
import {IConsortium, KeyPurpose, MemberState} from "../interfaces/IConsortium.sol";
import {ConsortiumStorage, StoredKey} from "./ConsortiumStorage.sol";

/// @title The members' keys
abstract contract Keyring is ConsortiumStorage, ActRecorder {
    /// @dev How far back a member alone may date a compromise.
    uint64 private constant OWN_COMPROMISE_REACH = 72 hours;

    /* ACTS */

    /// @inheritdoc IConsortium
    function addKey(AddKey calldata act, bytes calldata signature) external whenRatified {
        Speaker memory speaker = _actOrRecoverySpeaker();
        bytes32 actId =
            _recordGoverned(speaker, ActTypes.ADD_KEY_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);

        KeyPurpose purpose = _ownPurpose(speaker, act.purpose);
        uint256 effective = block.timestamp + (speaker.purpose == KeyPurpose.Recovery ? 0 : delay);
        _addKey(actId, speaker.signer, act.member, purpose, act.key, _later(act.notBefore, effective), act.notAfter);
    }

    /// @inheritdoc IConsortium
    function revokeKey(RevokeKey calldata act, bytes calldata signature) external whenRatified {
        Speaker memory speaker = _actOrRecoverySpeaker();
        speaker.evenIfSuspended = true;
        bytes32 actId =
            _recordGoverned(speaker, ActTypes.REVOKE_KEY_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);

        KeyPurpose purpose = _ownPurpose(speaker, act.purpose);
        _revokeKey(actId, speaker.signer, act.member, purpose, act.key, act.reason);
    }

    /// @inheritdoc IConsortium
    function reportCompromise(ReportCompromise calldata act, bytes calldata signature) external whenRatified {
        Speaker memory speaker = _actOrRecoverySpeaker();
        speaker.evenIfSuspended = true;
        bytes32 actId = _recordGoverned(
            speaker, ActTypes.REPORT_COMPROMISE_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature
        );

        KeyPurpose purpose = _purpose(act.purpose);
        if (purpose == KeyPurpose.Recovery) _requireRecovery(speaker);
        uint64 earliest = uint64(block.timestamp) - OWN_COMPROMISE_REACH;
        if (act.since < earliest) revert CompromiseTooFarBack(act.key, act.since, earliest);
        _reportCompromise(actId, speaker.signer, act.member, purpose, act.key, act.since, act.reason);
    }

    /* FOR THE OTHER CONTRACTS */

    /// @inheritdoc IConsortium
    function authorise(bytes32 member, address signer, KeyPurpose purpose, bool evenIfSuspended)
        external
        view
        whenRatified
        returns (uint8)
    {
        if (_names[msg.sender] == 0) revert ContractNotRegistered(msg.sender);
        return _rolesOf(member, signer, purpose, evenIfSuspended);
    }

    /* FOR THE OTHER PARTS */

    /// @dev `KeyPurpose.None` asks for an ACT or RECOVERY key; the speaker's purpose is then the one that it is.
    function _authorise(Speaker memory speaker) internal view override {
        if (speaker.purpose == KeyPurpose.None) {
            KeyPurpose found = _keys[_asKey(speaker.signer)].purpose;
            speaker.purpose = found == KeyPurpose.Recovery ? found : KeyPurpose.Act;
        }
        speaker.roles = _rolesOf(speaker.member, speaker.signer, speaker.purpose, speaker.evenIfSuspended);
    }

    /// @dev Records an act of governance: these may hold for thirty days.
    function _recordGoverned(
        Speaker memory speaker,
        bytes32 typehash,
        bytes32 structHash,
        Prefix calldata prefix,
        bytes calldata signature
    ) internal returns (bytes32) {
        return _record(speaker, typehash, structHash, prefix, signature, LONGEST_GOVERNANCE_VALIDITY);
    }

    function _addKey(
        bytes32 actId,
        address signer,
        bytes32 member,
        KeyPurpose purpose,
        bytes32 key,
        uint64 notBefore,
        uint64 notAfter
    ) internal {
        bool isAddress = purpose == KeyPurpose.Act || purpose == KeyPurpose.Recovery || purpose == KeyPurpose.Validator;
        if (key == 0 || (isAddress && uint256(key) > type(uint160).max)) revert KeyMalformed(key);
        if (notBefore >= notAfter || notAfter > type(uint48).max) revert KeyWindowInvalid(key, notBefore, notAfter);
        StoredKey storage stored = _keys[key];
        if (stored.member != 0) revert KeyTaken(key, stored.member);

        stored.member = member;
        stored.purpose = purpose;
        stored.notBefore = uint48(notBefore);
        stored.notAfter = uint48(notAfter);
        emit KeyAdded(actId, key, member, signer, purpose, notBefore, notAfter, block.chainid);
    }

    function _revokeKey(bytes32 actId, address signer, bytes32 member, KeyPurpose purpose, bytes32 key, bytes32 reason)
        internal
    {
        StoredKey storage stored = _keyOf(member, purpose, key);
        if (stored.revokedAt != 0) revert KeyRevoked(key, stored.revokedAt);

        stored.revokedAt = uint48(block.timestamp);
        emit KeyRevocationRecorded(actId, key, member, signer, purpose, uint64(block.timestamp), reason, block.chainid);
    }

    function _reportCompromise(
        bytes32 actId,
        address signer,
        bytes32 member,
        KeyPurpose purpose,
        bytes32 key,
        uint64 since,
        bytes32 reason
    ) internal {
        if (since == 0) since = 1; // zero is kept for "never"
        if (since > block.timestamp) revert CompromiseInFuture(key, since, block.timestamp);
        StoredKey storage stored = _keyOf(member, purpose, key);
        uint64 previous = stored.compromisedSince;
        if (previous != 0 && since >= previous) revert CompromiseNotEarlier(key, since, previous);

        stored.compromisedSince = uint48(since);
        stored.compromiseReportedAt = uint48(block.timestamp);
        stored.compromiseReportedBy = actId;
        emit CompromiseReported(actId, key, member, signer, purpose, previous, since, reason, block.chainid);
    }

    function _asKey(address account) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function _purpose(uint256 purpose) internal pure returns (KeyPurpose) {
        if (purpose == 0 || purpose > uint8(type(KeyPurpose).max)) revert PurposeUnknown(purpose);
        return KeyPurpose(purpose);
    }

    function _later(uint64 instant, uint256 other) internal pure returns (uint64) {
        return instant > other ? instant : uint64(other);
    }

    /* PRIVATE */

    function _actOrRecoverySpeaker() private view returns (Speaker memory speaker) {
        speaker = _speaker();
        speaker.purpose = KeyPurpose.None;
    }

    function _requireRecovery(Speaker memory speaker) private pure {
        if (speaker.purpose != KeyPurpose.Recovery) {
            revert WrongPurpose(_asKey(speaker.signer), speaker.purpose, KeyPurpose.Recovery);
        }
    }

    /// @dev The purpose of a key that the speaker may add or revoke: VALIDATOR never, RECOVERY by RECOVERY.
    function _ownPurpose(Speaker memory speaker, uint8 stated) private pure returns (KeyPurpose purpose) {
        purpose = _purpose(stated);
        if (purpose == KeyPurpose.Validator) revert PurposeGoverned(purpose);
        if (purpose == KeyPurpose.Recovery) _requireRecovery(speaker);
    }

    function _keyOf(bytes32 member, KeyPurpose purpose, bytes32 key) private view returns (StoredKey storage stored) {
        stored = _keys[key];
        if (stored.member == 0) revert KeyUnknown(key);
        if (stored.member != member) revert KeyNotOfMember(key, member, stored.member);
        if (stored.purpose != purpose) revert WrongPurpose(key, stored.purpose, purpose);
    }

    /// @dev The roles of `member`, if `signer` may act for it now.
    function _rolesOf(bytes32 member, address signer, KeyPurpose purpose, bool evenIfSuspended)
        private
        view
        returns (uint8)
    {
        MemberState state = _known(member).state;
        if (state != MemberState.Active && !(evenIfSuspended && state == MemberState.Suspended)) {
            revert MemberNotActive(member, state);
        }

        bytes32 key = _asKey(signer);
        StoredKey storage stored = _keys[key];
        if (stored.member == 0) revert KeyUnknown(key);
        if (stored.member != member) revert KeyNotOfMember(key, member, stored.member);
        if (stored.purpose != purpose) revert WrongPurpose(key, stored.purpose, purpose);
        if (stored.revokedAt != 0) revert KeyRevoked(key, stored.revokedAt);
        if (stored.compromisedSince != 0) revert KeyCompromised(key, stored.compromisedSince);
        if (block.timestamp < stored.notBefore) revert KeyNotYetValid(key, stored.notBefore, block.timestamp);
        if (block.timestamp > stored.notAfter) revert KeyExpired(key, stored.notAfter, block.timestamp);
        return _members[member].roles;
    }
}
