// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../src/Acts.sol";
import {Hasher} from "./utils/Hasher.sol";
import {vm} from "./utils/Vm.sol";

/// @notice Every act type hashes as eth_account hashes it (vectors/acts.json).
contract ActsTest {
    Hasher private hasher = new Hasher();
    string private file;

    function setUp() public {
        file = vm.readFile("vectors/acts.json");
    }

    function test_every_type_agrees_with_its_vector() public view {
        uint256 count = 0;
        for (; vm.keyExistsJson(file, _at(count, "")); ++count) {
            string memory name = vm.parseJsonString(file, _at(count, ".name"));
            bytes memory encoded = vm.parseJsonBytes(file, _at(count, ".abi_encoded"));
            bytes32 expected = vm.parseJsonBytes32(file, _at(count, ".struct_hash"));
            require(_hash(name, encoded) == expected, name);
        }
        require(count == 28, "28 types are expected");
    }

    function test_act_ids_and_signatures_agree() public view {
        bytes32 separator = vm.parseJsonBytes32(file, ".domain_separator");
        require(
            separator
                == keccak256(
                    abi.encode(
                        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                        keccak256("Tallystick"),
                        keccak256("1"),
                        vm.parseJsonUint(file, ".domain.chainId"),
                        vm.parseJsonAddress(file, ".domain.verifyingContract")
                    )
                ),
            "domain"
        );
        for (uint256 i = 0; vm.keyExistsJson(file, _at(i, "")); ++i) {
            bytes32 structHash = vm.parseJsonBytes32(file, _at(i, ".struct_hash"));
            bytes32 actId = vm.parseJsonBytes32(file, _at(i, ".act_id"));
            require(keccak256(abi.encodePacked(hex"1901", separator, structHash)) == actId, "act id");
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(vm.parseJsonUint(file, ".key"), actId);
            bytes memory signature = vm.parseJsonBytes(file, _at(i, ".signature"));
            require(keccak256(signature) == keccak256(abi.encodePacked(r, s, v)), "signature");
        }
    }

    function _hash(string memory name, bytes memory value) private view returns (bytes32) {
        bytes32 kind = keccak256(bytes(name));
        if (kind == keccak256("ContractEntry")) return hasher.hashContractEntry(abi.decode(value, (ContractEntry)));
        if (kind == keccak256("Party")) return hasher.hashParty(abi.decode(value, (Party)));
        if (kind == keccak256("AgreementTerms")) return hasher.hashAgreementTerms(abi.decode(value, (AgreementTerms)));
        if (kind == keccak256("CoSign")) return hasher.hashCoSign(abi.decode(value, (CoSign)));
        if (kind == keccak256("Cancel")) return hasher.hashCancel(abi.decode(value, (Cancel)));
        if (kind == keccak256("Ratify")) return hasher.hashRatify(abi.decode(value, (Ratify)));
        if (kind == keccak256("AddKey")) return hasher.hashAddKey(abi.decode(value, (AddKey)));
        if (kind == keccak256("RevokeKey")) return hasher.hashRevokeKey(abi.decode(value, (RevokeKey)));
        if (kind == keccak256("ReportCompromise")) {
            return hasher.hashReportCompromise(abi.decode(value, (ReportCompromise)));
        }
        if (kind == keccak256("Propose")) return hasher.hashPropose(abi.decode(value, (Propose)));
        if (kind == keccak256("Approve")) return hasher.hashApprove(abi.decode(value, (Approve)));
        if (kind == keccak256("CancelProposal")) return hasher.hashCancelProposal(abi.decode(value, (CancelProposal)));
        if (kind == keccak256("NoteTime")) return hasher.hashNoteTime(abi.decode(value, (NoteTime)));
        if (kind == keccak256("ProposeAgreement")) {
            return hasher.hashProposeAgreement(abi.decode(value, (ProposeAgreement)));
        }
        if (kind == keccak256("Disburse")) return hasher.hashDisburse(abi.decode(value, (Disburse)));
        if (kind == keccak256("DisburseSealed")) return hasher.hashDisburseSealed(abi.decode(value, (DisburseSealed)));
        if (kind == keccak256("Reverse")) return hasher.hashReverse(abi.decode(value, (Reverse)));
        if (kind == keccak256("Settle")) return hasher.hashSettle(abi.decode(value, (Settle)));
        if (kind == keccak256("WriteOff")) return hasher.hashWriteOff(abi.decode(value, (WriteOff)));
        if (kind == keccak256("TransferShare")) return hasher.hashTransferShare(abi.decode(value, (TransferShare)));
        if (kind == keccak256("TransferServicing")) {
            return hasher.hashTransferServicing(abi.decode(value, (TransferServicing)));
        }
        if (kind == keccak256("Snapshot")) return hasher.hashSnapshot(abi.decode(value, (Snapshot)));
        if (kind == keccak256("AdoptAgreement")) return hasher.hashAdoptAgreement(abi.decode(value, (AdoptAgreement)));
        if (kind == keccak256("Adopt")) return hasher.hashAdopt(abi.decode(value, (Adopt)));
        if (kind == keccak256("Anchor")) return hasher.hashAnchor(abi.decode(value, (Anchor)));
        if (kind == keccak256("RecordReceipt")) return hasher.hashRecordReceipt(abi.decode(value, (RecordReceipt)));
        if (kind == keccak256("RootsSigned")) return hasher.hashRootsSigned(abi.decode(value, (RootsSigned)));
        if (kind == keccak256("PackageBuilt")) return hasher.hashPackageBuilt(abi.decode(value, (PackageBuilt)));
        revert(name);
    }

    function _at(uint256 index, string memory member) private pure returns (string memory) {
        return string.concat(".vectors[", vm.toString(index), "]", member);
    }
}
