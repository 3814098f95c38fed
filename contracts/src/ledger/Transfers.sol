// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "../ActRecorder.sol";
import {ActTypes, CoSign, TransferServicing, TransferShare} from "../Acts.sol";
import {JointActs, Linked} from "../JointActs.sol";
import {IAgreementBook, ShareMove} from "../interfaces/IAgreementBook.sol";
import {Matter, MatterKind} from "../interfaces/IJointActs.sol";
import {ILoanLedger, LoanState} from "../interfaces/ILoanLedger.sol";
import {StoredLoan} from "./LedgerStorage.sol";
import {Loans} from "./Loans.sol";

/// @title Transfers of shares and of servicing, and the signatures of others about a loan
abstract contract Transfers is Loans {
    /// @inheritdoc ILoanLedger
    function transferServicing(TransferServicing calldata act, bytes calldata signature) external {
        Speaker memory speaker = _open();
        bytes32 actId =
            _record(speaker, ActTypes.TRANSFER_SERVICING_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        StoredLoan memory loan = _outstanding(act.agreement, act.loan);
        _requireServicer(act.agreement, act.loan, loan, act.from);
        Matter memory matter = _offer(act.agreement, act.loan, act.member, act.from, act.to);
        matter.kind = MatterKind.ServicingTransfer;

        Linked memory linked = _linked(actId, speaker);
        linked.openUntil = _openMatter(actId, matter);
        _linkAct(linked, act.agreement, act.loan, loan);
        _emitServicingProposed(act, linked);
    }

    /// @inheritdoc ILoanLedger
    function transferShare(TransferShare calldata act, bytes calldata signature) external {
        Speaker memory speaker = _open();
        bytes32 actId =
            _record(speaker, ActTypes.TRANSFER_SHARE_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        StoredLoan memory loan = _outstanding(act.agreement, act.loan);
        Matter memory matter = _offer(act.agreement, act.loan, act.member, act.from, act.to);
        matter.kind = MatterKind.ShareTransfer;
        matter.amount = act.amount;
        _book().requireShare(_shareMove(matter, loan));

        Linked memory linked = _linked(actId, speaker);
        linked.openUntil = _openMatter(actId, matter);
        _linkAct(linked, act.agreement, act.loan, loan);
        _emitShareProposed(act, linked);
    }

    /// @inheritdoc JointActs
    function _takeEffect(Linked memory linked, CoSign calldata act, Matter memory matter) internal override {
        if (matter.kind == MatterKind.SealedLoan) _coSignSealed(linked, act, matter);
        else if (matter.kind == MatterKind.ShareTransfer) _coSignShare(linked, act, matter);
        else _coSignServicing(linked, act, matter);
    }

    /// @inheritdoc JointActs
    function _indexOf(bytes32 agreementId, bytes32 member) internal view override returns (uint256 index) {
        // slither-disable-next-line unused-return
        (index,) = _book().partyOf(agreementId, member);
    }

    /* PRIVATE */

    function _coSignSealed(Linked memory linked, CoSign calldata act, Matter memory matter) private {
        StoredLoan memory loan = _load(matter.agreement, matter.loan);
        _requireFollows(matter.agreement, matter.loan, loan.state, LoanState.Active);
        bool isLast = matter.awaiting == 0;
        if (isLast) loan.state = LoanState.Active;
        _linkAct(linked, matter.agreement, matter.loan, loan);
        _emitCoSigned(act, matter, linked);
        if (isLast) emit SealedLoanActivated(act.actId, matter.agreement, matter.loan, block.chainid);
    }

    function _coSignShare(Linked memory linked, CoSign calldata act, Matter memory matter) private {
        StoredLoan memory loan = _outstanding(matter.agreement, matter.loan);
        _linkAct(linked, matter.agreement, matter.loan, loan);
        _emitCoSigned(act, matter, linked);
        bool isExposed = loan.principal != 0 && loan.state == LoanState.Active;
        _book().moveShare(act.actId, _shareMove(matter, loan), isExposed);
    }

    function _coSignServicing(Linked memory linked, CoSign calldata act, Matter memory matter) private {
        StoredLoan memory loan = _outstanding(matter.agreement, matter.loan);
        bytes32 from = _book().memberAt(matter.agreement, matter.from);
        _requireServicer(matter.agreement, matter.loan, loan, from);
        loan.servicingTransferred = true;
        _servicers[matter.agreement][matter.loan] = act.member;
        _linkAct(linked, matter.agreement, matter.loan, loan);
        _emitCoSigned(act, matter, linked);
        emit ServicingTransferred(act.actId, matter.agreement, matter.loan, from, act.member, block.chainid);
    }

    /// @dev What any offer needs: the giver signs, and another party takes.
    function _offer(bytes32 agreementId, bytes32 loanKey, bytes32 member, bytes32 from, bytes32 to)
        private
        view
        returns (Matter memory matter)
    {
        if (from != member) revert FromNotSigner(from, member);
        if (to == from) revert TransferToSelf(from);
        IAgreementBook book = _book();
        matter.agreement = agreementId;
        matter.loan = loanKey;
        // slither-disable-next-line unused-return
        (matter.from,) = book.partyOf(agreementId, from);
        // slither-disable-next-line unused-return
        (matter.to,) = book.partyOf(agreementId, to);
        matter.awaiting = uint16(1 << matter.to);
    }

    function _outstanding(bytes32 agreementId, bytes32 loanKey) private view returns (StoredLoan memory loan) {
        loan = _load(agreementId, loanKey);
        if (loan.state != LoanState.Active && loan.state != LoanState.WrittenOff) {
            revert LoanNotOutstanding(agreementId, loanKey, loan.state);
        }
    }

    function _shareMove(Matter memory matter, StoredLoan memory loan) private pure returns (ShareMove memory) {
        return ShareMove(matter.agreement, matter.loan, loan.principal, matter.from, matter.to, matter.amount);
    }

    function _emitCoSigned(CoSign calldata act, Matter memory matter, Linked memory linked) private {
        emit LoanCoSigned(
            linked.actId,
            matter.agreement,
            matter.loan,
            act.member,
            linked.signer,
            act.actId,
            matter.awaiting,
            linked.count,
            linked.head,
            block.chainid
        );
    }

    function _emitShareProposed(TransferShare calldata act, Linked memory linked) private {
        emit ShareTransferProposed(
            linked.actId,
            act.agreement,
            act.loan,
            act.member,
            linked.signer,
            act.to,
            act.amount,
            act.reason,
            act.price,
            linked.openUntil,
            linked.count,
            linked.head,
            block.chainid
        );
    }

    function _emitServicingProposed(TransferServicing calldata act, Linked memory linked) private {
        emit ServicingTransferProposed(
            linked.actId,
            act.agreement,
            act.loan,
            act.member,
            linked.signer,
            act.to,
            act.reason,
            act.price,
            linked.openUntil,
            linked.count,
            linked.head,
            block.chainid
        );
    }
}
