// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "../ActRecorder.sol";
import {ActTypes, Approve, CancelProposal, Propose} from "../Acts.sol";
import {Change, IConsortium, KeyPurpose, Proposal, ProposalState} from "../interfaces/IConsortium.sol";
import {Membership} from "./Membership.sol";

/// @title Decisions by m of n, behind a timelock
abstract contract Governance is Membership {
    uint64 private constant PROPOSAL_LIFETIME = 30 days;
    /// @dev Words of the payload of each change, by its code.
    bytes13 private constant PAYLOAD_WORDS = hex"00060202020204030101030506";

    /* ACTS */

    /// @inheritdoc IConsortium
    function propose(Propose calldata act, bytes calldata signature) external whenRatified {
        Speaker memory speaker = _speaker();
        bytes32 actId =
            _recordGoverned(speaker, ActTypes.PROPOSE_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);

        Change change = _requireWellFormed(act.change, act.payload);
        Proposal memory proposal = Proposal({
            state: ProposalState.Open,
            change: change,
            executableFrom: uint64(block.timestamp) + delay,
            lapsesAt: uint64(block.timestamp) + PROPOSAL_LIFETIME,
            epoch: epoch,
            proposer: act.member,
            payloadHash: keccak256(act.payload),
            approvals: _bit(act.member)
        });
        _proposals[actId] = proposal;
        emit ProposalMade(
            actId,
            act.member,
            speaker.signer,
            change,
            act.payload,
            proposal.epoch,
            proposal.executableFrom,
            proposal.lapsesAt,
            block.chainid
        );
    }

    /// @inheritdoc IConsortium
    function approve(Approve calldata act, bytes calldata signature) external whenRatified {
        Speaker memory speaker = _speaker();
        bytes32 actId =
            _recordGoverned(speaker, ActTypes.APPROVE_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);

        Proposal storage proposal = _openProposal(act.proposal);
        uint256 bit = _bit(act.member);
        if (proposal.approvals & bit != 0) revert AlreadyApproved(act.proposal, act.member);

        uint256 approvals = proposal.approvals | bit;
        proposal.approvals = approvals;
        emit ProposalApproved(
            actId, act.proposal, act.member, speaker.signer, _bitCount(approvals & _activeMask), block.chainid
        );
    }

    /// @inheritdoc IConsortium
    function cancelProposal(CancelProposal calldata act, bytes calldata signature) external whenRatified {
        Speaker memory speaker = _speaker();
        bytes32 actId = _recordGoverned(
            speaker, ActTypes.CANCEL_PROPOSAL_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature
        );

        Proposal storage proposal = _openProposal(act.proposal);
        if (proposal.proposer != act.member) revert NotProposer(act.proposal, act.member, proposal.proposer);

        proposal.state = ProposalState.Cancelled;
        emit ProposalWithdrawn(actId, act.proposal, act.member, speaker.signer, block.chainid);
    }

    /// @inheritdoc IConsortium
    function execute(bytes32 proposalId, Change change, bytes calldata payload) external whenRatified {
        Proposal storage proposal = _openProposal(proposalId);
        if (block.timestamp < proposal.executableFrom) {
            revert ProposalTimelocked(proposalId, proposal.executableFrom, block.timestamp);
        }
        bytes32 payloadHash = keccak256(payload);
        if (payloadHash != proposal.payloadHash || change != proposal.change) {
            revert PayloadMismatch(proposalId, proposal.payloadHash, payloadHash);
        }
        uint256 approvals = _bitCount(proposal.approvals & _activeMask);
        uint256 required = requiredApprovals();
        if (approvals < required) revert TooFewApprovals(proposalId, approvals, required);

        proposal.state = ProposalState.Executed;
        _apply(proposalId, change, payload);
        emit ProposalExecuted(proposalId, change, approvals, required, block.chainid);
    }

    /* VIEWS */

    /// @inheritdoc IConsortium
    function requiredApprovals() public view returns (uint256) {
        uint256 twoThirds = (2 * activeMemberCount() + 2) / 3;
        return twoThirds > threshold ? twoThirds : threshold;
    }

    /* PRIVATE */

    function _bit(bytes32 member) private view returns (uint256) {
        return 1 << _members[member].index;
    }

    function _openProposal(bytes32 proposalId) private view returns (Proposal storage proposal) {
        proposal = _proposals[proposalId];
        if (proposal.state == ProposalState.None) revert ProposalUnknown(proposalId);
        if (proposal.state != ProposalState.Open) revert ProposalNotOpen(proposalId, proposal.state);
        if (block.timestamp > proposal.lapsesAt || epoch != proposal.epoch) {
            revert ProposalLapsed(proposalId, proposal.lapsesAt, proposal.epoch, epoch);
        }
    }

    function _requireWellFormed(uint8 code, bytes calldata payload) private pure returns (Change change) {
        if (code == 0 || code > uint8(type(Change).max)) revert ChangeUnknown(code);
        change = Change(code);
        if (payload.length != uint8(PAYLOAD_WORDS[code]) * WORD) revert PayloadMalformed(change, payload.length);
    }

    /// @dev Carries a decided change out. Words are decoded unchecked and checked by whoever takes them.
    function _apply(bytes32 actId, Change change, bytes calldata payload) private {
        if (change == Change.Admit) {
            (bytes32 member, uint256 roles, bytes32 certificate, bytes32 recovery, uint256 from, uint256 to) =
                abi.decode(payload, (bytes32, uint256, bytes32, bytes32, uint256, uint256));
            _admit(actId, member, roles, certificate);
            _addKey(actId, address(0), member, KeyPurpose.Recovery, recovery, _notBefore(from), _instant(to));
        } else if (change == Change.Suspend) {
            (bytes32 member, bytes32 reason) = abi.decode(payload, (bytes32, bytes32));
            _suspend(actId, member, reason);
        } else if (change == Change.Reinstate) {
            (bytes32 member, bytes32 reason) = abi.decode(payload, (bytes32, bytes32));
            _reinstate(actId, member, reason);
        } else if (change == Change.Expel) {
            (bytes32 member, bytes32 reason) = abi.decode(payload, (bytes32, bytes32));
            _expel(actId, member, reason);
        } else if (change == Change.SetRoles) {
            (bytes32 member, uint256 roles) = abi.decode(payload, (bytes32, uint256));
            _setRoles(actId, member, roles);
        } else if (change == Change.AddValidator) {
            (bytes32 member, bytes32 key, uint256 from, uint256 to) =
                abi.decode(payload, (bytes32, bytes32, uint256, uint256));
            _addValidator(actId, member, key, _notBefore(from), _instant(to));
        } else if (change == Change.RemoveValidator) {
            (bytes32 member, bytes32 key, bytes32 reason) = abi.decode(payload, (bytes32, bytes32, bytes32));
            _removeValidator(actId, member, key, reason);
        } else if (change == Change.SetThreshold) {
            _setThreshold(actId, abi.decode(payload, (uint256)));
        } else if (change == Change.SetDelay) {
            _setDelay(actId, abi.decode(payload, (uint256)));
        } else if (change == Change.SetContract) {
            (bytes32 name, bytes32 deployed, bytes32 codeHash) = abi.decode(payload, (bytes32, bytes32, bytes32));
            if (uint256(deployed) > type(uint160).max) revert ContractNameInvalid(name);
            _replace(actId, name, address(uint160(uint256(deployed))), codeHash);
        } else if (change == Change.BackdateCompromise) {
            (bytes32 member, uint256 purpose, bytes32 key, uint256 since, bytes32 reason) =
                abi.decode(payload, (bytes32, uint256, bytes32, uint256, bytes32));
            _reportCompromise(actId, address(0), member, _purpose(purpose), key, _instant(since), reason);
        } else {
            (bytes32 member, bytes32 old, bytes32 next, uint256 from, uint256 to, bytes32 reason) =
                abi.decode(payload, (bytes32, bytes32, bytes32, uint256, uint256, bytes32));
            _notExpelled(member);
            if (old != 0) _revokeKey(actId, address(0), member, KeyPurpose.Recovery, old, reason);
            if (next != 0) {
                _addKey(actId, address(0), member, KeyPurpose.Recovery, next, _notBefore(from), _instant(to));
            }
        }
    }

    /// @dev A window that governance opens begins at its execution at the earliest.
    function _notBefore(uint256 stated) private view returns (uint64) {
        return _later(_instant(stated), block.timestamp);
    }

    /// @dev Saturates: an instant out of range stays out of range and is refused where it is used.
    function _instant(uint256 stated) private pure returns (uint64) {
        return stated > type(uint64).max ? type(uint64).max : uint64(stated);
    }
}
