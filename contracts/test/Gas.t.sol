// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../src/Acts.sol";
import {Change} from "../src/interfaces/IConsortium.sol";
import {Fixture} from "./utils/Fixture.sol";
import {vm} from "./utils/Vm.sol";

/// @notice Gas of each act as a transaction of its own (snapshots/acts.json), calldata and the 21 000 included; of batches
/// per act. Every run compares with the committed numbers: `./forge test` rewrites them, `FORGE_SNAPSHOT_CHECK=true` refuses.
contract GasTest is Fixture {
    uint256 private constant BATCH = 100;
    bytes32 private agreement;

    function setUp() public override {
        super.setUp();
        agreement = agree(terms(1, 0));
    }

    function test_loans() public {
        Disburse[] memory many = new Disburse[](BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            many[i] = disbursement(agreement, keccak256(abi.encode(i)), 1001);
        }
        bytes[] memory all = signatures(many);
        ledger.disburse(many, all);
        _note("Disburse, each of 100", BATCH);
        disburseOne(agreement, "one", 1001);
        _note("Disburse", 1);

        Settle[] memory settled = new Settle[](BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            settled[i] = Settle(BANK, freshRef(), issued(), until(), agreement, many[i].loan, 20_261_123);
            all[i] = sign(ledger, hasher.hashSettle(settled[i]), actKey(BANK));
        }
        ledger.settle(settled, all);
        _note("Settle, each of 100", BATCH);
    }

    /// @dev The last call cost `acts` acts.
    function _note(string memory name, uint256 acts) private {
        vm.snapshotValue("acts", name, vm.lastCallGas().gasTotalUsed / acts);
    }
}
