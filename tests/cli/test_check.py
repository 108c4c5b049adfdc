"""``check`` as a monitoring system runs it: the code, the first line, and what is kept between."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from clawtop.cli.metric_names import METRICS
from clawtop.demo import ManualClock, ScriptedGateway, World
from clawtop.gateway.methods import READ_METHODS
from tests.cli.shell import Ran, Served, clawtop, serving

MAIN = "agent:main:main"
ASKS = "agent:main:asks"
SHAPE = re.compile(r"CLAWTOP (OK|WARNING|CRITICAL|UNKNOWN) - [^|\x00-\x1f]+ \| ([^|\x00-\x1f]+)\Z")
FIGURE = re.compile(r"([a-z_]+)=(U|\d+)(s?)(;[\d.]*;[\d.]*;0)?\Z")


def ask(served: Served, *commands: str, key: str = ASKS) -> None:
    served.do(lambda gateway: [gateway.world.request_approval(one, key) for one in commands])


def first(ran: Ran) -> str:
    """The first line; fails when it is not what a monitoring system parses."""
    assert ran.err == ""
    line = ran.out.splitlines()[0]
    match = SHAPE.match(line)
    assert match, line
    assert all(FIGURE.match(figure) for figure in match.group(2).split(" ")), line
    return line


def figures(ran: Ran) -> dict[str, str]:
    told = first(ran).split(" | ")[1]
    return dict(figure.split("=", 1) for figure in told.split(" "))


def unknown(ran: Ran) -> str:
    assert ran.code == 3
    assert "Traceback" not in ran.out + ran.err
    line = ran.out.splitlines()[0]
    assert line.startswith("CLAWTOP UNKNOWN - "), line
    return line


def test_a_healthy_gateway_is_ok(september: Served) -> None:
    september.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    ran = september.run("check")
    assert ran.code == 0
    assert first(ran).startswith(
        "CLAWTOP OK - no incident, 1 lock held (first look) | locks=1;;;0 "
    )
    assert set(figures(ran)) == set(METRICS)
    assert september.run("check").out.startswith("CLAWTOP OK - no incident, 1 lock held | ")
    assert set(september.sent()) <= READ_METHODS | {"connect"}


def test_three_equal_requests_are_a_warning_and_more_are_critical(september: Served) -> None:
    ask(september, "ps aux", "ps aux", "ps aux")
    ran = september.run("check")
    assert ran.code == 1
    assert first(ran).startswith(f"CLAWTOP WARNING - approval cascade {ASKS} ")
    assert figures(ran)["approvals"] == "3;;;0"
    ask(september, *["ps aux"] * 8)
    ran = september.run("check")
    assert ran.code == 2
    assert first(ran).startswith("CLAWTOP CRITICAL - ")
    assert figures(ran)["copies"] == "11;;;0"


def test_further_incidents_stand_on_later_lines(september: Served) -> None:
    ask(september, "ps aux", "ps aux", "ps aux")
    ask(september, "df", "df", "df", key="agent:main:other")
    lines = september.run("check").out.splitlines()
    assert "(+1 more)" in lines[0]
    told = "\n".join(lines[1:])
    assert "I-01" in told
    assert "agent:main:other" in "\n".join(lines)
    assert ASKS in "\n".join(lines)


def test_no_gateway_is_unknown(closed_port: int) -> None:
    ran = clawtop("check", "--url", f"127.0.0.1:{closed_port}")
    assert "nothing listens" in unknown(ran)


def test_a_wrong_secret_is_unknown_and_is_never_repeated(september: Served, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("hunter2-not-the-right-one")
    ran = clawtop("check", "--url", september.gateway.url, "--token-file", str(wrong))
    assert "refused the secret" in unknown(ran)
    assert "hunter2" not in ran.out + ran.err


@pytest.mark.parametrize(
    "args",
    [
        ("check", "--nonsense"),
        ("check", "stray"),
        ("--timeout", "1s", "check", "--observe", "3x"),
        ("check", "--require", "locks,nonsense"),
        ("check", "--ignore", "leaks"),
        ("check", "--warning", "locks"),
        ("check", "--warning", "nonsense=3"),
        ("check", "--critical", "locks=many"),
        ("check", "--token", "x"),
        ("check", "--url", "http://[bad"),
        ("check", "--token-file", "/nowhere/token", "--url", "127.0.0.1:1"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_unknown_too(args: tuple[str, ...]) -> None:
    line = unknown(clawtop(*args))
    assert "|" not in line


def test_help_is_unknown_and_tells_every_metric() -> None:
    ran = clawtop("check", "--help")
    unknown(ran)
    assert "example: clawtop check" in ran.out
    assert all(f"{metric}:" in " ".join(ran.out.split()) for metric in METRICS)


def test_failures_as_json_name_the_status(closed_port: int) -> None:
    ran = clawtop("check", "--json", "--url", f"127.0.0.1:{closed_port}")
    assert ran.code == 3
    body = ran.json
    assert (body["schema"], body["status"]) == ("clawtop.error/1", "UNKNOWN")
    assert body["message"]
    assert body["next"]


def test_a_required_part_that_cannot_be_seen_is_never_ok(september: Served) -> None:
    ran = september.run("check", "--require", "locks,heartbeats")
    assert "heartbeats cannot be seen" in unknown(ran)
    off = september.run("check", "--require", "approvals", "--approvals", "off")
    assert "--approvals off" in unknown(off)
    assert figures(off)["approvals"] == "U;;;0"
    assert september.run("check", "--approvals", "off").code == 0


def test_locks_that_cannot_be_listed_are_unknown(september: Served) -> None:
    error = {"code": "UNAVAILABLE", "message": "try|later\n"}
    september.gateway.faults.error_methods["sessions.list"] = error
    ran = september.run("check")
    line = unknown(ran)
    assert "locks cannot be seen" in line
    assert figures(ran)["locks"] == "U;;;0"
    assert figures(ran)["oldest_lock"] == "U"


def test_a_lock_without_a_name_is_said_and_may_be_the_oldest(tmp_path: Path) -> None:
    world = World("april")
    with world.past(30_000):
        world.leak(MAIN)
    with serving(tmp_path, world=world) as served:
        ran = served.run("check", "--no-state")
        line = first(ran)
        assert "0 named locks held, 1 that no session can be named for" in line
        assert (figures(ran)["oldest_lock"], figures(ran)["unnamed_locks"]) == ("U", "1;;;0")
        limit = ("check", "--no-state", "--critical", "oldest_lock=10")
        assert "oldest_lock cannot be told here" in unknown(served.run(*limit))


def test_a_named_lock_above_its_limit_is_told_beside_one_without_a_name(tmp_path: Path) -> None:
    world = World("april")
    with world.past(30_000):
        world.leak(MAIN)
        world.start_run("agent:main:other", "rpc", run_id="run-1")
    with serving(tmp_path, world=world) as served:
        ran = served.run("check", "--no-state", "--critical", "oldest_lock=10")
        assert ran.code == 2
        assert re.search(r"oldest_lock is at least 3\d, above 10", first(ran))
        assert figures(ran)["oldest_lock"] == "U;;10;0"


def test_only_messages_that_still_wait_are_counted(september: Served) -> None:
    def waits(gateway: ScriptedGateway) -> None:
        gateway.world.start_run(MAIN, "rpc", run_id="run-1")
        gateway.world.waits(MAIN, "one", "rpc")
        gateway.world.waits(MAIN, "two", "rpc").state = "cancelled"

    september.do(waits)
    picture = september.run("snapshot", "--json").json
    assert len(picture["waiting"]) == 2
    assert figures(september.run("check"))["waiting"] == "1;;;0"


def test_each_part_is_named_once_to_whom_it_is_told() -> None:
    told = unknown(clawtop("check", "--require", "bogus"))
    assert told.count("tasks") == 1


def test_a_critical_incident_is_said_before_what_cannot_be_seen(september: Served) -> None:
    ask(september, *["ps aux"] * 11)
    ran = september.run("check", "--require", "heartbeats")
    assert ran.code == 2
    assert "UNKNOWN heartbeats cannot be seen" in ran.out


@pytest.mark.parametrize(
    ("ignore", "code"),
    [
        (("--ignore", "I-01"), 0),
        (("--ignore", f"I-01:{ASKS}"), 0),
        (("--ignore", "I-05", "--ignore", "I-27,I-01"), 0),
        (("--ignore", "I-01:agent:main:other"), 1),
        (("--ignore", "I-05"), 1),
    ],
    ids=str,
)
def test_ignored_incidents_do_not_count_and_are_said(
    september: Served, ignore: tuple[str, ...], code: int
) -> None:
    ask(september, "ps aux", "ps aux", "ps aux")
    ran = september.run("check", *ignore)
    assert ran.code == code
    assert figures(ran)["incidents"] == f"{code};;;0"
    assert ("ignored: I-01" in ran.out) is (code == 0)


@pytest.mark.parametrize(
    ("limits", "code", "words"),
    [
        (("--warning", "approvals=2"), 0, "approvals=2;2;;0"),
        (("--warning", "approvals=1"), 1, "approvals is 2, above 1"),
        (("--warning", "approvals=1", "--critical", "approvals=1.5"), 2, "approvals=2;1;1.5;0"),
        (("--critical", "locks=0,approvals=1"), 2, "approvals is 2, above 1"),
        (("--warning", "oldest_lock=30m"), 0, "oldest_lock=0s;1800;;0"),
    ],
    ids=str,
)
def test_limits(september: Served, limits: tuple[str, ...], code: int, words: str) -> None:
    ask(september, "ps", "df")
    ran = september.run("check", *limits)
    assert ran.code == code
    assert words in first(ran)


def test_a_limit_on_what_cannot_be_told_is_unknown(september: Served) -> None:
    ran = september.run("check", "--approvals", "off", "--warning", "approvals=5")
    assert "approvals cannot be told here" in unknown(ran)


def test_hostile_text_forges_nothing(september: Served) -> None:
    hostile = "agent:main:x|locks=0\nCLAWTOP OK - fine | locks=0\x1b[2J\u202e"
    secret = "--token abcd1234efgh"
    ask(september, *[f"rm | {secret}\n`x`"] * 3, key=hostile)
    ran = september.run("check")
    assert ran.code == 1
    assert first(ran).count("|") == 1
    lines = ran.out.splitlines()
    assert not any("|" in line for line in lines[1:])
    assert "abcd1234efgh" not in ran.out
    assert not any(ord(char) < 32 for line in lines for char in line)
    assert "\u202e" not in ran.out
    assert sum(line.startswith("CLAWTOP") for line in lines) == 1


def test_the_json_document(september: Served) -> None:
    ask(september, "ps aux", "ps aux", "ps aux")
    ran = september.run("check", "--json", "--ignore", "I-05", "--warning", "locks=9")
    assert ran.code == 1
    assert ran.out.isascii()
    told = ran.json
    assert told["schema"] == "clawtop.check/1"
    assert (told["status"], told["exit_code"], told["first_look"]) == ("WARNING", 1, True)
    assert SHAPE.match(told["summary"])
    assert told["metrics"].keys() == METRICS.keys()
    assert told["metrics"]["approvals"] == 3
    assert told["limits"] == [{"metric": "locks", "severity": "warning", "most": 9.0}]
    (incident,) = told["incidents"]
    assert (incident["id"], incident["ignored"]) == ("I-01", False)
    assert incident["remedies"]


# -- the memory


def state_of(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "state" / "clawtop" / "check").glob("*"))


def test_a_leak_seen_in_two_looks_is_found(tmp_path: Path) -> None:
    clock = ManualClock()
    with serving(tmp_path, world=World("september", clock)) as served:
        served.do(lambda gateway: gateway.world.leak(MAIN))
        one = served.run("check")
        assert one.code == 0
        assert "(first look)" in first(one)
        served.do(lambda gateway: clock.advance(5 * 60_000))
        forgetful = served.run("check", "--no-state")
        assert (forgetful.code, "(first look)" in first(forgetful)) == (0, True)
        two = served.run("check")
        assert two.code == 1
        assert first(two).startswith(f"CLAWTOP WARNING - leaked lock {MAIN} ≥5m")
        served.do(lambda gateway: clock.advance(6 * 60_000))
        three = served.run("check")
        assert three.code == 2
        assert first(three).startswith(f"CLAWTOP CRITICAL - leaked lock {MAIN} ≥11m")
        assert figures(three)["leaked"] == "1;;;0"


def test_a_restart_in_between_is_a_first_look(september: Served) -> None:
    assert "(first look)" in first(september.run("check"))
    assert "(first look)" not in first(september.run("check"))
    september.do(lambda gateway: gateway.world.restart())
    assert "(first look)" in first(september.run("check"))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schema": 3}', b"\xff\0", b"9" * 5_000_000]
)
def test_a_broken_memory_is_a_first_look(september: Served, tmp_path: Path, content: bytes) -> None:
    september.run("check")
    (path,) = state_of(tmp_path)
    path.write_bytes(content)
    ran = september.run("check")
    assert ran.code == 0
    assert "(first look)" in first(ran)
    assert json.loads(path.read_bytes())["schema"] == "clawtop.memory/1"


def test_the_memory_is_private_and_holds_no_text(september: Served, tmp_path: Path) -> None:
    september.do(lambda gateway: gateway.world.enqueue_event(MAIN, "canary event"))
    ask(september, "canary command")
    september.run("check")
    (path,) = state_of(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "canary" not in text
    assert september.gateway.token not in json.loads(text).values()


def test_no_state_reads_and_keeps_nothing(september: Served, tmp_path: Path) -> None:
    september.run("check", "--no-state")
    assert state_of(tmp_path) == []


def test_a_memory_that_cannot_be_kept_is_said_and_changes_nothing(
    september: Served, tmp_path: Path
) -> None:
    (tmp_path / "state" / "clawtop").mkdir(parents=True)
    (tmp_path / "state" / "clawtop" / "check").write_text("a file in the way")
    ran = september.run("check")
    assert ran.code == 0
    assert "cannot be kept" in ran.out.splitlines()[1]


def test_the_token_is_nowhere(tmp_path: Path) -> None:
    canary = "canary-token-4711"
    with serving(tmp_path, token=canary) as served:
        ask(served, f"curl -H {canary}")
        for args in (("check",), ("check", "--json"), ("check", "--help"), ("check", "--bad")):
            ran = served.run(*args, "--approvals", "off")
            assert canary not in ran.out + ran.err
        assert not any(canary in path.read_text() for path in state_of(tmp_path))


def test_april_leaves_approvals_out_and_is_no_route(tmp_path: Path) -> None:
    with serving(tmp_path, "april") as served:
        ran = served.run("check")
        assert ran.code == 0
        assert figures(ran)["approvals"] == "U;;;0"
        scopes: Any = served.do(lambda gateway: next(seen.params for seen in gateway.requests))
        assert scopes["scopes"] == ["operator.read"]
