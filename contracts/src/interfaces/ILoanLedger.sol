// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Adopt,
    AdoptAgreement,
    AgreementTerms,
    CoSign,
    Disburse,
    DisburseSealed,
    ProposeAgreement,
    Reverse,
    Settle,
    Snapshot,
    TransferServicing,
    TransferShare,
    WriteOff
} from "../Acts.sol";
import {IActRecorder} from "./IActRecorder.sol";
import {IConsortium} from "./IConsortium.sol";

/// @notice SEALED: a loan is one digest. OPEN: principal, shares, dates and fate are on chain for every node operator.
enum Visibility {
    Sealed,
    Open
}

/// @notice None → Proposed → Active, or Proposed → Withdrawn.
enum AgreementState {
    None,
    Proposed,
    Active,
    Withdrawn
}

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

/// @notice What waits for the signature of others.
enum MatterKind {
    None,
    Agreement,
    SealedLoan,
    ShareTransfer,
    ServicingTransfer
}

/// @notice A matter that one act opened. `awaiting` has bit i set while party i has still to sign; `from` and `to` are
/// party indices; `amount` is in minor units. Withdrawn or lapsed if `openUntil` (seconds) has passed.
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

/// @notice A party with its part in the exposure, in minor units (OPEN).
struct Position {
    bytes32 member;
    uint16 shareBps;
    uint64 limit;
    uint64 exposure;
}

struct AgreementView {
    AgreementState state;
    Visibility visibility;
    bytes3 currency;
    uint8 originator;
    uint8 attestingRoles;
    uint64 loanLimit;
    uint64 totalLimit;
    uint64 exposure;
    bytes32 depository;
    bytes32 arbitrator;
    Position[] parties;
}

/// @notice `servicer` is a party index; `shares` are the outstanding shares in party order (all zero if SEALED);
/// `givenAway` has bit i set if party i transferred its whole share of a SEALED loan; heads up to `carriedCount` are in
/// the predecessor. `principal` is the amount disbursed.
struct LoanView {
    LoanState state;
    uint8 servicer;
    uint16 givenAway;
    uint64 principal;
    uint64 count;
    uint64 carriedCount;
    bytes32 head;
    uint64[] shares;
}

/// @notice What two parties agreed was repaid of one loan: the first's and the second's share, in minor units.
struct Reduction {
    bytes32 loan;
    uint64 first;
    uint64 second;
}

/// @title Agreements, loans, their heads, and exposure
/// @notice Every act that names a loan is linked to its head in the order accepted: `head' = keccak256(head ‖ actId)`.
/// The exposure of a party to an OPEN agreement is the sum of its shares of the loans that are Active.
/// WARNING: of a SEALED loan the contract sees neither amounts nor limits; who looks after them are the parties who sign.
/// WARNING: repayments are off chain; a loan counts with its whole share until settled, written off, reversed or reduced.
interface ILoanLedger is IActRecorder {
    /* ERRORS */

    error LedgerIsFrozen();
    error PredecessorNotFrozen(address predecessor);
    error NoPredecessor();
    /// @notice The directory still names this ledger, or none.
    error NotReplaced(address current);
    error BatchSizeInvalid(uint256 size, uint256 most);
    error SignatureCountWrong(uint256 acts, uint256 signatures);

    error AgreementUnknown(bytes32 agreement);
    error AgreementExists(bytes32 agreement, AgreementState state);
    error AgreementNotActive(bytes32 agreement, AgreementState state);
    /// @notice The agreement is active in the predecessor: adopt it.
    error AgreementInPredecessor(bytes32 agreement);
    error TermsMismatch(bytes32 agreement, bytes32 rebuilt);
    /// @notice `term` is the ASCII name of the field of AgreementTerms that is out of range.
    error TermInvalid(bytes32 term, uint256 value);
    error PartyCountInvalid(uint256 count, uint256 least, uint256 most);
    error PartyRepeated(bytes32 member);
    /// @notice Shares are basis points and must add up to 10 000.
    error SharesDoNotAddUp(uint256 sum, uint256 expected);
    error OriginatorNotParty(bytes32 originator);
    error RoleMissing(bytes32 member, uint8 required, uint8 roles);

