// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Agreement, IAgreementBook, ShareMove, Visibility} from "../interfaces/IAgreementBook.sol";
import {Exposure} from "./Exposure.sol";

/// @title Shares that go from one party to another
abstract contract ShareMoves is Exposure {
    /// @inheritdoc IAgreementBook
    function moveShare(bytes32 matterId, ShareMove memory move, bool isExposed) external {
        _requireCaller(LOAN_LEDGER);
        Agreement memory agreement = _loadActive(move.agreement);
        uint64[] memory shares = _sharesToGive(agreement, move);
        if (agreement.visibility == Visibility.Open) {
            shares[move.from] -= move.amount;
            shares[move.to] += move.amount;
        } else {
            (shares[move.from], shares[move.to]) = (0, 1);
        }
        _keepShares(move.agreement, move.loan, shares);
        if (isExposed) {
            agreement.parties[move.from].exposure -= move.amount;
            _raise(agreement.parties[move.to], move.agreement, move.loan, move.amount);
            _storeExposures(move.agreement, agreement);
        }
        emit ShareTransferred(
            matterId,
            move.agreement,
            move.loan,
            agreement.parties[move.from].member,
            agreement.parties[move.to].member,
            move.amount,
            shares[move.from],
            shares[move.to],
            block.chainid
        );
    }

    /// @inheritdoc IAgreementBook
    function requireShare(ShareMove memory move) external view {
        _sharesToGive(_loadActive(move.agreement), move);
    }

    /// @dev The shares of the loan, of which the giver has what it gives: OPEN the amount, SEALED the whole, written 0.
    function _sharesToGive(Agreement memory agreement, ShareMove memory move)
        private
        view
        returns (uint64[] memory shares)
    {
        shares = _sharesOf(agreement, move.agreement, move.loan, move.principal);
        (uint64 amount, uint64 share) = (move.amount, shares[move.from]);
        bool has = agreement.visibility == Visibility.Open ? amount > 0 && amount <= share : amount == 0 && share == 1;
        if (!has) {
            revert ShareAmountInvalid(move.agreement, move.loan, agreement.parties[move.from].member, amount, share);
        }
    }
}
