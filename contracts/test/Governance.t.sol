// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AddKey, Approve, Propose, ReportCompromise, RevokeKey} from "../src/Acts.sol";
import {Change, IConsortium, Key, KeyPurpose, MemberState} from "../src/interfaces/IConsortium.sol";
import {Fixture} from "./utils/Fixture.sol";
import {FuzzSelector} from "./utils/Invariants.sol";
import {vm} from "./utils/Vm.sol";

/// @notice Everything that one member can sign, with every key it has or adds, in any order and at any time.
contract LonelyMember is Fixture {
    uint256[] private keys;
    bytes32[] private proposals;
    Change[] private changes;
    bytes[] private payloads;

    function setUp() public override {
        super.setUp();
        keys.push(actKey(BANK));
        keys.push(recoveryKey(BANK));
        keys.push(validatorKey(BANK));
    }

    function proposeAnything(uint256 with, uint256 change, uint256 victim, uint256 value) external {
        Change kind = Change(1 + (change % 12));
        bytes memory payload = _payload(kind, members[victim % 4], value);
        Propose memory act = Propose(BANK, freshRef(), issued(), until(), uint8(kind), payload);
        bytes32 structHash = hasher.hashPropose(act);
        if (!_send(abi.encodeCall(consortium.propose, (act, sign(consortium, structHash, _key(with)))))) return;
        proposals.push(actId(consortium, structHash));
        changes.push(kind);
        payloads.push(payload);
    }

    function approveIt(uint256 with, uint256 which, uint256 as_) external {
        if (proposals.length == 0) return;
        Approve memory act =
            Approve(members[as_ % 4], freshRef(), issued(), until(), proposals[which % proposals.length]);
        _send(abi.encodeCall(consortium.approve, (act, sign(consortium, hasher.hashApprove(act), _key(with)))));
    }

    function executeIt(uint256 which) external {
        if (proposals.length == 0) return;
        which %= proposals.length;
        _send(abi.encodeCall(consortium.execute, (proposals[which], changes[which], payloads[which])));
    }

    function addKey(uint256 with, uint256 seed, uint8 purpose, uint256 as_) external {
        uint256 key = 1 + (seed >> 4);
        AddKey memory act = AddKey({
            member: members[as_ % 4],
            ref: freshRef(),
            issuedAt: issued(),
            validUntil: until(),
            purpose: purpose % 8,
            key: asKey(key),
            notBefore: issued(),
            notAfter: issued() + 365 days
        });
        bytes memory signature = sign(consortium, hasher.hashAddKey(act), _key(with));
        if (_send(abi.encodeCall(consortium.addKey, (act, signature)))) keys.push(key);
    }

    function revokeKey(uint256 with, uint256 which, uint8 purpose, uint256 whose) external {
        bytes32 key = which % 3 == 0 ? asKey(actKey(members[whose % 4])) : asKey(_key(which));
        RevokeKey memory act = RevokeKey(BANK, freshRef(), issued(), until(), purpose % 8, key, "reason");
        _send(abi.encodeCall(consortium.revokeKey, (act, sign(consortium, hasher.hashRevokeKey(act), _key(with)))));
    }

    function reportCompromise(uint256 with, uint256 whose, uint64 since) external {
        ReportCompromise memory act = ReportCompromise(
            BANK,
            freshRef(),
            issued(),
            until(),
            1,
            asKey(actKey(members[whose % 4])),
            issued() - (since % 5 days),
            "reason"
        );
        bytes memory signature = sign(consortium, hasher.hashReportCompromise(act), _key(with));
        _send(abi.encodeCall(consortium.reportCompromise, (act, signature)));
    }

    function wait(uint256 seconds_) external {
        vm.warp(block.timestamp + (seconds_ % 2 hours));
    }

    function requireNothingChanged() external view {
        require(consortium.epoch() == 4 && consortium.activeMemberCount() == 4, "membership");
        require(consortium.members().length == 4 && consortium.validators().length == 4, "members and validators");
        require(consortium.delay() == DELAY && consortium.threshold() == 0, "settings");
        require(consortium.contractAt("LoanLedger") == address(ledger), "directory");
        uint8[4] memory roles = [1, 1, 2, 4];
        for (uint256 i = 0; i < 4; ++i) {
            require(consortium.memberOf(members[i]).state == MemberState.Active, "state");
            require(consortium.memberOf(members[i]).roles == roles[i], "roles");
            if (i > 0) {
                Key memory key = consortium.keyOf(asKey(actKey(members[i])));
                require(key.revokedAt == 0 && key.compromisedSince == 0, "another's key");
            }
            require(consortium.keyOf(asKey(validatorKey(members[i]))).revokedAt == 0, "validator");
        }
        for (uint256 i = 3; i < keys.length; ++i) {
            Key memory key = consortium.keyOf(asKey(keys[i]));
            require(key.member == BANK && key.purpose != KeyPurpose.Validator, "added keys are its own");
        }
    }

    function _key(uint256 with) private view returns (uint256) {
        return keys[with % keys.length];
    }

    function _send(bytes memory callData) private returns (bool success) {
        (success,) = address(consortium).call(callData);
    }

    function _payload(Change kind, bytes32 member, uint256 value) private view returns (bytes memory) {
        if (kind == Change.Admit) return abi.encode(bytes32(value), 1, 0, asKey(_key(value)), 0, 1e10);
        if (kind == Change.SetRoles) return abi.encode(member, value % 16);
        if (kind == Change.AddValidator) return abi.encode(member, asKey(1 + (value >> 4)), 0, 1e10);
        if (kind == Change.RemoveValidator) return abi.encode(member, asKey(validatorKey(member)), bytes32("reason"));
        if (kind == Change.SetThreshold) return abi.encode(value % 5);
        if (kind == Change.SetDelay) return abi.encode(1 + (value % 1 days));
        if (kind == Change.SetContract) {
            return abi.encode(bytes32("LoanLedger"), address(hasher), address(hasher).codehash);
        }
        if (kind == Change.BackdateCompromise) {
            return abi.encode(member, 1, asKey(actKey(member)), issued() - 10 days, bytes32("reason"));
        }
        if (kind == Change.ReplaceRecovery) {
            return abi.encode(member, asKey(recoveryKey(member)), asKey(_key(value)), 0, 1e10, bytes32("reason"));
        }
        return abi.encode(member, bytes32("reason"));
    }
}

