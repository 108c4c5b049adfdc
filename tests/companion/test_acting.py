"""``clawtop.release`` and ``clawtop.dropEvent``: whom they touch, and when they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Run

KEY = "agent:main:a"
APRIL = "const s = stage();"
SEPTEMBER = "const s = stage({ generation: 'september' });"


def acted(run: Run, body: str) -> Any:
    """The answer of the script's last act, and what its operation was told, in order."""
    return run(
        f"{body} return {{ answer, told: op?.told, left: [...s.registry.activeRunsByKey] }};"
    )


@pytest.mark.parametrize("method", ["release", "drop"])
def test_nothing_is_done_while_the_switch_is_off(run: Run, method: str) -> None:
    found = acted(
        run,
        f"""const s = stage({{ config: {{}} }}); const op = s.hold("{KEY}");
        const answer = s.{method}("{KEY}", s.tokenOf("{KEY}"));""",
    )
    assert found["answer"]["code"] == "switched-off"
    assert "allowRelease" in found["answer"]["why"]
    assert found["told"] == []


@pytest.mark.parametrize("method", ["release", "drop"])
def test_key_and_token_must_be_given(run: Run, method: str) -> None:
    answers = run(f"""{APRIL}
        return [[undefined, "t"], ["k", undefined], ["", "t"], ["k", ""], [1, 2]]
          .map(([key, token]) => s.{method}(key, token).code);""")
    assert answers == ["bad-params"] * 5


def test_april_tells_the_owner_ends_the_lock_and_renews_the_lane(run: Run) -> None:
    found = run(f"""{APRIL}
        const op = s.hold("{KEY}");
        const lane = s.lane("session:{KEY}", {{ active: 1, more: {{ draining: true }} }});
        const other = s.lane("main", {{ active: 2 }});
        const answer = s.release("{KEY}", s.tokenOf("{KEY}"));
        const load = [lane, other].map((one) => [one.generation, one.activeTaskIds.size]);
        return {{ answer, told: op.told, load, draining: lane.draining, queue: lane.queue }};""")
    assert found["answer"] == {
        "ok": True,
        "key": KEY,
        "sessionId": f"id of {KEY}",
        "phase": "running",
        "laneRenewed": True,
    }
    assert found["told"] == ["abort", "run_failed"]
    assert found["load"] == [[8, 0], [7, 2]], "no lane but its own"
    assert found["draining"] is False


def test_april_lets_a_run_that_obeys_end_by_itself(run: Run) -> None:
    found = run(f"""{APRIL}
        const op = s.hold("{KEY}", {{ obeysIn: 60 }});
        s.embedded.set("id of {KEY}", {{}});
        const lane = s.lane("session:{KEY}", {{ active: 1 }});
        const token = s.tokenOf("{KEY}");
        const both = [s.release("{KEY}", token), s.release("{KEY}", token)];
        const [first, second] = await Promise.all(both);
        return [first.ok, first.laneRenewed, op.told, lane.generation, second.code];""")
    assert found == [True, False, ["abort"], 7, "gone"]


def test_april_ends_a_run_that_does_not_obey(run: Run) -> None:
    found = run(f"""{APRIL}
        const op = s.hold("{KEY}");
        s.embedded.set("id of {KEY}", {{}});
        const lane = s.lane("session:{KEY}", {{ active: 1 }});
        const answer = await s.release("{KEY}", s.tokenOf("{KEY}"));
        return [answer.ok, answer.laneRenewed, op.told.at(-1), lane.generation];""")
    assert found == [True, True, "run_failed", 8]


def test_while_a_run_ends_another_holder_is_not_touched(run: Run) -> None:
    found = run(f"""{APRIL}
        s.hold("{KEY}");
        s.embedded.set("id of {KEY}", {{}});
        const lane = s.lane("session:{KEY}", {{ active: 1 }});
        const pending = s.release("{KEY}", s.tokenOf("{KEY}"));
        const next = s.hold("{KEY}");
        const answer = await pending;
        return [answer.ok, next.told, lane.generation];""")
    assert found == [True, [], 7]


def test_an_operation_that_keeps_its_failure_until_completed_is_completed(run: Run) -> None:
    found = acted(
        run,
        f"""{APRIL} const op = s.hold("{KEY}", {{ needsComplete: true }});
        const answer = s.release("{KEY}", s.tokenOf("{KEY}"));""",
    )
    assert found["answer"]["ok"] is True
    assert found["told"] == ["abort", "run_failed", "complete"]


