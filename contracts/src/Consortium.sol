// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "./ActRecorder.sol";
import {ActTypes, NoteTime} from "./Acts.sol";
import {Governance} from "./consortium/Governance.sol";
import {Membership} from "./consortium/Membership.sol";
import {Founder, IConsortium, Settings} from "./interfaces/IConsortium.sol";

/// @title Consortium
/// @notice See `IConsortium`; the parts are in `consortium/`.
contract Consortium is Governance {
    constructor(Founder[] memory founders, Settings memory settings) Membership(founders, settings) {}

    /// @inheritdoc IConsortium
    function noteTime(NoteTime calldata act, bytes calldata signature) external whenRatified {
        Speaker memory speaker = _speaker();
        bytes32 actId =
            _record(speaker, ActTypes.NOTE_TIME_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        emit TimeNoted(actId, act.tokenDigest, act.member, speaker.signer, block.chainid);
    }
}
