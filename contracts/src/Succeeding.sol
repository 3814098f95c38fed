// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "./ActRecorder.sol";
import {DirectoryContract} from "./DirectoryContract.sol";
import {ISucceeding} from "./interfaces/ISucceeding.sol";

/// @title Freezing, and the wait for a predecessor to be frozen
abstract contract Succeeding is DirectoryContract, ISucceeding {
    uint256 private constant MOST_ACTS = 100;

    /// @inheritdoc ISucceeding
    address public immutable predecessor;
    /// @inheritdoc ISucceeding
    bool public isFrozen;

    constructor(address predecessor_) {
        predecessor = predecessor_;
    }

    /// @inheritdoc ISucceeding
    function freeze() external {
        if (isFrozen) revert ContractIsFrozen();
        address current = consortium.contractAt(_name());
        if (current == address(0) || current == address(this)) revert NotReplaced(current);
        isFrozen = true;
        emit ContractFrozen(current, block.chainid);
    }

    /// @dev The name under which the directory lists this contract while it is current.
    function _name() internal pure virtual returns (bytes32);

    /// @dev The speaker of a single act. Every act function MUST begin with one of the `_open` functions.
    function _open() internal view returns (Speaker memory) {
        _requireOpen();
        return _speaker();
    }

    function _openBatch(uint256 acts, uint256 signatures) internal view returns (Speaker memory) {
        if (acts == 0 || acts > MOST_ACTS) revert BatchSizeInvalid(acts, MOST_ACTS);
        if (acts != signatures) revert SignatureCountWrong(acts, signatures);
        return _open();
    }

    function _requireOpen() internal view {
        if (isFrozen) revert ContractIsFrozen();
        if (_hasPredecessor() && !ISucceeding(predecessor).isFrozen()) revert PredecessorNotFrozen(predecessor);
    }

    function _requirePredecessor() internal view {
        if (!_hasPredecessor()) revert NoPredecessor();
    }

    function _hasPredecessor() internal view returns (bool) {
        return predecessor != address(0);
    }
}
