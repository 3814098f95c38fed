// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDirectoryContract} from "./IDirectoryContract.sol";

/// @title A contract with data that outlives it: frozen when it is replaced, and read by its successor
interface ISucceeding is IDirectoryContract {
    /* ERRORS */

    error ContractIsFrozen();
    error PredecessorNotFrozen(address predecessor);
    error NoPredecessor();
    /// @notice The directory still names this contract, or none.
    error NotReplaced(address current);
    error BatchSizeInvalid(uint256 size, uint256 most);
    error SignatureCountWrong(uint256 acts, uint256 signatures);

    /* EVENTS */

    /// @notice This contract takes no more acts; `successor` is what the directory names now.
    event ContractFrozen(address indexed successor, uint256 chainId);

    /* UPGRADE */

    /// @notice Ends this contract for good, once the directory names another in its place. Anybody may call.
    function freeze() external;

    /* VIEWS */

    /// @notice The contract that this one succeeds, or zero. Acts are taken only after it is frozen.
    function predecessor() external view returns (address);

    /// @notice Whether this contract has ended.
    function isFrozen() external view returns (bool);
}
