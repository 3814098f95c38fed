// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Adopt,
    Disburse,
    DisburseSealed,
    Reverse,
    Settle,
    Snapshot,
    TransferServicing,
    TransferShare,
    WriteOff
} from "../Acts.sol";
import {IJointActs} from "./IJointActs.sol";

/// @notice None → Pending (SEALED, until every party signed) → Active; None → Active (OPEN);
/// Active → Settled | WrittenOff | Reversed; Pending → Reversed; WrittenOff → Settled. Nothing else.
enum LoanState {
    None,
    Pending,
    Active,
    Settled,
    WrittenOff,
    Reversed
}

/// @notice `principal` is the amount disbursed, zero if SEALED; heads up to `carriedCount` are in the predecessor.
/// `servicer` is zero while the originator services.
struct Loan {
    LoanState state;
    uint64 principal;
    uint64 count;
    uint64 carriedCount;
    bytes32 head;
    bytes32 servicer;
}

/// @title Loans, their fate, and their heads
/// @notice Every act that names a loan is linked to its head in the order accepted: `head' = keccak256(head ‖ actId)`.
/// Shares and exposure are kept by the AgreementBook.
interface ILoanLedger is IJointActs {
    /* ERRORS */

    error NotServicer(bytes32 agreement, bytes32 loan, bytes32 member, bytes32 servicer);
    /// @notice Neither a party nor in a role that the agreement names.
    error NotNamed(bytes32 agreement, bytes32 member);
    error DateInvalid(uint32 date);
    error LoanUnknown(bytes32 agreement, bytes32 loan);
    error LoanExists(bytes32 agreement, bytes32 loan, LoanState state);
    /// @notice The loan is in the predecessor: adopt it.
    error LoanInPredecessor(bytes32 agreement, bytes32 loan);
    error TransitionNotAllowed(bytes32 agreement, bytes32 loan, LoanState from, LoanState to);
    /// @notice The loan is neither Active nor WrittenOff: there is nothing to transfer.
    error LoanNotOutstanding(bytes32 agreement, bytes32 loan, LoanState state);
    /// @notice A transfer is signed by the member that gives.
    error FromNotSigner(bytes32 from, bytes32 member);
    error TransferToSelf(bytes32 member);
    error AlreadyLinked(bytes32 actId, bytes32 agreement, bytes32 loan);

    /* EVENTS: count and head are those after the act */

    /// @notice `shares` are in order of the parties.
    event Disbursed(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        bytes32 borrowerTag,
        bytes3 currency,
        uint64 principal,
        uint64[] shares,
        uint32 valueDate,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );
    /// @notice `terms` is the digest of the loan's terms; `actId` is the matter that the other parties co-sign.
    event SealedDisbursed(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        bytes32 terms,
        uint64 openUntil,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );
    /// @notice Every party has signed; `actId` is the disbursement.
    event SealedLoanActivated(bytes32 indexed actId, bytes32 indexed agreement, bytes32 indexed loan, uint256 chainId);
    /// @notice The loan counts as never paid out.
    event Reversed(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        LoanState previous,
        bytes32 reason,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );
    /// @notice The loan is paid, or recovered if `previous` is WrittenOff.
    event Settled(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        LoanState previous,
        uint32 valueDate,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );
    /// @notice The loan counts as lost; it can still be settled, and its shares and servicing transferred.
    event WrittenOff(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        LoanState previous,
        uint32 valueDate,
        bytes32 reason,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );
    /// @notice A party signed a matter about a loan; `awaiting` has bit i set for each party that has still to sign. If it
    /// is zero the matter takes effect, told by the next event.
    event LoanCoSigned(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        bytes32 matter,
        uint16 awaiting,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );

    /// @notice `member` gives. `amount` is zero for the whole share of a SEALED loan.
    event ShareTransferProposed(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        bytes32 to,
        uint64 amount,
        bytes32 reason,
        bytes32 price,
        uint64 openUntil,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );
    /// @notice `member` gives the servicing.
    event ServicingTransferProposed(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        bytes32 to,
        bytes32 reason,
        bytes32 price,
        uint64 openUntil,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );
    /// @notice Both signed; `actId` is the proposed transfer.
    event ServicingTransferred(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 from,
        bytes32 to,
        uint256 chainId
    );
    /// @notice The complete list of acts about the loan up to this place in the log hashes to `head`. Not linked itself.
    event HeadAsOf(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );
    /// @notice Another contract of the directory, `by`, linked an act that it recorded. Not emitted for the AgreementBook,
    /// whose own events tell count and head.
    event ActLinked(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address by,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );
    /// @notice `carried` is the loan as the predecessor had it; `count` and `head` include this act.
    event LoanAdopted(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        address predecessor,
        Loan carried,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );

    /* ACTS */

    /// @notice Records OPEN loans as paid out, all or none; 1 … 100, each with its own signature by the originator.
    /// The AgreementBook checks currency, shares and limits.
    function disburse(Disburse[] calldata acts, bytes[] calldata signatures) external;

    /// @notice Records a SEALED loan as paid out, pending until every other party has co-signed.
    function disburseSealed(DisburseSealed calldata act, bytes calldata signature) external;

    /// @notice By the servicer: the loan never took place, or its pending disbursement is withdrawn.
    function reverse(Reverse calldata act, bytes calldata signature) external;

    /// @notice Records loans as paid, all or none; 1 … 100, each with its own signature by the servicer.
    function settle(Settle[] calldata acts, bytes[] calldata signatures) external;

    /// @notice By the servicer.
    function writeOff(WriteOff calldata act, bytes calldata signature) external;

    /// @notice Offers a share of an Active or WrittenOff loan to another party, who has 30 days to co-sign.
    /// OPEN: 0 < amount ≤ share; SEALED: amount 0, for the whole share.
    function transferShare(TransferShare calldata act, bytes calldata signature) external;

    /// @notice Offers the servicing to another party, who has 30 days to co-sign.
    function transferServicing(TransferServicing calldata act, bytes calldata signature) external;

    /// @notice Emits the present head of each loan; 1 … 100. By a party or a role that the agreement names.
    function snapshot(Snapshot[] calldata acts, bytes[] calldata signatures) external;

    /// @notice Carries loans over from the frozen predecessor with their state, servicer, count and head; 1 … 100.
    /// Matters that were open for co-signature are not carried: offer them again. A Pending loan can only be reversed.
    function adopt(Adopt[] calldata acts, bytes[] calldata signatures) external;

    /* FOR THE OTHER CONTRACTS */

    /// @notice Links an act that the calling contract recorded to the loan's head, once.
    /// @dev Callable by contracts of the directory only, which MUST have checked the member's signature.
    function link(bytes32 actId, bytes32 agreement, bytes32 loan, bytes32 member)
        external
        returns (uint64 count, bytes32 head);

    /* VIEWS */

    /// @notice As this ledger has it, or, if it was not adopted here, as its predecessor has it.
    function loanOf(bytes32 agreement, bytes32 loan) external view returns (Loan memory);

    /// @notice The state alone, from here or, if not adopted here, from the predecessor.
    function stateOf(bytes32 agreement, bytes32 loan) external view returns (LoanState);

    /// @notice The member that services the loan.
    function servicerOf(bytes32 agreement, bytes32 loan) external view returns (bytes32 member);

    /// @notice The parties' shares of the loan, see `IAgreementBook.sharesOf`.
    function sharesOf(bytes32 agreement, bytes32 loan) external view returns (uint64[] memory);

    /// @notice The head after `count` acts, or zero if there were never as many.
    function headAt(bytes32 agreement, bytes32 loan, uint64 count) external view returns (bytes32);
}
