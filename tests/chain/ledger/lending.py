"""The model's ledger and logs: agreements, loans, transfers, an upgrade, anchors."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tallystick.acts import AgreementTerms, Party, agreement_id
from tallystick.ledger import Subject, Views

from .world import CHAIN_ID, NOTHING, SET_CONTRACT, THIRTY_DAYS, World, address_of, ascii32, hashed, keccak256, padded

SEALED, OPEN = 0, 1
PENDING, ACTIVE, SETTLED, WRITTEN_OFF, REVERSED = 1, 2, 3, 4, 5
AGREEMENT, SEALED_LOAN, SHARE, SERVICING = 1, 2, 3, 4
_NAMES = {
    "originator": "originator",
    "currency": "currency",
    "visibility": "visibility",
    "loan_limit": "loanLimit",
    "total_limit": "totalLimit",
    "calendar": "calendar",
    "time_zone": "timeZone",
    "cut_off": "cutOff",
    "attesting_roles": "attestingRoles",
    "calculation_rules": "calculationRules",
    "penalty_surcharge_bps": "penaltySurchargeBps",
    "objection_period": "objectionPeriod",
    "cure_period": "curePeriod",
    "response_period": "responsePeriod",
    "call_deadline_blocks": "callDeadlineBlocks",
    "dispute_question": "disputeQuestion",
    "dispute_outcomes": "disputeOutcomes",
    "depository": "depository",
    "arbitrator": "arbitrator",
    "nonce": "nonce",
}


def shares_by_hand(principal: int, bps: list[int]) -> list[int]:
    """Whole parts of exact fractions, then a unit each to whom the most is missing, the first of equals first."""
    exact = [Fraction(principal * each, 10_000) for each in bps]
    shares = [int(each) for each in exact]
    while sum(shares) < principal:
        missing = [part - share for part, share in zip(exact, shares, strict=True)]
        shares[missing.index(max(missing))] += 1
    return shares


def values_of(terms: AgreementTerms) -> dict[str, Any]:
    parties = tuple({"member": p.member, "shareBps": p.share_bps, "limit": p.limit} for p in terms.parties)
    return {solidity: getattr(terms, name) for name, solidity in _NAMES.items()} | {"parties": parties}


@dataclass
class LendingWorld(World):
    """A world with an agreement book, a ledger and logs, as the present contracts have them."""

    agreements: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    loans: dict[tuple[bytes, bytes], dict[str, Any]] = field(default_factory=dict)
    matters: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    shares: dict[tuple[bytes, bytes], list[int]] = field(default_factory=dict)
    agreements_before: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    """What the frozen predecessor has and the present book has not adopted."""
    loans_before: dict[tuple[bytes, bytes], dict[str, Any]] = field(default_factory=dict)
    logs: dict[tuple[bytes, bytes], dict[str, Any]] = field(default_factory=dict)
    predecessors: dict[str, bytes] = field(default_factory=dict)

    # Agreements

    def terms(self, members: list[bytes], bps: list[int], visibility: int, **changed: object) -> AgreementTerms:
        values: dict[str, Any] = {
            "originator": members[0],
            "parties": tuple(
                Party(member=member, share_bps=each, limit=40_000_000)
                for member, each in zip(members, bps, strict=True)
            ),
            "currency": b"EUR",
            "visibility": visibility,
            "loan_limit": 1_000_000,
            "total_limit": 50_000_000,
            "calendar": "TARGET2",
            "time_zone": "Europe/Berlin",
            "cut_off": 61_200,
            "attesting_roles": 6,
            "calculation_rules": hashed("rules"),
            "penalty_surcharge_bps": 50,
            "objection_period": 100,
            "cure_period": 100,
            "response_period": 100,
            "call_deadline_blocks": 10,
            "dispute_question": hashed("question"),
            "dispute_outcomes": hashed("outcomes"),
            "depository": (self.with_role(2) or [NOTHING])[0],
            "arbitrator": (self.with_role(4) or [NOTHING])[0],
            "nonce": hashed("nonce", self.acts),
        }
        return AgreementTerms(**(values | changed))

    def propose_agreement(self, terms: AgreementTerms, proposer: bytes) -> bytes:
        matter, agreement = self.act_id(), agreement_id(terms)
        members = [party.member for party in terms.parties]
        self.agreements[agreement] = {"state": 1, "terms": terms, "exposures": [0] * len(members)}
        proposing = members.index(proposer)
        self.open_matter(
            matter, AGREEMENT, agreement, NOTHING, proposing, proposing, 0, self.all_but(members, proposing)
        )
        self.emit(
            "AgreementBook",
            "AgreementProposed",
            actId=matter,
            agreement=agreement,
            member=proposer,
            signer=self.signer(proposer),
            terms=values_of(terms),
            openUntil=self.now + THIRTY_DAYS,
        )
        return matter

    def agree(self, visibility: int = OPEN, bps: tuple[int, ...] = (2000, 8000), **changed: object) -> bytes:
        """An agreement between as many lenders as there are shares, signed by all."""
        self.block()
        terms = self.terms(self.with_role(1)[: len(bps)], list(bps), visibility, **changed)
        matter = self.propose_agreement(terms, terms.originator)
        for party in terms.parties:
            if party.member != terms.originator:
                self.transaction()
                self.co_sign(matter, party.member)
        return agreement_id(terms)

    def parties(self, agreement: bytes) -> list[bytes]:
        return [party.member for party in self.agreements[agreement]["terms"].parties]

    def is_open(self, agreement: bytes) -> bool:
        return bool(self.agreements[agreement]["terms"].visibility == OPEN)

    # Matters

    @staticmethod
    def all_but(members: list[bytes], party: int) -> int:
        return sum(1 << index for index in range(len(members)) if index != party)

    def open_matter(
        self,
        matter: bytes,
        kind: int,
        agreement: bytes,
        loan: bytes,
        giver: int,
        taker: int,
        amount: int,
        awaiting: int,
    ) -> None:
        self.matters[matter] = {
            "kind": kind,
            "agreement": agreement,
            "loan": loan,
            "from": giver,
            "to": taker,
            "amount": amount,
            "awaiting": awaiting,
            "open_until": self.now + THIRTY_DAYS,
            "contract": "AgreementBook" if kind == AGREEMENT else "LoanLedger",
        }

    def co_sign(self, matter: bytes, member: bytes) -> None:
        found = self.matters[matter]
        agreement = found["agreement"]
        parties = self.parties(agreement)
        found["awaiting"] &= ~(1 << parties.index(member))
        if not found["awaiting"]:
            found["open_until"] = 0
        act_id = self.act_id()
        told = {
            "actId": act_id,
            "agreement": agreement,
            "member": member,
            "signer": self.signer(member),
            "matter": matter,
            "awaiting": found["awaiting"],
        }
        if found["kind"] == AGREEMENT:
            self.emit("AgreementBook", "AgreementCoSigned", **told)
            if not found["awaiting"]:
                self.agreements[agreement]["state"] = 2
                self.emit("AgreementBook", "AgreementActivated", actId=matter, agreement=agreement)
            return
        key = (agreement, found["loan"])
        self.emit(found["contract"], "LoanCoSigned", loan=found["loan"], **told, **self.link(key, act_id))
        if not found["awaiting"]:
            self._take_effect(matter, found, key)

    def _take_effect(self, matter: bytes, found: dict[str, Any], key: tuple[bytes, bytes]) -> None:
        loan, parties = self.loans[key], self.parties(key[0])
        about = {"actId": matter, "agreement": key[0], "loan": key[1]}
        if found["kind"] == SEALED_LOAN:
            loan["state"] = ACTIVE
            self.emit("LoanLedger", "SealedLoanActivated", **about)
            return
        giver, taker, amount = found["from"], found["to"], found["amount"]
        about |= {"from_": parties[giver], "to": parties[taker]}
        if found["kind"] == SERVICING:
            loan["servicer"] = parties[taker]
            self.emit("LoanLedger", "ServicingTransferred", **about)
            return
        shares = self.shares[key]
        if self.is_open(key[0]):
            shares[giver] -= amount
            shares[taker] += amount
            if loan["state"] == ACTIVE:
                self.agreements[key[0]]["exposures"][giver] -= amount
                self.agreements[key[0]]["exposures"][taker] += amount
        else:
            shares[giver], shares[taker] = 0, 1
        self.emit(
            "AgreementBook",
            "ShareTransferred",
            **about,
            amount=amount,
            shareOfFrom=shares[giver],
            shareOfTo=shares[taker],
        )

    def withdraw(self, matter: bytes) -> None:
        found = self.matters[matter]
        found["open_until"] = 0
        opener = self.parties(found["agreement"])[found["from"]]
        if found["kind"] == AGREEMENT:
            self.agreements[found["agreement"]]["state"] = 3
        act_id = self.act_id()
        self.emit(
            found["contract"],
            "MatterWithdrawn",
            actId=act_id,
            matter=matter,
            member=opener,
            kind=found["kind"],
            agreement=found["agreement"],
        )
        self.emit(
            found["contract"],
            "ActCancelled",
            actId=act_id,
            cancelled=matter,
            member=opener,
            signer=self.signer(opener),
        )

    # Loans

    def link(self, key: tuple[bytes, bytes], act_id: bytes) -> dict[str, Any]:
        loan = self.loans[key]
        loan["count"] += 1
        loan["head"] = keccak256(loan["head"] + act_id)
        return {"count": loan["count"], "head": loan["head"]}

    def new_loan(self, agreement: bytes, state: int, principal: int, shares: list[int]) -> tuple[bytes, bytes]:
        loan = hashed("loan", self.acts)
        ledger = self.directory["LoanLedger"]
        head = keccak256(b"tallystick-head/v1" + CHAIN_ID.to_bytes(32, "big") + ledger + agreement + loan)
        self.loans[agreement, loan] = {
            "state": state,
            "servicer": NOTHING,
            "principal": principal,
            "count": 0,
            "carried_count": 0,
            "head": head,
        }
        self.shares[agreement, loan] = shares
        return agreement, loan

    def servicer(self, key: tuple[bytes, bytes]) -> bytes:
        servicer: bytes = self.loans[key]["servicer"]
        return self.agreements[key[0]]["terms"].originator if servicer == NOTHING else servicer

    def disburse(self, agreement: bytes, principal: int) -> tuple[bytes, bytes]:
        book = self.agreements[agreement]
        shares = shares_by_hand(principal, [party.share_bps for party in book["terms"].parties])
        book["exposures"] = [old + share for old, share in zip(book["exposures"], shares, strict=True)]
        act_id = self.act_id()
        key = self.new_loan(agreement, ACTIVE, principal, shares)
        originator = book["terms"].originator
        self.emit(
            "LoanLedger",
            "Disbursed",
            actId=act_id,
            agreement=agreement,
            loan=key[1],
            member=originator,
            signer=self.signer(originator),
            borrowerTag=hashed("borrower", self.acts),
            currency=b"EUR",
            principal=principal,
            shares=tuple(shares),
            valueDate=20_260_228,
            **self.link(key, act_id),
        )
        return key

    def disburse_sealed(self, agreement: bytes) -> tuple[tuple[bytes, bytes], bytes]:
        parties, act_id = self.parties(agreement), self.act_id()
        key = self.new_loan(agreement, PENDING, 0, [1] * len(parties))
        originator = parties.index(self.servicer(key))
        self.open_matter(act_id, SEALED_LOAN, agreement, key[1], 0, 0, 0, self.all_but(parties, originator))
        self.emit(
            "LoanLedger",
            "SealedDisbursed",
            actId=act_id,
            agreement=agreement,
            loan=key[1],
            member=parties[originator],
            signer=self.signer(parties[originator]),
            terms=hashed("sealed", self.acts),
            openUntil=self.now + THIRTY_DAYS,
            **self.link(key, act_id),
        )
        return key, act_id

    def move(self, key: tuple[bytes, bytes], state: int) -> None:
        loan, act_id = self.loans[key], self.act_id()
        previous, servicer = loan["state"], self.servicer(key)
        if previous == ACTIVE and loan["principal"]:
            book = self.agreements[key[0]]
            book["exposures"] = [old - share for old, share in zip(book["exposures"], self.shares[key], strict=True)]
        loan["state"] = state
        name = {SETTLED: "Settled", WRITTEN_OFF: "WrittenOff", REVERSED: "Reversed"}[state]
        told: dict[str, Any] = {} if state == REVERSED else {"valueDate": 20_270_101}
        told |= {} if state == SETTLED else {"reason": ascii32("so it is")}
        self.emit(
            "LoanLedger",
            name,
            actId=act_id,
            agreement=key[0],
            loan=key[1],
            member=servicer,
            signer=self.signer(servicer),
            previous=previous,
            **told,
            **self.link(key, act_id),
        )

    def offer(self, key: tuple[bytes, bytes], kind: int, giver: int, taker: int, amount: int) -> bytes:
        matter, parties = self.act_id(), self.parties(key[0])
        self.open_matter(matter, kind, key[0], key[1], giver, taker, amount, 1 << taker)
        told = {"amount": amount} if kind == SHARE else {}
        self.emit(
            "LoanLedger",
            "ShareTransferProposed" if kind == SHARE else "ServicingTransferProposed",
            actId=matter,
            agreement=key[0],
            loan=key[1],
            member=parties[giver],
            signer=self.signer(parties[giver]),
            to=parties[taker],
            **told,
            reason=ascii32("sold"),
            price=hashed("price"),
            openUntil=self.now + THIRTY_DAYS,
            **self.link(key, matter),
        )
        return matter

    def snapshot(self, key: tuple[bytes, bytes], member: bytes) -> None:
        loan = self.loans[key]
        self.emit(
            "LoanLedger",
            "HeadAsOf",
            actId=self.act_id(),
            agreement=key[0],
            loan=key[1],
            member=member,
            signer=self.signer(member),
            count=loan["count"],
            head=loan["head"],
        )

    def link_from(self, contract: str, key: tuple[bytes, bytes], member: bytes) -> None:
        """Another contract of the directory links an act of its own."""
        act_id = self.act_id()
        self.emit(
            "LoanLedger",
            "ActLinked",
            actId=act_id,
            agreement=key[0],
            loan=key[1],
            member=member,
            by=self.directory[contract],
            **self.link(key, act_id),
        )

    def reduce(self, key: tuple[bytes, bytes], amounts: tuple[int, int]) -> None:
        """What the first two parties agreed was repaid."""
        act_id, book, shares = self.act_id(), self.agreements[key[0]], self.shares[key]
        parties = self.parties(key[0])
        for party, amount in enumerate(amounts):
            shares[party] -= amount
            book["exposures"][party] -= amount
        self.emit(
            "AgreementBook",
            "ExposureReduced",
            actId=act_id,
            agreement=key[0],
            loan=key[1],
            first=parties[0],
            second=parties[1],
            amountOfFirst=amounts[0],
            amountOfSecond=amounts[1],
            shareOfFirst=shares[0],
            shareOfSecond=shares[1],
            **self.link(key, act_id),
        )

    # Upgrade

    def upgrade(self, name: str) -> None:
        """The directory names another AgreementBook or LoanLedger, and the old one freezes."""
        old, new = self.directory[name], address_of(name, self.acts)
        self.decide(SET_CONTRACT, ascii32(name), padded(new), hashed("code", name))
        self.transaction()
        self.emit_from(name, old, "ContractFrozen", successor=new)
        self.predecessors[name] = old
        self.matters = {key: found for key, found in self.matters.items() if found["contract"] != name}
        if name == "AgreementBook":
            self.agreements_before |= self.agreements
            self.agreements = {}
        else:
            self.loans_before |= self.loans
            self.loans = {}

    def adopt_agreement(self, agreement: bytes, member: bytes) -> None:
        carried = self.agreements_before.pop(agreement)
        self.agreements[agreement] = carried
        self.emit(
            "AgreementBook",
            "AgreementAdopted",
            actId=self.act_id(),
            agreement=agreement,
            member=member,
            signer=self.signer(member),
            predecessor=self.predecessors["AgreementBook"],
            terms=values_of(carried["terms"]),
            exposures=tuple(carried["exposures"]),
        )

    def adopt(self, key: tuple[bytes, bytes], member: bytes) -> None:
        loan = self.loans_before.pop(key)
        carried = {
            "state": loan["state"],
            "principal": loan["principal"],
            "count": loan["count"],
            "carriedCount": loan["carried_count"],
            "head": loan["head"],
            "servicer": loan["servicer"],
        }
        loan["carried_count"] = loan["count"]
        self.loans[key] = loan
        act_id = self.act_id()
        self.emit(
            "LoanLedger",
            "LoanAdopted",
            actId=act_id,
            agreement=key[0],
            loan=key[1],
            member=member,
            signer=self.signer(member),
            predecessor=self.predecessors["LoanLedger"],
            carried=carried,
            **self.link(key, act_id),
        )

    # Logs

    def anchor(self, member: bytes, stream: bytes, count: int) -> None:
        log = self.logs.setdefault((member, stream), {"next_index": 0, "last_anchor": NOTHING})
        act_id = self.act_id()
        self.emit(
            "RecordLog",
            "Anchored",
            actId=act_id,
            stream=stream,
            member=member,
            signer=self.signer(member),
            firstIndex=log["next_index"],
            count=count,
            root=hashed("root", self.acts),
            previous=log["last_anchor"],
        )
        log["next_index"] += count
        log["last_anchor"] = act_id

    def views(self) -> Views:
        """The model's account of everything."""
        agreements = self.agreements_before | self.agreements
        loans = self.loans_before | self.loans
        told = self.consortium_views() | {
            "agreement": {
                key: {
                    "state": book["state"],
                    "exposures": tuple(book["exposures"]),
                    "exposure": sum(book["exposures"]),
                }
                for key, book in agreements.items()
            },
            "loan": {key: loan | {"shares": tuple(self.shares[key])} for key, loan in loans.items()},
            "matter": {
                key: {name: value for name, value in found.items() if name != "contract"}
                for key, found in self.matters.items()
            },
            "log": self.logs,
        }
        return {Subject(subject): rows for subject, rows in told.items()}
