"""Which contracts may record: the directory, and what a replaced contract can still do."""

from tallystick.consortium import Role
from tests.contracts.consortium.plain_acts import anchor
from tests.contracts.decisions import Change, decide, pending, refused
from tests.contracts.support import NOBODY, Call, Deployed, Network, digest, key_named, the, word

ACT = 1
NEVER = 2**40


def log_in(network: Network) -> Deployed:
    """A second RecordLog of the same consortium."""
    return network.chain.deploy("RecordLog", f"0x{network.contracts['Consortium'].address.hex()}")


def test_a_replaced_contract_records_nothing_any_more_and_its_successor_does(network: Network) -> None:
    old, new = network.contracts["RecordLog"], log_in(network)
    act = anchor(network)
    network.refused(act, "ContractNotRegistered", to=new, caller=new.address)
    code_hash = network.chain.code_hash(new)
    proposal, call = pending(network, Change.SET_CONTRACT, "RecordLog", new.address, code_hash)
    assert the(network.chain.send(call), "ContractRegistered") == {
        "actId": proposal,
        "name": word("RecordLog"),
        "deployed": new.address,
        "previous": old.address,
        "codeHash": code_hash,
        "chainId": network.chain.id,
    }
    network.refused(act, "ContractNotRegistered", caller=old.address)
    network.send(act, to=new)
    assert network.ask("Consortium", "contractAt", word("RecordLog")) == new.address
    assert network.ask("Consortium", "nameOf", f"0x{old.address.hex()}") == NOBODY


def test_a_contract_under_a_new_name_may_record_too(network: Network) -> None:
    new = log_in(network)
    decide(network, Change.SET_CONTRACT, "SecondLog", new.address, network.chain.code_hash(new))
    network.send(anchor(network), to=new)
    network.send(anchor(network))


def test_the_consortium_itself_is_never_replaced(network: Network) -> None:
    other = network.chain.deploy("Consortium", [m.as_founder(0, NEVER) for m in network.founders], (1, 0))
    code_hash = network.chain.code_hash(other)
    refused(network, Change.SET_CONTRACT, ("Consortium", other.address, code_hash), "ConsortiumIsFixed")


def test_a_contract_of_the_directory_has_a_name_an_address_and_the_stated_code(network: Network) -> None:
    new = log_in(network)
    code_hash, name = network.chain.code_hash(new), word("RecordLog")
    nameless = (NOBODY, new.address, code_hash)
    refused(network, Change.SET_CONTRACT, nameless, "ContractNameInvalid", name=NOBODY)
    values = {"name": name, "deployed": new.address, "expected": digest("other"), "found": code_hash}
    refused(network, Change.SET_CONTRACT, (name, new.address, digest("other")), "CodeHashMismatch", **values)
    empty = {"name": name, "deployed": bytes(19) + b"\1", "expected": NOBODY, "found": NOBODY}
    refused(network, Change.SET_CONTRACT, (name, 1, NOBODY), "CodeHashMismatch", **empty)
    refused(network, Change.SET_CONTRACT, (name, digest("no address"), code_hash), "ContractNameInvalid", name=name)


def test_a_contract_stands_under_one_name(network: Network) -> None:
    for name, deployed in network.contracts.items():
        words = ("Another", deployed.address, network.chain.code_hash(deployed))
        values = {"name": word("Another"), "deployed": deployed.address}
        refused(network, Change.SET_CONTRACT, words, "ContractRepeated", **values)
        if name != "Consortium":
            same = (name, *words[1:])
            refused(network, Change.SET_CONTRACT, same, "ContractRepeated", name=word(name), deployed=deployed.address)


def test_only_contracts_of_the_directory_may_ask_whose_signature_counts(network: Network) -> None:
    bank, consortium = network.founders[0], network.contracts["Consortium"]
    question = (bank.id, f"0x{bank.act.address.hex()}", ACT, False)
    log = network.contracts["RecordLog"].address
    assert network.chain.ask(consortium, "authorise", *question, sender=log) == Role.LENDER
    call = Call(consortium, "authorise", question)
    stranger = key_named("a stranger").address
    network.chain.refused(call, "ContractNotRegistered", sender=stranger, caller=stranger)
