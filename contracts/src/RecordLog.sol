// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "./ActRecorder.sol";
import {ActTypes, Anchor} from "./Acts.sol";
import {DirectoryContract} from "./DirectoryContract.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IRecordLog} from "./interfaces/IRecordLog.sol";

/// @title RecordLog
/// @notice See `IRecordLog`.
contract RecordLog is DirectoryContract, IRecordLog {
    struct Log {
        bytes32 lastAnchor;
        uint64 nextIndex;
    }

    bytes32 private constant GENERAL_LOG = 0;
    /// @dev Far above any batch; keeps the index far from overflow.
    uint64 private constant MOST_RECORDS = 2 ** 32;

    mapping(bytes32 member => mapping(bytes32 stream => Log)) private _logs;

    constructor(IConsortium consortium_) DirectoryContract(consortium_) {}

    /// @inheritdoc IRecordLog
    function anchor(Anchor calldata act, bytes calldata signature) external {
        Speaker memory speaker = _speaker();
        bytes32 actId = _record(speaker, ActTypes.ANCHOR_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);

        if (act.count == 0 || act.count > MOST_RECORDS) revert CountInvalid(act.count, MOST_RECORDS);
        _requireOwnStream(act.member, act.stream);
        Log storage log = _logs[act.member][act.stream];
        (uint64 nextIndex, bytes32 lastAnchor) = (log.nextIndex, log.lastAnchor);
        if (act.firstIndex != nextIndex) revert IndexNotNext(act.member, act.stream, nextIndex, act.firstIndex);
        if (act.previous != lastAnchor) revert PreviousMismatch(act.member, act.stream, lastAnchor, act.previous);

        log.nextIndex = nextIndex + act.count;
        log.lastAnchor = actId;
        emit Anchored(
            actId,
            act.stream,
            act.member,
            speaker.signer,
            act.firstIndex,
            act.count,
            act.root,
            act.previous,
            block.chainid
        );
    }

    /// @inheritdoc IRecordLog
    function logOf(bytes32 member, bytes32 stream) external view returns (uint64 nextIndex, bytes32 lastAnchor) {
        Log storage log = _logs[member][stream];
        return (log.nextIndex, log.lastAnchor);
    }

    function _requireOwnStream(bytes32 member, bytes32 stream) private view {
        if (stream != GENERAL_LOG && !_book().isParty(stream, member)) revert StreamNotOfMember(member, stream);
    }
}
