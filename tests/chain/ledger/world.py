"""A plain model of a consortium that tells its own events: what the contracts would do, written a second time.

Nothing of `tallystick.ledger` is used but the `Event` that it takes (and the form of `Views` that it compares). States
and purposes are the contracts' numbers.
"""

from dataclasses import dataclass, field
from typing import Any

from Crypto.Hash import keccak

from tallystick.acts import ContractEntry, struct_hash
from tallystick.keys import Address
from tallystick.ledger import Event

CHAIN_ID = 0x1_2345_6789
NOTHING = bytes(32)
NO_ADDRESS = Address(bytes(20))
ACT, RECOVERY, VALIDATOR = 1, 2, 3
LENDER, DEPOSITORY, ARBITRATOR = 1, 2, 4
ADMIT, SUSPEND, REINSTATE, EXPEL, SET_ROLES, ADD_VALIDATOR = 1, 2, 3, 4, 5, 6
REMOVE_VALIDATOR, SET_THRESHOLD, SET_DELAY, SET_CONTRACT, BACKDATE, REPLACE_RECOVERY = 7, 8, 9, 10, 11, 12
FOREVER = 4_000_000_000
THIRTY_DAYS = 30 * 86_400
ROLES = (LENDER, LENDER, LENDER, DEPOSITORY, ARBITRATOR, LENDER)


def hashed(*parts: object) -> bytes:
    """32 bytes that stand for a name, different for every name."""
    return keccak256("/".join(map(str, parts)).encode())


def keccak256(message: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=message).digest()


