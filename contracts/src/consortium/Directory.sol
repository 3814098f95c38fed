// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "../ActRecorder.sol";
import {ActTypes, ContractEntry, Ratify} from "../Acts.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {Keyring} from "./Keyring.sol";

/// @title The contracts of the consortium, and the founders' ratification of them
abstract contract Directory is Keyring {
    bytes32 private constant OWN_NAME = "Consortium";
    uint256 private constant MOST_CONTRACTS = 32;

    /// @inheritdoc IConsortium
    function ratify(Ratify calldata act, bytes calldata signature) external {
        if (_active) revert AlreadyActive();
        Speaker memory speaker = _speaker();
        bytes32 actId =
            _recordGoverned(speaker, ActTypes.RATIFY_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);

        // Members beyond the founders come by proposal only, and those wait for the ratification.
        _requireWholeList(act.contracts);
        bytes32 listHash = ActTypes.hash(act.contracts);
        _ratifications[act.member] = listHash;
        emit Ratified(actId, listHash, act.member, speaker.signer, act.contracts, block.chainid);

        if (_ratifiedByAll(listHash)) _activate(actId, listHash, act.contracts);
    }

    /// @dev Puts a contract into the directory. What it replaces can record nothing any more.
    function _register(bytes32 actId, bytes32 name, address deployed, bytes32 codeHash) internal {
        if (name == 0) revert ContractNameInvalid(name);
        _requireCode(name, deployed, codeHash);
        if (_names[deployed] != 0) revert ContractRepeated(name, deployed);

        address previous = _directory[name];
        _names[previous] = 0;
        _names[deployed] = name;
        _directory[name] = deployed;
        emit ContractRegistered(actId, name, deployed, previous, codeHash, block.chainid);
    }

    function _replace(bytes32 actId, bytes32 name, address deployed, bytes32 codeHash) internal {
        if (name == OWN_NAME) revert ConsortiumIsFixed();
        _register(actId, name, deployed, codeHash);
    }

    function _activate(bytes32 actId, bytes32 listHash, ContractEntry[] calldata contracts) private {
        _active = true;
        for (uint256 i = 0; i < contracts.length; ++i) {
            _register(actId, contracts[i].name, contracts[i].at, contracts[i].codeHash);
        }
        emit ConsortiumActivated(actId, listHash, block.chainid);
    }

    function _ratifiedByAll(bytes32 listHash) private view returns (bool) {
        for (uint256 i = 0; i < _founderCount; ++i) {
            if (_ratifications[_memberIds[i]] != listHash) return false;
        }
        return true;
    }

    /// @dev Names and addresses once each, code as stated, this contract among them.
    function _requireWholeList(ContractEntry[] calldata contracts) private view {
        uint256 count = contracts.length;
        if (count == 0 || count > MOST_CONTRACTS) revert ContractListInvalid(count, MOST_CONTRACTS);
        bool ownListed = false;
        for (uint256 i = 0; i < count; ++i) {
            ContractEntry calldata entry = contracts[i];
            if (entry.name == 0) revert ContractNameInvalid(entry.name);
            for (uint256 j = 0; j < i; ++j) {
                if (contracts[j].name == entry.name || contracts[j].at == entry.at) {
                    revert ContractRepeated(entry.name, entry.at);
                }
            }
            _requireCode(entry.name, entry.at, entry.codeHash);
            ownListed = ownListed || (entry.name == OWN_NAME && entry.at == address(this));
        }
        if (!ownListed) revert ConsortiumNotListed();
    }

    function _requireCode(bytes32 name, address deployed, bytes32 codeHash) private view {
        bytes32 found = deployed.codehash;
        if (found != codeHash || deployed.code.length == 0) revert CodeHashMismatch(name, deployed, codeHash, found);
    }
}
