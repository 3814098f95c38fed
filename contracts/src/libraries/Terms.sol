// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AgreementTerms, Party} from "../Acts.sol";
import {IAgreementBook, Visibility} from "../interfaces/IAgreementBook.sol";
import {IConsortium, Member, MemberState} from "../interfaces/IConsortium.sol";
import {Shares} from "./Shares.sol";

/// @title What the terms of an agreement must satisfy
library Terms {
    uint8 private constant LENDER = 1;
    uint8 private constant DEPOSITORY = 2;
    uint8 private constant ARBITRATOR = 4;
    uint8 private constant ALL_ROLES = 15;
    uint256 private constant FEWEST_PARTIES = 2;
    uint256 private constant LONGEST_NAME = 64;
    uint256 private constant SECONDS_OF_DAY = 1 days;
    uint64 private constant LONGEST_PERIOD = 3650 days;

    /// @notice Reverts unless the terms hold together and every party is an active lender now.
    function check(AgreementTerms calldata terms, IConsortium consortium, uint256 mostParties) internal view {
        _checkFields(terms);
        _checkPeriods(terms);
        _checkParties(terms, consortium, mostParties);
        if (terms.depository != 0) _checkMember(consortium, terms.depository, DEPOSITORY);
        if (terms.arbitrator != 0) _checkMember(consortium, terms.arbitrator, ARBITRATOR);
    }

    function _checkFields(AgreementTerms calldata terms) private pure {
        _require(terms.visibility <= uint8(type(Visibility).max), "visibility", terms.visibility);
        for (uint256 i = 0; i < 3; ++i) {
            bytes1 letter = terms.currency[i];
            _require(letter >= "A" && letter <= "Z", "currency", uint24(terms.currency));
        }
        if (terms.visibility == uint8(Visibility.Open)) {
            _require(terms.loanLimit > 0, "loanLimit", terms.loanLimit);
            _require(terms.totalLimit >= terms.loanLimit, "totalLimit", terms.totalLimit);
        }
        _checkName(terms.calendar, "calendar");
        _checkName(terms.timeZone, "timeZone");
        _require(terms.cutOff < SECONDS_OF_DAY, "cutOff", terms.cutOff);
        _require(terms.attestingRoles <= ALL_ROLES, "attestingRoles", terms.attestingRoles);
        _require(terms.penaltySurchargeBps <= Shares.WHOLE, "penaltySurchargeBps", terms.penaltySurchargeBps);
    }

    function _checkPeriods(AgreementTerms calldata terms) private pure {
        _checkPeriod(terms.objectionPeriod, "objectionPeriod");
        _checkPeriod(terms.curePeriod, "curePeriod");
        _checkPeriod(terms.responsePeriod, "responsePeriod");
        _checkPeriod(terms.callDeadlineBlocks, "callDeadlineBlocks");
    }

    function _checkParties(AgreementTerms calldata terms, IConsortium consortium, uint256 mostParties) private view {
        uint256 count = terms.parties.length;
        if (count < FEWEST_PARTIES || count > mostParties) {
            revert IAgreementBook.PartyCountInvalid(count, FEWEST_PARTIES, mostParties);
        }
        bool isOpen = terms.visibility == uint8(Visibility.Open);
        bool originatorFound = false;
        uint256 sum = 0;
        for (uint256 i = 0; i < count; ++i) {
            Party calldata party = terms.parties[i];
            for (uint256 j = 0; j < i; ++j) {
                if (terms.parties[j].member == party.member) revert IAgreementBook.PartyRepeated(party.member);
            }
            _checkMember(consortium, party.member, LENDER);
            _require(party.shareBps > 0, "shareBps", party.shareBps);
            _require(!isOpen || party.limit > 0, "limit", party.limit);
            if (party.member == terms.originator) originatorFound = true;
            sum += party.shareBps;
        }
        if (sum != Shares.WHOLE) revert IAgreementBook.SharesDoNotAddUp(sum, Shares.WHOLE);
        if (!originatorFound) revert IAgreementBook.OriginatorNotParty(terms.originator);
    }

    function _checkMember(IConsortium consortium, bytes32 member, uint8 role) private view {
        Member memory found = consortium.memberOf(member);
        if (found.state == MemberState.None) revert IConsortium.MemberUnknown(member);
        if (found.state != MemberState.Active) revert IConsortium.MemberNotActive(member, found.state);
        if (found.roles & role == 0) revert IAgreementBook.RoleMissing(member, role, found.roles);
    }

    function _checkPeriod(uint64 period, bytes32 term) private pure {
        _require(period <= LONGEST_PERIOD, term, period);
    }

    function _checkName(string calldata name, bytes32 term) private pure {
        uint256 length = bytes(name).length;
        _require(length > 0 && length <= LONGEST_NAME, term, length);
    }

    function _require(bool holds, bytes32 term, uint256 value) private pure {
        if (!holds) revert IAgreementBook.TermInvalid(term, value);
    }
}
