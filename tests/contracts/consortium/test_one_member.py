"""No sequence of acts by one member's keys changes who belongs to the consortium, or anything that all decide."""

import contextlib
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tallystick.acts import (
    Act,
    AddKey,
    Approve,
    Cancel,
    CancelProposal,
    NoteTime,
    Propose,
    Ratify,
    ReportCompromise,
    RevokeKey,
    encode_data,
)
from tallystick.client.errors import ContractRefused
from tallystick.keys import ActKey
from tests.contracts.decisions import Change, execution, payload_of, propose
from tests.contracts.support import DELAY_S, NOBODY, Member, Network, digest, key_named, word

OTHER_KEYS = tuple(key_named(f"a key of the member's own, {number}") for number in range(3))
FAR = 2**40
GENERATE_ONLY = [Phase.explicit, Phase.reuse, Phase.generate]
"""Shrinking a counterexample of at most fifteen moves on a real chain would take minutes."""


class Lone:
    """One member, with every key it has or might add, against the rest."""

    def __init__(self, network: Network, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.network, self.draw = network, draw
        self.own, *self.others = network.founders
        self.keys: tuple[ActKey, ...] = (self.own.act, self.own.recovery, self.own.validator, *OTHER_KEYS)
        self.proposals = [(propose(network, Change.SET_DELAY, 1, by=self.others[0]), Change.SET_DELAY, (1,))]

    def any_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def any_key(self) -> bytes:
        keys = [word(key.address) for key in self.keys]
        foreign = [word(other.act.address) for other in self.others]
        return bytes(self.any_of(*keys, *foreign, self.own.seal, self.others[0].exchange))

    def payload(self, change: Change) -> tuple[Any, ...]:
        member = self.any_of(*self.others, self.own)
        newcomer, key = Member("BANK-D", self.own.roles), self.any_key()
        log = self.network.contracts["RecordLog"]
        return {
            Change.ADMIT: (newcomer.id, 15, NOBODY, newcomer.recovery.address, 0, FAR),
            Change.SUSPEND: (member.id, "NO"),
            Change.REINSTATE: (member.id, "NO"),
            Change.EXPEL: (member.id, "NO"),
            Change.SET_ROLES: (member.id, 15),
            Change.ADD_VALIDATOR: (self.own.id, key, 0, FAR),
            Change.REMOVE_VALIDATOR: (member.id, member.validator.address, "NO"),
            Change.SET_THRESHOLD: (1,),
            Change.SET_DELAY: (1,),
            Change.SET_CONTRACT: ("Another", log.address, self.network.chain.code_hash(log)),
            Change.BACKDATE_COMPROMISE: (member.id, 1, word(member.act.address), 0, "NO"),
            Change.REPLACE_RECOVERY: (member.id, member.recovery.address, key, 0, FAR, "NO"),
        }[change]

    def act(self) -> Act:
        now = self.network.chain.now
        speaker = self.any_of(self.own, self.own, self.own, self.others[0])
        kind = self.any_of(AddKey, RevokeKey, ReportCompromise, Propose, Approve, CancelProposal, NoteTime, Ratify)
        purpose, reason = self.any_of(1, 2, 3, 4), word("NO")
        proposal = self.any_of(*(proposal for proposal, _, _ in self.proposals))
        fields: dict[type[Act], dict[str, Any]] = {
            AddKey: {"purpose": purpose, "key": self.any_key(), "not_before": 0, "not_after": FAR},
            RevokeKey: {"purpose": purpose, "key": self.any_key(), "reason": reason},
            ReportCompromise: {"purpose": purpose, "key": self.any_key(), "since": now, "reason": reason},
            Approve: {"proposal": proposal},
            CancelProposal: {"proposal": proposal},
            NoteTime: {"token_digest": digest("token")},
            Ratify: {"contracts": self.network.directory_list()[:1]},
        }
        if kind is not Propose:
            plain: Act = self.network.act(kind, speaker, **fields[kind])
            return plain
        change = self.any_of(*Change)
        words = self.payload(change)
        act = self.network.act(Propose, speaker, change=int(change), payload=payload_of(*words))
        self.proposals.append((self.network.act_id(act), change, words))
        return act

    def move(self) -> None:
        """One act, or the burning of one, signed by any of the member's keys; or time goes by and all is executed."""
        with contextlib.suppress(ContractRefused):
            match self.any_of("act", "act", "act", "burn", "execute"):
                case "act":
                    self.network.send(self.act(), by=self.any_of(*self.keys))
                case "burn":
                    act, consortium = self.act(), self.network.contracts["Consortium"]
                    cancel = self.network.act(Cancel, self.own, act_id=self.network.act_id(act))
                    self.network.send(cancel, encode_data(act), by=self.any_of(*self.keys), to=consortium)
                case _:
                    self.execute_everything()

    def execute_everything(self) -> None:
        self.network.chain.travel(DELAY_S)
        for proposal, change, words in self.proposals:
            with contextlib.suppress(ContractRefused):
                self.network.chain.send(execution(self.network, proposal, change, *words))


def what_all_decide(network: Network, lone: Member) -> dict[str, Any]:
    """Members, validators, directory and settings, and every key of the others."""
    others = [member for member in network.founders if member is not lone]
    keys = [
        k for m in others for k in (word(m.act.address), word(m.recovery.address), word(m.validator.address), m.seal)
    ]
    views = ("members", "activeMemberCount", "validators", "threshold", "delay", "epoch", "requiredApprovals")
    return {
        "settings": {view: network.ask("Consortium", view) for view in views},
        "members": [network.ask("Consortium", "memberOf", member.id) for member in network.founders],
        "directory": [network.ask("Consortium", "contractAt", word(name)) for name in (*network.contracts, "Another")],
        "keys": [network.ask("Consortium", "keyOf", key) for key in keys],
    }


@settings(
    max_examples=10,
    phases=GENERATE_ONLY,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_one_members_keys_alone_change_nothing_that_all_decide(network: Network, data: st.DataObject) -> None:
    with network.chain.rewound():
        lone = Lone(network, data.draw)
        before = what_all_decide(network, lone.own)
        for _ in range(data.draw(st.integers(1, 15))):
            lone.move()
        lone.execute_everything()
        assert what_all_decide(network, lone.own) == before
