// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DirectoryContract} from "./DirectoryContract.sol";
import {Succeeding} from "./Succeeding.sol";
import {ShareMoves} from "./agreements/ShareMoves.sol";
import {Agreement, AgreementState, IAgreementBook, Visibility} from "./interfaces/IAgreementBook.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";

/// @title AgreementBook
/// @notice See `IAgreementBook`; the acts are in `agreements/`. Here are the views.
contract AgreementBook is ShareMoves {
    constructor(IConsortium consortium_, IAgreementBook predecessor_)
        DirectoryContract(consortium_)
        Succeeding(address(predecessor_))
    {}

    /// @inheritdoc IAgreementBook
    function agreementOf(bytes32 agreementId) external view returns (Agreement memory agreement) {
        return _load(agreementId);
    }

    /// @inheritdoc IAgreementBook
    function exposuresOf(bytes32 agreementId) external view returns (AgreementState, uint64[] memory exposures) {
        Agreement storage agreement = _agreements[agreementId];
        if (agreement.state == AgreementState.None) return _exposuresBefore(agreementId);
        exposures = new uint64[](agreement.parties.length);
        for (uint256 i = 0; i < exposures.length; ++i) {
            exposures[i] = agreement.parties[i].exposure;
        }
        return (agreement.state, exposures);
    }

    /// @inheritdoc IAgreementBook
    function originatorOf(bytes32 agreementId) external view returns (bytes32, Visibility) {
        Agreement storage agreement = _activeAgreement(agreementId);
        return (agreement.parties[agreement.originator].member, agreement.visibility);
    }

    /// @inheritdoc IAgreementBook
    function partyOf(bytes32 agreementId, bytes32 member) external view returns (uint8 index, uint8 count) {
        Agreement storage agreement = _activeAgreement(agreementId);
        return (_requireParty(agreementId, member), uint8(agreement.parties.length));
    }

    /// @inheritdoc IAgreementBook
    function memberAt(bytes32 agreementId, uint8 index) external view returns (bytes32) {
        return _activeAgreement(agreementId).parties[index].member;
    }

    /// @inheritdoc IAgreementBook
    function isParty(bytes32 agreementId, bytes32 member) external view returns (bool) {
        return _agreements[agreementId].state == AgreementState.Active && _indexOf(agreementId, member) != NOBODY;
    }

    /// @inheritdoc IAgreementBook
    function isNamed(bytes32 agreementId, bytes32 member) external view returns (bool) {
        Agreement storage agreement = _activeAgreement(agreementId);
        return agreement.depository == member || agreement.arbitrator == member
            || _indexOf(agreementId, member) != NOBODY
            || agreement.attestingRoles & consortium.memberOf(member).roles != 0;
    }

    /// @inheritdoc IAgreementBook
    function sharesOf(bytes32 agreementId, bytes32 loanKey, uint64 principal) external view returns (uint64[] memory) {
        return _sharesOf(_loadActive(agreementId), agreementId, loanKey, principal);
    }
}
