// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JointActs, Linked} from "../JointActs.sol";
import {IAgreementBook} from "../interfaces/IAgreementBook.sol";
import {ILoanLedger, LoanState} from "../interfaces/ILoanLedger.sol";

/// @notice A loan, which is kept in one slot.
struct StoredLoan {
    LoanState state;
    bool servicingTransferred;
    uint64 principal;
    uint64 count;
    uint64 carriedCount;
}

/// @title What the parts of the ledger keep in common, and the heads
abstract contract LedgerStorage is JointActs, ILoanLedger {
    bytes18 private constant HEAD_DOMAIN = "tallystick-head/v1";
    /// @dev The state table of `LoanState`: for each state a byte with bit i set if state i may follow.
    bytes6 private constant FOLLOWERS = hex"062438000800";

    mapping(bytes32 agreement => mapping(bytes32 loan => uint256 packed)) private _loans;
    mapping(bytes32 agreement => mapping(bytes32 loan => mapping(uint64 count => bytes32))) internal _heads;
    mapping(bytes32 agreement => mapping(bytes32 loan => bytes32 member)) internal _servicers;

    /// @dev A loan of this ledger, which MUST exist.
    function _load(bytes32 agreementId, bytes32 loanKey) internal view returns (StoredLoan memory loan) {
        loan = _peek(agreementId, loanKey);
        if (loan.state != LoanState.None) return loan;
        if (_stateBefore(agreementId, loanKey) != LoanState.None) revert LoanInPredecessor(agreementId, loanKey);
        revert LoanUnknown(agreementId, loanKey);
    }

    /// @dev A loan of this ledger, or one in state None. Packed by hand: one read and one write of the slot.
    function _peek(bytes32 agreementId, bytes32 loanKey) internal view returns (StoredLoan memory loan) {
        uint256 packed = _loans[agreementId][loanKey];
        loan.state = LoanState(uint8(packed));
        loan.servicingTransferred = uint8(packed >> 8) != 0;
        loan.principal = uint64(packed >> 64);
        loan.count = uint64(packed >> 128);
        loan.carriedCount = uint64(packed >> 192);
    }

    function _store(bytes32 agreementId, bytes32 loanKey, StoredLoan memory loan) internal {
        _loans[agreementId][loanKey] = uint256(loan.state) | (loan.servicingTransferred ? 1 << 8 : 0)
            | (uint256(loan.principal) << 64) | (uint256(loan.count) << 128) | (uint256(loan.carriedCount) << 192);
    }

    /// @dev The state here alone.
    function _stateHere(bytes32 agreementId, bytes32 loanKey) internal view returns (LoanState) {
        return LoanState(uint8(_loans[agreementId][loanKey]));
    }

    function _requireNew(bytes32 agreementId, bytes32 loanKey) internal view {
        LoanState state = _stateHere(agreementId, loanKey);
        if (state == LoanState.None) state = _stateBefore(agreementId, loanKey);
        if (state != LoanState.None) revert LoanExists(agreementId, loanKey, state);
    }

    function _stateBefore(bytes32 agreementId, bytes32 loanKey) internal view returns (LoanState) {
        return _hasPredecessor() ? ILoanLedger(predecessor).stateOf(agreementId, loanKey) : LoanState.None;
    }

    /// @dev Reverts unless the state table has `to` after `from`.
    function _requireFollows(bytes32 agreementId, bytes32 loanKey, LoanState from, LoanState to) internal pure {
        if ((uint8(FOLLOWERS[uint8(from)]) >> uint8(to)) & 1 == 0) {
            revert TransitionNotAllowed(agreementId, loanKey, from, to);
        }
    }

    function _requireServicer(bytes32 agreementId, bytes32 loanKey, StoredLoan memory loan, bytes32 member)
        internal
        view
    {
        bytes32 servicer = _servicerOf(agreementId, loanKey, loan);
        if (member != servicer) revert NotServicer(agreementId, loanKey, member, servicer);
    }

    /// @dev The originator, until the servicing was transferred.
    function _servicerOf(bytes32 agreementId, bytes32 loanKey, StoredLoan memory loan)
        internal
        view
        returns (bytes32 servicer)
    {
        if (loan.servicingTransferred) return _servicers[agreementId][loanKey];
        // slither-disable-next-line unused-return
        (servicer,) = _book().originatorOf(agreementId);
    }

    function _requireNamed(IAgreementBook book, bytes32 agreementId, bytes32 member) internal view {
        if (!book.isNamed(agreementId, member)) revert NotNamed(agreementId, member);
    }

    /// @dev Links an act: the next head, kept under the next count; stores the loan.
    function _linkAct(Linked memory linked, bytes32 agreementId, bytes32 loanKey, StoredLoan memory loan) internal {
        mapping(uint64 count => bytes32) storage heads = _heads[agreementId][loanKey];
        bytes32 previous = loan.count == 0 ? _firstHead(agreementId, loanKey) : heads[loan.count];
        linked.head = keccak256(abi.encodePacked(previous, linked.actId));
        linked.count = ++loan.count;
        heads[linked.count] = linked.head;
        _store(agreementId, loanKey, loan);
    }

    function _firstHead(bytes32 agreementId, bytes32 loanKey) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(HEAD_DOMAIN, block.chainid, address(this), agreementId, loanKey));
    }

    function _name() internal pure override returns (bytes32) {
        return LOAN_LEDGER;
    }
}