def test_april_leaves_an_idle_lane_as_it_is(run: Run) -> None:
    found = run(f"""{APRIL}
        s.hold("{KEY}");
        const lane = s.lane("session:{KEY}");
        const answer = s.release("{KEY}", s.tokenOf("{KEY}"));
        return [answer.ok, answer.laneRenewed, lane.generation];""")
    assert found == [True, False, 7]


def test_april_renews_the_lane_for_a_holder_that_waits_in_it_itself(run: Run) -> None:
    found = run(f"""{APRIL}
        s.hold("{KEY}");
        const lane = s.lane("session:{KEY}", {{ active: 1, queue: [{{ enqueuedAt: 1 }}] }});
        const answer = s.release("{KEY}", s.tokenOf("{KEY}"));
        const after = [answer.laneRenewed, lane.activeTaskIds.size, lane.queue.length];
        while (!globalThis.pumped) await new Promise((done) => setTimeout(done, 5));
        return [after, globalThis.pumped];""")
    assert found[0] == [True, 0, 1], "what waits there is kept"
    assert found[1] == [[f"session:{KEY}", 1]], "and the gateway looks at the lane again"


def test_september_ends_a_lock_that_no_owner_stands_behind(run: Run) -> None:
    found = acted(
        run,
        f"""{SEPTEMBER} const op = s.hold("{KEY}", {{ needsClear: true }});
        const answer = s.release("{KEY}", s.tokenOf("{KEY}"));""",
    )
    assert found["answer"]["ok"] is True
    assert found["answer"]["laneRenewed"] is False
    assert found["told"] == ["abort", "run_failed", "clear"]
    assert found["left"] == []


def test_september_ends_it_without_the_clearing_function_too(run: Run) -> None:
    found = acted(
        run,
        f"""{SEPTEMBER} delete s.registry.clearOperationByOperation;
        const op = s.hold("{KEY}"); const answer = s.release("{KEY}", s.tokenOf("{KEY}"));""",
    )
    assert found["answer"]["ok"] is True
    assert found["told"] == ["abort", "run_failed"]


@pytest.mark.parametrize(
    "owner", [f's.lane("session:{KEY}", {{ active: 1 }})', f's.embedded.set("id of {KEY}", {{}})']
)
def test_september_refuses_while_the_owner_is_at_work(run: Run, owner: str) -> None:
    found = acted(
        run,
        f"""{SEPTEMBER} const op = s.hold("{KEY}"); {owner};
        const answer = s.release("{KEY}", s.tokenOf("{KEY}"));""",
    )
    assert found["answer"]["code"] == "owner-in-lane"
    assert "60 s" in found["answer"]["why"]
    assert found["told"] == []


def test_september_refuses_where_it_cannot_tell_whether_the_owner_is_at_work(run: Run) -> None:
    found = acted(
        run,
        f"""{SEPTEMBER} const op = s.hold("{KEY}"); slot("commandQueueState", undefined);
        const answer = s.release("{KEY}", s.tokenOf("{KEY}"));""",
    )
    assert found["answer"]["code"] == "unsupported"
    assert found["told"] == []


def test_generations_are_told_apart_by_the_operation_and_not_by_the_registry(run: Run) -> None:
    found = run("""
        const s = stage({ generation: "september" });
        const op = s.hold("k", { generation: "april" });
        const lane = s.lane("session:k", { active: 1 });
        return [s.release("k", s.tokenOf("k")).ok, lane.generation];""")
    assert found == [True, 8]


def test_a_holder_that_changed_is_not_touched(run: Run) -> None:
    found = acted(
        run,
        f"""{APRIL} s.hold("{KEY}"); const token = s.tokenOf("{KEY}");
        const op = s.hold("{KEY}"); const answer = s.release("{KEY}", token);""",
    )
    assert found["answer"]["code"] == "changed"
    assert found["told"] == []


def test_a_token_never_seen_or_of_another_session_is_not_believed(run: Run) -> None:
    found = run(f"""{APRIL}
        const ops = ["{KEY}", "b"].map((key) => s.hold(key));
        const answers = [s.release("{KEY}", "made up"), s.release("{KEY}", s.tokenOf("b"))];
        return {{ codes: answers.map((one) => one.code), told: ops.flatMap((op) => op.told) }};""")
    assert found == {"codes": ["changed", "changed"], "told": []}


