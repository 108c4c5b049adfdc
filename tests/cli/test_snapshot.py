"""Incidents in the picture: on top, worst first, with evidence and a way out; the same in JSON."""

from __future__ import annotations

import re

import pytest

from tests.cli.shell import Served, clawtop

MAIN = "agent:main:main"
ASKS = "agent:main:asks"
INCIDENT = (
    "id key name severity certainty session_key run_id since_ms since_is summary evidence"
    " ruled_out references remedies"
)
REMEDY = "step label calls loses needs available why_not command"


def ask(served: Served, command: str, times: int, key: str = ASKS) -> None:
    served.do(lambda gateway: [gateway.world.request_approval(command, key) for _ in range(times)])


def test_incidents_stand_on_top_worst_first(served: Served) -> None:
    ask(served, "df", 3, "agent:main:mild")
    ask(served, "ps aux", 11)
    text = served.run("snapshot", "--approvals", "on").out
    lines = text.splitlines()
    assert lines[2] == "INCIDENTS  1 critical, 1 warning"
    assert re.match(rf"  CRITICAL  I-01  approval cascade  \d+s  likely  {ASKS}$", lines[3])
    assert "  WARNING   I-01  approval cascade" in text
    assert text.index("INCIDENTS") < text.index("SYSTEM EVENTS") < text.index("LOCKS")
    assert "      $ clawtop deny --duplicates --keep " in text
    assert not [line for line in lines[2:12] if len(line) > 100 and "clawtop" not in line]


def test_incidents_in_json_have_every_promised_key(served: Served) -> None:
    ask(served, "ps aux", 3)
    picture = served.run("snapshot", "--json", "--approvals", "on").json
    (incident,) = picture["incidents"]
    assert set(incident) >= set(INCIDENT.split())
    assert incident["key"].startswith(f"I-01|{picture['gateway']['name']}|{ASKS}|")
    assert all(set(remedy) >= set(REMEDY.split()) for remedy in incident["remedies"])
    assert (incident["severity"], incident["references"][0]) == ("warning", "#69478")
    assert picture["tasks"] == []


def test_read_only_remedies_say_why_not(served: Served) -> None:
    served.do(lambda gateway: [gateway.world.enqueue_event(MAIN, f"line {n}") for n in range(25)])
    served.do(lambda gateway: gateway.world.leak(MAIN))
    picture = served.run("snapshot", "--json", "--read-only").json
    (incident,) = [one for one in picture["incidents"] if one["id"] == "I-27"]
    releases = [one for one in incident["remedies"] if one["calls"]]
    assert all(one["why_not"] and not one["available"] for one in releases)


def test_nothing_wrong_is_said_calmly(served: Served) -> None:
    served.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    assert "INCIDENTS  none that this gateway shows" in served.run("snapshot").out
    assert served.run("snapshot", "--json").json["incidents"] == []


def test_hostile_text_in_evidence_stays_text(served: Served) -> None:
    ask(served, "rm \x1b[2J\nINCIDENTS  none --token abcd1234efgh\u202e", 3)
    for args in (("snapshot",), ("snapshot", "--json")):
        told = served.run(*args, "--approvals", "on").out
        assert "abcd1234efgh" not in told
        assert not any(ord(char) < 32 and char != "\n" for char in told)
        assert "\u202e" not in told
    assert sum(line.startswith("INCIDENTS") for line in told.splitlines()) == 0


@pytest.mark.parametrize("command", ["watch", "logs", "report", "cancel-task"])
def test_help_has_every_option_and_an_example(command: str) -> None:
    ran = clawtop(command, "--help")
    assert ran.code == 0
    assert f"example: clawtop {command}" in ran.out.replace("\n", " ")
    assert "--url URL" in ran.out
