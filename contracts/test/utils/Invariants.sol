// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Functions that forge calls at random, as its invariant runner reads them from `targetSelectors()`.
struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}
