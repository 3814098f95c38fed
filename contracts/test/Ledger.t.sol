// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Disburse, Settle} from "../src/Acts.sol";
import {AgreementBook} from "../src/AgreementBook.sol";
import {LoanLedger} from "../src/LoanLedger.sol";
import {IActRecorder} from "../src/interfaces/IActRecorder.sol";
import {IAgreementBook, Reduction} from "../src/interfaces/IAgreementBook.sol";
import {Change} from "../src/interfaces/IConsortium.sol";
import {ILoanLedger, Loan, LoanState} from "../src/interfaces/ILoanLedger.sol";
import {ISucceeding} from "../src/interfaces/ISucceeding.sol";
import {Fixture} from "./utils/Fixture.sol";
import {vm} from "./utils/Vm.sol";

/// @notice A contract of the directory that links what it is told.
contract Linker {
    LoanLedger private immutable ledger;
    AgreementBook private immutable book;

    constructor(LoanLedger ledger_, AgreementBook book_) {
        (ledger, book) = (ledger_, book_);
    }

    function link(bytes32 actId, bytes32 agreement, bytes32 loan, bytes32 member) external returns (uint64, bytes32) {
        return ledger.link(actId, agreement, loan, member);
    }

    function reduce(
        bytes32 actId,
        bytes32 agreement,
        uint32 date,
        bytes32 first,
        bytes32 second,
        Reduction[] memory all
    ) external {
        book.reduceExposure(actId, agreement, date, first, second, all);
    }
}