    error NotParty(bytes32 agreement, bytes32 member);
    error NotOriginator(bytes32 agreement, bytes32 member, bytes32 originator);
    error NotServicer(bytes32 agreement, bytes32 loan, bytes32 member, bytes32 servicer);
    /// @notice Neither a party nor in a role that the agreement names.
    error NotNamed(bytes32 agreement, bytes32 member);
    error WrongVisibility(bytes32 agreement, Visibility visibility);
    error CurrencyMismatch(bytes32 agreement, bytes32 loan, bytes3 expected, bytes3 found);
    error PrincipalZero(bytes32 agreement, bytes32 loan);
    error DateInvalid(uint32 date);
    error LoanExists(bytes32 agreement, bytes32 loan, LoanState state);
    error LoanUnknown(bytes32 agreement, bytes32 loan);
    /// @notice The loan is in the predecessor: adopt it.
    error LoanInPredecessor(bytes32 agreement, bytes32 loan);
    error ShareCountWrong(bytes32 agreement, bytes32 loan, uint256 expected, uint256 found);
    error ShareWrong(bytes32 agreement, bytes32 loan, bytes32 member, uint64 expected, uint64 found);
    error LoanLimitExceeded(bytes32 agreement, bytes32 loan, uint64 limit, uint64 principal);
    /// @notice `exposure + amount` would exceed `limit`.
    error TotalLimitExceeded(bytes32 agreement, bytes32 loan, uint64 limit, uint64 exposure, uint64 amount);
    /// @notice `exposure + amount` of this party would exceed its `limit`.
    error PartyLimitExceeded(
        bytes32 agreement, bytes32 loan, bytes32 member, uint64 limit, uint64 exposure, uint64 amount
    );
    error TransitionNotAllowed(bytes32 agreement, bytes32 loan, LoanState from, LoanState to);
    /// @notice The loan is neither Active nor WrittenOff: there is nothing to transfer or reduce.
    error LoanNotOutstanding(bytes32 agreement, bytes32 loan, LoanState state);

    error MatterUnknown(bytes32 matter);
    error MatterClosed(bytes32 matter);
    error MatterLapsed(bytes32 matter, uint64 openUntil, uint256 timestamp);
    /// @notice The matter does not wait for this member: not asked, or it signed already.
    error NotAwaited(bytes32 matter, bytes32 member);
    /// @notice A transfer is signed by the member that gives.
    error FromNotSigner(bytes32 from, bytes32 member);
    error TransferToSelf(bytes32 member);
    error ShareAmountInvalid(bytes32 agreement, bytes32 loan, bytes32 member, uint64 amount, uint64 share);
    /// @notice The party gave its share of this SEALED loan away before.
    error ShareGivenAway(bytes32 agreement, bytes32 loan, bytes32 member);

    error AlreadyLinked(bytes32 actId, bytes32 agreement, bytes32 loan);
    error NotReconciliation(address caller, address reconciliation);
    error AlreadyReduced(bytes32 agreement, uint32 date, bytes32 first, bytes32 second);

    /* EVENTS OF AGREEMENTS */

    /// @notice `agreement` is hashStruct(terms); `actId` is the matter that the other parties co-sign.
    event AgreementProposed(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed member,
        address signer,
        AgreementTerms terms,
        uint64 openUntil,
        uint256 chainId
    );
    /// @notice `awaiting` has bit i set for each party that has still to sign.
    event AgreementCoSigned(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed member,
        address signer,
        bytes32 matter,
        uint16 awaiting,
        uint256 chainId
    );
    event AgreementActivated(bytes32 indexed actId, bytes32 indexed agreement, uint256 chainId);
    /// @notice The member that opened the matter withdrew it by the act `actId`.
    event MatterWithdrawn(
        bytes32 indexed actId,
        bytes32 indexed matter,
        bytes32 indexed member,
        MatterKind kind,
        bytes32 agreement,
        uint256 chainId
    );

