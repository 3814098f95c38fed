// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Generated from acts.json by acts.py: change them, not this file.

/// @notice What every act begins with: who speaks, of which business fact, and when the statement holds.
struct Prefix {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
}

struct ContractEntry {
    bytes32 name;
    address at;
    bytes32 codeHash;
}

struct Party {
    bytes32 member;
    uint16 shareBps;
    uint64 limit;
}

struct AgreementTerms {
    bytes32 originator;
    Party[] parties;
    bytes3 currency;
    uint8 visibility;
    uint64 loanLimit;
    uint64 totalLimit;
    string calendar;
    string timeZone;
    uint32 cutOff;
    uint8 attestingRoles;
    bytes32 calculationRules;
    uint16 penaltySurchargeBps;
    uint64 objectionPeriod;
    uint64 curePeriod;
    uint64 responsePeriod;
    uint64 callDeadlineBlocks;
    bytes32 disputeQuestion;
    bytes32 disputeOutcomes;
    bytes32 depository;
    bytes32 arbitrator;
    bytes32 nonce;
}

/// @notice The member signs the matter that another member opened by the act `actId`.
struct CoSign {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 actId;
}

/// @notice The member burns its own act `actId`: if not yet recorded it never can be; if still open for co-signature it is withdrawn.
struct Cancel {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 actId;
}

/// @notice The founder checked chain, addresses and code and stands by this list of contracts.
struct Ratify {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    ContractEntry[] contracts;
}

/// @notice The member adds a key of its own.
struct AddKey {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    uint8 purpose;
    bytes32 key;
    uint64 notBefore;
    uint64 notAfter;
}

/// @notice The member revokes a key of its own, from now on.
struct RevokeKey {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    uint8 purpose;
    bytes32 key;
    bytes32 reason;
}

/// @notice The member states that a key of its own has been in other hands since `since`.
struct ReportCompromise {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    uint8 purpose;
    bytes32 key;
    uint64 since;
    bytes32 reason;
}

/// @notice The member proposes a change of the consortium, and approves it itself.
struct Propose {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    uint8 change;
    bytes payload;
}

/// @notice The member approves the proposal.
struct Approve {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 proposal;
}

/// @notice The proposer takes its proposal back.
struct CancelProposal {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 proposal;
}

/// @notice The member notes the digest of a time-stamp token: whatever is recorded later is later than that token.
struct NoteTime {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 tokenDigest;
}

/// @notice The party proposes a joint-lending agreement, and signs it itself.
struct ProposeAgreement {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    AgreementTerms terms;
}

/// @notice The originator states that an OPEN loan was paid out, with the share of every party in order of the terms.
struct Disburse {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
    bytes32 loan;
    bytes32 borrowerTag;
    bytes3 currency;
    uint64 principal;
    uint64[] shares;
    uint32 valueDate;
}

/// @notice The originator states that a SEALED loan was paid out on terms of which only the digest is given.
struct DisburseSealed {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
    bytes32 loan;
    bytes32 terms;
}

/// @notice The servicer states that the loan never took place, or that its pending disbursement is withdrawn.
struct Reverse {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
    bytes32 loan;
    bytes32 reason;
}

/// @notice The servicer states that the loan is paid, or was recovered after a write-off.
struct Settle {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
    bytes32 loan;
    uint32 valueDate;
}

/// @notice The servicer writes the loan off.
struct WriteOff {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
    bytes32 loan;
    uint32 valueDate;
    bytes32 reason;
}

/// @notice The holder `from` offers a part of its share of one loan to the party `to`: minor units if OPEN, 0 for the whole share if SEALED.
struct TransferShare {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
    bytes32 loan;
    bytes32 from;
    bytes32 to;
    uint64 amount;
    bytes32 reason;
    bytes32 price;
}

/// @notice The servicer `from` offers the servicing of one loan to the party `to`.
struct TransferServicing {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
    bytes32 loan;
    bytes32 from;
    bytes32 to;
    bytes32 reason;
    bytes32 price;
}

/// @notice The member asks for the present count and head of the loan.
struct Snapshot {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
    bytes32 loan;
}

/// @notice The party carries an agreement over from the frozen predecessor of this book.
struct AdoptAgreement {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
}

