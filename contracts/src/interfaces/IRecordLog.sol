// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Anchor} from "../Acts.sol";
import {IDirectoryContract} from "./IDirectoryContract.sol";

/// @title The members' logs of records: Merkle roots over ranges without gap or fork
/// @notice A log is (member, stream); `stream` is an agreement, or zero for the member's general log.
interface IRecordLog is IDirectoryContract {
    /* ERRORS */

    /// @notice The range does not begin where the log ends.
    error IndexNotNext(bytes32 member, bytes32 stream, uint64 expected, uint64 found);

    /// @notice `previous` is not the act id of the anchor before (zero for the first).
    error PreviousMismatch(bytes32 member, bytes32 stream, bytes32 expected, bytes32 found);

    error CountInvalid(uint64 count, uint64 most);

    /// @notice The stream is no active agreement of which the member is a party.
    error StreamNotOfMember(bytes32 member, bytes32 stream);

    /* EVENTS */

    /// @notice `member` anchored records `firstIndex` … `firstIndex + count − 1` of its log under the RFC 6962 `root`.
    event Anchored(
        bytes32 indexed actId,
        bytes32 indexed stream,
        bytes32 indexed member,
        address signer,
        uint64 firstIndex,
        uint64 count,
        bytes32 root,
        bytes32 previous,
        uint256 chainId
    );

    /* ACTS */

    /// @notice Anchors the next range of one of the member's logs: 1 … 2³² records. A stream that is not zero must be an active
    /// agreement of which the member is a party.
    function anchor(Anchor calldata act, bytes calldata signature) external;

    /* VIEWS */

    /// @notice The next index of the log, and the act id of its last anchor (zero if none).
    function logOf(bytes32 member, bytes32 stream) external view returns (uint64 nextIndex, bytes32 lastAnchor);
}