contract GovernanceInvariantTest {
    LonelyMember private member;

    function setUp() public {
        member = new LonelyMember();
        member.setUp();
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = member.proposeAnything.selector;
        selectors[1] = member.approveIt.selector;
        selectors[2] = member.executeIt.selector;
        selectors[3] = bytes4(keccak256("addKey(uint256,uint256,uint8,uint256)"));
        selectors[4] = bytes4(keccak256("revokeKey(uint256,uint256,uint8,uint256)"));
        selectors[5] = bytes4(keccak256("reportCompromise(uint256,uint256,uint64)"));
        selectors[6] = member.wait.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(member), selectors);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(member);
    }

    function invariant_one_members_keys_change_nothing_but_its_own_keys() public view {
        member.requireNothingChanged();
    }
}

contract GovernanceTest is Fixture {
    /// @dev Any subset of members approves: it is carried out exactly if two thirds of the four are among them.
    function testFuzz_two_thirds_decide(uint8 approvers) public {
        bytes memory payload = abi.encode(PARTNER, 3);
        bytes32 proposal = propose(BANK, Change.SetRoles, payload);
        uint256 approvals = 1;
        for (uint256 i = 1; i < 4; ++i) {
            if ((approvers >> i) & 1 == 1) {
                approve(members[i], proposal);
                ++approvals;
            }
        }
        vm.expectPartialRevert(IConsortium.ProposalTimelocked.selector);
        consortium.execute(proposal, Change.SetRoles, payload);
        vm.warp(block.timestamp + DELAY);
        if (approvals < 3) {
            vm.expectRevert(
                abi.encodeWithSelector(IConsortium.TooFewApprovals.selector, proposal, approvals, uint256(3))
            );
        }
        consortium.execute(proposal, Change.SetRoles, payload);
        require(consortium.memberOf(PARTNER).roles == (approvals < 3 ? 1 : 3), "roles");
    }

    function testFuzz_required_approvals_are_two_thirds_of_those_active(uint8 admitted) public {
        admitted %= 12;
        for (uint256 i = 0; i < admitted; ++i) {
            bytes memory payload = abi.encode(keccak256(abi.encode(i)), 1, 0, asKey(100 + i), 0, 1e10);
            bytes32 proposal = propose(BANK, Change.Admit, payload);
            for (uint256 j = 1; j < 4; ++j) {
                approve(members[j], proposal);
            }
            vm.warp(block.timestamp + DELAY);
            if (consortium.requiredApprovals() > 4) return;
            consortium.execute(proposal, Change.Admit, payload);
            uint256 active = consortium.activeMemberCount();
            uint256 required = consortium.requiredApprovals();
            require(3 * required >= 2 * active && 3 * (required - 1) < 2 * active, "ceiling of two thirds");
        }
    }

    function test_a_proposal_lapses_when_the_membership_changes() public {
        bytes memory payload = abi.encode(PARTNER, 3);
        bytes32 stale = propose(BANK, Change.SetRoles, payload);
        decide(Change.Admit, abi.encode(bytes32("newcomer"), 1, 0, asKey(77), 0, 1e10));
        vm.expectPartialRevert(IConsortium.ProposalLapsed.selector);
        consortium.execute(stale, Change.SetRoles, payload);
    }

    function test_four_members_cannot_lose_one() public {
        bytes memory payload = abi.encode(PARTNER, bytes32("reason"));
        bytes32 proposal = propose(BANK, Change.Expel, payload);
        approve(DEPOSITORY, proposal);
        approve(ARBITRATOR, proposal);
        vm.warp(block.timestamp + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.TooFewActiveMembers.selector, uint256(3), uint256(4)));
        consortium.execute(proposal, Change.Expel, payload);
    }

    function test_an_expelled_member_takes_its_validators_along() public {
        decide(Change.Admit, abi.encode(bytes32("newcomer"), 1, 0, asKey(77), 0, 1e10));
        bytes memory payload = abi.encode(bytes32("newcomer"), asKey(78), 0, 1e10);
        bytes32 proposal = propose(BANK, Change.AddValidator, payload);
        for (uint256 i = 1; i < 4; ++i) {
            approve(members[i], proposal);
        }
        vm.warp(block.timestamp + DELAY);
        consortium.execute(proposal, Change.AddValidator, payload);
        require(consortium.validators().length == 5, "added");
        payload = abi.encode(bytes32("newcomer"), bytes32("reason"));
        proposal = propose(BANK, Change.Expel, payload);
        for (uint256 i = 1; i < 4; ++i) {
            approve(members[i], proposal);
        }
        vm.warp(block.timestamp + DELAY);
        consortium.execute(proposal, Change.Expel, payload);
        require(consortium.validators().length == 4, "gone");
        require(consortium.keyOf(asKey(78)).revokedAt == block.timestamp, "revoked");
    }
}