/// @notice The member carries a loan over from the frozen predecessor of this ledger.
struct Adopt {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 agreement;
    bytes32 loan;
}

/// @notice The member anchors the root over its records firstIndex … firstIndex + count − 1 of this stream.
struct Anchor {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
    bytes32 stream;
    uint64 firstIndex;
    uint64 count;
    bytes32 root;
    bytes32 previous;
}

struct RecordReceipt {
    bytes32 member;
    bytes32 stream;
    uint64 index;
    bytes32 digest;
}

struct RootsSigned {
    bytes32 member;
    bytes32 digest;
}

struct PackageBuilt {
    bytes32 member;
    string kind;
    bytes32 subject;
    bytes32 evidenceDigest;
    bytes32 certificateDigest;
}

/// @title EIP-712 typehashes and struct hashes of the acts
library ActTypes {
    bytes32 internal constant CONTRACT_ENTRY_TYPEHASH = keccak256(
        "ContractEntry(bytes32 name,address at,bytes32 codeHash)"
    );
    bytes32 internal constant PARTY_TYPEHASH = keccak256(
        "Party(bytes32 member,uint16 shareBps,uint64 limit)"
    );
    bytes32 internal constant AGREEMENT_TERMS_TYPEHASH = keccak256(
        "AgreementTerms(bytes32 originator,Party[] parties,bytes3 currency,uint8 visibility,uint64 loanLimit,uint64 totalLimit,string calendar,string timeZone,uint32 cutOff,uint8 attestingRoles,bytes32 calculationRules,uint16 penaltySurchargeBps,uint64 objectionPeriod,uint64 curePeriod,uint64 responsePeriod,uint64 callDeadlineBlocks,bytes32 disputeQuestion,bytes32 disputeOutcomes,bytes32 depository,bytes32 arbitrator,bytes32 nonce)Party(bytes32 member,uint16 shareBps,uint64 limit)"
    );
    bytes32 internal constant CO_SIGN_TYPEHASH = keccak256(
        "CoSign(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 actId)"
    );
    bytes32 internal constant CANCEL_TYPEHASH = keccak256(
        "Cancel(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 actId)"
    );
    bytes32 internal constant RATIFY_TYPEHASH = keccak256(
        "Ratify(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,ContractEntry[] contracts)ContractEntry(bytes32 name,address at,bytes32 codeHash)"
    );
    bytes32 internal constant ADD_KEY_TYPEHASH = keccak256(
        "AddKey(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,uint8 purpose,bytes32 key,uint64 notBefore,uint64 notAfter)"
    );
    bytes32 internal constant REVOKE_KEY_TYPEHASH = keccak256(
        "RevokeKey(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,uint8 purpose,bytes32 key,bytes32 reason)"
    );
    bytes32 internal constant REPORT_COMPROMISE_TYPEHASH = keccak256(
        "ReportCompromise(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,uint8 purpose,bytes32 key,uint64 since,bytes32 reason)"
    );
    bytes32 internal constant PROPOSE_TYPEHASH = keccak256(
        "Propose(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,uint8 change,bytes payload)"
    );
    bytes32 internal constant APPROVE_TYPEHASH = keccak256(
        "Approve(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 proposal)"
    );
    bytes32 internal constant CANCEL_PROPOSAL_TYPEHASH = keccak256(
        "CancelProposal(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 proposal)"
    );
    bytes32 internal constant NOTE_TIME_TYPEHASH = keccak256(
        "NoteTime(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 tokenDigest)"
    );
    bytes32 internal constant PROPOSE_AGREEMENT_TYPEHASH = keccak256(
        "ProposeAgreement(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,AgreementTerms terms)AgreementTerms(bytes32 originator,Party[] parties,bytes3 currency,uint8 visibility,uint64 loanLimit,uint64 totalLimit,string calendar,string timeZone,uint32 cutOff,uint8 attestingRoles,bytes32 calculationRules,uint16 penaltySurchargeBps,uint64 objectionPeriod,uint64 curePeriod,uint64 responsePeriod,uint64 callDeadlineBlocks,bytes32 disputeQuestion,bytes32 disputeOutcomes,bytes32 depository,bytes32 arbitrator,bytes32 nonce)Party(bytes32 member,uint16 shareBps,uint64 limit)"
    );
    bytes32 internal constant DISBURSE_TYPEHASH = keccak256(
        "Disburse(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement,bytes32 loan,bytes32 borrowerTag,bytes3 currency,uint64 principal,uint64[] shares,uint32 valueDate)"
    );
    bytes32 internal constant DISBURSE_SEALED_TYPEHASH = keccak256(
        "DisburseSealed(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement,bytes32 loan,bytes32 terms)"
    );
    bytes32 internal constant REVERSE_TYPEHASH = keccak256(
        "Reverse(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement,bytes32 loan,bytes32 reason)"
    );
    bytes32 internal constant SETTLE_TYPEHASH = keccak256(
        "Settle(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement,bytes32 loan,uint32 valueDate)"
    );
    bytes32 internal constant WRITE_OFF_TYPEHASH = keccak256(
        "WriteOff(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement,bytes32 loan,uint32 valueDate,bytes32 reason)"
    );
    bytes32 internal constant TRANSFER_SHARE_TYPEHASH = keccak256(
        "TransferShare(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement,bytes32 loan,bytes32 from,bytes32 to,uint64 amount,bytes32 reason,bytes32 price)"
    );
    bytes32 internal constant TRANSFER_SERVICING_TYPEHASH = keccak256(
        "TransferServicing(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement,bytes32 loan,bytes32 from,bytes32 to,bytes32 reason,bytes32 price)"
    );
    bytes32 internal constant SNAPSHOT_TYPEHASH = keccak256(
        "Snapshot(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement,bytes32 loan)"
    );
    bytes32 internal constant ADOPT_AGREEMENT_TYPEHASH = keccak256(
        "AdoptAgreement(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement)"
    );
    bytes32 internal constant ADOPT_TYPEHASH = keccak256(
        "Adopt(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 agreement,bytes32 loan)"
    );
    bytes32 internal constant ANCHOR_TYPEHASH = keccak256(
        "Anchor(bytes32 member,bytes32 ref,uint64 issuedAt,uint64 validUntil,bytes32 stream,uint64 firstIndex,uint64 count,bytes32 root,bytes32 previous)"
    );
    bytes32 internal constant RECORD_RECEIPT_TYPEHASH = keccak256(
        "RecordReceipt(bytes32 member,bytes32 stream,uint64 index,bytes32 digest)"
    );
    bytes32 internal constant ROOTS_SIGNED_TYPEHASH = keccak256(
        "RootsSigned(bytes32 member,bytes32 digest)"
    );
    bytes32 internal constant PACKAGE_BUILT_TYPEHASH = keccak256(
        "PackageBuilt(bytes32 member,string kind,bytes32 subject,bytes32 evidenceDigest,bytes32 certificateDigest)"
    );

    function hash(ContractEntry calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(CONTRACT_ENTRY_TYPEHASH, start, 3);
    }

    function hash(ContractEntry[] calldata values) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            hashes[i] = hash(values[i]);
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function hash(Party calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(PARTY_TYPEHASH, start, 3);
    }

    function hash(Party[] calldata values) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            hashes[i] = hash(values[i]);
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function hash(AgreementTerms calldata value) internal pure returns (bytes32) {
        return keccak256(bytes.concat(abi.encode(AGREEMENT_TERMS_TYPEHASH, value.originator, hash(value.parties), value.currency, value.visibility, value.loanLimit, value.totalLimit, keccak256(bytes(value.calendar)), keccak256(bytes(value.timeZone)), value.cutOff, value.attestingRoles, value.calculationRules), abi.encode(value.penaltySurchargeBps, value.objectionPeriod, value.curePeriod, value.responsePeriod, value.callDeadlineBlocks, value.disputeQuestion, value.disputeOutcomes, value.depository, value.arbitrator, value.nonce)));
    }

    function hash(CoSign calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(CO_SIGN_TYPEHASH, start, 5);
    }

    function hash(Cancel calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(CANCEL_TYPEHASH, start, 5);
    }

    function hash(Ratify calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(RATIFY_TYPEHASH, start, 5, 4, hash(value.contracts));
    }

    function hash(AddKey calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(ADD_KEY_TYPEHASH, start, 8);
    }

    function hash(RevokeKey calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(REVOKE_KEY_TYPEHASH, start, 7);
    }

    function hash(ReportCompromise calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(REPORT_COMPROMISE_TYPEHASH, start, 8);
    }

    function hash(Propose calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(PROPOSE_TYPEHASH, start, 6, 5, keccak256(value.payload));
    }

    function hash(Approve calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(APPROVE_TYPEHASH, start, 5);
    }

    function hash(CancelProposal calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(CANCEL_PROPOSAL_TYPEHASH, start, 5);
    }

    function hash(NoteTime calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(NOTE_TIME_TYPEHASH, start, 5);
    }

    function hash(ProposeAgreement calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(PROPOSE_AGREEMENT_TYPEHASH, start, 5, 4, hash(value.terms));
    }

    function hash(Disburse calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(DISBURSE_TYPEHASH, start, 11, 9, keccak256(abi.encodePacked(value.shares)));
    }

    function hash(DisburseSealed calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(DISBURSE_SEALED_TYPEHASH, start, 7);
    }

    function hash(Reverse calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(REVERSE_TYPEHASH, start, 7);
    }

    function hash(Settle calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(SETTLE_TYPEHASH, start, 7);
    }

    function hash(WriteOff calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(WRITE_OFF_TYPEHASH, start, 8);
    }

    function hash(TransferShare calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(TRANSFER_SHARE_TYPEHASH, start, 11);
    }

    function hash(TransferServicing calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(TRANSFER_SERVICING_TYPEHASH, start, 10);
    }

    function hash(Snapshot calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(SNAPSHOT_TYPEHASH, start, 6);
    }

    function hash(AdoptAgreement calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(ADOPT_AGREEMENT_TYPEHASH, start, 5);
    }

    function hash(Adopt calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(ADOPT_TYPEHASH, start, 6);
    }

    function hash(Anchor calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(ANCHOR_TYPEHASH, start, 9);
    }

    function hash(RecordReceipt calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(RECORD_RECEIPT_TYPEHASH, start, 4);
    }

    function hash(RootsSigned calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(ROOTS_SIGNED_TYPEHASH, start, 2);
    }

    function hash(PackageBuilt calldata value) internal pure returns (bytes32) {
        uint256 start;
        assembly {
            start := value
        }
        return _hashWords(PACKAGE_BUILT_TYPEHASH, start, 5, 1, keccak256(bytes(value.kind)));
    }

    function prefix(CoSign calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Cancel calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Ratify calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(AddKey calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(RevokeKey calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(ReportCompromise calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Propose calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Approve calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(CancelProposal calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(NoteTime calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(ProposeAgreement calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Disburse calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(DisburseSealed calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Reverse calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Settle calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(WriteOff calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(TransferShare calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(TransferServicing calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Snapshot calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(AdoptAgreement calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Adopt calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    function prefix(Anchor calldata value) internal pure returns (Prefix calldata start) {
        assembly {
            start := value
        }
    }

    /// @dev hashStruct of a struct without dynamic members: its words in calldata are its encodeData. Bits beyond a
    /// field's type are hashed as they are; the compiler refuses them where the field is read, so every field MUST be.
    function _hashWords(bytes32 typehash, uint256 start, uint256 words) private pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typehash)
            calldatacopy(add(free, 0x20), start, mul(words, 0x20))
            result := keccak256(free, mul(add(words, 1), 0x20))
        }
    }

    /// @dev The same, with the hash of the one dynamic member in place of its offset, which is word `index`.
    function _hashWords(bytes32 typehash, uint256 start, uint256 words, uint256 index, bytes32 part)
        private
        pure
        returns (bytes32 result)
    {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typehash)
            calldatacopy(add(free, 0x20), start, mul(words, 0x20))
            mstore(add(free, mul(add(index, 1), 0x20)), part)
            result := keccak256(free, mul(add(words, 1), 0x20))
        }
    }
}
