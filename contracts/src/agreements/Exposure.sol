// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Disburse} from "../Acts.sol";
import {Linked} from "../JointActs.sol";
import {Agreement, IAgreementBook, Position, Reduction, Release, Visibility} from "../interfaces/IAgreementBook.sol";
import {ILoanLedger, Loan, LoanState} from "../interfaces/ILoanLedger.sol";
import {Agreements} from "./Agreements.sol";

/// @notice Two parties of an agreement, and their shares of the loan at hand.
struct Pair {
    bytes32 agreement;
    bytes32 first;
    bytes32 second;
    uint8 firstIndex;
    uint8 secondIndex;
    uint64 shareOfFirst;
    uint64 shareOfSecond;
}

/// @title Exposure: taken on, released, reduced, and kept within the limits
abstract contract Exposure is Agreements {
    bytes32 private constant RECONCILIATION = "Reconciliation";
    uint256 private constant MOST_REDUCTIONS = 1000;

    mapping(bytes32 dateAndPair => bool) private _isReduced;

    /* FOR THE LEDGER */

    /// @inheritdoc IAgreementBook
    function take(Disburse[] calldata acts) external {
        _requireCaller(LOAN_LEDGER);
        bytes32 agreementId = acts[0].agreement;
        Agreement memory agreement = _loadActive(agreementId);
        for (uint256 i = 0; i < acts.length; ++i) {
            if (acts[i].agreement != agreementId) {
                _storeExposures(agreementId, agreement);
                agreementId = acts[i].agreement;
                agreement = _loadActive(agreementId);
            }
            _take(agreement, acts[i]);
        }
        _storeExposures(agreementId, agreement);
    }

    /// @inheritdoc IAgreementBook
    function release(Release[] calldata releases) external {
        _requireCaller(LOAN_LEDGER);
        bytes32 agreementId = releases[0].agreement;
        Agreement memory agreement = _loadActive(agreementId);
        for (uint256 i = 0; i < releases.length; ++i) {
            Release calldata item = releases[i];
            if (item.agreement != agreementId) {
                _storeExposures(agreementId, agreement);
                agreementId = item.agreement;
                agreement = _loadActive(agreementId);
            }
            uint64[] memory shares = _sharesOf(agreement, agreementId, item.loan, item.principal);
            for (uint256 j = 0; j < shares.length; ++j) {
                _lower(agreement, j, shares[j]);
            }
        }
        _storeExposures(agreementId, agreement);
    }

    /* FOR THE RECONCILIATION */

    /// @inheritdoc IAgreementBook
    function reduceExposure(
        bytes32 actId,
        bytes32 agreementId,
        uint32 date,
        bytes32 first,
        bytes32 second,
        Reduction[] calldata reductions
    ) external {
        _requireOpen();
        _requireCaller(RECONCILIATION);
        uint256 size = reductions.length;
        if (size == 0 || size > MOST_REDUCTIONS) revert BatchSizeInvalid(size, MOST_REDUCTIONS);
        Agreement memory agreement = _loadActive(agreementId);
        if (agreement.visibility != Visibility.Open) revert WrongVisibility(agreementId, agreement.visibility);
        _requireFirstOfDate(agreementId, date, first, second);

        Pair memory pair;
        (pair.agreement, pair.first, pair.second) = (agreementId, first, second);
        pair.firstIndex = _requireParty(agreementId, first);
        pair.secondIndex = _requireParty(agreementId, second);
        ILoanLedger ledger = _ledger();
        for (uint256 i = 0; i < size; ++i) {
            _reduce(ledger, agreement, pair, reductions[i]);
        }
        _storeExposures(agreementId, agreement);
        for (uint256 i = 0; i < size; ++i) {
            _linkReduction(actId, ledger, pair, reductions[i]);
        }
    }

    /// @inheritdoc IAgreementBook
    function isReduced(bytes32 dateAndPair) public view returns (bool) {
        return _isReduced[dateAndPair] || (_hasPredecessor() && IAgreementBook(predecessor).isReduced(dateAndPair));
    }

    /* FOR THE OTHER PARTS */

    /// @dev Adds to a party's exposure within its limit.
    function _raise(Position memory party, bytes32 agreementId, bytes32 loanKey, uint64 amount) internal pure {
        (uint64 exposure, uint64 limit) = (party.exposure, party.limit);
        if (uint256(exposure) + amount > limit) {
            revert PartyLimitExceeded(agreementId, loanKey, party.member, limit, exposure, amount);
        }
        party.exposure = exposure + amount;
    }

    /* PRIVATE */

    /// @dev Member, currency and shares as the terms say, every limit kept; adds to the exposures.
    function _take(Agreement memory agreement, Disburse calldata act) private pure {
        (bytes32 agreementId, bytes32 loanKey, uint64 principal) = (act.agreement, act.loan, act.principal);
        if (agreement.visibility != Visibility.Open) revert WrongVisibility(agreementId, agreement.visibility);
        bytes32 originator = agreement.parties[agreement.originator].member;
        if (act.member != originator) revert NotOriginator(agreementId, act.member, originator);
        if (act.currency != agreement.currency) {
            revert CurrencyMismatch(agreementId, loanKey, agreement.currency, act.currency);
        }
        if (principal == 0) revert PrincipalZero(agreementId, loanKey);
        if (principal > agreement.loanLimit) {
            revert LoanLimitExceeded(agreementId, loanKey, agreement.loanLimit, principal);
        }
        (uint64 exposure, uint64 limit) = (agreement.exposure, agreement.totalLimit);
        if (uint256(exposure) + principal > limit) {
            revert TotalLimitExceeded(agreementId, loanKey, limit, exposure, principal);
        }
        agreement.exposure = exposure + principal;
        _takeShares(agreement, act, _sharesByTerms(agreement, principal));
    }

    function _takeShares(Agreement memory agreement, Disburse calldata act, uint64[] memory shares) private pure {
        uint256 count = shares.length;
        if (act.shares.length != count) revert ShareCountWrong(act.agreement, act.loan, count, act.shares.length);
        for (uint256 i = 0; i < count; ++i) {
            Position memory party = agreement.parties[i];
            (uint64 share, uint64 stated) = (shares[i], act.shares[i]);
            if (stated != share) revert ShareWrong(act.agreement, act.loan, party.member, share, stated);
            _raise(party, act.agreement, act.loan, share);
        }
    }

    function _lower(Agreement memory agreement, uint256 index, uint64 amount) private pure {
        agreement.parties[index].exposure -= amount;
        agreement.exposure -= amount;
    }

    function _reduce(ILoanLedger ledger, Agreement memory agreement, Pair memory pair, Reduction calldata reduction)
        private
    {
        (bytes32 agreementId, bytes32 loanKey) = (pair.agreement, reduction.loan);
        Loan memory loan = ledger.loanOf(agreementId, loanKey);
        if (loan.state != LoanState.Active) revert ILoanLedger.LoanNotOutstanding(agreementId, loanKey, loan.state);
        uint64[] memory shares = _sharesOf(agreement, agreementId, loanKey, loan.principal);
        _reduceShare(agreement, agreementId, loanKey, shares, pair.firstIndex, reduction.first);
        _reduceShare(agreement, agreementId, loanKey, shares, pair.secondIndex, reduction.second);
        _keepShares(agreementId, loanKey, shares);
    }

    /// @dev The ledger refuses a loan that is named twice.
    function _linkReduction(bytes32 actId, ILoanLedger ledger, Pair memory pair, Reduction calldata reduction) private {
        uint64[] memory shares = ownSharesOf(pair.agreement, reduction.loan);
        pair.shareOfFirst = shares[pair.firstIndex];
        pair.shareOfSecond = shares[pair.secondIndex];
        Linked memory linked;
        linked.actId = actId;
        (linked.count, linked.head) = ledger.link(actId, pair.agreement, reduction.loan, pair.first);
        _emitExposureReduced(reduction, pair, linked);
    }

    function _reduceShare(
        Agreement memory agreement,
        bytes32 agreementId,
        bytes32 loanKey,
        uint64[] memory shares,
        uint8 index,
        uint64 amount
    ) private pure {
        if (amount > shares[index]) {
            revert ShareAmountInvalid(agreementId, loanKey, agreement.parties[index].member, amount, shares[index]);
        }
        shares[index] -= amount;
        _lower(agreement, index, amount);
    }

    function _requireFirstOfDate(bytes32 agreementId, uint32 date, bytes32 first, bytes32 second) private {
        if (first == second) revert PartyRepeated(first);
        (bytes32 low, bytes32 high) = first < second ? (first, second) : (second, first);
        bytes32 key = keccak256(abi.encode(agreementId, date, low, high));
        if (isReduced(key)) revert AlreadyReduced(agreementId, date, first, second);
        _isReduced[key] = true;
    }

    function _emitExposureReduced(Reduction calldata reduction, Pair memory pair, Linked memory linked) private {
        emit ExposureReduced(
            linked.actId,
            pair.agreement,
            reduction.loan,
            pair.first,
            pair.second,
            reduction.first,
            reduction.second,
            pair.shareOfFirst,
            pair.shareOfSecond,
            linked.count,
            linked.head,
            block.chainid
        );
    }
}