def test_of_two_who_release_one_does_and_one_is_told(run: Run) -> None:
    found = run(f"""{APRIL}
        s.hold("{KEY}"); const token = s.tokenOf("{KEY}");
        return [s.release("{KEY}", token), s.release("{KEY}", token)];""")
    assert found[0]["ok"] is True
    assert found[1]["code"] == "gone"


def test_a_lock_that_stays_is_reported_as_failed_and_its_lane_left_alone(run: Run) -> None:
    found = run(f"""{APRIL}
        s.hold("{KEY}", {{ stays: true }});
        const lane = s.lane("session:{KEY}", {{ active: 1 }});
        return [s.release("{KEY}", s.tokenOf("{KEY}")).code, lane.generation];""")
    assert found == ["failed", 7]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("abortByUser() { throw new Error('boom'); }", "ok"),
        ("abortByUser: 5", "ok"),
        ("fail() { throw new Error('boom'); }", "ok"),
        ("fail() { throw new Error('boom'); }, complete: 5", "failed"),
        ("fail: undefined", "unsupported"),
        ("get fail() { throw new Error('boom'); }", "unsupported"),
    ],
)
def test_an_operation_that_throws_is_survived(run: Run, more: str, expected: str) -> None:
    answer = run(f"""{APRIL}
        const op = s.hold("{KEY}");
        Object.defineProperties(op, Object.getOwnPropertyDescriptors({{ {more} }}));
        return s.release("{KEY}", s.tokenOf("{KEY}"));""")
    assert (answer.get("code") or "ok") == expected


# -- system events

DONE = "Exec finished (node=n, id=7, code 0)"


def queue(*events: str) -> str:
    return f"""{APRIL}
        const entry = s.events("{KEY}", [{", ".join(events)}]);
        const tokens = s.look().systemEvents.items[0].events.map((event) => event.token);"""


def event(text: str, context: str | None = None, ts: int = 1) -> str:
    return f"{{ text: {text!r}, ts: {ts}, contextKey: {f'{context!r}' if context else 'null'} }}"


def test_one_of_two_equal_events_is_dropped_and_the_rest_stays_in_order(run: Run) -> None:
    found = run(
        queue(event(DONE, ts=1), event("between", "c2", 2), event(DONE, ts=3))
        + f"""const answer = s.drop("{KEY}", tokens[2]);
        const texts = entry.queue.map((one) => one.text);
        return {{ answer, texts, last: entry.lastContextKey }};"""
    )
    assert found["answer"] == {"ok": True, "key": KEY, "left": 2}
    assert found["texts"] == [DONE, "between"]
    assert found["last"] == "c2", "the newest context key that is left"


def test_equal_context_keys_are_copies_although_the_text_differs(run: Run) -> None:
    found = run(
        queue(event("done", "exec:7"), event("done again", "exec:7"))
        + f"""return [s.drop("{KEY}", tokens[0]).ok, entry.queue.map((one) => one.text)];"""
    )
    assert found == [True, ["done again"]]


def test_an_event_that_is_no_copy_is_not_dropped(run: Run) -> None:
    found = run(
        queue(event("one"), event("two"), event("three", "c"))
        + f"""return [...tokens.map((token) => s.drop("{KEY}", token).code), entry.queue.length];"""
    )
    assert found == ["not-a-copy"] * 3 + [3]


def test_the_last_of_a_pair_cannot_be_dropped_too(run: Run) -> None:
    found = run(
        queue(event(DONE), event("x"), event(DONE))
        + f"""return [s.drop("{KEY}", tokens[0]).ok, s.drop("{KEY}", tokens[0]).code,
              s.drop("{KEY}", tokens[2]).code];"""
    )
    assert found == [True, "gone", "not-a-copy"]


def test_events_of_another_queue_are_neither_named_nor_copies(run: Run) -> None:
    found = run(
        queue(event(DONE))
        + f"""s.events("b", [{event(DONE)}]); s.look();
        return ["{KEY}", "b", "no"].map((key) => s.drop(key, tokens[0]).code);"""
    )
    assert found == ["not-a-copy", "gone", "gone"]


def test_a_queue_of_another_shape_is_not_touched(run: Run) -> None:
    found = run(f"""{APRIL}
        s.queues.set("{KEY}", {{ queue: new Set() }});
        const first = s.drop("{KEY}", "t").code;
        slot("systemEvents.queues", {{}});
        return [first, s.drop("{KEY}", "t").code];""")
    assert found == ["unsupported", "unsupported"]
