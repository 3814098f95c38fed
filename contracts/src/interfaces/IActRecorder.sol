// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cancel} from "../Acts.sol";

/// @title What every Tallystick contract does with a signed act
/// @notice An act is an EIP-712 message in the domain `{name: "Tallystick", version: "1", chainId, verifyingContract}`.
/// Its id is the digest that is signed. The member's signature is the authority; anybody may carry the transaction.
/// A contract records an act at most once, and a second act of the same kind about the same business fact
/// (`member`, kind, `ref`) never.
interface IActRecorder {
    /* ERRORS */

    /// @notice The chain's clock does not count seconds: periods and validities would not mean what they say.
    error ClockNotInSeconds(uint256 timestamp);

    /// @notice This very act is recorded already. For whoever sends it again this is success.
    error AlreadyRecorded(bytes32 actId);

    /// @notice The member recorded this business fact already, by the act `actId`.
    error RefAlreadyUsed(bytes32 ref, bytes32 actId);

    /// @notice The member burnt this act before it was recorded.
    error ActIsCancelled(bytes32 actId);

    /// @notice The act was issued further in the future than clocks may differ.
    error IssuedInFuture(bytes32 actId, uint64 issuedAt, uint256 timestamp);

    /// @notice The act came after the end of its validity.
    error ActExpired(bytes32 actId, uint64 validUntil, uint256 timestamp);

    /// @notice The act's validity ends before it begins.
    error ValidityInverted(bytes32 actId, uint64 issuedAt, uint64 validUntil);

    /// @notice The act claims to hold longer than acts of its kind may, in seconds.
    error ValidityTooLong(bytes32 actId, uint64 validity, uint64 longest);

    /// @notice The encoded act to burn is not a typehash and whole words, or too long.
    error EncodedActMalformed(uint256 length);

    /// @notice The encoded act hashes to another act id than the one stated.
    error EncodedActMismatch(bytes32 stated, bytes32 rebuilt);

    /// @notice A member can only cancel its own acts.
    error NotOwnAct(bytes32 actId, bytes32 owner, bytes32 member);

    /* EVENTS */

    /// @notice `member` burnt its act `cancelled`, or withdrew it while it was open for co-signature.
    event ActCancelled(
        bytes32 indexed actId, bytes32 indexed cancelled, bytes32 indexed member, address signer, uint256 chainId
    );

    /* ACTS */

    /// @notice Burns an act of the member's own that is not recorded yet, so that it never can be; withdraws one that is
    /// recorded but still open for co-signature (LoanLedger). A suspended member may cancel too.
    /// @param encodedAct EIP-712 encodeData of the act to burn: its typehash and its words, nested values as their hashes.
    /// The contract rebuilds the act id from it and reads the member from its second word.
    function cancel(Cancel calldata act, bytes calldata encodedAct, bytes calldata signature) external;

    /* VIEWS */

    /// @notice The id of the act by which `member` recorded the fact `ref`, or zero.
    /// @param typehash EIP-712 typehash of the kind of act.
    function recordedAct(bytes32 member, bytes32 typehash, bytes32 ref) external view returns (bytes32 actId);

    /// @notice Whether the act was burnt before it was recorded.
    function isCancelled(bytes32 actId) external view returns (bool);

    /// @notice EIP-712 domain separator for this address on this chain, computed now.
    function domainSeparator() external view returns (bytes32);
}
