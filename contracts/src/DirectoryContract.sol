// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActRecorder, Speaker} from "./ActRecorder.sol";
import {IAgreementBook} from "./interfaces/IAgreementBook.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IDirectoryContract} from "./interfaces/IDirectoryContract.sol";
import {ILoanLedger} from "./interfaces/ILoanLedger.sol";

/// @title A contract of the consortium's directory: its members' keys decide whose signature counts
abstract contract DirectoryContract is ActRecorder, IDirectoryContract {
    bytes32 internal constant AGREEMENT_BOOK = "AgreementBook";
    bytes32 internal constant LOAN_LEDGER = "LoanLedger";

    /// @inheritdoc IDirectoryContract
    IConsortium public immutable consortium;

    constructor(IConsortium consortium_) {
        consortium = consortium_;
    }

    /// @dev Reverts with the typed errors of `IConsortium.authorise`.
    function _authorise(Speaker memory speaker) internal view override {
        speaker.roles = consortium.authorise(speaker.member, speaker.signer, speaker.purpose, speaker.evenIfSuspended);
    }

    function _book() internal view returns (IAgreementBook) {
        return IAgreementBook(consortium.contractAt(AGREEMENT_BOOK));
    }

    function _ledger() internal view returns (ILoanLedger) {
        return ILoanLedger(consortium.contractAt(LOAN_LEDGER));
    }
}
