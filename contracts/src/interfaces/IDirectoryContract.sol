// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActRecorder} from "./IActRecorder.sol";
import {IConsortium} from "./IConsortium.sol";

/// @title A contract of the consortium's directory
interface IDirectoryContract is IActRecorder {
    /// @notice The consortium whose members act here, for good.
    function consortium() external view returns (IConsortium);
}
