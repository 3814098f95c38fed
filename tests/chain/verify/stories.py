"""What happens on the test chain: an agreement, a loan, its records, and packages about them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tallystick import merkle
from tallystick.acts import (
    AgreementTerms,
    Anchor,
    CoSign,
    Disburse,
    DisburseSealed,
    Domain,
    NoteTime,
    Party,
    ProposeAgreement,
    Settle,
    Snapshot,
    act_id,
    agreement_id,
)
from tallystick.money import apportion
from tallystick.package.custody import Step
from tallystick.package.evidence import loan_subject, records_subject
from tallystick.package.proofs import CheckpointProof
from tallystick.package.terms import LoanTerms
from tallystick.package.writer import Draft, draft_package
from tallystick.records import Record, commit, parse
from tallystick.records.handover import AnchoredBatch, LoggedOpening, make_opening
from tallystick.roots import AuthorityEntry, Key, Roots
from tallystick.timestamps import CheckpointTree
from tallystick.verify.trust import Trust, read_trust
from tallystick.verify.verifier import Report, verify
from tests.chain.timestamps.mint import ENDS, MADE, Identity, identity, mint

from .sealed_chain import (
    CHAIN_ID,
    NOTHING,
    Recorded,
    SealedChain,
    act_key,
    address_of,
    hashed,
    instant,
    member,
    roots_of,
)

TERMS = AgreementTerms(
    originator=member(0),
    parties=(
        Party(member=member(0), share_bps=2000, limit=10**12),
        Party(member=member(1), share_bps=8000, limit=10**12),
    ),
    currency=b"CNY",
    visibility=1,
    loan_limit=10**9,
    total_limit=10**12,
    calendar="WEEKDAYS",
    time_zone="Asia/Shanghai",
    cut_off=64_800,
    attesting_roles=4,
    calculation_rules=NOTHING,
    penalty_surcharge_bps=0,
    objection_period=864_000,
    cure_period=864_000,
    response_period=864_000,
    call_deadline_blocks=1000,
    dispute_question=NOTHING,
    dispute_outcomes=NOTHING,
    depository=member(2),
    arbitrator=member(3),
    nonce=hashed("nonce"),
)
AGREEMENT = agreement_id(TERMS)
LOAN, OTHER_LOAN = hashed("loan"), hashed("other loan")
PRINCIPAL = 1_000_000


def record(number: int, loan: bytes = LOAN, kind: str = "repayment", **values: str) -> Record:
    common = {
        "agreement": AGREEMENT.hex(),
        "loan": loan.hex(),
        "occurred_at": f"2026-11-{number % 28 + 1:02}T09:30:00Z",
        "booking_date": f"2026-11-{number % 28 + 1:02}",
        "reference": f"Instalment {number} – März",
        "source_system": "core",
        "source_id": f"TX-{number:06}",
    }
    own = {
        "repayment": {
            "value_date": "2026-11-20",
            "currency": "CNY",
            "principal": "125000",
            "interest": "310",
            "penalty": "0",
            "fees": "0",
            "payer": "Acme Ltd",
        },
        "note": {"text": "Called the borrower"},
        "document": {"kind": "contract", "media_type": "application/pdf", "content": "00" * 32, "size": "1024"},
    }.get(kind, {})
    return parse(json.dumps({"type": kind, **common, **own, **values}))


@dataclass
class Batch:
    """Records that were anchored together, and the act that did it."""

    records: list[Record]
    secrets: list[bytes]
    anchored: AnchoredBatch
    act: Recorded

    def opening(self, place: int, fields: Sequence[str] | None = None) -> LoggedOpening:
        leaves = [self.digest(each) for each in range(len(self.records))]
        path = merkle.inclusion_proof([merkle.leaf_hash(leaf) for leaf in leaves], place)
        index = self.anchored.first_index + place
        return make_opening(self.records[place], self.secrets[place], self.anchored, index, path, fields=fields)

    def openings(self, fields: Sequence[str] | None = None) -> list[LoggedOpening]:
        tree = merkle.Tree([merkle.leaf_hash(self.digest(place)) for place in range(len(self.records))])
        return [
            make_opening(
                self.records[place],
                self.secrets[place],
                self.anchored,
                self.anchored.first_index + place,
                tree.inclusion_proof(place),
                fields=fields,
            )
            for place in range(len(self.records))
        ]

    def digest(self, place: int) -> bytes:
        return commit(self.records[place], self.anchored.member, self.secrets[place]).digest


@dataclass
class Story:
    """One consortium: `acts` are all that were recorded."""

    chain: SealedChain = field(default_factory=SealedChain)
    acts: list[Recorded] = field(default_factory=list)

    def keep(self, recorded: Recorded) -> Recorded:
        self.acts.append(recorded)
        return recorded

    def agree(self) -> list[Recorded]:
        """River Bank co-signs what Harbour Bank proposed."""
        chain = self.chain
        act = ProposeAgreement(terms=TERMS, **chain.prefix(0))
        proposed = self.keep(
            chain.record(
                "AgreementBook",
                act,
                "AgreementProposed",
                by=act_key(0),
                agreement=AGREEMENT,
                terms=TERMS,
                openUntil=chain.now + 86_400,
            )
        )
        signed = CoSign(act_id=proposed.id, **chain.prefix(1))
        co_signed = self.keep(
            chain.record(
                "AgreementBook",
                signed,
                "AgreementCoSigned",
                by=act_key(1),
                agreement=AGREEMENT,
                matter=proposed.id,
                awaiting=0,
            )
        )
        chain.seal()
        return [proposed, co_signed]

    def disburse(self, loan: bytes = LOAN, principal: int = PRINCIPAL) -> Recorded:
        chain = self.chain
        act = Disburse(
            agreement=AGREEMENT,
            loan=loan,
            borrower_tag=hashed("borrower"),
            currency=b"CNY",
            principal=principal,
            shares=apportion(principal, (2000, 8000)),
            value_date=20261101,
            **chain.prefix(0),
        )
        fields = {"borrowerTag": act.borrower_tag, "valueDate": act.value_date}
        fields |= {name: getattr(act, name) for name in ("currency", "principal", "shares")}
        return self._linked(0, act, "Disbursed", loan, **fields)

    def disburse_sealed(self, terms: LoanTerms) -> list[Recorded]:
        """Harbour Bank disburses; River Bank co-signs."""
        chain = self.chain
        act = DisburseSealed(agreement=AGREEMENT, loan=LOAN, terms=terms.digest, **chain.prefix(0))
        disbursed = self._linked(0, act, "SealedDisbursed", LOAN, terms=terms.digest, openUntil=chain.now + 86_400)
        signed = CoSign(act_id=disbursed.id, **chain.prefix(1))
        return [disbursed, self._linked(1, signed, "LoanCoSigned", LOAN, matter=disbursed.id, awaiting=0)]

    def settle(self, loan: bytes = LOAN) -> Recorded:
        act = Settle(agreement=AGREEMENT, loan=loan, value_date=20261120, **self.chain.prefix(0))
        return self._linked(0, act, "Settled", loan, previous=2, valueDate=20261120)

    def snapshot(self, loan: bytes = LOAN) -> Recorded:
        chain = self.chain
        act = Snapshot(agreement=AGREEMENT, loan=loan, **chain.prefix(0))
        count, head = chain.heads[address_of("LoanLedger"), AGREEMENT, loan]
        taken = self.keep(
            chain.record(
                "LoanLedger", act, "HeadAsOf", by=act_key(0), agreement=AGREEMENT, loan=loan, count=count, head=head
            )
        )
        chain.seal()
        return taken

    def note_time(self, token: bytes) -> Recorded:
        chain = self.chain
        act = NoteTime(token_digest=hashlib.sha256(token).digest(), **chain.prefix(2))
        noted = self.keep(chain.record("Consortium", act, "TimeNoted", by=act_key(2), tokenDigest=act.token_digest))
        chain.seal()
        return noted

    def anchor(self, records: list[Record], speaker: int = 0, stream: bytes = AGREEMENT) -> Batch:
        chain = self.chain
        first, previous = chain.logs.get((member(speaker), stream), (0, NOTHING))
        secrets = [hashed("secret", chain.height, first + place) for place in range(len(records))]
        digests = [
            commit(each, member(speaker), secret).leaf_hash for each, secret in zip(records, secrets, strict=True)
        ]
        root = merkle.root(digests)
        act = Anchor(
            stream=stream,
            first_index=first,
            count=len(records),
            root=root,
            previous=previous,
            **chain.prefix(speaker),
        )
        recorded = self.keep(
            chain.record(
                "RecordLog",
                act,
                "Anchored",
                by=act_key(speaker),
                stream=stream,
                firstIndex=first,
                count=len(records),
                root=root,
                previous=previous,
            )
        )
        chain.logs[member(speaker), stream] = (first + len(records), recorded.id)
        chain.seal()
        return Batch(records, secrets, AnchoredBatch(member(speaker), stream, first, len(records), root), recorded)

    def _linked(self, speaker: int, act: Any, event: str, loan: bytes, **values: Any) -> Recorded:
        chain, ledger = self.chain, address_of("LoanLedger")
        linked = chain.link(ledger, AGREEMENT, loan, act_id(act, Domain(CHAIN_ID, ledger)))
        recorded = self.keep(
            chain.record(
                "LoanLedger", act, event, by=act_key(speaker), agreement=AGREEMENT, loan=loan, **linked, **values
            )
        )
        chain.seal()
        return recorded

    # Time and packages

    def checkpoint(self, heights: Sequence[int], who: Identity | None = None, at: int | None = None) -> CheckpointProof:
        """A checkpoint over the whole chain, stamped half a minute after its newest block, with paths of `heights`."""
        chain = self.chain
        tree = CheckpointTree(CHAIN_ID, chain.blocks[0].hash, 0, [(block.hash, block.header) for block in chain.blocks])
        gen_time = instant(at or chain.blocks[-1].time + 30)
        token = mint(who or identity(), tree.checkpoint.encode(), gen_time=gen_time)
        return CheckpointProof(tree.checkpoint, {height: tree.path(height) for height in heights}, [[token]])

    def draft(
        self,
        kind: str,
        acts: Sequence[Recorded],
        subject: dict[str, str] | None = None,
        *,
        stamped: bool = True,
        roots: Roots | None = None,
        **more: Any,
    ) -> Draft:
        """A package by Harbour Bank, built a minute after the newest block."""
        built_at = instant(self.chain.blocks[-1].time + 60)
        if stamped:
            more["checkpoints"] = [self.checkpoint(sorted({act.place.height for act in acts}))]
        return draft_package(
            self.chain.proofs(acts, **more),
            kind,
            subject,
            member=member(0),
            built_at=built_at,
            custody=(Step("collected", member(0), built_at - timedelta(seconds=2), "from the own node"),),
            roots=roots or self.roots(),
        )

    def roots(self, *further: Key, **changes: Any) -> Roots:
        """Roots as of the newest block, with one time-stamp authority."""
        return roots_of(self.chain, *further, **{"authorities": (northern_time(),), **changes})


@dataclass
class Packaged:
    """A package and the roots to judge it by."""

    package: bytes
    roots: Roots
    story: Story
    built_at: datetime


def northern_time(who: Identity | None = None, **changes: Any) -> AuthorityEntry:
    """The time-stamp authority of the stories, as roots pin it."""
    chain = (who or identity()).chain
    made: dict[str, Any] = {
        "name": "Northern Time",
        "certificate": chain[0],
        "issuers": chain[1:],
        "url": None,
        "since": MADE,
        "until": ENDS,
        "development": False,
    }
    return AuthorityEntry(**{**made, **changes})


def acts_package(story: Story | None = None, **options: Any) -> Packaged:
    """The disbursement and the settlement of a loan, as a package of kind `acts`."""
    story = story or Story()
    acts = [story.disburse(), story.settle()]
    draft = story.draft("acts", acts, **options)
    return Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at)


def records_package(
    count: int = 3, story: Story | None = None, fields: Sequence[str] | None = None, **options: Any
) -> Packaged:
    """`count` repayments, anchored at once, as a package of kind `records`."""
    story = story or Story()
    batch = story.anchor([record(number) for number in range(count)])
    subject = records_subject(member(0), AGREEMENT)
    draft = story.draft("records", [batch.act], subject, openings=batch.openings(fields), **options)
    return Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at)


def loan_package(story: Story | None = None, **options: Any) -> Packaged:
    """A loan with its agreement, two anchored batches of records, and a snapshot."""
    story = story or Story()
    agreed = story.agree()
    disbursed = story.disburse()
    first = story.anchor([record(number) for number in range(2)])
    second = story.anchor([record(2), record(3, OTHER_LOAN)])
    snapshot = story.snapshot()
    openings = [*first.openings(), second.opening(0), second.opening(1, ["loan"])]
    acts = [*agreed, disbursed, first.act, second.act, snapshot]
    draft = story.draft("loan", acts, loan_subject(AGREEMENT, LOAN), openings=openings, **options)
    return Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at)


def judged(packaged: Packaged, package: bytes | None = None, **options: Any) -> Report:
    """The verdict on the package (or on a changed one) by its roots, whose digest is pinned."""
    trust = trust_in(options.pop("roots", None) or packaged.roots)
    return verify(packaged.package if package is None else package, trust, **options)


_TRUST: dict[int, tuple[Roots, Trust]] = {}


def trust_in(roots: Roots) -> Trust:
    """The roots, read and pinned; once for each object, since attacks come by the thousand."""
    if id(roots) not in _TRUST:
        _TRUST[id(roots)] = (roots, read_trust([roots.to_bytes()], roots.digest))
    return _TRUST[id(roots)][1]


def codes(report: Report, *statuses: str) -> set[str]:
    """The codes of the findings with these statuses; by default those that speak against the package."""
    wanted = statuses or ("FAIL", "LIMIT", "SKIP")
    expected = {"stamp.absent", "book.not_compared"}
    return {each.code for each in report.findings if each.status in wanted} - expected
