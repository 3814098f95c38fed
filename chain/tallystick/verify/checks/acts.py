"""Did members sign the acts, and did the consortium's contracts record them? (`protocol.md` §4)"""

from collections.abc import Mapping
from typing import Final

from tallystick.acts import ActFieldInvalid, Domain, act_id, act_types, recover
from tallystick.keys import Address, SignatureMalformed
from tallystick.package.act_files import ActFile, parse_act_file
from tallystick.package.errors import PackageRefused
from tallystick.package.events import ActEvent, EventUnreadable, act_event, read_event
from tallystick.package.paths import Part, receipt_path
from tallystick.receipts import Log
from tallystick.roots import Roots
from tallystick.verify.facts import Block, Material, ProvedAct
from tallystick.verify.findings import Findings

from .receipts import Receipts

__all__ = ["check_acts"]

CLOCK_TOLERANCE_S: Final = 15


def check_acts(
    material: Material, blocks: Mapping[int, Block], receipts: Receipts, roots: Roots, found: Findings
) -> list[ProvedAct]:
    """The acts that are signed and recorded, in the order of their events. Keys are judged by `check_keys`."""
    acts = []
    for path, name in material.of(Part.ACT):
        try:
            file = parse_act_file(material.content(path))
            act = _prove(name.digest, file, _log(material, file, receipts), roots)
            _check_validity(act, blocks[act.place.height].time)
        except PackageRefused as why:
            found.refuse(why, f"act {name.digest.hex()}")
        else:
            acts.append(act)
    acts.sort(key=lambda act: act.place)
    _check_once(acts, found)
    if not material.of(Part.ACT):
        found.add("acts.none", "there is no file in proofs/acts/")
    return acts


def _log(material: Material, file: ActFile, receipts: Receipts) -> Log:
    place = file.place
    where = f"transaction {place.transaction} of block {place.height}"
    receipt = receipts.get((place.height, place.transaction))
    if receipt is None:
        there = receipt_path(place.height, place.transaction) in material.files
        raise PackageRefused("acts.not_examined" if there else "receipts.missing", where)
    if place.log >= len(receipt.logs):
        raise PackageRefused("acts.event", f"{where} has {len(receipt.logs)} logs, and none at {place.log}")
    return receipt.logs[place.log]


def _prove(claimed_id: bytes, file: ActFile, log: Log, roots: Roots) -> ProvedAct:
    event = act_event(file.contract, file.kind)
    if event is None:
        raise PackageRefused("acts.unknown", f"{file.kind} in {file.contract!a}")
    contract = roots.contract_of(log.address, file.place.height)
    if contract is None or contract.name != file.contract:
        raise PackageRefused(
            "acts.contract", f"the event is by 0x{log.address.hex()}, which is no {file.contract} at that height"
        )
    domain = Domain(roots.chain_id, log.address)
    try:
        computed = act_id(file.act, domain)
    except ActFieldInvalid as why:
        raise PackageRefused("acts.malformed", str(why)) from None
    if computed != claimed_id:
        raise PackageRefused("acts.id", f"the id of these fields is {computed.hex()}")
    values = _event_values(event, log, computed)
    _check_event(event, file, values, roots.chain_id)
    signer = _signer(file, domain)
    if values["signer"] != signer:
        raise PackageRefused("acts.signature", f"0x{signer.hex()} signed, the contract recorded another signer")
    return ProvedAct(computed, file, Address(log.address), signer, values)


def _event_values(event: ActEvent, log: Log, computed: bytes) -> dict[str, object]:
    try:
        values = read_event(event, log)
    except EventUnreadable as why:
        raise PackageRefused("acts.event", str(why)) from None
    if values["actId"] != computed:
        raise PackageRefused("acts.event", "the event is of another act")
    return values


def _check_event(event: ActEvent, file: ActFile, values: Mapping[str, object], chain_id: int) -> None:
    if values["chainId"] != chain_id:
        raise PackageRefused("acts.other_chain", f"the event is of chain {values['chainId']}, not {chain_id}")
    renamed = dict(event.renamed)
    for field in act_types()[file.kind].fields:
        name = renamed.get(field.name, field.name)
        if name not in values or name in event.differs:
            continue
        if _plain(getattr(file.act, field.attribute)) != values[name]:
            raise PackageRefused("acts.event_differs", f"{event.name}.{name} is not the act's {field.name}")


def _plain(value: object) -> object:
    """A field of an act in the form of an event's value: structs as mappings by Solidity names."""
    kind = act_types().get(type(value).__name__)
    if kind is not None:
        return {field.name: _plain(getattr(value, field.attribute)) for field in kind.fields}
    return tuple(_plain(item) for item in value) if isinstance(value, tuple) else value


def _signer(file: ActFile, domain: Domain) -> Address:
    try:
        return recover(file.act, domain, file.signature)
    except SignatureMalformed as why:
        raise PackageRefused("acts.signature", str(why)) from None


def _check_validity(act: ProvedAct, block_time: int) -> None:
    said = act.file.act
    longest = act_types()[act.kind].longest_validity_s
    span = said.valid_until - said.issued_at
    if not 0 <= span <= longest or not said.issued_at - CLOCK_TOLERANCE_S <= block_time <= said.valid_until:
        raise PackageRefused(
            "acts.validity", f"signed for {said.issued_at} to {said.valid_until}, recorded at {block_time}"
        )


def _check_once(acts: list[ProvedAct], found: Findings) -> None:
    places: dict[object, bytes] = {}
    for act in acts:
        fact = (act.address, act.member, act.kind, act.file.act.ref)
        for key, what in ((act.place, "event"), (fact, "business fact")):
            if key in places:
                found.add("acts.twice", f"{act.id.hex()} and {places[key].hex()} stand for one {what}")
            places[key] = act.id
