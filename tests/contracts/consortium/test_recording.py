from tallystick.acts import NoteTime
from tests.contracts.support import Network, digest, the


def test_a_noted_time_is_told_by_its_event(network: Network) -> None:
    bank = network.founders[0]
    act = network.act(NoteTime, bank, token_digest=digest("token"))
    noted = the(network.send(act), "TimeNoted")
    assert noted == {
        "actId": network.act_id(act),
        "tokenDigest": act.token_digest,
        "member": bank.id,
        "signer": bank.act.address,
        "chainId": network.chain.id,
    }
    network.refused(act, "AlreadyRecorded", actId=network.act_id(act))
