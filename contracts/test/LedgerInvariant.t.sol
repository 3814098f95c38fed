// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AgreementTerms,
    CoSign,
    Disburse,
    Reverse,
    Settle,
    TransferServicing,
    TransferShare,
    WriteOff
} from "../src/Acts.sol";
import {Agreement} from "../src/interfaces/IAgreementBook.sol";
import {Loan, LoanState} from "../src/interfaces/ILoanLedger.sol";
import {Fixture} from "./utils/Fixture.sol";
import {FuzzSelector} from "./utils/Invariants.sol";
import {vm} from "./utils/Vm.sol";

/// @notice Acts at random beside a model of the design. An act that the model allows must be taken, any other refused:
/// if not, the handler reverts and with it the run.
contract LedgerHandler is Fixture {
    struct Model {
        LoanState state;
        uint64 principal;
        uint64[2] shares;
        uint256 servicer;
        uint64 count;
        bytes32 head;
    }

    struct Offer {
        bytes32 matter;
        uint256 loan;
        bool ofServicing;
        uint256 from;
        uint64 amount;
        bool isOpen;
    }

    uint256 public constant OPEN_LOANS = 16;
    uint256 public constant LOANS = 19;
    bytes32[2] private parties = [BANK, PARTNER];
    uint64[2] private limits = [400_000, 1_500_000];
    uint64 private totalLimit = 1_600_000;
    bytes32[2] public agreements;
    Model[19] private models;
    Offer[] private offers;
    bytes private lastCall;

    function setUp() public override {
        super.setUp();
        AgreementTerms memory tight = terms(1, 0); // so that every limit is met now and then
        (tight.parties[0].limit, tight.parties[1].limit) = (limits[0], limits[1]);
        tight.totalLimit = totalLimit;
        agreements[0] = agree(tight);
        agreements[1] = agree(terms(0, 1));
        for (uint256 i = 0; i < LOANS; ++i) {
            models[i].head = keccak256(
                abi.encodePacked("tallystick-head/v1", block.chainid, address(ledger), agreementOf(i), loanKey(i))
            );
        }
    }

    /* ACTIONS */

    function disburse(uint256 loan, uint64 principal, uint8 fault) external {
        loan = _fresh(loan % OPEN_LOANS);
        Model storage model = models[loan];
        bool wrongShares = fault % 8 == 0 && principal > 1;
        bool wrongMember = fault % 8 == 1;
        principal = principal % (LOAN_LIMIT + LOAN_LIMIT / 8);
        Disburse[] memory acts = new Disburse[](1);
        acts[0] = disbursement(agreementOf(loan), loanKey(loan), principal);
        wrongShares = wrongShares && acts[0].shares[1] > 0;
        if (wrongShares) {
            ++acts[0].shares[0];
            --acts[0].shares[1];
        }
        if (wrongMember) acts[0].member = PARTNER;
        uint64[2] memory exposed = exposures();
        bool allowed = !wrongMember && !wrongShares && model.state == LoanState.None && principal > 0
            && principal <= LOAN_LIMIT && exposed[0] + exposed[1] + principal <= totalLimit
            && exposed[0] + acts[0].shares[0] <= limits[0] && exposed[1] + acts[0].shares[1] <= limits[1];
        bytes memory callData = abi.encodeCall(ledger.disburse, (acts, signatures(acts)));
        if (!_sent(callData, allowed)) return;
        model.state = LoanState.Active;
        model.principal = principal;
        model.shares = [acts[0].shares[0], acts[0].shares[1]];
        _link(model, actId(ledger, hasher.hashDisburse(acts[0])));
    }

    function disburseSealed(uint256 loan, bool complete) external {
        loan = OPEN_LOANS + (loan % (LOANS - OPEN_LOANS));
        Model storage model = models[loan];
        if (model.state != LoanState.None) return;
        bytes32 matter = disburseSealed(agreementOf(loan), loanKey(loan));
        model.state = LoanState.Pending;
        model.shares = [uint64(1), 1];
        _link(model, matter);
        if (!complete) return;
        _link(model, coSignLoan(PARTNER, matter));
        model.state = LoanState.Active;
    }

    function settle(uint256 loan, uint256 by) external {
        Model storage model = models[loan %= LOANS];
        Settle[] memory acts = new Settle[](1);
        acts[0] = Settle(parties[by % 2], freshRef(), issued(), until(), agreementOf(loan), loanKey(loan), 20_261_123);
        bytes[] memory all = new bytes[](1);
        all[0] = sign(ledger, hasher.hashSettle(acts[0]), actKey(parties[by % 2]));
        bool follows = model.state == LoanState.Active || model.state == LoanState.WrittenOff;
        if (!_sent(abi.encodeCall(ledger.settle, (acts, all)), follows && model.servicer == by % 2)) return;
        model.state = LoanState.Settled;
        _link(model, actId(ledger, hasher.hashSettle(acts[0])));
    }

    function writeOff(uint256 loan, uint256 by) external {
        Model storage model = models[loan %= LOANS];
        WriteOff memory act = WriteOff(
            parties[by % 2], freshRef(), issued(), until(), agreementOf(loan), loanKey(loan), 20_261_123, "reason"
        );
        bytes memory signature = sign(ledger, hasher.hashWriteOff(act), actKey(act.member));
        bool allowed = model.state == LoanState.Active && model.servicer == by % 2;
        if (!_sent(abi.encodeCall(ledger.writeOff, (act, signature)), allowed)) return;
        model.state = LoanState.WrittenOff;
        _link(model, actId(ledger, hasher.hashWriteOff(act)));
    }

    function reverse(uint256 loan, uint256 by) external {
        Model storage model = models[loan %= LOANS];
        Reverse memory act =
            Reverse(parties[by % 2], freshRef(), issued(), until(), agreementOf(loan), loanKey(loan), "reason");
        bytes memory signature = sign(ledger, hasher.hashReverse(act), actKey(act.member));
        bool follows = model.state == LoanState.Active || model.state == LoanState.Pending;
        if (!_sent(abi.encodeCall(ledger.reverse, (act, signature)), follows && model.servicer == by % 2)) return;
        model.state = LoanState.Reversed;
        _link(model, actId(ledger, hasher.hashReverse(act)));
    }

    function offerShare(uint256 loan, uint256 from, uint64 amount) external {
        Model storage model = models[loan %= LOANS];
        from %= 2;
        bool isOpen = loan < OPEN_LOANS;
        amount = isOpen ? amount % (model.principal + 2) : amount % 2;
        TransferShare memory act = TransferShare(
            parties[from],
            freshRef(),
            issued(),
            until(),
            agreementOf(loan),
            loanKey(loan),
            parties[from],
            parties[1 - from],
            amount,
            "reason",
            "price"
        );
        bytes memory signature = sign(ledger, hasher.hashTransferShare(act), actKey(act.member));
        bool allowed = _outstanding(model) && _has(loan, from, amount);
        if (!_sent(abi.encodeCall(ledger.transferShare, (act, signature)), allowed)) return;
        bytes32 matter = actId(ledger, hasher.hashTransferShare(act));
        _link(model, matter);
        offers.push(Offer(matter, loan, false, from, amount, true));
    }

    function offerServicing(uint256 loan, uint256 from) external {
        Model storage model = models[loan %= LOANS];
        from %= 2;
        TransferServicing memory act = TransferServicing(
            parties[from],
            freshRef(),
            issued(),
            until(),
            agreementOf(loan),
            loanKey(loan),
            parties[from],
            parties[1 - from],
            "reason",
            "price"
        );
        bytes memory signature = sign(ledger, hasher.hashTransferServicing(act), actKey(act.member));
        bool allowed = _outstanding(model) && model.servicer == from;
        if (!_sent(abi.encodeCall(ledger.transferServicing, (act, signature)), allowed)) return;
        bytes32 matter = actId(ledger, hasher.hashTransferServicing(act));
        _link(model, matter);
        offers.push(Offer(matter, loan, true, from, 0, true));
    }

    function accept(uint256 which, uint256 by) external {
        if (offers.length == 0) return;
        Offer storage offer = offers[which % offers.length];
        Model storage model = models[offer.loan];
        CoSign memory act = CoSign(parties[by % 2], freshRef(), issued(), until(), offer.matter);
        bytes memory signature = sign(ledger, hasher.hashCoSign(act), actKey(act.member));
        bool allowed = offer.isOpen && by % 2 == 1 - offer.from && _outstanding(model)
            && (offer.ofServicing ? model.servicer == offer.from : _canMove(offer, model));
        if (!_sent(abi.encodeCall(ledger.coSign, (act, signature)), allowed)) return;
        offer.isOpen = false;
        if (offer.ofServicing) {
            model.servicer = 1 - offer.from;
        } else if (offer.loan < OPEN_LOANS) {
            model.shares[offer.from] -= offer.amount;
            model.shares[1 - offer.from] += offer.amount;
        } else {
            model.shares[offer.from] = 0;
            model.shares[1 - offer.from] = 1;
        }
        _link(model, actId(ledger, hasher.hashCoSign(act)));
    }

    /// @dev What was taken once is not taken again.
    function again() external {
        if (lastCall.length != 0) _sent(lastCall, false);
    }

    /* WHAT THE INVARIANTS COMPARE */

    function exposures() public view returns (uint64[2] memory sums) {
        for (uint256 i = 0; i < OPEN_LOANS; ++i) {
            if (models[i].state == LoanState.Active) {
                sums[0] += models[i].shares[0];
                sums[1] += models[i].shares[1];
            }
        }
    }

    function requireExposures() external view {
        uint64[2] memory sums = exposures();
        Agreement memory agreement = book.agreementOf(agreements[0]);
        require(agreement.parties[0].exposure == sums[0], "exposure of the first");
        require(agreement.parties[1].exposure == sums[1], "exposure of the second");
        require(agreement.exposure == sums[0] + sums[1], "exposure in all");
        require(agreement.exposure <= totalLimit, "total limit");
        require(sums[0] <= limits[0] && sums[1] <= limits[1], "party limits");
        require(book.agreementOf(agreements[1]).exposure == 0, "a SEALED agreement has no exposure");
    }

    function requireLoans() external view {
        for (uint256 i = 0; i < LOANS; ++i) {
            Model storage model = models[i];
            Loan memory loan = ledger.loanOf(agreementOf(i), loanKey(i));
            require(loan.state == model.state, "state");
            require(loan.count == model.count, "count");
            require(ledger.headAt(agreementOf(i), loanKey(i), model.count) == model.head, "head");
            if (model.state == LoanState.None) continue;
            require(loan.head == model.head, "present head");
            require(ledger.servicerOf(agreementOf(i), loanKey(i)) == parties[model.servicer], "servicer");
            uint64[] memory shares = ledger.sharesOf(agreementOf(i), loanKey(i));
            require(shares[0] == model.shares[0] && shares[1] == model.shares[1], "shares");
            if (i < OPEN_LOANS) require(shares[0] + shares[1] == model.principal, "shares are the principal");
        }
    }

    /* PRIVATE */

    function agreementOf(uint256 loan) private view returns (bytes32) {
        return agreements[loan < OPEN_LOANS ? 0 : 1];
    }

    function loanKey(uint256 loan) private pure returns (bytes32) {
        return keccak256(abi.encode("loan", loan));
    }

    /// @dev The first OPEN loan that is not disbursed yet, three times in four.
    function _fresh(uint256 loan) private view returns (uint256) {
        for (uint256 i = 0; i < OPEN_LOANS && loan % 4 != 0; ++i) {
            if (models[i].state == LoanState.None) return i;
        }
        return loan;
    }

    function _sent(bytes memory callData, bool allowed) private returns (bool success) {
        bytes memory why;
        (success, why) = address(ledger).call(callData);
        if (success && !allowed) revert("the ledger took what the model refuses");
        if (!success && allowed) {
            assembly {
                revert(add(why, 32), mload(why))
            }
        }
        if (success) lastCall = callData;
    }

    function _link(Model storage model, bytes32 act) private {
        model.head = keccak256(abi.encodePacked(model.head, act));
        ++model.count;
    }

    function _outstanding(Model storage model) private view returns (bool) {
        return model.state == LoanState.Active || model.state == LoanState.WrittenOff;
    }

    function _has(uint256 loan, uint256 party, uint64 amount) private view returns (bool) {
        uint64 share = models[loan].shares[party];
        return loan < OPEN_LOANS ? amount > 0 && amount <= share : amount == 0 && share == 1;
    }

    function _canMove(Offer storage offer, Model storage model) private view returns (bool) {
        if (!_has(offer.loan, offer.from, offer.amount)) return false;
        if (offer.loan >= OPEN_LOANS || model.state != LoanState.Active) return true;
        return exposures()[1 - offer.from] + offer.amount <= limits[1 - offer.from];
    }
}

contract LedgerInvariantTest {
    LedgerHandler private handler;

    function setUp() public {
        handler = new LedgerHandler();
        handler.setUp();
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = bytes4(keccak256("disburse(uint256,uint64,uint8)"));
        selectors[1] = bytes4(keccak256("disburseSealed(uint256,bool)"));
        selectors[2] = handler.settle.selector;
        selectors[3] = handler.writeOff.selector;
        selectors[4] = handler.reverse.selector;
        selectors[5] = handler.offerShare.selector;
        selectors[6] = handler.offerServicing.selector;
        selectors[7] = handler.accept.selector;
        selectors[8] = handler.again.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_exposure_is_the_sum_of_outstanding_shares_within_the_limits() public view {
        handler.requireExposures();
    }

    function invariant_state_shares_count_and_head_are_those_of_the_model() public view {
        handler.requireLoans();
    }
}
