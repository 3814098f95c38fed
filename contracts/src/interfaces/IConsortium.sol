// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AddKey,
    Approve,
    CancelProposal,
    ContractEntry,
    NoteTime,
    Propose,
    Ratify,
    ReportCompromise,
    RevokeKey
} from "../Acts.sol";
import {IActRecorder} from "./IActRecorder.sol";

/// @notice Where a member stands. Codes are in `acts.json`.
enum MemberState {
    None,
    Active,
    Suspended,
    Expelled
}

/// @notice What a key is for. Keys that are addresses (Act, Recovery, Validator) are left-padded with zeros to 32 bytes.
enum KeyPurpose {
    None,
    Act,
    Recovery,
    Validator,
    Exchange,
    Seal,
    Document
}

/// @notice A change of the consortium that m of n members decide. The payload of each is listed in `acts.json`.
enum Change {
    None,
    Admit,
    Suspend,
    Reinstate,
    Expel,
    SetRoles,
    AddValidator,
    RemoveValidator,
    SetThreshold,
    SetDelay,
    SetContract,
    BackdateCompromise,
    ReplaceRecovery
}

/// @notice Where a proposal stands. A proposal that is open may have lapsed: see `IConsortium.ProposalLapsed`.
enum ProposalState {
    None,
    Open,
    Cancelled,
    Executed
}

/// @notice A founding member with its first keys, all with one window. `exchange`, `seal` and `document` may be zero.
/// @dev `roles` is a bit mask: LENDER 1, DEPOSITORY 2, ARBITRATOR 4, REGULATOR 8.
struct Founder {
    bytes32 member;
    uint8 roles;
    bytes32 certificate;
    address act;
    address recovery;
    address validator;
    bytes32 exchange;
    bytes32 seal;
    bytes32 document;
    uint64 notBefore;
    uint64 notAfter;
}

/// @notice `delay` is the timelock in seconds; `threshold` the least number of approvals, if above ⌈2n/3⌉.
struct Settings {
    uint64 delay;
    uint8 threshold;
}

struct Member {
    MemberState state;
    uint8 roles;
    uint8 index;
    bytes32 certificate;
}

/// @notice A key, its owner, and its window in seconds; `revokedAt` and `compromisedSince` are zero if neither happened;
/// `compromiseReportedBy` is the act or proposal that reported it.
struct Key {
    bytes32 member;
    KeyPurpose purpose;
    uint64 notBefore;
    uint64 notAfter;
    uint64 revokedAt;
    uint64 compromisedSince;
    uint64 compromiseReportedAt;
    bytes32 compromiseReportedBy;
}

/// @notice `approvals` has bit i set if the member with index i approved; `epoch` is the membership it was made under.
struct Proposal {
    ProposalState state;
    Change change;
    uint64 executableFrom;
    uint64 lapsesAt;
    uint64 epoch;
    bytes32 proposer;
    bytes32 payloadHash;
    uint256 approvals;
}

/// @title Members, their keys, their contracts, and how they decide
/// @notice Inert until every founder has ratified the same list of contracts (with this one in it) on this chain.
/// WARNING: a member that loses both its ACT and RECOVERY keys is brought back only by m of n members.
/// WARNING: a validator listed here must be voted in or out on the chain's own consensus as well.
interface IConsortium is IActRecorder {
    /* ERRORS */

    /// @notice The founders have not all ratified the same list of contracts yet.
    error NotRatified();
    /// @notice The consortium is active: the directory changes by proposal only.
    error AlreadyActive();
    error MemberUnknown(bytes32 member);
    error MemberExists(bytes32 member);
    error MemberNotActive(bytes32 member, MemberState state);
    /// @notice The state of the member does not allow the change.
    error MemberStateWrong(bytes32 member, MemberState state, MemberState expected);
    error MemberIdZero();
    error MemberCountInvalid(uint256 count, uint256 least, uint256 most);
    error TooFewActiveMembers(uint256 count, uint256 least);
    error RolesInvalid(bytes32 member, uint256 roles);

    /// @notice The recovered signer is no key of this consortium. A wrong domain, message or chain id gives this too.
    error KeyUnknown(bytes32 key);
    error KeyNotOfMember(bytes32 key, bytes32 member, bytes32 owner);
    error KeyNotYetValid(bytes32 key, uint64 notBefore, uint256 timestamp);
    error KeyExpired(bytes32 key, uint64 notAfter, uint256 timestamp);
    error KeyRevoked(bytes32 key, uint64 revokedAt);
    error KeyCompromised(bytes32 key, uint64 since);
    /// @notice The key may not do this: it is for `purpose`, and `expected` is needed.
    error WrongPurpose(bytes32 key, KeyPurpose purpose, KeyPurpose expected);
    /// @notice A key belongs to one member and one purpose for ever.
    error KeyTaken(bytes32 key, bytes32 owner);
    /// @notice The key is zero, or should be an address and is not.
    error KeyMalformed(bytes32 key);
    error KeyWindowInvalid(bytes32 key, uint64 notBefore, uint64 notAfter);
    error PurposeUnknown(uint256 purpose);
    /// @notice Keys of this purpose change by proposal only.
    error PurposeGoverned(KeyPurpose purpose);
    error CompromiseInFuture(bytes32 key, uint64 since, uint256 timestamp);
    /// @notice Alone, a member reaches back 72 hours; further needs a proposal.
    error CompromiseTooFarBack(bytes32 key, uint64 since, uint64 earliest);
    /// @notice A report can only move the time of compromise back.
    error CompromiseNotEarlier(bytes32 key, uint64 since, uint64 reported);
    error TooFewValidators(uint256 count, uint256 least);
    error TooManyValidators(uint256 count, uint256 most);

