// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Calendar dates written yyyymmdd
library Dates {
    /// @dev Days of each month, February of a leap year.
    bytes12 private constant DAYS = hex"1f1d1f1e1f1e1f1f1e1f1e1f";

    /// @notice Whether `date` is a day of the Gregorian calendar from 1900-01-01 to 9999-12-31.
    function exists(uint32 date) internal pure returns (bool) {
        (uint256 year, uint256 month, uint256 day) = (date / 10_000, (date / 100) % 100, date % 100);
        if (year < 1900 || year > 9999 || month == 0 || month > 12 || day == 0) return false;
        if (month == 2 && day == 29) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        return day <= uint8(DAYS[month - 1]);
    }
}
