// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Acts.sol";
import {AgreementBook} from "../../src/AgreementBook.sol";
import {Consortium} from "../../src/Consortium.sol";
import {LoanLedger} from "../../src/LoanLedger.sol";
import {RecordLog} from "../../src/RecordLog.sol";
import {IActRecorder} from "../../src/interfaces/IActRecorder.sol";
import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {Change, Founder, Settings} from "../../src/interfaces/IConsortium.sol";
import {ILoanLedger} from "../../src/interfaces/ILoanLedger.sol";
import {Hasher} from "./Hasher.sol";
import {vm} from "./Vm.sol";

/// @notice A ratified consortium of four founders, and the means to sign and send every act.
abstract contract Fixture {
    uint256 internal constant START = 1_800_000_000;
    uint64 internal constant DELAY = 1 hours;
    bytes32 internal constant BANK = keccak256("bank");
    bytes32 internal constant PARTNER = keccak256("partner");
    bytes32 internal constant DEPOSITORY = keccak256("depository");
    bytes32 internal constant ARBITRATOR = keccak256("arbitrator");
    uint64 internal constant LOAN_LIMIT = 1_000_000;
    uint64 internal constant TOTAL_LIMIT = 5_000_000;

    Consortium internal consortium;
    AgreementBook internal book;
    LoanLedger internal ledger;
    RecordLog internal log;
    Hasher internal hasher;
    uint256 private facts;

    bytes32[4] internal members = [BANK, PARTNER, DEPOSITORY, ARBITRATOR];

    function setUp() public virtual {
        vm.warp(START);
        hasher = new Hasher();
        found();
        for (uint256 i = 0; i < 4; ++i) {
            ratify(members[i], directory());
        }
    }

    /// @dev Deploys the contracts of a consortium that nobody has ratified yet.
    function found() internal {
        Founder[] memory founders = new Founder[](4);
        uint8[4] memory roles = [1, 1, 2, 4];
        for (uint256 i = 0; i < 4; ++i) {
            founders[i] = Founder({
                member: members[i],
                roles: roles[i],
                certificate: keccak256(abi.encode("certificate", members[i])),
                act: vm.addr(actKey(members[i])),
                recovery: vm.addr(recoveryKey(members[i])),
                validator: vm.addr(validatorKey(members[i])),
                exchange: keccak256(abi.encode("exchange", members[i])),
                seal: keccak256(abi.encode("seal", members[i])),
                document: keccak256(abi.encode("document", members[i])),
                notBefore: uint64(START - 1 days),
                notAfter: uint64(START + 3650 days)
            });
        }
        consortium = new Consortium(founders, Settings(DELAY, 0));
        book = new AgreementBook(consortium, IAgreementBook(address(0)));
        ledger = new LoanLedger(consortium, ILoanLedger(address(0)));
        log = new RecordLog(consortium);
    }

    /* KEYS AND SIGNATURES */

    function actKey(bytes32 member) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("act", member))) >> 1;
    }

    function recoveryKey(bytes32 member) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("recovery", member))) >> 1;
    }

    function validatorKey(bytes32 member) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("validator", member))) >> 1;
    }

    function asKey(uint256 privateKey) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(vm.addr(privateKey))));
    }

    function actId(IActRecorder target, bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", target.domainSeparator(), structHash));
    }

    function sign(IActRecorder target, bytes32 structHash, uint256 key) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, actId(target, structHash));
        return abi.encodePacked(r, s, v);
    }

    /// @dev A ref that no act has had.
    function freshRef() internal returns (bytes32) {
        return keccak256(abi.encode("fact", ++facts));
    }

    function issued() internal view returns (uint64) {
        return uint64(block.timestamp);
    }

    function until() internal view returns (uint64) {
        return uint64(block.timestamp) + 1 hours;
    }

    /* CONSORTIUM */

    function directory() internal view returns (ContractEntry[] memory list) {
        list = new ContractEntry[](4);
        list[0] = ContractEntry("Consortium", address(consortium), address(consortium).codehash);
        list[1] = ContractEntry("AgreementBook", address(book), address(book).codehash);
        list[2] = ContractEntry("LoanLedger", address(ledger), address(ledger).codehash);
        list[3] = ContractEntry("RecordLog", address(log), address(log).codehash);
    }

    function ratify(bytes32 member, ContractEntry[] memory list) internal {
        Ratify memory act = Ratify(member, freshRef(), issued(), until(), list);
        bytes memory signature = sign(consortium, hasher.hashRatify(act), actKey(member));
        consortium.ratify(act, signature);
    }

    function propose(bytes32 member, Change change, bytes memory payload) internal returns (bytes32 id) {
        Propose memory act = Propose(member, freshRef(), issued(), until(), uint8(change), payload);
        bytes32 structHash = hasher.hashPropose(act);
        id = actId(consortium, structHash);
        consortium.propose(act, sign(consortium, structHash, actKey(member)));
    }

    function approve(bytes32 member, bytes32 proposal) internal {
        Approve memory act = Approve(member, freshRef(), issued(), until(), proposal);
        consortium.approve(act, sign(consortium, hasher.hashApprove(act), actKey(member)));
    }

    /// @dev Proposed by the bank, approved by two more, executed after the delay.
    function decide(Change change, bytes memory payload) internal returns (bytes32 proposal) {
        proposal = propose(BANK, change, payload);
        approve(PARTNER, proposal);
        approve(DEPOSITORY, proposal);
        vm.warp(block.timestamp + DELAY);
        consortium.execute(proposal, change, payload);
    }

    /* AGREEMENTS */

    function terms(uint8 visibility, uint256 nonce) internal pure returns (AgreementTerms memory) {
        Party[] memory parties = new Party[](2);
        parties[0] = Party(BANK, 2000, 2_000_000);
        parties[1] = Party(PARTNER, 8000, 4_500_000);
        return AgreementTerms({
            originator: BANK,
            parties: parties,
            currency: "USD",
            visibility: visibility,
            loanLimit: LOAN_LIMIT,
            totalLimit: TOTAL_LIMIT,
            calendar: "WEEKDAYS",
            timeZone: "UTC",
            cutOff: 61_200,
            attestingRoles: 4,
            calculationRules: keccak256("rules"),
            penaltySurchargeBps: 5000,
            objectionPeriod: 7 days,
            curePeriod: 30 days,
            responsePeriod: 14 days,
            callDeadlineBlocks: 3600,
            disputeQuestion: keccak256("question"),
            disputeOutcomes: keccak256("outcomes"),
            depository: DEPOSITORY,
            arbitrator: ARBITRATOR,
            nonce: bytes32(nonce)
        });
    }

    function proposeAgreement(bytes32 member, AgreementTerms memory terms_) internal returns (bytes32 id) {
        ProposeAgreement memory act = ProposeAgreement(member, freshRef(), issued(), until(), terms_);
        bytes32 structHash = hasher.hashProposeAgreement(act);
        id = actId(book, structHash);
        book.proposeAgreement(act, sign(book, structHash, actKey(member)));
    }

    function agree(AgreementTerms memory terms_) internal returns (bytes32 agreement) {
        coSign(book, PARTNER, proposeAgreement(BANK, terms_));
        return hasher.hashAgreementTerms(terms_);
    }

    function adoptAgreement(bytes32 member, AgreementTerms memory terms_) internal {
        AdoptAgreement memory act =
            AdoptAgreement(member, freshRef(), issued(), until(), hasher.hashAgreementTerms(terms_));
        book.adoptAgreement(act, terms_, sign(book, hasher.hashAdoptAgreement(act), actKey(member)));
    }

    function coSign(AgreementBook target, bytes32 member, bytes32 matter) internal {
        CoSign memory act = CoSign(member, freshRef(), issued(), until(), matter);
        target.coSign(act, sign(target, hasher.hashCoSign(act), actKey(member)));
    }

    /* LOANS */

    function coSignLoan(bytes32 member, bytes32 matter) internal returns (bytes32 id) {
        CoSign memory act = CoSign(member, freshRef(), issued(), until(), matter);
        bytes32 structHash = hasher.hashCoSign(act);
        id = actId(ledger, structHash);
        ledger.coSign(act, sign(ledger, structHash, actKey(member)));
    }

    function disbursement(bytes32 agreement, bytes32 loan, uint64 principal) internal returns (Disburse memory) {
        uint64[] memory shares = new uint64[](2);
        shares[0] = uint64((uint256(principal) * 2000) / 10_000);
        shares[1] = uint64((uint256(principal) * 8000) / 10_000);
        if (shares[0] + shares[1] < principal) {
            // Two remainders add up to one unit: the larger gets it, the first party if they are equal.
            if ((uint256(principal) * 2000) % 10_000 >= (uint256(principal) * 8000) % 10_000) ++shares[0];
            else ++shares[1];
        }
        return Disburse({
            member: BANK,
            ref: freshRef(),
            issuedAt: issued(),
            validUntil: until(),
            agreement: agreement,
            loan: loan,
            borrowerTag: keccak256(abi.encode("borrower", loan)),
            currency: "USD",
            principal: principal,
            shares: shares,
            valueDate: 20_261_123
        });
    }

    function disburse(Disburse[] memory acts) internal {
        ledger.disburse(acts, signatures(acts));
    }

    function signatures(Disburse[] memory acts) internal view returns (bytes[] memory all) {
        all = new bytes[](acts.length);
        for (uint256 i = 0; i < acts.length; ++i) {
            all[i] = sign(ledger, hasher.hashDisburse(acts[i]), actKey(acts[i].member));
        }
    }

    function disburseOne(bytes32 agreement, bytes32 loan, uint64 principal) internal returns (bytes32 id) {
        Disburse[] memory acts = new Disburse[](1);
        acts[0] = disbursement(agreement, loan, principal);
        id = actId(ledger, hasher.hashDisburse(acts[0]));
        disburse(acts);
    }

    function disburseSealed(bytes32 agreement, bytes32 loan) internal returns (bytes32 id) {
        DisburseSealed memory act =
            DisburseSealed(BANK, freshRef(), issued(), until(), agreement, loan, keccak256(abi.encode(loan)));
        bytes32 structHash = hasher.hashDisburseSealed(act);
        id = actId(ledger, structHash);
        ledger.disburseSealed(act, sign(ledger, structHash, actKey(BANK)));
    }

    function settle(bytes32 member, bytes32 agreement, bytes32 loan) internal returns (bytes32 id) {
        Settle[] memory acts = new Settle[](1);
        acts[0] = Settle(member, freshRef(), issued(), until(), agreement, loan, 20_261_123);
        bytes[] memory all = new bytes[](1);
        bytes32 structHash = hasher.hashSettle(acts[0]);
        id = actId(ledger, structHash);
        all[0] = sign(ledger, structHash, actKey(member));
        ledger.settle(acts, all);
    }

    function reverse(bytes32 member, bytes32 agreement, bytes32 loan) internal returns (bytes32 id) {
        Reverse memory act = Reverse(member, freshRef(), issued(), until(), agreement, loan, "reason");
        bytes32 structHash = hasher.hashReverse(act);
        id = actId(ledger, structHash);
        ledger.reverse(act, sign(ledger, structHash, actKey(member)));
    }

    function writeOff(bytes32 member, bytes32 agreement, bytes32 loan) internal returns (bytes32 id) {
        WriteOff memory act = WriteOff(member, freshRef(), issued(), until(), agreement, loan, 20_261_123, "reason");
        bytes32 structHash = hasher.hashWriteOff(act);
        id = actId(ledger, structHash);
        ledger.writeOff(act, sign(ledger, structHash, actKey(member)));
    }

    function transferShare(bytes32 from, bytes32 to, bytes32 agreement, bytes32 loan, uint64 amount)
        internal
        returns (bytes32 id)
    {
        TransferShare memory act = TransferShare(
            from, freshRef(), issued(), until(), agreement, loan, from, to, amount, "reason", "price"
        );
        bytes32 structHash = hasher.hashTransferShare(act);
        id = actId(ledger, structHash);
        ledger.transferShare(act, sign(ledger, structHash, actKey(from)));
    }

    function transferServicing(bytes32 from, bytes32 to, bytes32 agreement, bytes32 loan)
        internal
        returns (bytes32 id)
    {
        TransferServicing memory act = TransferServicing(
            from, freshRef(), issued(), until(), agreement, loan, from, to, "reason", "price"
        );
        bytes32 structHash = hasher.hashTransferServicing(act);
        id = actId(ledger, structHash);
        ledger.transferServicing(act, sign(ledger, structHash, actKey(from)));
    }

    function snapshot(bytes32 member, bytes32 agreement, bytes32 loan) internal {
        Snapshot[] memory acts = new Snapshot[](1);
        acts[0] = Snapshot(member, freshRef(), issued(), until(), agreement, loan);
        bytes[] memory all = new bytes[](1);
        all[0] = sign(ledger, hasher.hashSnapshot(acts[0]), actKey(member));
        ledger.snapshot(acts, all);
    }

    function adopt(bytes32 member, bytes32 agreement, bytes32 loan) internal returns (bytes32 id) {
        Adopt[] memory acts = new Adopt[](1);
        acts[0] = Adopt(member, freshRef(), issued(), until(), agreement, loan);
        bytes[] memory all = new bytes[](1);
        bytes32 structHash = hasher.hashAdopt(acts[0]);
        id = actId(ledger, structHash);
        all[0] = sign(ledger, structHash, actKey(member));
        ledger.adopt(acts, all);
    }

    function anchor(bytes32 member, bytes32 stream, uint64 firstIndex, uint64 count, bytes32 previous)
        internal
        returns (bytes32 id)
    {
        Anchor memory act = Anchor(
            member, freshRef(), issued(), until(), stream, firstIndex, count, keccak256("root"), previous
        );
        bytes32 structHash = hasher.hashAnchor(act);
        id = actId(log, structHash);
        log.anchor(act, sign(log, structHash, actKey(member)));
    }
}
