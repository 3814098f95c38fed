// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium, Key, KeyPurpose, Member, MemberState, Proposal} from "../interfaces/IConsortium.sol";

/// @notice A key in three slots. Times are seconds; 48 bits hold eight million years.
struct StoredKey {
    bytes32 member;
    KeyPurpose purpose;
    uint48 notBefore;
    uint48 notAfter;
    uint48 revokedAt;
    uint48 compromisedSince;
    uint48 compromiseReportedAt;
    bytes32 compromiseReportedBy;
}

/// @title What the parts of the consortium keep in common
abstract contract ConsortiumStorage is IConsortium {
    uint8 internal constant ALL_ROLES = 1 | 2 | 4 | 8;
    /// @dev Below four, QBFT tolerates no fault.
    uint256 internal constant FEWEST_MEMBERS = 4;
    uint256 internal constant FEWEST_VALIDATORS = 4;
    uint256 internal constant MOST_FOUNDERS = 32;
    /// @dev Ever admitted: an index is the position of a bit in an approval mask, and a threshold has eight bits.
    uint256 internal constant MOST_MEMBERS = 255;
    uint256 internal constant MOST_VALIDATORS = 64;

    bool internal _active;
    uint8 internal _founderCount;
    /// @inheritdoc IConsortium
    uint8 public threshold;
    /// @inheritdoc IConsortium
    uint64 public delay;
    /// @inheritdoc IConsortium
    uint64 public epoch;

    /// @dev Bit i is set while the member with index i is active.
    uint256 internal _activeMask;
    bytes32[] internal _memberIds;
    mapping(bytes32 member => Member) internal _members;

    mapping(bytes32 key => StoredKey) internal _keys;
    address[] internal _validators;

    mapping(bytes32 name => address) internal _directory;
    mapping(address deployed => bytes32 name) internal _names;
    mapping(bytes32 member => bytes32 listHash) internal _ratifications;

    mapping(bytes32 proposal => Proposal) internal _proposals;

    modifier whenRatified() {
        if (!_active) revert NotRatified();
        _;
    }

    /// @dev The member, which MUST exist.
    function _known(bytes32 member) internal view returns (Member storage stored) {
        stored = _members[member];
        if (stored.state == MemberState.None) revert MemberUnknown(member);
    }

    /// @dev The member, which MUST exist and not be expelled.
    function _notExpelled(bytes32 member) internal view returns (Member storage stored) {
        stored = _known(member);
        if (stored.state == MemberState.Expelled) revert MemberNotActive(member, MemberState.Expelled);
    }

    function _requireRoles(bytes32 member, uint256 roles) internal pure returns (uint8) {
        if (roles == 0 || roles > ALL_ROLES) revert RolesInvalid(member, roles);
        return uint8(roles);
    }

    /* VIEWS */

    /// @inheritdoc IConsortium
    function isActive() external view returns (bool) {
        return _active;
    }

    /// @inheritdoc IConsortium
    function memberOf(bytes32 member) external view returns (Member memory) {
        return _members[member];
    }

    /// @inheritdoc IConsortium
    function members() external view returns (bytes32[] memory) {
        return _memberIds;
    }

    /// @inheritdoc IConsortium
    function validators() external view returns (address[] memory) {
        return _validators;
    }

    /// @inheritdoc IConsortium
    function keyOf(bytes32 key) external view returns (Key memory) {
        StoredKey storage stored = _keys[key];
        return Key({
            member: stored.member,
            purpose: stored.purpose,
            notBefore: stored.notBefore,
            notAfter: stored.notAfter,
            revokedAt: stored.revokedAt,
            compromisedSince: stored.compromisedSince,
            compromiseReportedAt: stored.compromiseReportedAt,
            compromiseReportedBy: stored.compromiseReportedBy
        });
    }

    /// @inheritdoc IConsortium
    function contractAt(bytes32 name) external view returns (address) {
        return _directory[name];
    }

    /// @inheritdoc IConsortium
    function nameOf(address deployed) external view returns (bytes32) {
        return _names[deployed];
    }

    /// @inheritdoc IConsortium
    function ratificationOf(bytes32 member) external view returns (bytes32) {
        return _ratifications[member];
    }

    /// @inheritdoc IConsortium
    function proposalOf(bytes32 proposal) external view returns (Proposal memory) {
        return _proposals[proposal];
    }
}
