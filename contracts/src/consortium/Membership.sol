// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Founder, IConsortium, KeyPurpose, Member, MemberState, Settings} from "../interfaces/IConsortium.sol";
import {Directory} from "./Directory.sol";

/// @title Who belongs to the consortium: founding, and the changes that members decide
abstract contract Membership is Directory {
    uint64 private constant LONGEST_DELAY = 14 days;
    bytes32 private constant REASON_EXPELLED = "expelled";

    constructor(Founder[] memory founders, Settings memory settings) {
        uint256 count = founders.length;
        if (count < FEWEST_MEMBERS || count > MOST_FOUNDERS) {
            revert MemberCountInvalid(count, FEWEST_MEMBERS, MOST_FOUNDERS);
        }
        _founderCount = uint8(count);
        for (uint256 i = 0; i < count; ++i) {
            _found(founders[i]);
        }
        _setDelay(0, settings.delay);
        _setThreshold(0, settings.threshold);
    }

    /// @inheritdoc IConsortium
    function activeMemberCount() public view returns (uint256) {
        return _bitCount(_activeMask);
    }

    /* CHANGES */

    function _admit(bytes32 actId, bytes32 member, uint256 roles, bytes32 certificate) internal {
        if (member == 0) revert MemberIdZero();
        if (_members[member].state != MemberState.None) revert MemberExists(member);
        uint256 index = _memberIds.length;
        if (index == MOST_MEMBERS) revert MemberCountInvalid(index + 1, FEWEST_MEMBERS, MOST_MEMBERS);

        uint8 checkedRoles = _requireRoles(member, roles);
        _members[member] = Member(MemberState.Active, checkedRoles, uint8(index), certificate);
        _memberIds.push(member);
        _activeMask |= 1 << index;
        ++epoch;
        emit MemberAdmitted(actId, member, checkedRoles, uint8(index), certificate, block.chainid);
    }

    function _suspend(bytes32 actId, bytes32 member, bytes32 reason) internal {
        Member storage stored = _known(member);
        if (stored.state != MemberState.Active) {
            revert MemberStateWrong(member, stored.state, MemberState.Active);
        }
        _deactivate(stored.index);
        _setState(actId, member, stored, MemberState.Suspended, reason);
    }

    function _reinstate(bytes32 actId, bytes32 member, bytes32 reason) internal {
        Member storage stored = _known(member);
        if (stored.state != MemberState.Suspended) {
            revert MemberStateWrong(member, stored.state, MemberState.Suspended);
        }
        _activeMask |= 1 << stored.index;
        _setState(actId, member, stored, MemberState.Active, reason);
    }

    /// @dev The member's validators go with it.
    function _expel(bytes32 actId, bytes32 member, bytes32 reason) internal {
        Member storage stored = _notExpelled(member);
        if (stored.state == MemberState.Active) _deactivate(stored.index);
        _setState(actId, member, stored, MemberState.Expelled, reason);

        for (uint256 i = _validators.length; i > 0; --i) {
            bytes32 key = _asKey(_validators[i - 1]);
            if (_keys[key].member == member) _dropValidator(actId, member, i - 1, REASON_EXPELLED);
        }
    }

    function _setRoles(bytes32 actId, bytes32 member, uint256 roles) internal {
        Member storage stored = _notExpelled(member);
        uint8 checkedRoles = _requireRoles(member, roles);
        uint8 previous = stored.roles;
        stored.roles = checkedRoles;
        emit RolesChanged(actId, member, previous, checkedRoles, block.chainid);
    }

    function _addValidator(bytes32 actId, bytes32 member, bytes32 key, uint64 notBefore, uint64 notAfter) internal {
        _notExpelled(member);
        if (_validators.length == MOST_VALIDATORS) revert TooManyValidators(MOST_VALIDATORS + 1, MOST_VALIDATORS);
        _addKey(actId, address(0), member, KeyPurpose.Validator, key, notBefore, notAfter);
        _validators.push(address(uint160(uint256(key))));
    }

    function _removeValidator(bytes32 actId, bytes32 member, bytes32 key, bytes32 reason) internal {
        for (uint256 i = 0; i < _validators.length; ++i) {
            if (_asKey(_validators[i]) == key) {
                _dropValidator(actId, member, i, reason);
                return;
            }
        }
        revert KeyUnknown(key);
    }

    /// @dev A threshold above the number of active members would end every decision.
    function _setThreshold(bytes32 actId, uint256 threshold_) internal {
        uint256 active = activeMemberCount();
        if (threshold_ > active) revert ThresholdInvalid(threshold_, active);
        uint8 previous = threshold;
        threshold = uint8(threshold_);
        emit ThresholdChanged(actId, previous, uint8(threshold_), block.chainid);
    }

    function _setDelay(bytes32 actId, uint256 delay_) internal {
        if (delay_ == 0 || delay_ > LONGEST_DELAY) revert DelayInvalid(delay_, 1, LONGEST_DELAY);
        uint64 previous = delay;
        delay = uint64(delay_);
        emit DelayChanged(actId, previous, uint64(delay_), block.chainid);
    }

    function _bitCount(uint256 mask) internal pure returns (uint256 count) {
        for (; mask != 0; mask &= mask - 1) {
            ++count;
        }
    }

    /* PRIVATE */

    function _found(Founder memory founder) private {
        bytes32 member = founder.member;
        _admit(0, member, founder.roles, founder.certificate);
        _foundersKey(founder, KeyPurpose.Act, _asKey(founder.act));
        _foundersKey(founder, KeyPurpose.Recovery, _asKey(founder.recovery));
        _foundersKey(founder, KeyPurpose.Validator, _asKey(founder.validator));
        _validators.push(founder.validator);
        if (founder.exchange != 0) _foundersKey(founder, KeyPurpose.Exchange, founder.exchange);
        if (founder.seal != 0) _foundersKey(founder, KeyPurpose.Seal, founder.seal);
        if (founder.document != 0) _foundersKey(founder, KeyPurpose.Document, founder.document);
    }

    function _foundersKey(Founder memory founder, KeyPurpose purpose, bytes32 key) private {
        _addKey(0, address(0), founder.member, purpose, key, founder.notBefore, founder.notAfter);
    }

    function _deactivate(uint8 index) private {
        uint256 mask = _activeMask & ~(1 << index);
        uint256 active = _bitCount(mask);
        if (active < FEWEST_MEMBERS) revert TooFewActiveMembers(active, FEWEST_MEMBERS);
        if (active < threshold) revert ThresholdInvalid(threshold, active);
        _activeMask = mask;
    }

    function _setState(bytes32 actId, bytes32 member, Member storage stored, MemberState state, bytes32 reason)
        private
    {
        MemberState previous = stored.state;
        stored.state = state;
        emit MemberStateChanged(actId, member, previous, state, reason, ++epoch, block.chainid);
    }

    function _dropValidator(bytes32 actId, bytes32 member, uint256 position, bytes32 reason) private {
        uint256 last = _validators.length - 1;
        if (last < FEWEST_VALIDATORS) revert TooFewValidators(last, FEWEST_VALIDATORS);
        _revokeKey(actId, address(0), member, KeyPurpose.Validator, _asKey(_validators[position]), reason);
        _validators[position] = _validators[last];
        _validators.pop();
    }
}
