// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../src/Acts.sol";
import {AgreementBook} from "../src/AgreementBook.sol";
import {LoanLedger} from "../src/LoanLedger.sol";
import {Change} from "../src/interfaces/IConsortium.sol";
import {Fixture} from "./utils/Fixture.sol";
import {vm} from "./utils/Vm.sol";

/// @notice Gas of each act as a transaction of its own, its 21 000 and its calldata included; in batches, per act.
/// A run writes snapshots/acts.json; with FORGE_SNAPSHOT_CHECK=true it fails where a number is not the committed one.
contract GasTest is Fixture {
    uint256 private constant BATCH = 100;
    bytes32 private constant LOAN = keccak256("loan");
    bytes32 private agreement;

    function setUp() public override {
        super.setUp();
        agreement = agree(terms(1, 0));
    }

    function test_batches() public {
        Disburse[] memory many = new Disburse[](BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            many[i] = disbursement(agreement, keccak256(abi.encode(i)), 1001);
        }
        bytes[] memory all = signatures(many);
        ledger.disburse(many, all);
        _note("Disburse, each of 100", BATCH);

        Settle[] memory settled = new Settle[](BATCH);
        Snapshot[] memory seen = new Snapshot[](BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            seen[i] = Snapshot(BANK, freshRef(), issued(), until(), agreement, many[i].loan);
            all[i] = sign(ledger, hasher.hashSnapshot(seen[i]), actKey(BANK));
        }
        ledger.snapshot(seen, all);
        _note("Snapshot, each of 100", BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            settled[i] = Settle(BANK, freshRef(), issued(), until(), agreement, many[i].loan, 20_261_123);
            all[i] = sign(ledger, hasher.hashSettle(settled[i]), actKey(BANK));
        }
        ledger.settle(settled, all);
        _note("Settle, each of 100", BATCH);
    }

    function test_agreements() public {
        AgreementTerms memory other = terms(1, 2);
        bytes32 matter = proposeAgreement(BANK, other);
        _note("ProposeAgreement");
        coSign(book, PARTNER, matter);
        _note("CoSign, an agreement");
    }

    function test_loans() public {
        disburseOne(agreement, LOAN, 1001);
        _note("Disburse");
        bytes32 matter = transferShare(PARTNER, BANK, agreement, LOAN, 300);
        _note("TransferShare");
        coSignLoan(BANK, matter);
        _note("CoSign, a share");
        matter = transferServicing(BANK, PARTNER, agreement, LOAN);
        _note("TransferServicing");
        coSignLoan(PARTNER, matter);
        _note("CoSign, servicing");
        snapshot(BANK, agreement, LOAN);
        _note("Snapshot");
        writeOff(PARTNER, agreement, LOAN);
        _note("WriteOff");
        settle(PARTNER, agreement, LOAN);
        _note("Settle");
        disburseOne(agreement, "other", 1001);
        reverse(BANK, agreement, "other");
        _note("Reverse");
        bytes32 sealedAgreement = agree(terms(0, 1));
        matter = disburseSealed(sealedAgreement, LOAN);
        _note("DisburseSealed");
        coSignLoan(PARTNER, matter);
        _note("CoSign, a SEALED loan");
    }

    function test_records() public {
        bytes32 previous = anchor(BANK, agreement, 0, 1000, 0);
        _note("Anchor, the first of a log");
        anchor(BANK, agreement, 1000, 1000, previous);
        _note("Anchor");
    }

    function test_consortium() public {
        NoteTime memory note = NoteTime(BANK, freshRef(), issued(), until(), keccak256("token"));
        bytes memory signature = sign(consortium, hasher.hashNoteTime(note), actKey(BANK));
        consortium.noteTime(note, signature);
        _note("NoteTime");

        AddKey memory add = AddKey(BANK, freshRef(), issued(), until(), 1, asKey(7), issued(), issued() + 365 days);
        signature = sign(consortium, hasher.hashAddKey(add), recoveryKey(BANK));
        consortium.addKey(add, signature);
        _note("AddKey");

        RevokeKey memory revoke = RevokeKey(BANK, freshRef(), issued(), until(), 1, asKey(7), keccak256("reason"));
        signature = sign(consortium, hasher.hashRevokeKey(revoke), actKey(BANK));
        consortium.revokeKey(revoke, signature);
        _note("RevokeKey");

        ReportCompromise memory report =
            ReportCompromise(BANK, freshRef(), issued(), until(), 1, asKey(7), issued() - 1 days, keccak256("reason"));
        signature = sign(consortium, hasher.hashReportCompromise(report), actKey(BANK));
        consortium.reportCompromise(report, signature);
        _note("ReportCompromise");

        NoteTime memory burnt = NoteTime(BANK, freshRef(), issued(), until(), keccak256("other"));
        bytes32 typehash =
            keccak256("NoteTime(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 tokenDigest)");
        Cancel memory cancel_ =
            Cancel(BANK, freshRef(), issued(), until(), actId(consortium, hasher.hashNoteTime(burnt)));
        signature = sign(consortium, hasher.hashCancel(cancel_), actKey(BANK));
        consortium.cancel(cancel_, abi.encode(typehash, burnt), signature);
        _note("Cancel");
    }

    function test_governance() public {
        bytes memory payload = abi.encode(PARTNER, 3);
        bytes32 proposal = propose(BANK, Change.SetRoles, payload);
        _note("Propose");
        approve(PARTNER, proposal);
        _note("Approve");
        approve(DEPOSITORY, proposal);
        vm.warp(block.timestamp + DELAY);
        consortium.execute(proposal, Change.SetRoles, payload);
        _note("execute, roles");

        proposal = propose(BANK, Change.SetRoles, payload);
        CancelProposal memory act = CancelProposal(BANK, freshRef(), issued(), until(), proposal);
        bytes memory signature = sign(consortium, hasher.hashCancelProposal(act), actKey(BANK));
        consortium.cancelProposal(act, signature);
        _note("CancelProposal");
    }

    function test_ratification() public {
        found();
        ratify(BANK, directory());
        _note("Ratify");
        ratify(PARTNER, directory());
        ratify(DEPOSITORY, directory());
        ratify(ARBITRATOR, directory());
        _note("Ratify, the last");
    }

    function test_upgrade() public {
        disburseOne(agreement, LOAN, 1001);
        LoanLedger oldLedger = ledger;
        AgreementBook oldBook = book;
        ledger = new LoanLedger(consortium, oldLedger);
        book = new AgreementBook(consortium, oldBook);
        decide(Change.SetContract, abi.encode(bytes32("LoanLedger"), address(ledger), address(ledger).codehash));
        decide(Change.SetContract, abi.encode(bytes32("AgreementBook"), address(book), address(book).codehash));
        oldLedger.freeze();
        oldBook.freeze();
        adoptAgreement(PARTNER, terms(1, 0));
        _note("AdoptAgreement");
        adopt(BANK, agreement, LOAN);
        _note("Adopt");
    }

    function _note(string memory name) private {
        _note(name, 1);
    }

    /// @dev The last call carried so many acts.
    function _note(string memory name, uint256 acts) private {
        vm.snapshotValue("acts", name, vm.lastCallGas().gasTotalUsed / acts);
    }
}
