// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Position} from "../interfaces/IAgreementBook.sol";

/// @title The rule by which a principal is split into shares
library Shares {
    uint256 internal constant WHOLE = 10_000;

    /// @notice floor(principal × bps / 10 000) each, then one unit each to the largest remainders, ties to the lower index.
    /// @dev The basis points MUST add up to 10 000. Then the floors add up to at most the principal, and what is left is
    /// less than the number of remainders that are not zero: nothing here can overflow.
    function apportion(uint64 principal, Position[] memory parties) internal pure returns (uint64[] memory shares) {
        unchecked {
            uint256 count = parties.length;
            shares = new uint64[](count);
            uint256[] memory remainders = new uint256[](count);
            uint256 left = principal;
            for (uint256 i = 0; i < count; ++i) {
                uint256 product = uint256(principal) * parties[i].shareBps;
                uint256 share = product / WHOLE;
                shares[i] = uint64(share);
                remainders[i] = product % WHOLE;
                left -= share;
            }
            for (; left > 0; --left) {
                uint256 largest = 0;
                for (uint256 i = 1; i < count; ++i) {
                    if (remainders[i] > remainders[largest]) largest = i;
                }
                ++shares[largest];
                remainders[largest] = 0;
            }
        }
    }
}
