// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Anchor, Cancel, NoteTime} from "../src/Acts.sol";
import {IActRecorder} from "../src/interfaces/IActRecorder.sol";
import {IConsortium} from "../src/interfaces/IConsortium.sol";
import {Fixture} from "./utils/Fixture.sol";
import {vm} from "./utils/Vm.sol";

/// @notice What holds for every act: once, in time, signed by a key of the member for this contract on this chain.
contract RecorderTest is Fixture {
    uint256 private constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    bytes32 private constant NOTE_TIME_TYPEHASH =
        keccak256("NoteTime(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 tokenDigest)");

    function testFuzz_validity(uint64 issuedAt, uint64 validUntil) public {
        issuedAt = uint64(START - 2 days) + (issuedAt % 4 days);
        validUntil = uint64(START - 2 days) + (validUntil % 4 days);
        NoteTime memory act = NoteTime(BANK, freshRef(), issuedAt, validUntil, "token");
        bytes memory signature = sign(consortium, hasher.hashNoteTime(act), actKey(BANK));
        bool valid = issuedAt <= validUntil && issuedAt <= block.timestamp + 15 && block.timestamp <= validUntil
            && validUntil - issuedAt <= 24 hours;
        (bool success,) = address(consortium).call(abi.encodeCall(consortium.noteTime, (act, signature)));
        require(success == valid, "validity");
    }

    function testFuzz_nobody_elses_key_signs(uint256 key, bytes32 token) public {
        key = 1 + (key % (CURVE_ORDER - 1));
        vm.assume(key != actKey(BANK));
        NoteTime memory act = NoteTime(BANK, freshRef(), issued(), until(), token);
        bytes memory signature = sign(consortium, hasher.hashNoteTime(act), key);
        vm.expectPartialRevert(IConsortium.KeyUnknown.selector);
        consortium.noteTime(act, signature);
    }

    function testFuzz_no_other_signature_of_an_act_is_taken(uint256 position, uint8 change) public {
        vm.assume(change != 0);
        NoteTime memory act = NoteTime(BANK, freshRef(), issued(), until(), "token");
        bytes memory signature = sign(consortium, hasher.hashNoteTime(act), actKey(BANK));
        position %= 65;
        signature[position] ^= bytes1(change);
        (bool success,) = address(consortium).call(abi.encodeCall(consortium.noteTime, (act, signature)));
        require(!success, "an altered signature went through");
    }

    function testFuzz_the_mirrored_signature_is_refused(bytes32 token) public {
        NoteTime memory act = NoteTime(BANK, freshRef(), issued(), until(), token);
        bytes32 structHash = hasher.hashNoteTime(act);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(actKey(BANK), actId(consortium, structHash));
        bytes32 mirrored = bytes32(CURVE_ORDER - uint256(s));
        bytes memory signature = abi.encodePacked(r, mirrored, v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSignature("ECDSAInvalidSignatureS(bytes32)", mirrored));
        consortium.noteTime(act, signature);
    }

    function testFuzz_neither_the_act_nor_its_fact_twice(bytes32 ref, bytes32 token, bytes32 other) public {
        vm.assume(token != other);
        NoteTime memory act = NoteTime(BANK, ref, issued(), until(), token);
        bytes32 structHash = hasher.hashNoteTime(act);
        bytes32 first = actId(consortium, structHash);
        bytes memory signature = sign(consortium, structHash, actKey(BANK));
        consortium.noteTime(act, signature);
        require(consortium.recordedAct(BANK, NOTE_TIME_TYPEHASH, ref) == first, "recorded");
        vm.expectRevert(abi.encodeWithSelector(IActRecorder.AlreadyRecorded.selector, first));
        consortium.noteTime(act, signature);

        act.tokenDigest = other;
        signature = sign(consortium, hasher.hashNoteTime(act), actKey(BANK));
        vm.expectRevert(abi.encodeWithSelector(IActRecorder.RefAlreadyUsed.selector, ref, first));
        consortium.noteTime(act, signature);

        act.member = PARTNER;
        consortium.noteTime(act, sign(consortium, hasher.hashNoteTime(act), actKey(PARTNER)));
    }

    function testFuzz_a_cancelled_act_is_refused_and_its_fact_is_free(bytes32 ref, bytes32 token) public {
        NoteTime memory act = NoteTime(BANK, ref, issued(), until(), token);
        bytes32 burnt = actId(consortium, hasher.hashNoteTime(act));
        bytes memory signature = sign(consortium, hasher.hashNoteTime(act), actKey(BANK));
        _cancel(act);
        require(consortium.isCancelled(burnt), "cancelled");
        require(consortium.recordedAct(BANK, NOTE_TIME_TYPEHASH, ref) == 0, "nothing recorded");
        vm.expectRevert(abi.encodeWithSelector(IActRecorder.ActIsCancelled.selector, burnt));
        consortium.noteTime(act, signature);

        // A second act about the same fact is burnt as well, a third is recorded, and then the first two stay refused.
        NoteTime memory second = NoteTime(BANK, ref, issued(), until() + 1, token);
        _cancel(second);
        NoteTime memory third = NoteTime(BANK, ref, issued(), until() + 2, token);
        consortium.noteTime(third, sign(consortium, hasher.hashNoteTime(third), actKey(BANK)));
        vm.expectRevert(abi.encodeWithSelector(IActRecorder.ActIsCancelled.selector, burnt));
        consortium.noteTime(act, signature);
    }

    function test_a_signature_is_for_one_contract_and_one_chain() public {
        NoteTime memory act = NoteTime(BANK, freshRef(), issued(), until(), "token");
        bytes memory elsewhere = sign(log, hasher.hashNoteTime(act), actKey(BANK));
        vm.expectPartialRevert(IConsortium.KeyUnknown.selector);
        consortium.noteTime(act, elsewhere);
        bytes memory here = sign(consortium, hasher.hashNoteTime(act), actKey(BANK));
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(IConsortium.KeyUnknown.selector);
        consortium.noteTime(act, here);
    }

    function testFuzz_a_log_has_no_gap_and_no_fork(uint64[8] memory counts, uint64 wrongIndex, bytes32 wrong) public {
        uint64 next = 0;
        bytes32 last = 0;
        for (uint256 i = 0; i < counts.length; ++i) {
            uint64 count = 1 + (counts[i] % 1_000_000);
            if (wrongIndex != next) _refuseAnchor(wrongIndex, count, last);
            if (wrong != last) _refuseAnchor(next, count, wrong);
            last = anchor(PARTNER, 0, next, count, last);
            next += count;
            (uint64 nextIndex, bytes32 lastAnchor) = log.logOf(PARTNER, 0);
            require(nextIndex == next && lastAnchor == last, "log");
        }
    }

    function _refuseAnchor(uint64 firstIndex, uint64 count, bytes32 previous) private {
        Anchor memory act =
            Anchor(PARTNER, freshRef(), issued(), until(), 0, firstIndex, count, keccak256("root"), previous);
        bytes memory signature = sign(log, hasher.hashAnchor(act), actKey(PARTNER));
        (bool success,) = address(log).call(abi.encodeCall(log.anchor, (act, signature)));
        require(!success, "a gap or a fork went through");
    }

    function _cancel(NoteTime memory act) private {
        bytes memory encoded = abi.encode(NOTE_TIME_TYPEHASH, act);
        Cancel memory cancel_ = Cancel(BANK, freshRef(), issued(), until(), actId(consortium, hasher.hashNoteTime(act)));
        consortium.cancel(cancel_, encoded, sign(consortium, hasher.hashCancel(cancel_), actKey(BANK)));
    }
}