    error ContractNotRegistered(address caller);
    error ContractListInvalid(uint256 count, uint256 most);
    error ContractNameInvalid(bytes32 name);
    error ContractRepeated(bytes32 name, address deployed);
    error CodeHashMismatch(bytes32 name, address deployed, bytes32 expected, bytes32 found);
    /// @notice The list does not name this contract under the name "Consortium".
    error ConsortiumNotListed();
    /// @notice The other contracts hold this address for good: a new consortium is a new deployment.
    error ConsortiumIsFixed();

    error DelayInvalid(uint256 delay, uint256 least, uint256 most);
    error ThresholdInvalid(uint256 threshold, uint256 members);
    error ChangeUnknown(uint256 change);
    error PayloadMalformed(Change change, uint256 length);
    error ProposalUnknown(bytes32 proposal);
    error ProposalNotOpen(bytes32 proposal, ProposalState state);
    /// @notice Thirty days went by, or the membership changed (`epoch` is not `currentEpoch`).
    error ProposalLapsed(bytes32 proposal, uint64 lapsesAt, uint64 epoch, uint64 currentEpoch);
    error ProposalTimelocked(bytes32 proposal, uint64 executableFrom, uint256 timestamp);
    error AlreadyApproved(bytes32 proposal, bytes32 member);
    error TooFewApprovals(bytes32 proposal, uint256 approvals, uint256 required);
    error NotProposer(bytes32 proposal, bytes32 member, bytes32 proposer);
    error PayloadMismatch(bytes32 proposal, bytes32 expected, bytes32 found);

    /* EVENTS: `actId` is the act, or the executed proposal, that did it; zero at deployment */

    /// @notice A founder, or a member that was admitted; active from now on.
    event MemberAdmitted(
        bytes32 indexed actId, bytes32 indexed member, uint8 roles, uint8 index, bytes32 certificate, uint256 chainId
    );
    /// @notice Suspended, reinstated or expelled; open proposals of earlier epochs have lapsed herewith.
    event MemberStateChanged(
        bytes32 indexed actId,
        bytes32 indexed member,
        MemberState previous,
        MemberState state,
        bytes32 reason,
        uint64 epoch,
        uint256 chainId
    );
    /// @notice Roles are bit masks.
    event RolesChanged(
        bytes32 indexed actId, bytes32 indexed member, uint8 previousRoles, uint8 roles, uint256 chainId
    );

    /// @notice A key takes effect at `notBefore`, which is not before this block, nor within the delay if `signer` is an
    /// ACT key. `signer` is zero at deployment and for a governed change.
    event KeyAdded(
        bytes32 indexed actId,
        bytes32 indexed key,
        bytes32 indexed member,
        address signer,
        KeyPurpose purpose,
        uint64 notBefore,
        uint64 notAfter,
        uint256 chainId
    );
    /// @notice The key signs nothing any more from `revokedAt`, this block. `signer` is zero for a governed change.
    event KeyRevocationRecorded(
        bytes32 indexed actId,
        bytes32 indexed key,
        bytes32 indexed member,
        address signer,
        KeyPurpose purpose,
        uint64 revokedAt,
        bytes32 reason,
        uint256 chainId
    );
    /// @notice `previousSince` is zero on the first report.
    event CompromiseReported(
        bytes32 indexed actId,
        bytes32 indexed key,
        bytes32 indexed member,
        address signer,
        KeyPurpose purpose,
        uint64 previousSince,
        uint64 since,
        bytes32 reason,
        uint256 chainId
    );

    /// @notice `listHash` is the EIP-712 hash of the array `contracts`.
    event Ratified(
        bytes32 indexed actId,
        bytes32 indexed listHash,
        bytes32 indexed member,
        address signer,
        ContractEntry[] contracts,
        uint256 chainId
    );
    /// @notice Every founder has ratified this list; `actId` is the last ratification.
    event ConsortiumActivated(bytes32 indexed actId, bytes32 indexed listHash, uint256 chainId);
    /// @notice The directory names `deployed` from now on; `previous`, if not zero, can record nothing any more.
    event ContractRegistered(
        bytes32 indexed actId,
        bytes32 indexed name,
        address indexed deployed,
        address previous,
        bytes32 codeHash,
        uint256 chainId
    );

    /// @notice The timelock, in seconds.
    event DelayChanged(bytes32 indexed actId, uint64 previousDelay, uint64 delay, uint256 chainId);
    /// @notice The least number of approvals, if above ⌈2n/3⌉.
    event ThresholdChanged(bytes32 indexed actId, uint8 previousThreshold, uint8 threshold, uint256 chainId);

