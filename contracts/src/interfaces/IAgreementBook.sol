// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AdoptAgreement, AgreementTerms, Disburse, ProposeAgreement} from "../Acts.sol";
import {IJointActs} from "./IJointActs.sol";

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

/// @notice A party with its part in the exposure, in minor units (OPEN).
struct Position {
    bytes32 member;
    uint16 shareBps;
    uint64 limit;
    uint64 exposure;
}

/// @notice What is kept of an agreement; `originator` is a party index. The whole terms are in its event.
struct Agreement {
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

/// @notice A share of a loan of this principal (zero if SEALED) that goes from one party index to another: the amount in
/// minor units if OPEN, 0 for the whole share if SEALED.
struct ShareMove {
    bytes32 agreement;
    bytes32 loan;
    uint64 principal;
    uint8 from;
    uint8 to;
    uint64 amount;
}

/// @notice An OPEN loan of this principal that counts no longer.
struct Release {
    bytes32 agreement;
    bytes32 loan;
    uint64 principal;
}

/// @notice What two parties agreed was repaid of one loan: the first's and the second's share, in minor units.
struct Reduction {
    bytes32 loan;
    uint64 first;
    uint64 second;
}

/// @title Agreements, the parties' shares of loans, and their exposure
/// @notice The exposure of a party to an OPEN agreement is the sum of its shares of the loans that are Active.
/// WARNING: of a SEALED loan the contracts see neither amounts nor limits; who looks after them are the parties who sign.
/// WARNING: repayments are off chain; a loan counts with its whole share until settled, written off, reversed or reduced.
interface IAgreementBook is IJointActs {
    /* ERRORS */

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

    error NotOriginator(bytes32 agreement, bytes32 member, bytes32 originator);
    error WrongVisibility(bytes32 agreement, Visibility visibility);
    error CurrencyMismatch(bytes32 agreement, bytes32 loan, bytes3 expected, bytes3 found);
    error PrincipalZero(bytes32 agreement, bytes32 loan);
    error ShareCountWrong(bytes32 agreement, bytes32 loan, uint256 expected, uint256 found);
    error ShareWrong(bytes32 agreement, bytes32 loan, bytes32 member, uint64 expected, uint64 found);
    error LoanLimitExceeded(bytes32 agreement, bytes32 loan, uint64 limit, uint64 principal);
    /// @notice `exposure + amount` would exceed `limit`.
    error TotalLimitExceeded(bytes32 agreement, bytes32 loan, uint64 limit, uint64 exposure, uint64 amount);
    /// @notice `exposure + amount` of this party would exceed its `limit`.
    error PartyLimitExceeded(
        bytes32 agreement, bytes32 loan, bytes32 member, uint64 limit, uint64 exposure, uint64 amount
    );
    /// @notice The party has less than it gives; of a SEALED loan `share` is 1 while it holds its share, and amount is 0.
    error ShareAmountInvalid(bytes32 agreement, bytes32 loan, bytes32 member, uint64 amount, uint64 share);
    error AlreadyReduced(bytes32 agreement, uint32 date, bytes32 first, bytes32 second);
    /// @notice Only the contract that the directory names `name` may call this.
    error CallerNotNamed(address caller, bytes32 name, address named);

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
    /// @notice Every party has signed; `actId` is the proposal.
    event AgreementActivated(bytes32 indexed actId, bytes32 indexed agreement, uint256 chainId);
    /// @notice `exposures` are the parties' exposures in the predecessor.
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

    /* EVENTS OF SHARES */

    /// @notice Both signed; `actId` is the proposed transfer. Shares are those after it (SEALED: 0 and 1).
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
    /// @notice By how much the two parties' shares fell, and what they are now; `actId` is the agreed result.
    event ExposureReduced(
        bytes32 indexed actId,
        bytes32 indexed agreement,
        bytes32 indexed loan,
        bytes32 first,
        bytes32 second,
        uint64 amountOfFirst,
        uint64 amountOfSecond,
        uint64 shareOfFirst,
        uint64 shareOfSecond,
        uint64 count,
        bytes32 head,
        uint256 chainId
    );

    /* ACTS */

    /// @notice A party proposes an agreement; its own signature counts. The others have 30 days to co-sign.
    function proposeAgreement(ProposeAgreement calldata act, bytes calldata signature) external;

    /// @notice Carries an active agreement over from the frozen predecessor, with its exposures and shares.
    /// Matters that were open for co-signature are not carried: offer them again.
    /// @param terms the full terms, checked against the agreement id.
    function adoptAgreement(AdoptAgreement calldata act, AgreementTerms calldata terms, bytes calldata signature)
        external;

    /* FOR THE OTHER CONTRACTS */

    /// @notice Checks OPEN disbursements against their agreements and adds them to the exposures, all or none.
    /// Shares must follow the terms: floor(principal × bps / 10 000), then one unit each to the largest remainders, ties
    /// to the lower party index.
    /// @dev Callable by "LoanLedger" of the directory only, which MUST have recorded the acts, one at least.
    function take(Disburse[] calldata acts) external;

    /// @notice The loans were Active and OPEN, and count no longer.
    /// @dev Callable by "LoanLedger" of the directory only; one at least.
    function release(Release[] calldata releases) external;

    /// @notice A share of the loan goes from one party to the other, and with it the exposure if `isExposed`.
    /// @dev Callable by "LoanLedger" of the directory only, which MUST have both signatures.
    function moveShare(bytes32 matterId, ShareMove memory move, bool isExposed) external;

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

    /* VIEWS */

    /// @notice As this book has it: nothing of an agreement that was not adopted from its predecessor.
    function agreementOf(bytes32 agreement) external view returns (Agreement memory);

    /// @notice State and parties' exposures, from here or, if not adopted here, from the predecessor.
    function exposuresOf(bytes32 agreement) external view returns (AgreementState state, uint64[] memory exposures);

    /// @notice The originator of an active agreement, and whether it is OPEN. Reverts if it is not active here.
    function originatorOf(bytes32 agreement) external view returns (bytes32 member, Visibility visibility);

    /// @notice The party index of `member` in an active agreement, and the number of parties. Reverts with NotParty.
    function partyOf(bytes32 agreement, bytes32 member) external view returns (uint8 index, uint8 count);

    /// @notice The party with this index in an active agreement.
    function memberAt(bytes32 agreement, uint8 index) external view returns (bytes32 member);

    /// @notice Whether `member` is a party of an agreement that is active here.
    function isParty(bytes32 agreement, bytes32 member) external view returns (bool);

    /// @notice Whether `member` is a party, the named depository or arbitrator, or in a role that the agreement names.
    function isNamed(bytes32 agreement, bytes32 member) external view returns (bool);

    /// @notice Reverts with ShareAmountInvalid unless the giver has what the move gives.
    function requireShare(ShareMove memory move) external view;

    /// @notice Shares in party order: of an OPEN loan of this principal in minor units; of a SEALED one, principal 0, 1 while
    /// the party holds its share.
    function sharesOf(bytes32 agreement, bytes32 loan, uint64 principal) external view returns (uint64[] memory);

    /// @notice The shares that are kept because they are no longer those of the rule, or none.
    function ownSharesOf(bytes32 agreement, bytes32 loan) external view returns (uint64[] memory);

    /// @notice Whether exposure was reduced, here or in the predecessor, for keccak256(abi.encode(agreement, date, first,
    /// second)), the pair in ascending order.
    function isReduced(bytes32 dateAndPair) external view returns (bool);
}
