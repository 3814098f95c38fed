// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Acts.sol";

/// @notice hashStruct of each type, as the contracts compute it.
contract Hasher {
    function hashContractEntry(ContractEntry calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashContractEntries(ContractEntry[] calldata values) external pure returns (bytes32) {
        return ActTypes.hash(values);
    }

    function hashParty(Party calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashAgreementTerms(AgreementTerms calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashCoSign(CoSign calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashCancel(Cancel calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashRatify(Ratify calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashAddKey(AddKey calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashRevokeKey(RevokeKey calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashReportCompromise(ReportCompromise calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashPropose(Propose calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashApprove(Approve calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashCancelProposal(CancelProposal calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashNoteTime(NoteTime calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashProposeAgreement(ProposeAgreement calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashDisburse(Disburse calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashDisburseSealed(DisburseSealed calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashReverse(Reverse calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashSettle(Settle calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashWriteOff(WriteOff calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashTransferShare(TransferShare calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashTransferServicing(TransferServicing calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashSnapshot(Snapshot calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashAdoptAgreement(AdoptAgreement calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashAdopt(Adopt calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashAnchor(Anchor calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashRecordReceipt(RecordReceipt calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashRootsSigned(RootsSigned calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }

    function hashPackageBuilt(PackageBuilt calldata value) external pure returns (bytes32) {
        return ActTypes.hash(value);
    }
}