    /* EVENTS OF LOANS: count and head are those after the act */

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
    /// @notice If `awaiting` is zero the matter takes effect, told by the next event.
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
    /// @notice Every party has signed; `actId` is the disbursement.
    event SealedLoanActivated(bytes32 indexed actId, bytes32 indexed agreement, bytes32 indexed loan, uint256 chainId);
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
    /// @notice Both signed; `actId` is the proposed transfer. Shares are those after it (zero if SEALED).
    event ShareTransferred(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 from,
        bytes32 to,
        uint64 amount,
        uint64 shareOfFrom,
        uint64 shareOfTo,
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
    /// @notice Another contract of the directory, `by`, linked an act that it recorded.
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
    /// @notice Shares of the two parties before and after; `actId` is the agreed result.
    event ExposureReduced(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 first,
        bytes32 second,
        uint64 previousShareOfFirst,
        uint64 shareOfFirst,
        uint64 previousShareOfSecond,
        uint64 shareOfSecond,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );

    /* EVENTS OF AN UPGRADE */

    /// @notice This ledger takes no more acts; `successor` is what the directory names now.
    event LedgerFrozen(address indexed successor, uint256 chainId);
    /// @notice `exposures` are the parties' exposures in the predecessor, loans not adopted yet included.
    event AgreementAdopted(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed member,
        address signer,
        address predecessor,
        AgreementTerms terms,
        uint64[] exposures,
        uint256 chainId
    );
    /// @notice `carriedCount` and `carriedHead` are the predecessor's last; `count` and `head` include this act.
    event LoanAdopted(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 member,
        address signer,
        LoanView carried,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );

    /* ACTS: AGREEMENTS */

    /// @notice A party proposes an agreement; its own signature counts. The others have 30 days to co-sign.
    function proposeAgreement(ProposeAgreement calldata act, bytes calldata signature) external;

    /// @notice A party signs a matter that waits for it: an agreement, a SEALED loan, a transfer. The last one makes it
    /// take effect, if it still can.
    function coSign(CoSign calldata act, bytes calldata signature) external;

    /* ACTS: LOANS */

    /// @notice Records OPEN loans as paid out, all or none; 1 … 100, each with its own signature by the originator.
    /// Shares must follow the terms: floor(principal × bps / 10 000), then one unit each to the largest remainders, ties
    /// to the lower party index.
    function disburse(Disburse[] calldata acts, bytes[] calldata signatures) external;

    /// @notice Records a SEALED loan as paid out, pending until every other party has co-signed.
    function disburseSealed(DisburseSealed calldata act, bytes calldata signature) external;

    function reverse(Reverse calldata act, bytes calldata signature) external;

    /// @notice Records loans as paid, all or none; 1 … 100, each with its own signature by the servicer.
    function settle(Settle[] calldata acts, bytes[] calldata signatures) external;

    function writeOff(WriteOff calldata act, bytes calldata signature) external;

    /// @notice Offers a share to another party, who has 30 days to co-sign. OPEN: 0 < amount ≤ share; SEALED: amount 0.
    function transferShare(TransferShare calldata act, bytes calldata signature) external;

    function transferServicing(TransferServicing calldata act, bytes calldata signature) external;

    /// @notice Emits the present head of each loan; 1 … 100. By a party or a role that the agreement names.
    function snapshot(Snapshot[] calldata acts, bytes[] calldata signatures) external;

    /* FOR THE OTHER CONTRACTS */

    /// @notice Links an act that the calling contract recorded to the loan's head.
    /// @dev Callable by contracts of the directory only, which MUST have checked the member's signature.
    function link(bytes32 actId, bytes32 agreement, bytes32 loan, bytes32 member)
        external
        returns (uint64 count, bytes32 head);

    /// @notice Lowers two parties' shares by what they agreed was repaid until `date`, once per agreement, date and pair.
    /// @dev Callable by "Reconciliation" of the directory only, which MUST have checked both signatures. 1 … 1 000 loans.
    /// @param actId the act that settled the agreed result; linked to each loan.
    function reduceExposure(
        bytes32 actId,
        bytes32 agreement,
        uint32 date,
        bytes32 first,
        bytes32 second,
        Reduction[] calldata reductions
    ) external;

    /* UPGRADE */

    /// @notice Ends this ledger for good, once the directory names another. Anybody may call.
    function freeze() external;

    /// @notice Carries an active agreement over from the frozen predecessor, with its exposures.
    /// @param terms the full terms, checked against the agreement id.
    function adoptAgreement(AdoptAgreement calldata act, AgreementTerms calldata terms, bytes calldata signature)
        external;

    /// @notice Carries loans of an adopted agreement over with their state, shares, count and head; 1 … 100.
    /// Matters that were open for co-signature are not carried: offer them again. A Pending loan can only be reversed.
    function adopt(Adopt[] calldata acts, bytes[] calldata signatures) external;

    /* VIEWS */

    function consortium() external view returns (IConsortium);

    /// @notice The ledger that this one succeeds, or zero.
    function predecessor() external view returns (ILoanLedger);

    function isFrozen() external view returns (bool);

    /// @notice As this ledger has it, or, if it was not adopted here, as its predecessor has it.
    function agreementOf(bytes32 agreement) external view returns (AgreementView memory);

    /// @notice As this ledger has it, or, if it was not adopted here, as its predecessor has it.
    function loanOf(bytes32 agreement, bytes32 loan) external view returns (LoanView memory);

    /// @notice The head after `count` acts, or zero if there were never as many.
    function headAt(bytes32 agreement, bytes32 loan, uint64 count) external view returns (bytes32);

    function exposureOf(bytes32 agreement, bytes32 member) external view returns (uint64);

    /// @notice The shares of a loan of this principal by the terms.
    function sharesFor(bytes32 agreement, uint64 principal) external view returns (uint64[] memory);

    function matterOf(bytes32 matter) external view returns (Matter memory);

    /// @notice Whether `member` is a party of an agreement that is active in this ledger.
    function isParty(bytes32 agreement, bytes32 member) external view returns (bool);

    /// @notice Whether `member` is a party, the named depository or arbitrator, or in a role that the agreement names.
    function isNamed(bytes32 agreement, bytes32 member) external view returns (bool);
}
