"""What ``clawtop.snapshot`` reads, part by part, and that clawtop can read the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from clawtop.picture.companion import CompanionRead

from .conftest import COMPANION, Run

KEY = "agent:main:a"
PARTS = ("locks", "followups", "systemEvents", "lanes", "runs", "recoveries")


def read(answer: Any) -> CompanionRead:
    """The answer as clawtop types it."""
    return msgspec.convert(answer, CompanionRead)


def test_an_idle_gateway_is_empty_in_every_part_and_unsupported_in_none(run: Run) -> None:
    answer = run("return stage().look()")
    assert answer["schema"] == "clawtop.companion/1"
    assert [answer[part]["supported"] for part in PARTS] == [True] * 6
    assert [answer[part]["items"] for part in PARTS] == [[]] * 6
    assert answer["generation"] is None
    assert answer["gatewayVersion"] == "2026.1.1"
    read(answer)


def test_the_version_is_the_same_everywhere(run: Run) -> None:
    manifests = ("package.json", "openclaw.plugin.json")
    told = {json.loads((COMPANION / name).read_text())["version"] for name in manifests}
    assert told == {run("return stage().look()")["version"]}


def test_methods_have_the_scopes_of_the_contract(run: Run) -> None:
    found = run("return [...stage().methods].map(([name, { scope }]) => [name, scope])")
    assert dict(found) == {
        "clawtop.snapshot": "operator.read",
        "clawtop.release": "operator.admin",
        "clawtop.dropEvent": "operator.admin",
    }


def test_an_april_lock_has_no_times_and_a_september_one_has(run: Run) -> None:
    april = run(f"const s = stage(); s.hold('{KEY}'); return s.look()")
    (lock,) = april["locks"]["items"]
    assert april["generation"] == "april"
    assert (lock["startedAtMs"], lock["lastActivityAtMs"], lock["turnKind"]) == (None, None, None)
    september = run(
        f"const s = stage({{ generation: 'september' }}); s.hold('{KEY}'); return s.look()"
    )
    (lock,) = september["locks"]["items"]
    assert september["generation"] == "september"
    assert (lock["startedAtMs"], lock["lastActivityAtMs"]) == (1_000, 2_000)
    assert read(september).locks.items[0].turn_kind == "visible"


def test_a_lock_says_what_waits_for_it_and_what_is_at_work_for_it(run: Run) -> None:
    answer = run(f"""
        const s = stage();
        s.hold("{KEY}");
        s.registry.waitersByKey.set("{KEY}", new Set([{{}}, {{}}]));
        s.lane("session:{KEY}", {{ active: 1, queue: [{{ enqueuedAt: 5 }}] }});
        const run = {{ sessionKey: "{KEY}", sessionId: "x", startedAtMs: 7, expiresAtMs: 9 }};
        s.runs.set("run-1", run);
        s.runs.set("run-2", {{ ...run, startedAtMs: 8 }});
        s.embedded.set("id of {KEY}", {{}});
        return s.look();
    """)
    (lock,) = answer["locks"]["items"]
    found = {name: lock[name] for name in ("waiters", "laneTask", "laneQueued", "runId")}
    assert found == {"waiters": 2, "laneTask": True, "laneQueued": 1, "runId": "run-1"}
    assert lock["embeddedRun"] is True
    assert [one["runId"] for one in answer["runs"]["items"]] == ["run-1", "run-2"]
    assert read(answer).locks.items[0].lane_task is True


def test_a_run_is_told_by_the_key_of_the_lock_it_holds(run: Run) -> None:
    answer = run("""
        const s = stage();
        for (const key of ["agent:main:main", "agent:main:a:@x", "agent:a:two", "agent:b:two"]) {
          s.hold(key);
        }
        const keys = ["main", "agent:main:A:@X", "two", "agent:b:two", "agent:main:idle"];
        keys.forEach((sessionKey, at) => s.runs.set(`run-${at}`, { sessionKey }));
        return s.look();
    """)
    assert [one["key"] for one in answer["runs"]["items"]] == [
        "agent:main:main",
        "agent:main:a:@x",
        "two",
        "agent:b:two",
        "agent:main:idle",
    ]
    runs = {lock["key"]: lock["runId"] for lock in answer["locks"]["items"]}
    assert runs["agent:main:main"] == "run-0"
    assert runs["agent:a:two"] is None


def test_what_cannot_be_read_is_not_known_rather_than_none_or_zero(run: Run) -> None:
    answer = run(f"""
        const s = stage();
        s.hold("{KEY}");
        delete s.registry.waitersByKey;
        slot("commandQueueState", undefined);
        slot("embeddedRunState", undefined);
        return s.look();
    """)
    (lock,) = answer["locks"]["items"]
    unknown = ("waiters", "laneTask", "laneQueued", "embeddedRun")
    assert [lock[name] for name in unknown] == [None] * 4
    assert answer["lanes"]["supported"] is False


def test_a_lane_named_in_lower_case_is_found_for_a_key_that_is_not(run: Run) -> None:
    answer = run("""
        const s = stage();
        s.hold("agent:main:telegram:direct:@Foo");
        s.lane("session:agent:main:telegram:direct:@foo", { active: 1 });
        return s.look();
    """)
    assert answer["locks"]["items"][0]["laneTask"] is True


def test_both_shapes_of_a_lane_s_queue_are_read_and_idle_lanes_left_out(run: Run) -> None:
    answer = run("""
        const s = stage();
        const now = Date.now();
        s.lane("main", { active: 4, queue: [{ enqueuedAt: now - 3_000 }, { enqueuedAt: now }] });
        const head = { enqueuedAt: now - 9_000 };
        const linked = { foreground: {}, normal: { head }, background: {}, length: 3 };
        s.lane("session:agent:main:b", { queue: linked });
        s.lane("session:agent:main:idle");
        return s.look();
    """)
    lanes = answer["lanes"]["items"]
    assert [(lane["lane"], lane["key"]) for lane in lanes] == [
        ("main", None),
        ("session:agent:main:b", "agent:main:b"),
    ]
    assert [(lane["active"], lane["queued"]) for lane in lanes] == [(4, 2), (0, 3)]
    assert 3_000 <= lanes[0]["oldestWaitMs"] < 60_000
    assert 9_000 <= lanes[1]["oldestWaitMs"] < 60_000


def test_system_events_come_in_order_with_a_token_each(run: Run) -> None:
    first, second = run(f"""
        const s = stage();
        s.events("{KEY}", [
          {{ text: "one", ts: 1, contextKey: "c", deliveryContext: {{ channel: "sms" }} }},
          {{ text: "two", ts: 2, contextKey: null }},
        ]);
        s.events("agent:main:empty", []);
        return [s.look().systemEvents, s.look().systemEvents];
    """)
    assert first == second, "a token stays"
    assert (first["total"], first["queues"]) == (2, 1)
    (queue,) = first["items"]
    assert (queue["key"], queue["count"]) == (KEY, 2)
    assert [event["text"] for event in queue["events"]] == ["one", "two"]
    assert [event["contextKey"] for event in queue["events"]] == ["c", None]
    assert [event["channel"] for event in queue["events"]] == ["sms", None]
    assert len({event["token"] for event in queue["events"]}) == 2


def test_parked_messages_tell_text_time_and_sender(run: Run) -> None:
    answer = run(f"""
        const s = stage();
        s.followups.set("{KEY}", {{ items: [{{
          summaryLine: "hello", prompt: "[from ada] hello", enqueuedAt: 5,
          originatingChannel: "sms", run: {{ senderName: "Ada", senderId: "1" }},
        }}] }});
        return s.look();
    """)
    (parked,) = read(answer).followups.items
    assert (parked.key, parked.depth) == (KEY, 1)
    message = parked.messages[0]
    told = (message.text, message.at, message.sender, message.channel)
    assert told == ("hello", 5, "Ada", "sms")


def test_recovery_events_are_kept_by_name_and_told_since_a_sequence(run: Run) -> None:
    all_of, since, elsewhere = run(f"""
        const s = stage();
        s.plugin.register(s.api);
        const key = {{ sessionKey: "{KEY}", sessionId: "i" }};
        const type = "session.recovery.requested";
        s.emit({{ type, seq: 3, ts: 10, reason: "r", queueDepth: 2, ...key }});
        s.emit({{ type: "session.state", seq: 4, ts: 11, ...key }});
        s.emit({{
          type: "session.recovery.completed", seq: 5, ts: 12, ...key, reason: "r",
          status: "released", action: "release_lane", outcomeReason: "o", released: 1,
        }});
        const instance = s.look().instance;
        const since = (known) => s.look({{ sinceSeq: 3, instance: known }});
        return [s.look(), since(instance), since("another")];
    """)
    kept = all_of["recoveries"]
    assert [one["seq"] for one in kept["items"]] == [3, 5], "each once, although register ran twice"
    assert (kept["firstSeq"], kept["lastSeq"], kept["dropped"]) == (3, 5, 0)
    requested, completed = read(all_of).recoveries.items
    assert (requested.reason, requested.queue_depth, requested.key) == ("r", 2, KEY)
    assert (completed.status, completed.reason, completed.released) == ("released", "o", 1)
    assert [one["seq"] for one in since["recoveries"]["items"]] == [5]
    assert [one["seq"] for one in elsewhere["recoveries"]["items"]] == [3, 5]


def test_the_ring_of_recoveries_forgets_the_oldest_and_says_so(run: Run) -> None:
    answer = run("""
        const s = stage();
        for (let seq = 1; seq <= 250; seq += 1) {
          s.emit({ type: "session.recovery.requested", seq, ts: seq, sessionKey: "k" });
        }
        return s.look().recoveries;
    """)
    assert (answer["total"], answer["firstSeq"], answer["lastSeq"]) == (200, 51, 250)
    assert answer["dropped"] == 50


def test_a_second_register_keeps_instance_and_tokens(run: Run) -> None:
    before, after = run(f"""
        const s = stage();
        s.hold("{KEY}");
        const before = s.look();
        s.plugin.register(s.api);
        const after = s.look();
        return [before, after].map((one) => [one.instance, one.locks.items[0].token]);
    """)
    assert before == after


def test_the_switch_is_read_from_the_running_config(run: Run) -> None:
    body = """
        const config = { plugins: { entries: { "clawtop-companion": { config: {} } } } };
        const s = stage({ current: () => config, config: { allowRelease: true } });
        const off = s.look().canRelease;
        config.plugins.entries["clawtop-companion"].config.allowRelease = true;
        return [off, s.look().canRelease];
    """
    assert run(body) == [False, True]
    assert run("return stage({ config: null }).look().canRelease") is False
    assert run("return stage({ config: { allowRelease: 'yes' } }).look().canRelease") is False


def test_the_readme_names_every_method_and_code(run: Run) -> None:
    readme = (COMPANION / "README.md").read_text(encoding="utf-8")
    sources = "".join(file.read_text(encoding="utf-8") for file in Path(COMPANION).glob("*.js"))
    for code in ("switched-off", "gone", "changed", "owner-in-lane", "not-a-copy"):
        assert f"`{code}`" in readme
        assert f'"{code}"' in sources
