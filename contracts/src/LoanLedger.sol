// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "./ActRecorder.sol";
import {ActTypes, Adopt} from "./Acts.sol";
import {DirectoryContract} from "./DirectoryContract.sol";
import {Linked} from "./JointActs.sol";
import {Succeeding} from "./Succeeding.sol";
import {IAgreementBook} from "./interfaces/IAgreementBook.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {ILoanLedger, Loan, LoanState} from "./interfaces/ILoanLedger.sol";
import {StoredLoan} from "./ledger/LedgerStorage.sol";
import {Transfers} from "./ledger/Transfers.sol";

/// @title LoanLedger
/// @notice See `ILoanLedger`; the acts about loans are in `ledger/`. Here: links from other contracts, adoption, views.
contract LoanLedger is Transfers {
    mapping(bytes32 actAndLoan => bool) private _isLinked;

    constructor(IConsortium consortium_, ILoanLedger predecessor_)
        DirectoryContract(consortium_)
        Succeeding(address(predecessor_))
    {}

    /* LINKS */

    /// @inheritdoc ILoanLedger
    function link(bytes32 actId, bytes32 agreementId, bytes32 loanKey, bytes32 member)
        external
        returns (uint64, bytes32)
    {
        _requireOpen();
        _requireRegistered(address(this));
        _requireRegistered(msg.sender);
        IAgreementBook book = _book();
        _requireNamed(book, agreementId, member);
        StoredLoan memory loan = _load(agreementId, loanKey);
        bytes32 key = keccak256(abi.encode(actId, agreementId, loanKey));
        if (_isLinked[key]) revert AlreadyLinked(actId, agreementId, loanKey);

        _isLinked[key] = true;
        Linked memory linked;
        linked.actId = actId;
        _linkAct(linked, agreementId, loanKey, loan);
        if (msg.sender != address(book)) {
            emit ActLinked(actId, agreementId, loanKey, member, msg.sender, linked.count, linked.head, block.chainid);
        }
        return (linked.count, linked.head);
    }

    /* ADOPTION */

    /// @inheritdoc ILoanLedger
    function adopt(Adopt[] calldata acts, bytes[] calldata signatures) external {
        _requirePredecessor();
        Speaker memory speaker = _openBatch(acts.length, signatures.length);
        IAgreementBook book = _book();
        for (uint256 i = 0; i < acts.length; ++i) {
            _adopt(speaker, book, acts[i], signatures[i]);
        }
    }

    /* VIEWS */

    /// @inheritdoc ILoanLedger
    function loanOf(bytes32 agreementId, bytes32 loanKey) external view returns (Loan memory) {
        StoredLoan memory loan = _peek(agreementId, loanKey);
        if (loan.state == LoanState.None && _hasPredecessor()) {
            return ILoanLedger(predecessor).loanOf(agreementId, loanKey);
        }
        return Loan({
            state: loan.state,
            principal: loan.principal,
            count: loan.count,
            carriedCount: loan.carriedCount,
            head: _heads[agreementId][loanKey][loan.count],
            servicer: _servicers[agreementId][loanKey]
        });
    }

    /// @inheritdoc ILoanLedger
    function stateOf(bytes32 agreementId, bytes32 loanKey) external view returns (LoanState state) {
        state = _stateHere(agreementId, loanKey);
        if (state == LoanState.None) return _stateBefore(agreementId, loanKey);
    }

    /// @inheritdoc ILoanLedger
    function servicerOf(bytes32 agreementId, bytes32 loanKey) external view returns (bytes32) {
        return _servicerOf(agreementId, loanKey, _load(agreementId, loanKey));
    }

    /// @inheritdoc ILoanLedger
    function sharesOf(bytes32 agreementId, bytes32 loanKey) external view returns (uint64[] memory) {
        return _book().sharesOf(agreementId, loanKey, _load(agreementId, loanKey).principal);
    }

    /// @inheritdoc ILoanLedger
    function headAt(bytes32 agreementId, bytes32 loanKey, uint64 count) external view returns (bytes32 head) {
        head = _heads[agreementId][loanKey][count];
        if (head != 0) return head;
        if (_stateBefore(agreementId, loanKey) != LoanState.None) {
            return ILoanLedger(predecessor).headAt(agreementId, loanKey, count);
        }
        if (count == 0) return _firstHead(agreementId, loanKey);
    }

    /* PRIVATE */

    function _adopt(Speaker memory speaker, IAgreementBook book, Adopt calldata act, bytes calldata signature) private {
        bytes32 actId = _record(speaker, ActTypes.ADOPT_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        _requireNamed(book, act.agreement, act.member);
        LoanState here = _stateHere(act.agreement, act.loan);
        if (here != LoanState.None) revert LoanExists(act.agreement, act.loan, here);
        Loan memory carried = ILoanLedger(predecessor).loanOf(act.agreement, act.loan);
        if (carried.state == LoanState.None) revert LoanUnknown(act.agreement, act.loan);

        Linked memory linked = _linked(actId, speaker);
        _carryOver(linked, act.agreement, act.loan, carried);
        _emitAdopted(act, carried, linked);
    }

    function _carryOver(Linked memory linked, bytes32 agreementId, bytes32 loanKey, Loan memory carried) private {
        bool servicingTransferred = carried.servicer != 0;
        if (servicingTransferred) _servicers[agreementId][loanKey] = carried.servicer;
        _heads[agreementId][loanKey][carried.count] = carried.head;
        StoredLoan memory loan =
            StoredLoan(carried.state, servicingTransferred, carried.principal, carried.count, carried.count);
        _linkAct(linked, agreementId, loanKey, loan);
    }

    function _emitAdopted(Adopt calldata act, Loan memory carried, Linked memory linked) private {
        emit LoanAdopted(
            linked.actId,
            act.agreement,
            act.loan,
            act.member,
            linked.signer,
            predecessor,
            carried,
            linked.count,
            linked.head,
            block.chainid
        );
    }

    function _requireRegistered(address deployed) private view {
        if (consortium.nameOf(deployed) == 0) revert IConsortium.ContractNotRegistered(deployed);
    }
}
