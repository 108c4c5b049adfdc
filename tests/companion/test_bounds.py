"""However much there is, and whatever it is, the answer stays small and nothing is thrown."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from clawtop.picture.companion import CompanionRead

from .conftest import Run

PARTS = ("locks", "followups", "systemEvents", "lanes", "runs", "recoveries")
MOST_BYTES = 1_100_000

GARBAGE = """
  const boom = () => { throw new Error("boom"); };
  const angry = new Proxy({}, { get: boom, has: boom, ownKeys: boom, getPrototypeOf: boom,
    getOwnPropertyDescriptor: boom });
  const revoked = (() => { const r = Proxy.revocable([], {}); r.revoke(); return r.proxy; })();
  const cycle = { queue: [] }; cycle.self = cycle; cycle.queue.push(cycle);
  const growing = new Map([["a", 1]]);
  growing.set("a", { get sessionId() { growing.set(Math.random(), {}); return "x"; } });
  const endless = new Proxy([], { get: (_, name) => name === "length" ? 2 ** 52 : boom() });
  class Lying extends Map { get() { boom(); } entries() { boom(); } get size() { return -5; } }
  const lying = new Lying([["k", { sessionId: "i", phase: "running" }]]);
  const getters = Object.defineProperties({}, Object.fromEntries(
    ["phase", "sessionId", "text", "queue", "items", "activeTaskIds", "sessionKey", "length"].map(
      (name) => [name, { enumerable: true, get: boom }])));
  const odd = { phase: "running", sessionId: "i", startedAtMs: NaN, lastActivityAtMs: Infinity,
    turnKind: Symbol("x"), agentId: 12n, text: "\\ud800 lone", ts: "soon", contextKey: {} };
  const things = [undefined, null, 0, -1, NaN, 5n, "text", "\\ud800", Symbol("s"), boom, [], {},
    angry, revoked, cycle, growing, endless, lying, getters, odd, new Set([1]), new WeakMap(),
    new Date(NaN), { queue: endless, items: endless, activeTaskIds: endless },
    { queue: { length: 1.5 }, activeTaskIds: new Set([1]) }, { queue: [angry, getters, odd, null] },
    { items: [angry, getters, odd, null] }, "y".repeat(100_000)];
