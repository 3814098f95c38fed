// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CoSign} from "../Acts.sol";
import {ISucceeding} from "./ISucceeding.sol";

/// @notice What waits for the signature of others.
enum MatterKind {
    None,
    Agreement,
    SealedLoan,
    ShareTransfer,
    ServicingTransfer
}

/// @notice A matter that one act opened. `awaiting` has bit i set while party i has still to sign; `from` and `to` are
/// party indices; `amount` is in minor units. `openUntil` is in seconds, and zero once all have signed or it was withdrawn.
struct Matter {
    MatterKind kind;
    uint8 from;
    uint8 to;
    uint16 awaiting;
    uint64 amount;
    uint64 openUntil;
    bytes32 agreement;
    bytes32 loan;
}

/// @title Matters that need the signatures of several members
/// @notice One member opens a matter by an act of its own; each of the others signs a `CoSign` that names it, in the
/// contract where it was opened. The last signature makes it take effect, if it still can. Thirty days later it has lapsed.
interface IJointActs is ISucceeding {
    /* ERRORS */

    error MatterUnknown(bytes32 matter);
    error MatterClosed(bytes32 matter);
    error MatterLapsed(bytes32 matter, uint64 openUntil, uint256 timestamp);
    /// @notice The matter does not wait for this member: not asked, or it signed already.
    error NotAwaited(bytes32 matter, bytes32 member);
    error NotParty(bytes32 agreement, bytes32 member);

    /* EVENTS */

    /// @notice The member that opened the matter withdrew it by the `Cancel` `actId`.
    event MatterWithdrawn(
        bytes32 indexed actId,
        bytes32 indexed matter,
        bytes32 indexed member,
        MatterKind kind,
        bytes32 agreement,
        uint256 chainId
    );

    /* ACTS */

    /// @notice Signs a matter that waits for the member.
    function coSign(CoSign calldata act, bytes calldata signature) external;

    /* VIEWS */

    /// @notice The matter that the act opened, or kind None.
    function matterOf(bytes32 matter) external view returns (Matter memory);
}