def ascii32(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def padded(address: bytes) -> bytes:
    return bytes(12) + address


def address_of(*name: object) -> Address:
    return Address(hashed("address", *name)[:20])


@dataclass
class World:
    """The consortium so far, and the events it told. Every call of `transaction` begins a new one."""

    events: list[Event] = field(default_factory=list)
    height: int = 10
    now: int = 1_800_000_000
    transaction_index: int = 0
    log_index: int = 0
    acts: int = 0
    delay: int = 0
    threshold: int = 0
    epoch: int = 0
    members: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    keys: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    validators: list[bytes] = field(default_factory=list)
    directory: dict[str, bytes] = field(default_factory=dict)
    code_hashes: dict[str, bytes] = field(default_factory=dict)
    proposals: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    founded: bool = False
    active: bool = False

    consortium: Address = field(default_factory=lambda: address_of("Consortium"))

    # Time and place

    def block(self, seconds: int = 2) -> None:
        self.height += 1
        self.now += seconds
        self.transaction_index = -1
        self.log_index = 0
        self.transaction()

    def transaction(self) -> None:
        self.transaction_index += 1

    def act_id(self) -> bytes:
        self.acts += 1
        return hashed("act", self.acts)

    def emit(self, contract: str, event: str, /, **values: object) -> None:
        address = self.consortium if contract == "Consortium" else self.directory[contract]
        self.emit_from(contract, address, event, **values)

    def emit_from(self, contract: str, address: bytes, event: str, /, **values: object) -> None:
        named = {key.rstrip("_"): value for key, value in values.items()}
        self.events.append(
            Event(
                contract=contract,
                address=Address(address),
                name=event,
                values={**named, "chainId": CHAIN_ID},
                height=self.height,
                transaction_index=self.transaction_index,
                log_index=self.log_index,
                block_time=self.now,
                transaction_hash=hashed("tx", self.height, self.transaction_index),
            )
        )
        self.log_index += 1

    # Members and keys

    def member(self, number: int) -> bytes:
        return list(self.members)[number]

    def active_members(self) -> list[bytes]:
        return [key for key, member in self.members.items() if member["state"] == 1]

    def with_role(self, role: int) -> list[bytes]:
        return [key for key in self.active_members() if self.members[key]["roles"] & role]

    def key_of(self, member: bytes, purpose: int = ACT) -> bytes | None:
        """A key of the member that counts now."""
        for key, found in self.keys.items():
            if (found["member"], found["purpose"]) == (member, purpose) and self.counts(key):
                return key
        return None

    def counts(self, key: bytes) -> bool:
        found = self.keys[key]
        in_window = found["not_before"] <= self.now <= found["not_after"]
        return in_window and not found["revoked_at"] and not found["compromised_since"]

    def signer(self, member: bytes, purpose: int = ACT) -> bytes | None:
        key = self.key_of(member, purpose)
        return key[12:] if key else None

    def admit(self, act_id: bytes, member: bytes, roles: int, certificate: bytes) -> None:
        index = len(self.members)
        self.members[member] = {"state": 1, "roles": roles, "index": index, "certificate": certificate}
        self.epoch += 1
        self.emit(
            "Consortium",
            "MemberAdmitted",
            actId=act_id,
            member=member,
            roles=roles,
            index=index,
            certificate=certificate,
        )

    def add_key(
        self, act_id: bytes, member: bytes, signer: bytes, purpose: int, key: bytes, start: int, end: int
    ) -> None:
        self.keys[key] = {
            "member": member,
            "purpose": purpose,
            "not_before": start,
            "not_after": end,
            "revoked_at": 0,
            "compromised_since": 0,
            "compromise_reported_at": 0,
            "compromise_reported_by": NOTHING,
        }
        if purpose == VALIDATOR:
            self.validators.append(key)
        self.emit(
            "Consortium",
            "KeyAdded",
            actId=act_id,
            key=key,
            member=member,
            signer=signer,
            purpose=purpose,
            notBefore=start,
            notAfter=end,
        )

    def revoke_key(self, act_id: bytes, signer: bytes, key: bytes, reason: bytes) -> None:
        found = self.keys[key]
        found["revoked_at"] = self.now
        if found["purpose"] == VALIDATOR:
            place = self.validators.index(key)
            self.validators[place] = self.validators[-1]
            del self.validators[-1]
        self.emit(
            "Consortium",
            "KeyRevocationRecorded",
            actId=act_id,
            key=key,
            member=found["member"],
            signer=signer,
            purpose=found["purpose"],
            revokedAt=self.now,
            reason=reason,
        )

    def report_compromise(self, act_id: bytes, signer: bytes, key: bytes, since: int) -> None:
        found = self.keys[key]
        previous = found["compromised_since"]
        found |= {
            "compromised_since": since,
            "compromise_reported_at": self.now,
            "compromise_reported_by": act_id,
        }
        self.emit(
            "Consortium",
            "CompromiseReported",
            actId=act_id,
            key=key,
            member=found["member"],
            signer=signer,
            purpose=found["purpose"],
            previousSince=previous,
            since=since,
            reason=ascii32("lost"),
        )

    # Founding

    def found(self, roles: tuple[int, ...] = ROLES, delay: int = 60, threshold: int = 0) -> None:
        for number, mask in enumerate(roles):
            member = hashed("member", number)
            self.admit(NOTHING, member, mask, hashed("certificate", number))
            for purpose in (ACT, RECOVERY, VALIDATOR):
                key = padded(address_of(number, purpose))
                self.add_key(NOTHING, member, NO_ADDRESS, purpose, key, self.now - 100, FOREVER)
            if number % 2:
                self.add_key(NOTHING, member, NO_ADDRESS, 4, hashed("exchange", number), self.now - 100, FOREVER)
                self.add_key(NOTHING, member, NO_ADDRESS, 5, hashed("seal", number), self.now - 100, FOREVER)
        self.set_delay(NOTHING, delay)
        self.set_threshold(NOTHING, threshold)
        self.founded = True

    def set_delay(self, act_id: bytes, delay: int) -> None:
        previous, self.delay = self.delay, delay
        self.emit("Consortium", "DelayChanged", actId=act_id, previousDelay=previous, delay=delay)

    def set_threshold(self, act_id: bytes, threshold: int) -> None:
        previous, self.threshold = self.threshold, threshold
        self.emit("Consortium", "ThresholdChanged", actId=act_id, previousThreshold=previous, threshold=threshold)

    def ratify(
        self, member: bytes, names: tuple[str, ...] = ("Consortium", "AgreementBook", "LoanLedger", "RecordLog")
    ) -> None:
        self.block()
        entries = [{"name": ascii32(name), "at": address_of(name), "codeHash": hashed("code", name)} for name in names]
        act_id, list_hash = self.act_id(), keccak256(b"".join(map(_entry_hash, entries)))
        self.emit(
            "Consortium",
            "Ratified",
            actId=act_id,
            listHash=list_hash,
            member=member,
            signer=self.signer(member),
            contracts=tuple(entries),
        )
        self.members[member]["ratified"] = list_hash
        if all(found.get("ratified") == list_hash for found in self.members.values()):
            self.active = True
            for name in names:
                self.register(act_id, name, address_of(name))
            self.emit("Consortium", "ConsortiumActivated", actId=act_id, listHash=list_hash)

    def register(self, act_id: bytes, name: str, deployed: bytes) -> None:
        previous = self.directory.get(name, NO_ADDRESS)
        self.directory[name] = deployed
        self.code_hashes[name] = hashed("code", name)
        self.emit(
            "Consortium",
            "ContractRegistered",
            actId=act_id,
            name=ascii32(name),
            deployed=deployed,
            previous=previous,
            codeHash=self.code_hashes[name],
        )

    # Governance

    def propose(self, member: bytes, change: int, payload: bytes) -> bytes:
        proposal = self.act_id()
        bit = 1 << self.members[member]["index"]
        self.proposals[proposal] = {
            "state": 1,
            "change": change,
            "payload": payload,
            "proposer": member,
            "epoch": self.epoch,
            "executable_from": self.now + self.delay,
            "lapses_at": self.now + THIRTY_DAYS,
            "approvals": bit,
        }
        self.emit(
            "Consortium",
            "ProposalMade",
            actId=proposal,
            member=member,
            signer=self.signer(member),
            change=change,
            payload=payload,
            epoch=self.epoch,
            executableFrom=self.now + self.delay,
            lapsesAt=self.now + THIRTY_DAYS,
        )
        return proposal

    def approve(self, member: bytes, proposal: bytes) -> None:
        found = self.proposals[proposal]
        found["approvals"] |= 1 << self.members[member]["index"]
        self.emit(
            "Consortium",
            "ProposalApproved",
            actId=self.act_id(),
            proposal=proposal,
            member=member,
            signer=self.signer(member),
            approvals=found["approvals"].bit_count(),
        )

    def withdraw_proposal(self, proposal: bytes) -> None:
        found = self.proposals[proposal]
        found["state"] = 2
        self.emit(
            "Consortium",
            "ProposalWithdrawn",
            actId=self.act_id(),
            proposal=proposal,
            member=found["proposer"],
            signer=self.signer(found["proposer"]),
        )

    def decide(self, change: int, *words: bytes) -> bytes:
        """Propose, have everyone approve, wait, execute."""
        self.block()
        speakers = [member for member in self.active_members() if self.key_of(member)]
        proposal = self.propose(speakers[0], change, b"".join(words))
        for member in speakers[1:]:
            self.transaction()
            self.approve(member, proposal)
        self.block(self.delay)
        self.execute(proposal)
        return proposal

    def required(self) -> int:
        return max(-(-2 * len(self.active_members()) // 3), self.threshold)

    def execute(self, proposal: bytes) -> None:
        found = self.proposals[proposal]
        approvals, required = found["approvals"].bit_count(), self.required()
        payload = found["payload"]
        words = [payload[start : start + 32] for start in range(0, len(payload), 32)]
        self._carry_out(proposal, found["change"], words)
        found["state"] = 3
        self.emit(
            "Consortium",
            "ProposalExecuted",
            actId=proposal,
            change=found["change"],
            approvals=approvals,
            required=required,
        )

    def _carry_out(self, proposal: bytes, change: int, words: list[bytes]) -> None:
        member = words[0]
        numbers = [int.from_bytes(each, "big") for each in words]
        if change == ADMIT:
            self.admit(proposal, member, numbers[1], words[2])
            self._governed_key(proposal, member, RECOVERY, words[3], numbers[4], numbers[5])
        elif change in (SUSPEND, REINSTATE, EXPEL):
            self._set_state(proposal, member, {SUSPEND: 2, REINSTATE: 1, EXPEL: 3}[change], words[1])
        elif change == SET_ROLES:
            previous = self.members[member]["roles"]
            self.members[member]["roles"] = numbers[1]
            self.emit(
                "Consortium",
                "RolesChanged",
                actId=proposal,
                member=member,
                previousRoles=previous,
                roles=numbers[1],
            )
        elif change == ADD_VALIDATOR:
            self._governed_key(proposal, member, VALIDATOR, words[1], numbers[2], numbers[3])
        elif change == REMOVE_VALIDATOR:
            self.revoke_key(proposal, NO_ADDRESS, words[1], words[2])
        elif change == SET_THRESHOLD:
            self.set_threshold(proposal, numbers[0])
        elif change == SET_DELAY:
            self.set_delay(proposal, numbers[0])
        elif change == SET_CONTRACT:
            self.register(proposal, words[0].rstrip(b"\0").decode(), words[1][12:])
        elif change == BACKDATE:
            self.report_compromise(proposal, NO_ADDRESS, words[2], numbers[3] or 1)
        else:
            if numbers[1]:
                self.revoke_key(proposal, NO_ADDRESS, words[1], words[5])
            if numbers[2]:
                self._governed_key(proposal, member, RECOVERY, words[2], numbers[3], numbers[4])

    def _governed_key(self, proposal: bytes, member: bytes, purpose: int, key: bytes, start: int, end: int) -> None:
        self.add_key(proposal, member, NO_ADDRESS, purpose, key, max(start, self.now), end)

    def _set_state(self, proposal: bytes, member: bytes, state: int, reason: bytes) -> None:
        previous = self.members[member]["state"]
        self.members[member]["state"] = state
        self.epoch += 1
        self.emit(
            "Consortium",
            "MemberStateChanged",
            actId=proposal,
            member=member,
            previous=previous,
            state=state,
            reason=reason,
            epoch=self.epoch,
        )
        if state == 3:
            for key in [key for key in reversed(self.validators) if self.keys[key]["member"] == member]:
                self.revoke_key(proposal, NO_ADDRESS, key, ascii32("expelled"))

    def cancel_unrecorded(self, contract: str, member: bytes) -> None:
        self.emit(
            contract,
            "ActCancelled",
            actId=self.act_id(),
            cancelled=hashed("never recorded", self.acts),
            member=member,
            signer=self.signer(member),
        )

    def note_time(self, member: bytes) -> None:
        self.emit(
            "Consortium",
            "TimeNoted",
            actId=self.act_id(),
            tokenDigest=hashed("token", self.acts),
            member=member,
            signer=self.signer(member),
        )

    def consortium_views(self) -> dict[str, Any]:
        """The model's account, in the shape that `compare` takes."""
        return {
            "consortium": {
                "": {
                    "active": self.active,
                    "epoch": self.epoch,
                    "delay": self.delay,
                    "threshold": self.threshold,
                    "validators": frozenset(key[12:] for key in self.validators),
                }
            },
            "member": {
                key: {name: value for name, value in found.items() if name != "ratified"}
                for key, found in self.members.items()
            },
            "key": self.keys,
            "contract": {
                name: {"address": address, "code_hash": self.code_hashes[name]}
                for name, address in self.directory.items()
            },
            "proposal": {
                key: {name: value for name, value in found.items() if name != "payload"}
                for key, found in self.proposals.items()
            },
        }


def _entry_hash(entry: dict[str, bytes]) -> bytes:
    return struct_hash(ContractEntry(name=entry["name"], at=entry["at"], code_hash=entry["codeHash"]))
