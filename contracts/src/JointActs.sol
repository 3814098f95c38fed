// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "./ActRecorder.sol";
import {ActTypes, CoSign} from "./Acts.sol";
import {Succeeding} from "./Succeeding.sol";
import {IJointActs, Matter, MatterKind} from "./interfaces/IJointActs.sol";

/// @notice What events about a loan tell of the act that was linked: one word of the stack, which has room for sixteen.
struct Linked {
    bytes32 actId;
    address signer;
    uint64 openUntil;
    uint64 count;
    bytes32 head;
}

/// @title Matters that need the signatures of several members
abstract contract JointActs is Succeeding, IJointActs {
    uint64 private constant MATTER_LIFETIME = 30 days;

    mapping(bytes32 matter => Matter) private _matters;

    /// @inheritdoc IJointActs
    function coSign(CoSign calldata act, bytes calldata signature) external {
        Speaker memory speaker = _open();
        bytes32 actId = _record(speaker, ActTypes.CO_SIGN_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        Matter memory matter = _sign(act);
        _takeEffect(_linked(actId, speaker), act, matter);
    }

    /// @inheritdoc IJointActs
    function matterOf(bytes32 matter) external view returns (Matter memory) {
        return _matters[matter];
    }

    /// @dev A party of `matter` signed it by `linked.actId`; with `matter.awaiting` zero it was the last.
    function _takeEffect(Linked memory linked, CoSign calldata act, Matter memory matter) internal virtual;

    /// @dev The party index of `member`, or a number that no party has.
    function _indexOf(bytes32 agreementId, bytes32 member) internal view virtual returns (uint256);

    function _linked(bytes32 actId, Speaker memory speaker) internal pure returns (Linked memory linked) {
        linked.actId = actId;
        linked.signer = speaker.signer;
    }

    function _openMatter(bytes32 actId, Matter memory matter) internal returns (uint64 openUntil) {
        openUntil = uint64(block.timestamp) + MATTER_LIFETIME;
        matter.openUntil = openUntil;
        _matters[actId] = matter;
    }

    /// @dev A matter is withdrawn while others have still to sign; a SEALED loan is reversed instead.
    function _withdrawMatter(bytes32 actId, bytes32 matterId, bytes32 member) internal override {
        _requireOpen();
        Matter storage matter = _matters[matterId];
        MatterKind kind = matter.kind;
        if (kind == MatterKind.None || kind == MatterKind.SealedLoan || matter.openUntil == 0) {
            revert AlreadyRecorded(matterId);
        }
        matter.openUntil = 0;
        _onWithdrawn(matter.agreement);
        emit MatterWithdrawn(actId, matterId, member, kind, matter.agreement, block.chainid);
    }

    function _onWithdrawn(bytes32) internal virtual {}

    /// @dev Bits of all parties but one.
    function _everyoneBut(uint256 index, uint256 count) internal pure returns (uint16) {
        return uint16((1 << count) - 1) & ~uint16(1 << index);
    }

    /// @dev Takes one signature off those that the matter waits for; without any left it is closed.
    function _sign(CoSign calldata act) private returns (Matter memory) {
        Matter storage matter = _matters[act.actId];
        if (matter.kind == MatterKind.None) revert MatterUnknown(act.actId);
        uint64 openUntil = matter.openUntil;
        if (openUntil == 0) revert MatterClosed(act.actId);
        if (block.timestamp > openUntil) revert MatterLapsed(act.actId, openUntil, block.timestamp);

        uint256 index = _indexOf(matter.agreement, act.member);
        uint16 awaiting = matter.awaiting;
        if ((awaiting >> index) & 1 == 0) revert NotAwaited(act.actId, act.member);
        awaiting &= ~uint16(1 << index);
        matter.awaiting = awaiting;
        if (awaiting == 0) matter.openUntil = 0;
        return matter;
    }
}
