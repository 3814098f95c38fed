// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JointActs} from "../JointActs.sol";
import {Agreement, AgreementState, IAgreementBook, Visibility} from "../interfaces/IAgreementBook.sol";
import {Shares} from "../libraries/Shares.sol";

/// @title What the parts of the book keep in common
abstract contract BookStorage is JointActs, IAgreementBook {
    uint256 internal constant MOST_PARTIES = 16;
    /// @dev No party has this index.
    uint256 internal constant NOBODY = 255;

    mapping(bytes32 agreement => Agreement) internal _agreements;
    mapping(bytes32 agreement => mapping(bytes32 loan => uint64[])) private _ownShares;

    /* AGREEMENTS */

    function _activeAgreement(bytes32 agreementId) internal view returns (Agreement storage agreement) {
        agreement = _agreements[agreementId];
        AgreementState state = agreement.state;
        if (state == AgreementState.Active) return agreement;
        if (state != AgreementState.None) revert AgreementNotActive(agreementId, state);
        _requireNotActiveBefore(agreementId);
        revert AgreementUnknown(agreementId);
    }

    function _requireNotActiveBefore(bytes32 agreementId) internal view {
        (AgreementState state,) = _exposuresBefore(agreementId);
        if (state == AgreementState.Active) revert AgreementInPredecessor(agreementId);
    }

    function _exposuresBefore(bytes32 agreementId)
        internal
        view
        returns (AgreementState state, uint64[] memory exposures)
    {
        if (_hasPredecessor()) return IAgreementBook(predecessor).exposuresOf(agreementId);
    }

    /// @dev The party index of `member`, or `NOBODY`.
    function _indexIn(Agreement storage agreement, bytes32 member) internal view returns (uint256) {
        uint256 count = agreement.parties.length;
        for (uint256 i = 0; i < count; ++i) {
            if (agreement.parties[i].member == member) return i;
        }
        return NOBODY;
    }

    function _requireParty(Agreement storage agreement, bytes32 agreementId, bytes32 member)
        internal
        view
        returns (uint8)
    {
        uint256 index = _indexIn(agreement, member);
        if (index == NOBODY) revert NotParty(agreementId, member);
        return uint8(index);
    }

    function _indexOf(bytes32 agreementId, bytes32 member) internal view override returns (uint256) {
        return _indexIn(_agreements[agreementId], member);
    }

    /* SHARES */

    function _sharesOf(Agreement storage agreement, bytes32 agreementId, bytes32 loanKey, uint64 principal)
        internal
        view
        returns (uint64[] memory shares)
    {
        shares = ownSharesOf(agreementId, loanKey);
        if (shares.length == 0) shares = _sharesByTerms(agreement, principal);
    }

    /// @dev Of an OPEN loan by the rule; of a SEALED one 1 for each party, which holds its share.
    function _sharesByTerms(Agreement storage agreement, uint64 principal)
        internal
        view
        returns (uint64[] memory shares)
    {
        uint256 count = agreement.parties.length;
        if (agreement.visibility == Visibility.Open) {
            uint256[] memory bps = new uint256[](count);
            for (uint256 i = 0; i < count; ++i) {
                bps[i] = agreement.parties[i].shareBps;
            }
            return Shares.apportion(principal, bps);
        }
        shares = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            shares[i] = 1;
        }
    }

    /// @dev Keeps shares that are no longer those of the terms.
    function _keepShares(bytes32 agreementId, bytes32 loanKey, uint64[] memory shares) internal {
        _ownShares[agreementId][loanKey] = shares;
    }

    /// @inheritdoc IAgreementBook
    function ownSharesOf(bytes32 agreementId, bytes32 loanKey) public view returns (uint64[] memory shares) {
        shares = _ownShares[agreementId][loanKey];
        if (shares.length == 0 && _hasPredecessor()) {
            return IAgreementBook(predecessor).ownSharesOf(agreementId, loanKey);
        }
    }

    /* CALLERS */

    function _requireCaller(bytes32 name) internal view {
        address named = consortium.contractAt(name);
        if (msg.sender != named) revert CallerNotNamed(msg.sender, name, named);
    }

    function _name() internal pure override returns (bytes32) {
        return AGREEMENT_BOOK;
    }
}
