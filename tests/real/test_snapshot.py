"""What a snapshot shows of a real gateway is what that gateway's own memory holds."""

from __future__ import annotations

import pytest

from .conftest import APRIL, SEPTEMBER
from .scene import Scene
from .shell import Shell

pytestmark = pytest.mark.real

MAIN = "agent:main:main"


def test_every_lock_in_memory_is_shown_and_no_other(scene: Scene, shell: Shell) -> None:
    hung, alive, messaged = scene.key("hung"), scene.key("alive"), scene.key("messaged")
    scene.chat(hung, "[[hang]]")
    scene.chat(alive, "[[drip:300]]")
    scene.channel(messaged, "[[hang]]", sender="lab-anna")
    document = shell.document("snapshot")
    shown = {lock["session_key"]: lock for lock in document["locks"]}
    assert shown.keys() == scene.locks().keys()
    assert {key: shown[key]["holder"] for key in shown} == {
        hung: "rpc",
        alive: "rpc",
        messaged: "channel",
    }
    assert document["unattributed_locks"] in (0, None)


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_ages_session_ids_and_run_ids_are_those_in_memory(scene: Scene, shell: Shell) -> None:
    chat, messaged = scene.key("chat"), scene.key("messaged")
    run_id = scene.chat(chat, "[[hang]]")
    scene.channel(messaged, "[[hang]]", sender="lab-bert")
    document = shell.document("snapshot")
    shown = {lock["session_key"]: lock for lock in document["locks"]}
    for key, truth in scene.locks().items():
        lock = shown[key]
        age_ms = document["taken_at_ms"] - truth["startedAtMs"]
        assert lock["age_ms"] == pytest.approx(age_ms, abs=2_000)
        assert lock["since_ms"] == pytest.approx(truth["startedAtMs"], abs=2_000)
        assert lock["session_id"] == truth["sessionId"]
        assert lock["age_is"] == "exact"
    assert shown[chat]["run_id"] == run_id


@pytest.mark.parametrize("version", [APRIL])
def test_a_run_begun_before_clawtop_has_no_id_on_april_and_says_why(
    scene: Scene, shell: Shell
) -> None:
    key = scene.key("before")
    session_id = scene.settled(key)
    scene.chat(key, "[[hang]]")
    (lock,) = shell.document("snapshot")["locks"]
    assert lock["session_key"] == key
    assert lock["session_id"] == session_id == scene.locks()[key]["sessionId"]
    assert lock["run_id"] is None
    assert any("does not name runs" in why for why in lock["why"])


def test_the_texts_of_pending_system_events_are_shown_in_their_order(
    scene: Scene, shell: Shell
) -> None:
    for number in range(3):
        scene.operator.call("system-event", {"text": f"event {scene.key('x')} no. {number}"})
    document = shell.document("snapshot")
    events = document["system_events"]
    assert [event["text"] for event in events] == scene.event_texts(MAIN)
    assert [event["position"] for event in events] == list(range(len(events)))
    assert {event["session_key"] for event in events} == {MAIN}
    assert document["system_event_queues"][0]["count"] == len(events)


def test_pending_approvals_are_shown_with_ids_and_commands(scene: Scene, shell: Shell) -> None:
    scene.decider()
    key = scene.key("asks")
    ids = scene.ask(key, ["git push origin main", "make deploy"])
    document = shell.document("snapshot", "--approvals", "on")
    shown = [(row["id"], row["command"], row["session_key"]) for row in document["approvals"]]
    assert shown == [(ids[0], "git push origin main", key), (ids[1], "make deploy", key)]
    for row in document["approvals"]:
        assert row["expires_at_ms"] == scene.pending()[row["id"]]["expiresAtMs"]


def test_the_text_form_names_every_lock_and_approval_in_full(scene: Scene, shell: Shell) -> None:
    scene.decider()
    key = scene.key("written-out")
    scene.chat(key, "[[hang]]")
    (approval_id,) = scene.ask(key, ["rm -rf build"])
    ran = shell.run("snapshot", "--approvals", "on")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("clawtop")
    for words in (key, approval_id, "rm -rf build", scene.version):
        assert words in ran.out


def test_a_wrong_token_is_one_sentence_and_exit_3(scene: Scene, shell: Shell) -> None:
    secret = "wrong-" + scene.gateway.token[::-1]
    shell.token_file.write_text(secret, encoding="utf-8")
    ran = shell.run("snapshot")
    assert ran.code == 3
    assert ran.out == ""
    assert ran.err.startswith("clawtop: ")
    assert len(ran.err.splitlines()) == 1
    for word in ("Traceback", secret, scene.gateway.token):
        assert word not in ran.err


def test_a_wrong_token_with_json_is_a_document_without_the_secret(
    scene: Scene, shell: Shell
) -> None:
    secret = "wrong-" + scene.gateway.token[::-1]
    shell.token_file.write_text(secret, encoding="utf-8")
    ran = shell.run("snapshot", "--json")
    assert ran.code == 3
    assert ran.document()["schema"] == "clawtop.error/1"
    assert secret not in ran.out + ran.err


def test_clawtop_is_not_among_the_other_operators(scene: Scene, shell: Shell) -> None:
    """2026.5.28 lists every client, so also the one that asks."""
    told = shell.document("snapshot")
    assert told["operators"] is not None
    names = [one["host"] or "" for one in told["operators"]]
    assert not [name for name in names if name.startswith("clawtop")]
    assert all(one["scopes"] is None or one["scopes"] for one in told["operators"])