"""


def small(answer: Any) -> int:
    """Bytes of the answer on the wire; AssertionError where that is too much."""
    size = len(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
    assert size < MOST_BYTES
    return size


@pytest.mark.parametrize(
    "name",
    [
        "replyRunRegistry",
        "commandQueueState",
        "systemEvents.queues",
        "followupQueues",
        "embeddedRunState",
    ],
)
def test_garbage_in_place_of_a_map_is_said_and_never_thrown(run: Run, name: str) -> None:
    answers = run(f"""
        {GARBAGE}
        const s = stage();
        const fields = ["activeRunsByKey", "lanes", "activeRuns", "waitersByKey"];
        const wrapped = things.map((thing) => Object.fromEntries(fields.map((f) => [f, thing])));
        return [...things, ...wrapped].map((thing) => {{
          slot("{name}", thing);
          return s.look();
        }});
    """)
    assert len(answers) > 50
    for answer in answers:
        msgspec.convert(answer, CompanionRead)
        for part in PARTS:
            assert answer[part]["supported"] or answer[part]["why"]


def test_garbage_among_good_entries_is_counted_and_the_good_ones_are_told(run: Run) -> None:
    answer = run(f"""
        {GARBAGE}
        const s = stage();
        s.hold("agent:main:good");
        s.lane("session:agent:main:good", {{ active: 1 }});
        s.events("agent:main:good", [{{ text: "fine", ts: 1, contextKey: null }}]);
        s.followups.set("agent:main:good", {{ items: [{{ prompt: "fine", enqueuedAt: 1 }}] }});
        s.runs.set("good", {{ sessionKey: "agent:main:good" }});
        for (const map of [s.registry.activeRunsByKey, s.lanes, s.queues, s.followups, s.runs]) {{
          things.forEach((thing, at) => map.set(`bad ${{at}}`, thing));
          things.forEach((thing) => map.set(thing, thing));
        }}
        return s.look();
    """)
    msgspec.convert(answer, CompanionRead)
    small(answer)
    for part in ("locks", "followups", "systemEvents", "lanes", "runs"):
        assert answer[part]["supported"] is True, part
        assert "good" in json.dumps(answer[part]["items"]), part
        assert answer[part]["unreadable"] > 10, part
        assert answer[part]["total"] > len(answer[part]["items"]), part


def test_where_no_entry_is_readable_the_part_is_not_supported(run: Run) -> None:
    answer = run("""
        const s = stage();
        s.registry.activeRunsByKey.set("agent:main:a", { somethingElse: true });
        return s.look().locks;
    """)
    assert answer["supported"] is False
    assert "shape" in answer["why"]
    events = run("""
        const s = stage();
        s.events("agent:main:a", [{ line: "text has another name now" }]);
        return s.look().systemEvents;
    """)
    assert events["supported"] is False


def test_garbage_in_diagnostic_events_and_parameters_is_survived(run: Run) -> None:
    answers = run(f"""
        {GARBAGE}
        const s = stage();
        for (const thing of things) {{
          s.emit(thing);
          const type = "session.recovery.requested";
          s.emit({{ type, seq: thing, sessionKey: thing, reason: thing }});
        }}
        return things.flatMap((thing) => [
          s.look(thing), s.look({{ sinceSeq: thing, instance: thing }}),
          s.call("clawtop.release", thing), s.call("clawtop.dropEvent", thing),
          s.release(thing, thing), s.drop(thing, thing),
        ]);
    """)
    assert all(answer.get("schema") or answer["ok"] is False for answer in answers)


def test_a_thousand_locks_are_all_told(run: Run) -> None:
    answer = run("""
        const s = stage({ generation: "september" });
        for (let at = 0; at < 1000; at += 1) s.hold(`agent:main:telegram:direct:${at}`);
        return s.look();
    """)
    small(answer)
    assert answer["locks"]["total"] == len(answer["locks"]["items"]) == 1_000


def test_of_too_many_locks_the_ones_with_the_most_waiting_are_told(run: Run) -> None:
    answer = run("""
        const s = stage({ generation: "september" });
        for (let at = 0; at < 5000; at += 1) s.hold(`agent:main:${"x".repeat(100)}:${at}`);
        const last = `agent:main:${"x".repeat(100)}:4999`;
        s.registry.waitersByKey.set(last, new Set([1, 2, 3]));
        return s.look();
    """)
    small(answer)
    locks = answer["locks"]
    assert locks["total"] == 5_000
    assert 500 < len(locks["items"]) <= 2_000
    assert locks["items"][0]["waiters"] == 3


def test_of_too_many_events_the_fullest_queues_are_told_whole(run: Run) -> None:
    answer = run("""
        const s = stage();
        const event = (n) => ({ text: `event ${n}`, ts: n, contextKey: null });
        for (let at = 0; at < 2000; at += 1) {
          const size = at % 4 === 0 ? 14 : 2;
          s.events(`agent:main:${at}`, Array.from({ length: size }, (_, n) => event(n)));
        }
        return s.look();
    """)
    small(answer)
    events = answer["systemEvents"]
    assert (events["total"], events["queues"]) == (10_000, 2_000)
    assert {queue["count"] for queue in events["items"]} == {14}
    assert sum(len(queue["events"]) for queue in events["items"]) <= 2_000
    assert [len(queue["events"]) for queue in events["items"][:-1]] == [14] * (
        len(events["items"]) - 1
    )


def test_a_storm_in_every_part_stays_near_a_megabyte(run: Run) -> None:
    answer = run("""
        const s = stage({ generation: "september" });
        const text = "\\u0001\\u20ac".repeat(400);
        const long = "k".repeat(900);
        for (let at = 0; at < 3000; at += 1) {
          const key = `agent:main:${long}${at}`;
          s.hold(key);
          s.lane(`session:${key}`, { active: 1, queue: [{ enqueuedAt: 1 }] });
          s.events(key, [{ text, ts: 1, contextKey: text, deliveryContext: { channel: text } }]);
          const message = { prompt: text, enqueuedAt: 1, run: { senderId: text } };
          s.followups.set(key, { items: [message] });
          s.runs.set(`${long}${at}`, { sessionKey: key, sessionId: long });
          s.emit({ type: "session.recovery.completed", seq: at, sessionKey: key, reason: text });
        }
        return s.look();
    """)
    assert small(answer) > 500_000
    assert [answer[part]["supported"] for part in PARTS] == [True] * 6
    assert all(answer[part]["items"] for part in PARTS)


def test_texts_are_cut_at_five_hundred_and_between_characters(run: Run) -> None:
    events = run("""
        const s = stage();
        const most = "a".repeat(499);
        const texts = [`${most}a`, `${most}ab`, `${most}\\u{1f600}b`, "\\udc00x"];
        s.events("k", texts.map((text) => ({ text, ts: 1, contextKey: null })));
        return s.look().systemEvents.items[0].events;
    """)
    assert [event["cut"] for event in events] == [False, True, True, False]
    assert [len(event["text"]) for event in events] == [500, 500, 499, 2]
    assert events[3]["text"] == "\ufffdx", "half a character is replaced"