contract LedgerTest is Fixture {
    bytes32 private constant LOAN = keccak256("loan");
    bytes32 private agreement;

    function setUp() public override {
        super.setUp();
        agreement = agree(terms(1, 0));
    }

    function testFuzz_shares_and_exposure_follow_every_principal(uint64 principal) public {
        principal = 1 + (principal % LOAN_LIMIT);
        disburseOne(agreement, LOAN, principal);
        uint64[] memory shares = ledger.sharesOf(agreement, LOAN);
        require(shares[0] + shares[1] == principal, "whole");
        require(book.agreementOf(agreement).exposure == principal, "total");
        require(book.agreementOf(agreement).parties[0].exposure == shares[0], "first");
        require(book.agreementOf(agreement).parties[1].exposure == shares[1], "second");
        settle(BANK, agreement, LOAN);
        require(book.agreementOf(agreement).exposure == 0, "released");
    }

    function testFuzz_any_other_shares_are_refused(uint64 principal, uint64 moved) public {
        principal = 10 + (principal % (LOAN_LIMIT - 10));
        Disburse[] memory acts = new Disburse[](1);
        acts[0] = disbursement(agreement, LOAN, principal);
        moved = 1 + (moved % acts[0].shares[1]);
        acts[0].shares[0] += moved;
        acts[0].shares[1] -= moved;
        bytes[] memory all = signatures(acts);
        vm.expectPartialRevert(IAgreementBook.ShareWrong.selector);
        ledger.disburse(acts, all);
    }

    function testFuzz_a_disbursement_is_recorded_once(uint64 principal, bytes32 otherLoan) public {
        vm.assume(otherLoan != LOAN);
        principal = 1 + (principal % LOAN_LIMIT);
        Disburse[] memory acts = new Disburse[](1);
        acts[0] = disbursement(agreement, LOAN, principal);
        bytes32 first = actId(ledger, hasher.hashDisburse(acts[0]));
        bytes[] memory all = signatures(acts);
        ledger.disburse(acts, all);

        vm.expectRevert(abi.encodeWithSelector(IActRecorder.AlreadyRecorded.selector, first));
        ledger.disburse(acts, all);

        acts[0].loan = otherLoan;
        all = signatures(acts);
        vm.expectRevert(abi.encodeWithSelector(IActRecorder.RefAlreadyUsed.selector, acts[0].ref, first));
        ledger.disburse(acts, all);

        acts[0] = disbursement(agreement, LOAN, principal);
        all = signatures(acts);
        vm.expectRevert(abi.encodeWithSelector(ILoanLedger.LoanExists.selector, agreement, LOAN, LoanState.Active));
        ledger.disburse(acts, all);
    }

    function test_a_batch_is_all_or_nothing() public {
        Disburse[] memory acts = new Disburse[](3);
        for (uint256 i = 0; i < 3; ++i) {
            acts[i] = disbursement(agreement, bytes32(i + 1), 1000);
        }
        acts[2].principal = LOAN_LIMIT + 1;
        bytes[] memory all = signatures(acts);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAgreementBook.LoanLimitExceeded.selector, agreement, bytes32(uint256(3)), LOAN_LIMIT, LOAN_LIMIT + 1
            )
        );
        ledger.disburse(acts, all);
        require(ledger.stateOf(agreement, bytes32(uint256(1))) == LoanState.None, "nothing stays");
        require(book.agreementOf(agreement).exposure == 0, "no exposure stays");
    }

    function test_heads_are_the_chain_of_act_ids() public {
        bytes32 head =
            keccak256(abi.encodePacked("tallystick-head/v1", block.chainid, address(ledger), agreement, LOAN));
        require(ledger.headAt(agreement, LOAN, 0) == head, "head 0");
        bytes32[6] memory acts;
        acts[0] = disburseOne(agreement, LOAN, 1001);
        acts[1] = transferShare(PARTNER, BANK, agreement, LOAN, 300);
        acts[2] = coSignLoan(BANK, acts[1]);
        acts[3] = transferServicing(BANK, PARTNER, agreement, LOAN);
        acts[4] = coSignLoan(PARTNER, acts[3]);
        snapshot(ARBITRATOR, agreement, LOAN);
        acts[5] = settle(PARTNER, agreement, LOAN);
        for (uint64 i = 0; i < 6; ++i) {
            head = keccak256(abi.encodePacked(head, acts[i]));
            require(ledger.headAt(agreement, LOAN, i + 1) == head, "head");
        }
        Loan memory loan = ledger.loanOf(agreement, LOAN);
        require(loan.count == 6 && loan.head == head && loan.state == LoanState.Settled, "loan");
        require(ledger.sharesOf(agreement, LOAN)[0] == 500, "transferred");
    }

    function test_a_sealed_loan_waits_for_every_party() public {
        bytes32 sealedAgreement = agree(terms(0, 1));
        bytes32 matter = disburseSealed(sealedAgreement, LOAN);
        require(ledger.stateOf(sealedAgreement, LOAN) == LoanState.Pending, "pending");
        coSignLoan(PARTNER, matter);
        require(ledger.stateOf(sealedAgreement, LOAN) == LoanState.Active, "active");
        matter = transferShare(PARTNER, BANK, sealedAgreement, LOAN, 0);
        coSignLoan(BANK, matter);
        require(ledger.sharesOf(sealedAgreement, LOAN)[1] == 0, "given away");
        settle(BANK, sealedAgreement, LOAN);
    }

    function test_upgrade_carries_agreements_and_loans_over() public {
        bytes32 moved = keccak256("moved");
        disburseOne(agreement, LOAN, 1001);
        disburseOne(agreement, moved, 5000);
        coSignLoan(BANK, transferShare(PARTNER, BANK, agreement, moved, 1000));
        coSignLoan(PARTNER, transferServicing(BANK, PARTNER, agreement, moved));
        LoanLedger oldLedger = ledger;
        AgreementBook oldBook = book;
        uint64[] memory sharesBefore = oldLedger.sharesOf(agreement, moved);

        // First the ledger alone, then the book: each carries over what is its own.
        ledger = new LoanLedger(consortium, oldLedger);
        vm.expectRevert(abi.encodeWithSelector(ISucceeding.NotReplaced.selector, address(oldLedger)));
        oldLedger.freeze();
        decide(Change.SetContract, abi.encode(bytes32("LoanLedger"), address(ledger), address(ledger).codehash));
        oldLedger.freeze();
        _refuseKnownLoan(LOAN);
        bytes32 adopted = adopt(PARTNER, agreement, LOAN);
        Loan memory before = oldLedger.loanOf(agreement, LOAN);
        Loan memory after_ = ledger.loanOf(agreement, LOAN);
        require(after_.count == before.count + 1, "count");
        require(after_.head == keccak256(abi.encodePacked(before.head, adopted)), "head");
        require(ledger.headAt(agreement, LOAN, 0) == oldLedger.headAt(agreement, LOAN, 0), "old heads");
        settle(BANK, agreement, LOAN);
        require(book.agreementOf(agreement).exposure == 5000, "exposure stays with the book");

        book = new AgreementBook(consortium, oldBook);
        decide(Change.SetContract, abi.encode(bytes32("AgreementBook"), address(book), address(book).codehash));
        oldBook.freeze();
        adoptAgreement(PARTNER, terms(1, 0));
        require(book.agreementOf(agreement).exposure == 5000, "carried exposure");
        require(book.agreementOf(agreement).parties[0].exposure == sharesBefore[0], "carried exposure of the bank");
        adopt(BANK, agreement, moved);
        require(ledger.sharesOf(agreement, moved)[0] == sharesBefore[0], "carried shares");
        require(ledger.servicerOf(agreement, moved) == PARTNER, "carried servicing");
        settle(PARTNER, agreement, moved);
        require(book.agreementOf(agreement).exposure == 0, "released");
    }

    function test_links_come_once_and_from_the_directory_only() public {
        disburseOne(agreement, LOAN, 1001);
        Linker linker = new Linker(ledger, book);
        vm.expectPartialRevert(bytes4(keccak256("ContractNotRegistered(address)")));
        linker.link("act", agreement, LOAN, BANK);
        decide(Change.SetContract, abi.encode(bytes32("Reconciliation"), address(linker), address(linker).codehash));
        bytes32 before = ledger.loanOf(agreement, LOAN).head;
        (uint64 count, bytes32 head) = linker.link("act", agreement, LOAN, ARBITRATOR);
        require(count == 2 && head == keccak256(abi.encodePacked(before, bytes32("act"))), "linked");
        vm.expectRevert(abi.encodeWithSelector(ILoanLedger.AlreadyLinked.selector, bytes32("act"), agreement, LOAN));
        linker.link("act", agreement, LOAN, BANK);

        Reduction[] memory all = new Reduction[](1);
        all[0] = Reduction(LOAN, 100, 400);
        linker.reduce("result", agreement, 20_261_124, BANK, PARTNER, all);
        require(book.agreementOf(agreement).exposure == 501, "reduced");
        require(ledger.sharesOf(agreement, LOAN)[0] == 100 && ledger.loanOf(agreement, LOAN).count == 3, "shares");
        vm.expectPartialRevert(IAgreementBook.AlreadyReduced.selector);
        linker.reduce("result", agreement, 20_261_124, PARTNER, BANK, all);
        settle(BANK, agreement, LOAN);
        require(book.agreementOf(agreement).exposure == 0, "the rest is released");
    }

    function test_words_beyond_a_fields_type_are_refused() public {
        disburseOne(agreement, LOAN, 1000);
        Settle[] memory acts = new Settle[](1);
        acts[0] = Settle(BANK, freshRef(), issued(), until(), agreement, LOAN, 20_261_123);
        bytes[] memory all = new bytes[](1);
        all[0] = sign(ledger, hasher.hashSettle(acts[0]), actKey(BANK));
        bytes memory callData = abi.encodeCall(ledger.settle, (acts, all));
        callData[4 + 64 + 32 + 6 * 32] = 0x01; // the first byte of valueDate's word
        (bool success,) = address(ledger).call(callData);
        require(!success, "a dirty word went through");
    }

    function _refuseKnownLoan(bytes32 loan) private {
        Disburse[] memory acts = new Disburse[](1);
        acts[0] = disbursement(agreement, loan, 1000);
        bytes[] memory all = signatures(acts);
        vm.expectRevert(abi.encodeWithSelector(ILoanLedger.LoanExists.selector, agreement, loan, LoanState.Active));
        ledger.disburse(acts, all);
    }
}