    /// @notice `actId` is the proposal. The proposer has approved it herewith.
    event ProposalMade(
        bytes32 indexed actId,
        bytes32 indexed member,
        address signer,
        Change change,
        bytes payload,
        uint64 epoch,
        uint64 executableFrom,
        uint64 lapsesAt,
        uint256 chainId
    );
    /// @notice `approvals` counts the members active now that have approved.
    event ProposalApproved(
        bytes32 indexed actId,
        bytes32 indexed proposal,
        bytes32 indexed member,
        address signer,
        uint256 approvals,
        uint256 chainId
    );
    /// @notice The proposer cancelled the proposal.
    event ProposalWithdrawn(
        bytes32 indexed actId, bytes32 indexed proposal, bytes32 indexed member, address signer, uint256 chainId
    );
    /// @notice `actId` is the proposal; its effects precede this event. `approvals` counts members active now.
    event ProposalExecuted(
        bytes32 indexed actId, Change indexed change, uint256 approvals, uint256 required, uint256 chainId
    );

    /// @notice Whatever is recorded after this is later than the token with this digest.
    event TimeNoted(
        bytes32 indexed actId, bytes32 indexed tokenDigest, bytes32 indexed member, address signer, uint256 chainId
    );

    /* ACTS */

    /// @notice A founder stands by the full list of contracts; code hashes are checked. Its latest list counts. When all
    /// founders' latest lists are equal the consortium becomes active with that directory.
    function ratify(Ratify calldata act, bytes calldata signature) external;

    /// @notice Adds a key of the member's own. Signed by RECOVERY it takes effect at once, signed by ACT after the delay.
    /// RECOVERY keys are added by RECOVERY only; VALIDATOR keys by proposal only.
    function addKey(AddKey calldata act, bytes calldata signature) external;

    /// @notice Revokes a key of the member's own at once, also while suspended. RECOVERY keys by RECOVERY only.
    function revokeKey(RevokeKey calldata act, bytes calldata signature) external;

    /// @notice Reports a key of the member's own compromised, at most 72 hours back, also while suspended.
    function reportCompromise(ReportCompromise calldata act, bytes calldata signature) external;

    /// @notice Proposes a change and approves it. The act id is the proposal's id.
    function propose(Propose calldata act, bytes calldata signature) external;

    /// @notice Approves an open proposal, once.
    function approve(Approve calldata act, bytes calldata signature) external;

    /// @notice The proposer takes an open proposal back.
    function cancelProposal(CancelProposal calldata act, bytes calldata signature) external;

    /// @notice Carries out a proposal after its timelock; anybody may call. Needs the approval of members active now:
    /// ⌈2n/3⌉ of the n active, and the threshold.
    function execute(bytes32 proposal, Change change, bytes calldata payload) external;

    /// @notice Notes the digest of a time-stamp token. Nothing is kept but the event.
    function noteTime(NoteTime calldata act, bytes calldata signature) external;

    /* FOR THE OTHER CONTRACTS */

    /// @notice Checks that `signer` may act for `member` now, and returns the member's roles.
    /// @dev MUST be called by a contract of the directory: one that was replaced can record nothing any more.
    /// @param evenIfSuspended whether a suspended member may do this.
    function authorise(bytes32 member, address signer, KeyPurpose purpose, bool evenIfSuspended)
        external
        view
        returns (uint8 roles);

    /* VIEWS */

    /// @notice Whether every founder has ratified.
    function isActive() external view returns (bool);

    /// @notice The member, or state None.
    function memberOf(bytes32 member) external view returns (Member memory);

    /// @notice Every member ever admitted, founders first; the position is the member's index.
    function members() external view returns (bytes32[] memory);

    /// @notice Members that are neither suspended nor expelled: n of "m of n".
    function activeMemberCount() external view returns (uint256);

    /// @notice The key, or purpose None.
    function keyOf(bytes32 key) external view returns (Key memory);

    /// @notice Addresses of the present validators, in no particular order.
    function validators() external view returns (address[] memory);

    /// @notice The contract that the directory names so now, or zero.
    function contractAt(bytes32 name) external view returns (address);

    /// @notice The name under which the directory lists the contract now, or zero.
    function nameOf(address deployed) external view returns (bytes32);

    /// @notice The EIP-712 hash of the list that the founder ratified last, or zero.
    function ratificationOf(bytes32 member) external view returns (bytes32 listHash);

    /// @notice The proposal, or state None. One that is Open may have lapsed.
    function proposalOf(bytes32 proposal) external view returns (Proposal memory);

    /// @notice Approvals that an execution would need now.
    function requiredApprovals() external view returns (uint256);

    /// @notice The timelock of governance and of keys that an ACT key adds, in seconds.
    function delay() external view returns (uint64);

    /// @notice The least number of approvals, if above ⌈2n/3⌉.
    function threshold() external view returns (uint8);

    /// @notice Rises with every change of membership; open proposals of earlier epochs have lapsed.
    function epoch() external view returns (uint64);
}
