// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "../ActRecorder.sol";
import {ActTypes, Disburse, DisburseSealed, Reverse, Settle, Snapshot, WriteOff} from "../Acts.sol";
import {Linked} from "../JointActs.sol";
import {IAgreementBook, Release, Visibility} from "../interfaces/IAgreementBook.sol";
import {Matter, MatterKind} from "../interfaces/IJointActs.sol";
import {ILoanLedger, LoanState} from "../interfaces/ILoanLedger.sol";
import {Dates} from "../libraries/Dates.sol";
import {LedgerStorage, StoredLoan} from "./LedgerStorage.sol";

/// @notice The moves of loans in one transaction, as far as they share what is asked of the book.
struct Moves {
    IAgreementBook book;
    bytes32 agreement;
    bytes32 originator;
    Release[] releases;
    uint256 count;
}

/// @title Loans: paid out, and their fate
abstract contract Loans is LedgerStorage {
    /* ACTS */

    /// @inheritdoc ILoanLedger
    function disburse(Disburse[] calldata acts, bytes[] calldata signatures) external {
        Speaker memory speaker = _openBatch(acts.length, signatures.length);
        for (uint256 i = 0; i < acts.length; ++i) {
            _disburse(speaker, acts[i], signatures[i]);
        }
        _book().take(acts);
    }

    /// @inheritdoc ILoanLedger
    function disburseSealed(DisburseSealed calldata act, bytes calldata signature) external {
        Speaker memory speaker = _open();
        bytes32 actId =
            _record(speaker, ActTypes.DISBURSE_SEALED_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        _requireNew(act.agreement, act.loan);

        Matter memory matter;
        matter.kind = MatterKind.SealedLoan;
        matter.agreement = act.agreement;
        matter.loan = act.loan;
        matter.awaiting = _cosignersOfSealed(act.agreement, act.member);
        Linked memory linked = _linked(actId, speaker);
        linked.openUntil = _openMatter(actId, matter);
        _begin(linked, act.agreement, act.loan, LoanState.Pending, 0);
        emit SealedDisbursed(
            actId,
            act.agreement,
            act.loan,
            act.member,
            linked.signer,
            act.terms,
            linked.openUntil,
            linked.count,
            linked.head,
            block.chainid
        );
    }

    /// @inheritdoc ILoanLedger
    function reverse(Reverse calldata act, bytes calldata signature) external {
        Speaker memory speaker = _open();
        bytes32 actId = _record(speaker, ActTypes.REVERSE_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        Linked memory linked = _linked(actId, speaker);
        Moves memory moves = _startMoves(1);
        LoanState previous = _move(moves, linked, act.agreement, act.loan, act.member, LoanState.Reversed);
        _finishMoves(moves);
        emit Reversed(
            actId,
            act.agreement,
            act.loan,
            act.member,
            linked.signer,
            previous,
            act.reason,
            linked.count,
            linked.head,
            block.chainid
        );
    }

    /// @inheritdoc ILoanLedger
    function settle(Settle[] calldata acts, bytes[] calldata signatures) external {
        Speaker memory speaker = _openBatch(acts.length, signatures.length);
        Moves memory moves = _startMoves(acts.length);
        for (uint256 i = 0; i < acts.length; ++i) {
            _settle(speaker, moves, acts[i], signatures[i]);
        }
        _finishMoves(moves);
    }

    /// @inheritdoc ILoanLedger
    function writeOff(WriteOff calldata act, bytes calldata signature) external {
        Speaker memory speaker = _open();
        bytes32 actId =
            _record(speaker, ActTypes.WRITE_OFF_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        _requireDate(act.valueDate);
        Linked memory linked = _linked(actId, speaker);
        Moves memory moves = _startMoves(1);
        LoanState previous = _move(moves, linked, act.agreement, act.loan, act.member, LoanState.WrittenOff);
        _finishMoves(moves);
        _emitWrittenOff(act, previous, linked);
    }

    /// @inheritdoc ILoanLedger
    function snapshot(Snapshot[] calldata acts, bytes[] calldata signatures) external {
        Speaker memory speaker = _openBatch(acts.length, signatures.length);
        IAgreementBook book = _book();
        for (uint256 i = 0; i < acts.length; ++i) {
            _snapshot(speaker, book, acts[i], signatures[i]);
        }
    }

    /* PRIVATE */

    function _disburse(Speaker memory speaker, Disburse calldata act, bytes calldata signature) private {
        bytes32 actId =
            _record(speaker, ActTypes.DISBURSE_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        _requireDate(act.valueDate);
        _requireNew(act.agreement, act.loan);
        Linked memory linked = _linked(actId, speaker);
        _begin(linked, act.agreement, act.loan, LoanState.Active, act.principal);
        _emitDisbursed(act, linked);
    }

    function _settle(Speaker memory speaker, Moves memory moves, Settle calldata act, bytes calldata signature)
        private
    {
        bytes32 actId = _record(speaker, ActTypes.SETTLE_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        _requireDate(act.valueDate);
        Linked memory linked = _linked(actId, speaker);
        LoanState previous = _move(moves, linked, act.agreement, act.loan, act.member, LoanState.Settled);
        emit Settled(
            actId,
            act.agreement,
            act.loan,
            act.member,
            linked.signer,
            previous,
            act.valueDate,
            linked.count,
            linked.head,
            block.chainid
        );
    }

    function _snapshot(Speaker memory speaker, IAgreementBook book, Snapshot calldata act, bytes calldata signature)
        private
    {
        bytes32 actId =
            _record(speaker, ActTypes.SNAPSHOT_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        _requireNamed(book, act.agreement, act.member);
        uint64 count = _load(act.agreement, act.loan).count;
        emit HeadAsOf(
            actId,
            act.agreement,
            act.loan,
            act.member,
            speaker.signer,
            count,
            _heads[act.agreement][act.loan][count],
            block.chainid
        );
    }

    /// @dev Every party but the originator, which MUST be the member, of a SEALED agreement.
    function _cosignersOfSealed(bytes32 agreementId, bytes32 member) private view returns (uint16) {
        IAgreementBook book = _book();
        (bytes32 originator, Visibility visibility) = book.originatorOf(agreementId);
        if (visibility != Visibility.Sealed) revert IAgreementBook.WrongVisibility(agreementId, visibility);
        if (member != originator) revert IAgreementBook.NotOriginator(agreementId, member, originator);
        (uint8 index, uint8 count) = book.partyOf(agreementId, member);
        return _everyoneBut(index, count);
    }

    /// @dev The first state of a new loan, and its first head.
    function _begin(Linked memory linked, bytes32 agreementId, bytes32 loanKey, LoanState state, uint64 principal)
        private
    {
        StoredLoan memory loan;
        loan.state = state;
        loan.principal = principal;
        _linkAct(linked, agreementId, loanKey, loan);
    }

    function _startMoves(uint256 most) private view returns (Moves memory moves) {
        moves.book = _book();
        moves.releases = new Release[](most);
    }

    /// @dev The servicer moves the loan to its next state.
    function _move(
        Moves memory moves,
        Linked memory linked,
        bytes32 agreementId,
        bytes32 loanKey,
        bytes32 member,
        LoanState to
    ) private returns (LoanState previous) {
        StoredLoan memory loan = _load(agreementId, loanKey);
        bytes32 servicer = _servicerIn(moves, agreementId, loanKey, loan);
        if (member != servicer) revert NotServicer(agreementId, loanKey, member, servicer);
        previous = loan.state;
        _requireFollows(agreementId, loanKey, previous, to);

        loan.state = to;
        _linkAct(linked, agreementId, loanKey, loan);
        bool isOpen = loan.principal != 0;
        if (isOpen && previous == LoanState.Active) {
            moves.releases[moves.count++] = Release(agreementId, loanKey, loan.principal);
        }
    }

    /// @dev The book hears of the loans that count no longer, all at once.
    function _finishMoves(Moves memory moves) private {
        Release[] memory releases = new Release[](moves.count);
        for (uint256 i = 0; i < releases.length; ++i) {
            releases[i] = moves.releases[i];
        }
        if (releases.length > 0) moves.book.release(releases);
    }

    /// @dev The loan's servicer; asks the book once for loans of one agreement in a row.
    function _servicerIn(Moves memory moves, bytes32 agreementId, bytes32 loanKey, StoredLoan memory loan)
        private
        view
        returns (bytes32)
    {
        if (loan.servicingTransferred) return _servicers[agreementId][loanKey];
        if (moves.agreement != agreementId) {
            moves.agreement = agreementId;
            // slither-disable-next-line unused-return
            (moves.originator,) = moves.book.originatorOf(agreementId);
        }
        return moves.originator;
    }

    function _emitDisbursed(Disburse calldata act, Linked memory linked) private {
        emit Disbursed(
            linked.actId,
            act.agreement,
            act.loan,
            act.member,
            linked.signer,
            act.borrowerTag,
            act.currency,
            act.principal,
            act.shares,
            act.valueDate,
            linked.count,
            linked.head,
            block.chainid
        );
    }

    function _emitWrittenOff(WriteOff calldata act, LoanState previous, Linked memory linked) private {
        emit WrittenOff(
            linked.actId,
            act.agreement,
            act.loan,
            act.member,
            linked.signer,
            previous,
            act.valueDate,
            act.reason,
            linked.count,
            linked.head,
            block.chainid
        );
    }

    function _requireDate(uint32 date) private pure {
        if (!Dates.exists(date)) revert DateInvalid(date);
    }
}
