"""What ``doctor`` says of the device, and of being a route; and pairing from the shell."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from clawtop.demo.pairing import Pairing
from clawtop.gateway.keyring import Keyring
from tests.cli.shell import Served, serving


def far(served: Served) -> Pairing:
    """From now on it takes us for a client from another host."""
    pairing = Pairing()
    served.do(lambda gateway: setattr(gateway, "pairing", pairing))
    return pairing


def test_on_this_host_no_device_is_shown(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        told = served.run("doctor")
        document = served.run("doctor", "--json").json
    assert "device      none shown" in told.out
    assert "approvals   passive" in told.out
    assert document["device"] is None
    assert not Keyring(os.environ).path.exists()


def test_pairing_from_the_shell_is_one_sentence_and_then_it_opens(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        pairing = far(served)
        asked = served.run("doctor")
        as_json = served.run("snapshot", "--json")
        assert (asked.code, as_json.code, pairing.asked) == (3, 3, 1)
        ((request, _),) = pairing.pending.values()
        assert f"openclaw devices approve {request}" in asked.sentence()
        assert as_json.json["code"] == "pairing_required"
        assert request in as_json.json["next"]
        served.do(lambda _: pairing.approve())
        first, then = served.run("doctor"), served.run("doctor", "--json")
        (paired,) = pairing.paired.items()
        key = json.loads(Keyring(os.environ).path.read_text())["private_key"]
    assert "this device is approved" in first.out
    assert then.json["device"]["opened_by"] == "device token"
    assert then.json["device"]["id"] == paired[0]
    for ran in (asked, as_json, first, then):
        assert paired[1].token not in ran.out + ran.err
        assert key not in ran.out + ran.err


def test_a_recording_through_a_device_holds_no_token(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        pairing = far(served)
        served.run("snapshot", "--read-only")
        served.do(lambda _: pairing.approve())
        tape = tmp_path / "night.tape"
        for _ in range(2):  # the first with the secret, the second with the token
            tape.unlink(missing_ok=True)
            assert served.run("record", str(tape), "--for", "1s", "--read-only").code == 0
            (paired,) = pairing.paired.values()
            text = tape.read_text()
            assert "operator.read" in text
            assert paired.token not in text
            assert "deviceToken" not in text


@pytest.mark.parametrize("words", [("--approvals", "on"), ("--read-only",)])
def test_in_april_doctor_says_whether_it_is_a_route(tmp_path: Path, words: tuple[str, ...]) -> None:
    with serving(tmp_path, "april") as served:
        told = served.run("doctor", *words).out
    assert ("is a route for approvals" in told) == ("on" in words)
    assert ("passive: being connected" in told) == ("on" not in words)
