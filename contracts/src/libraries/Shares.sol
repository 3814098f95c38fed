// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The rule by which a principal is split into shares
library Shares {
    uint256 internal constant WHOLE = 10_000;

    /// @notice floor(principal × bps / 10 000) each, then one unit each to the largest remainders, ties to the lower index.
    /// @dev `bps` MUST add up to 10 000: then the shares add up to `principal`.
    function apportion(uint64 principal, uint256[] memory bps) internal pure returns (uint64[] memory shares) {
        uint256 count = bps.length;
        shares = new uint64[](count);
        uint256 left = principal;
        for (uint256 i = 0; i < count; ++i) {
            uint256 product = principal * bps[i];
            uint256 share = product / WHOLE;
            shares[i] = uint64(share);
            left -= share;
            bps[i] = product % WHOLE; // from here on: what the floor left over
        }
        for (; left > 0; --left) {
            uint256 largest = 0;
            for (uint256 i = 1; i < count; ++i) {
                if (bps[i] > bps[largest]) largest = i;
            }
            ++shares[largest];
            bps[largest] = 0;
        }
    }
}
