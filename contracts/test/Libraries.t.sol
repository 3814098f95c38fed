// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Position} from "../src/interfaces/IAgreementBook.sol";
import {Dates} from "../src/libraries/Dates.sol";
import {Shares} from "../src/libraries/Shares.sol";

contract LibrariesTest {
    /// @dev Sum, nearness and order: what the rule promises, for any split into at most sixteen.
    function testFuzz_shares_add_up_and_are_near(uint64 principal, uint16[16] memory weights, uint8 count) public pure {
        Position[] memory parties = _parties(weights, 2 + (count % 15));
        uint64[] memory shares = Shares.apportion(principal, parties);
        uint256 sum = 0;
        for (uint256 i = 0; i < shares.length; ++i) {
            uint256 product = uint256(principal) * parties[i].shareBps;
            uint256 floor = product / 10_000;
            require(shares[i] == floor || shares[i] == floor + 1, "within one unit");
            sum += shares[i];
            for (uint256 j = 0; j < shares.length; ++j) {
                uint256 otherProduct = uint256(principal) * parties[j].shareBps;
                bool raised = shares[i] > floor;
                bool otherRaised = shares[j] > otherProduct / 10_000;
                (uint256 rest, uint256 otherRest) = (product % 10_000, otherProduct % 10_000);
                if (raised && !otherRaised) require(rest > otherRest || (rest == otherRest && i < j), "order");
            }
        }
        require(sum == principal, "sum");
    }

    /// @dev Against the days counted from the civil calendar (Hinnant): a date exists if it comes back from its day number.
    function testFuzz_dates_exist_as_in_the_calendar(uint32 date) public pure {
        date = 18_990_101 + (date % 81_010_000);
        (uint256 y, uint256 m, uint256 d) = (date / 10_000, (date / 100) % 100, date % 100);
        bool exists = false;
        if (y >= 1900 && y <= 9999 && m >= 1 && m <= 12 && d >= 1 && d <= 31) exists = _backAndForth(y, m, d);
        require(Dates.exists(date) == exists, "date");
    }

    function test_dates_at_the_edges() public pure {
        uint32[6] memory good = [uint32(19_000_101), 20_000_229, 20_240_229, 20_231_231, 99_991_231, 20_250_430];
        uint32[8] memory bad =
            [uint32(0), 18_991_231, 19_000_229, 21_000_229, 20_230_229, 20_250_431, 20_251_301, type(uint32).max];
        for (uint256 i = 0; i < good.length; ++i) {
            require(Dates.exists(good[i]), "good");
        }
        for (uint256 i = 0; i < bad.length; ++i) {
            require(!Dates.exists(bad[i]), "bad");
        }
    }

    function _parties(uint16[16] memory weights, uint256 count) private pure returns (Position[] memory parties) {
        parties = new Position[](count);
        uint256 left = 10_000;
        for (uint256 i = 0; i < count; ++i) {
            uint256 others = count - i - 1;
            uint256 bps = others == 0 ? left : 1 + (weights[i] % (left - others));
            parties[i] = Position("party", uint16(bps), 0, 0);
            left -= bps;
        }
    }

    function _backAndForth(uint256 y, uint256 m, uint256 d) private pure returns (bool) {
        uint256 days_ = _daysFromCivil(y, m, d);
        uint256 era = days_ / 146_097;
        uint256 doe = days_ - era * 146_097;
        uint256 yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        uint256 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        uint256 mp = (5 * doy + 2) / 153;
        uint256 month = mp < 10 ? mp + 3 : mp - 9;
        uint256 year = yoe + era * 400 + (month <= 2 ? 1 : 0);
        return year == y && month == m && doy - (153 * mp + 2) / 5 + 1 == d;
    }

    function _daysFromCivil(uint256 y, uint256 m, uint256 d) private pure returns (uint256) {
        if (m <= 2) --y;
        uint256 era = y / 400;
        uint256 yoe = y - era * 400;
        uint256 doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
        return era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy;
    }
}
