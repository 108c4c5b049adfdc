"""``logs``: the lines about one session and no other, from the gateway or from its file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawtop.cli.log_lines import about, entries
from clawtop.demo import ManualClock, World
from clawtop.gateway.methods import READ_METHODS
from tests.cli.shell import Ran, Served, clawtop, serving

KEY = "agent:main:telegram:dm:42"
ID = "1b2c3d4e-0000-4000-8000-000000000001"
RUN = "run-0123456789"
SECRET = "abcd1234efgh"


def log(served: Served, *messages: str, level: str = "WARN") -> None:
    served.do(lambda gateway: [gateway.world.log(one, level) for one in messages])


def texts(ran: Ran) -> list[str]:
    """The messages, without time and level."""
    return [line[31:] for line in ran.out.splitlines()]


def raw(message: str, at: str = "2026-11-20T03:12:44.120Z", **more: Any) -> str:
    return json.dumps(
        {"message": message, "_meta": {"date": at, "logLevelName": "WARN"}, "time": at, **more}
    )


def test_every_line_without_a_key(september: Served) -> None:
    log(september, "one", "two")
    ran = september.run("logs")
    assert ran.code == 0
    assert texts(ran)[-2:] == ["one", "two"]
    assert all(line[23] == "Z" and line[25:29] == "WARN" for line in ran.out.splitlines())
    assert set(september.sent()) <= READ_METHODS | {"connect"}


def test_lines_that_name_the_session_its_ids_or_its_runs(september: Served) -> None:
    september.do(lambda gateway: gateway.world.session(KEY, session_id=ID))
    september.do(lambda gateway: gateway.world.start_run(KEY, "rpc", run_id=RUN))
    log(
        september,
        f"stuck session: sessionId={ID} sessionKey={KEY} state=processing age=130s",
        f"lane wait exceeded: lane=session:{KEY} waitedMs=3000",
        f"embedded_run_failover_decision runId={RUN} reason=timeout",
        f"closing {ID}",
        f"stuck session: sessionKey={KEY}2 state=processing",
        f"stuck session: sessionKey={KEY}:thread:17 state=processing",
        f"runId={RUN}-other",
        "nothing to do with it",
    )
    found = texts(september.run("logs", KEY))
    assert len(found) == 4
    assert found[0].startswith("stuck session:")
    assert found[3] == f"closing {ID}"


def test_an_id_is_learnt_from_a_line_that_names_both() -> None:
    lines = entries([raw(f"start sessionKey={KEY} runId=run-777777"), raw("end runId=run-777777")])
    assert len(about(lines, KEY, set())) == 2
    several = entries(
        [raw(f"sessionKey={KEY} sessionKey=other runId=run-777777"), raw("end runId=run-777777")]
    )
    assert len(about(several, KEY, set())) == 1


def test_a_field_beside_the_message_names_it_too() -> None:
    lines = entries([raw("opened", session_id=ID), raw("opened", session_id="another-one")])
    assert [line.raw for line in about(lines, KEY, {ID})] == [lines[0].raw]


def test_since_leaves_out_what_is_older(tmp_path: Path) -> None:
    clock = ManualClock()
    with serving(tmp_path, world=World("september", clock)) as served:
        log(served, "old")
        served.do(lambda gateway: clock.advance(3_600_000))
        log(served, "new")
        assert texts(served.run("logs", "--since", "30m")) == ["new"]
        assert texts(served.run("logs", "--since", "2h")) == ["old", "new"]
        assert served.run("logs", "--since", "3x").code == 2


def test_hostile_lines_stay_one_line_each_and_secrets_are_masked(september: Served) -> None:
    log(september, f"a\x1b[2J\nb \u202e Authorization: Bearer {SECRET} --token {SECRET}")
    september.do(lambda gateway: gateway.world.log_file.raw("\x1b]0;title\x07 not JSON"))
    ran = september.run("logs")
    assert len(ran.out.splitlines()) >= 2
    assert SECRET not in ran.out
    assert not any(ord(char) < 32 and char != "\n" for char in ran.out)
    assert "\u202e" not in ran.out
    assert any(line.startswith("no time") for line in ran.out.splitlines())


def test_half_a_line_at_the_end_is_left_out() -> None:
    whole = raw("whole")
    assert [line.message for line in entries([whole, whole[:40]])] == ["whole"]


@given(st.lists(st.text(max_size=40), max_size=6), st.text(min_size=1, max_size=12))
def test_no_line_and_no_key_is_too_odd(lines: list[str], key: str) -> None:
    found = about(entries(lines), key, {key})
    assert all("\n" not in line.text for line in found)


# -- the file of this host


def config(home: Path, port: int, file: Path | None) -> None:
    told: dict[str, Any] = {"gateway": {"port": port, "auth": {"token": "hunter2-canary"}}}
    if file is not None:
        told["logging"] = {"file": str(file)}
    (home / ".openclaw" / "openclaw.json").write_text(json.dumps(told))


def test_the_file_is_read_when_the_gateway_does_not_answer(
    home: Path, tmp_path: Path, closed_port: int
) -> None:
    file = tmp_path / "gateway.log"
    file.write_text(f"{raw(f'stuck session: sessionKey={KEY}')}\n{raw('another')}\n")
    config(home, closed_port, file)
    ran = clawtop("logs", KEY, env={"HOME": str(home)})
    assert ran.code == 0
    assert texts(ran) == [f"stuck session: sessionKey={KEY}"]
    assert f"Reading {file}." in ran.sentence()
    assert "nothing listens" in ran.err
    assert "hunter2" not in ran.err + ran.out


def test_the_file_of_another_gateway_is_not_taken_for_its(
    home: Path, tmp_path: Path, closed_port: int
) -> None:
    file = tmp_path / "gateway.log"
    file.write_text(f"{raw('of another gateway')}\n")
    config(home, closed_port + 1 if closed_port < 65_000 else closed_port - 1, file)
    ran = clawtop("logs", "--url", f"127.0.0.1:{closed_port}", env={"HOME": str(home)})
    assert "of another gateway" not in ran.out
    same = clawtop("logs", "--url", f"127.0.0.1:{closed_port + 0}", env={"HOME": str(home)})
    assert str(file) not in same.err


def test_no_file_is_the_first_failure(home: Path, tmp_path: Path, closed_port: int) -> None:
    config(home, closed_port, tmp_path / "nowhere.log")
    ran = clawtop("logs", env={"HOME": str(home)})
    assert ran.code == 3
    assert "nothing listens" in ran.sentence()


@pytest.mark.parametrize("kind", ["binary", "folder", "fifo", "device"])
def test_what_is_no_log_is_refused(home: Path, tmp_path: Path, closed_port: int, kind: str) -> None:
    place = tmp_path / "gateway.log"
    if kind == "binary":
        place.write_bytes(b"\x7fELF\0\0\0" * 100)
    elif kind == "folder":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    else:
        place = Path("/dev/zero")
    config(home, closed_port, place)
    ran = clawtop("logs", env={"HOME": str(home)})
    assert ran.code == 3
    assert str(place) in ran.sentence()
    assert ran.out == ""


def test_a_wrong_secret_is_no_reason_to_read_files(
    september: Served, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "gateway.log"
    file.write_text(f"{raw('a line')}\n")
    config(home, september.gateway.port, file)
    ran = clawtop("logs", env={"HOME": str(home)})
    assert ran.code == 3
    assert "refused the secret" in ran.sentence()
    assert ran.out == ""


def test_a_gateway_without_log_lines_falls_back_to_its_file(home: Path, tmp_path: Path) -> None:
    world = World("september")
    world.hidden_methods = {"logs.tail"}
    file = tmp_path / "gateway.log"
    file.write_text(f"{raw('from the file')}\n")
    with serving(tmp_path, world=world) as served:
        config(home, served.gateway.port, file)
        ran = served.run("logs", env={"HOME": str(home)})
        assert texts(ran) == ["from the file"]
        assert "does not give its log lines" in ran.sentence()
