// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Speaker} from "../ActRecorder.sol";
import {ActTypes, AdoptAgreement, AgreementTerms, CoSign, Party, ProposeAgreement} from "../Acts.sol";
import {JointActs, Linked} from "../JointActs.sol";
import {Agreement, AgreementState, IAgreementBook, Position, Visibility} from "../interfaces/IAgreementBook.sol";
import {Matter, MatterKind} from "../interfaces/IJointActs.sol";
import {Terms} from "../libraries/Terms.sol";
import {BookStorage} from "./BookStorage.sol";

/// @title Agreements: proposed by one party, signed by all, carried over to a successor
abstract contract Agreements is BookStorage {
    /// @inheritdoc IAgreementBook
    function proposeAgreement(ProposeAgreement calldata act, bytes calldata signature) external {
        Speaker memory speaker = _open();
        bytes32 actId =
            _record(speaker, ActTypes.PROPOSE_AGREEMENT_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        bytes32 agreementId = ActTypes.hash(act.terms);
        _requireNotActiveBefore(agreementId);
        Terms.check(act.terms, consortium, MOST_PARTIES);

        _keepTerms(agreementId, act.terms, AgreementState.Proposed);
        Matter memory matter;
        matter.kind = MatterKind.Agreement;
        matter.agreement = agreementId;
        matter.from = _requireParty(agreementId, act.member);
        matter.to = matter.from;
        matter.awaiting = _everyoneBut(matter.from, act.terms.parties.length);
        uint64 openUntil = _openMatter(actId, matter);
        emit AgreementProposed(actId, agreementId, act.member, speaker.signer, act.terms, openUntil, block.chainid);
    }

    /// @inheritdoc IAgreementBook
    function adoptAgreement(AdoptAgreement calldata act, AgreementTerms calldata terms, bytes calldata signature)
        external
    {
        _requirePredecessor();
        Speaker memory speaker = _open();
        bytes32 actId =
            _record(speaker, ActTypes.ADOPT_AGREEMENT_TYPEHASH, ActTypes.hash(act), ActTypes.prefix(act), signature);
        bytes32 termsHash = ActTypes.hash(terms);
        if (termsHash != act.agreement) revert TermsMismatch(act.agreement, termsHash);
        uint64[] memory exposures = _carryOver(act.agreement, terms);
        _requireParty(act.agreement, act.member);
        emit AgreementAdopted(
            actId, act.agreement, act.member, speaker.signer, predecessor, terms, exposures, block.chainid
        );
    }

    /// @inheritdoc JointActs
    function _takeEffect(Linked memory linked, CoSign calldata act, Matter memory matter) internal override {
        emit AgreementCoSigned(
            linked.actId, matter.agreement, act.member, linked.signer, act.actId, matter.awaiting, block.chainid
        );
        if (matter.awaiting == 0) {
            _agreements[matter.agreement].state = AgreementState.Active;
            emit AgreementActivated(act.actId, matter.agreement, block.chainid);
        }
    }

    /// @inheritdoc JointActs
    function _onWithdrawn(bytes32 agreementId) internal override {
        _agreements[agreementId].state = AgreementState.Withdrawn;
    }

    function _carryOver(bytes32 agreementId, AgreementTerms calldata terms)
        private
        returns (uint64[] memory exposures)
    {
        AgreementState state;
        (state, exposures) = _exposuresBefore(agreementId);
        if (state == AgreementState.None) revert AgreementUnknown(agreementId);
        if (state != AgreementState.Active) revert AgreementNotActive(agreementId, state);
        Agreement storage agreement = _keepTerms(agreementId, terms, AgreementState.Active);
        uint64 total = 0;
        for (uint256 i = 0; i < exposures.length; ++i) {
            agreement.parties[i].exposure = exposures[i];
            total += exposures[i];
        }
        agreement.exposure = total;
    }

    function _keepTerms(bytes32 agreementId, AgreementTerms calldata terms, AgreementState state)
        private
        returns (Agreement storage agreement)
    {
        agreement = _agreements[agreementId];
        if (agreement.state != AgreementState.None) revert AgreementExists(agreementId, agreement.state);
        agreement.state = state;
        agreement.visibility = Visibility(terms.visibility);
        agreement.currency = terms.currency;
        agreement.attestingRoles = terms.attestingRoles;
        agreement.loanLimit = terms.loanLimit;
        agreement.totalLimit = terms.totalLimit;
        agreement.depository = terms.depository;
        agreement.arbitrator = terms.arbitrator;
        for (uint256 i = 0; i < terms.parties.length; ++i) {
            Party memory party = terms.parties[i];
            if (party.member == terms.originator) agreement.originator = uint8(i);
            agreement.parties.push(Position(party.member, party.shareBps, party.limit, 0));
        }
    }
}
