// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JointActs} from "../JointActs.sol";
import {Agreement, AgreementState, IAgreementBook, Position, Visibility} from "../interfaces/IAgreementBook.sol";
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

    /// @dev The active agreement in memory, for whoever reads much of it or changes its exposures.
    function _loadActive(bytes32 agreementId) internal view returns (Agreement memory) {
        _activeAgreement(agreementId);
        return _load(agreementId);
    }

    function _load(bytes32 agreementId) internal view returns (Agreement memory) {
        return _agreements[agreementId];
    }

    /// @dev Stores what may have changed in memory: the exposures.
    function _storeExposures(bytes32 agreementId, Agreement memory loaded) internal {
        Agreement storage agreement = _agreements[agreementId];
        agreement.exposure = loaded.exposure;
        for (uint256 i = 0; i < loaded.parties.length; ++i) {
            agreement.parties[i].exposure = loaded.parties[i].exposure;
        }
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

    function _requireParty(bytes32 agreementId, bytes32 member) internal view returns (uint8) {
        uint256 index = _indexOf(agreementId, member);
        if (index == NOBODY) revert NotParty(agreementId, member);
        return uint8(index);
    }

    /// @dev The party index of `member`, or `NOBODY`.
    function _indexOf(bytes32 agreementId, bytes32 member) internal view override returns (uint256) {
        Position[] storage parties = _agreements[agreementId].parties;
        uint256 count = parties.length;
        for (uint256 i = 0; i < count; ++i) {
            if (parties[i].member == member) return i;
        }
        return NOBODY;
    }

    /* SHARES */

    function _sharesOf(Agreement memory agreement, bytes32 agreementId, bytes32 loanKey, uint64 principal)
        internal
        view
        returns (uint64[] memory shares)
    {
        shares = ownSharesOf(agreementId, loanKey);
        if (shares.length == 0) shares = _sharesByTerms(agreement, principal);
    }

    /// @dev Of an OPEN loan by the rule; of a SEALED one 1 for each party, which holds its share.
    function _sharesByTerms(Agreement memory agreement, uint64 principal)
        internal
        pure
        returns (uint64[] memory shares)
    {
        if (agreement.visibility == Visibility.Open) {
            return Shares.apportion(principal, agreement.parties);
        }
        shares = new uint64[](agreement.parties.length);
        for (uint256 i = 0; i < shares.length; ++i) {
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
