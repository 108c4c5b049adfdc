"""``report``: a ticket that says what is known, lets nothing be forged, and holds no secret."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clawtop.cli.markdown import block, code, words
from clawtop.cli.report import write_new
from clawtop.demo import ManualClock, World
from clawtop.errors import RefusedError
from clawtop.gateway.methods import READ_METHODS
from tests.cli.shell import Served, serving

MAIN = "agent:main:main"
ASKS = "agent:main:asks"
SECRET = "abcd1234efgh"


def cascade(served: Served, command: str = "ps aux", key: str = ASKS) -> list[str]:
    return served.do(
        lambda gateway: [gateway.world.request_approval(command, key) for _ in range(3)]
    )


def test_a_ticket_says_what_was_seen_ruled_out_and_done(september: Served) -> None:
    ids = cascade(september)
    september.do(
        lambda gateway: gateway.world.log(
            f"stuck session: sessionId=x sessionKey={ASKS} state=processing age=130s", "WARN"
        )
    )
    september.run("deny", ids[0], "--yes", "--reason", "a copy")
    cascade(september)
    ran = september.run("report")
    assert ran.code == 0
    assert ran.out.startswith("# 127.0.0.1")
    titles = [line for line in ran.out.splitlines() if line.startswith("#")]
    assert titles[1:] == [
        f"## CRITICAL I-01 approval cascade in `{ASKS}`",
        "### Timeline (UTC)",
        "### Evidence",
        "### Ruled out",
        "### Ways out",
        "### Log lines",
        "## What was done from this host",
    ]
    assert "#69478" in ran.out
    assert "the gateway logged: stuck session" in ran.out
    assert re.search(r"^- 20\d\d-\d\d-\d\dT[\d:.]+Z it began$", ran.out, re.MULTILINE)
    assert "`clawtop deny --duplicates" in ran.out
    assert "done deny" in re.sub(r"\s+", " ", ran.out)
    assert "- Not visible: heartbeats" in ran.out
    assert "2026.9.6" in ran.out


def test_reading_is_all_it_sends(september: Served) -> None:
    cascade(september)
    september.run("report")
    assert set(september.sent()) <= READ_METHODS | {"connect"}


def test_who_waited_and_the_leak_that_check_saw_before(tmp_path: Path) -> None:
    clock = ManualClock()
    with serving(tmp_path, world=World("september", clock)) as served:
        served.do(lambda gateway: gateway.world.leak(MAIN))
        text = f"are you there? --token {SECRET}"
        served.do(lambda gateway: gateway.world.waits(MAIN, text, "rpc"))
        served.run("check")
        served.do(lambda gateway: clock.advance(5 * 60_000))
        told = served.run("report").out
        assert f"I-05 leaked reply-run lock in `{MAIN}`" in told
        assert "### Who waited" in told
        assert "are you there?" in told
        assert SECRET not in told
        assert "a message came that still waits" in told


def test_one_incident_by_its_key(september: Served) -> None:
    cascade(september)
    cascade(september, "df", "agent:main:other")
    keys = [one["key"] for one in september.run("snapshot", "--json").json["incidents"]]
    assert len(keys) == 2
    ran = september.run("report", "--incident", keys[1])
    assert ran.out.count("\n## ") == 1
    assert f"Key `{keys[1]}`" in ran.out


def test_an_unknown_key_names_where_the_keys_are(september: Served) -> None:
    ran = september.run("report", "--incident", "I-05|nowhere")
    assert ran.code == 1
    assert "clawtop snapshot" in ran.sentence()


def test_without_incidents_it_says_so(september: Served) -> None:
    assert "No incident is named" in september.run("report").out


def test_a_file_is_private_whole_and_never_replaced(september: Served, tmp_path: Path) -> None:
    file = tmp_path / "ticket.md"
    ran = september.run("report", "-o", str(file))
    assert (ran.code, ran.out) == (0, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.read_text()
    assert written.startswith("# ")
    before = len(september.sent())
    again = september.run("report", "-o", str(file))
    assert again.code == 1
    assert "exists" in again.sentence()
    assert file.read_text() == written
    assert len(september.sent()) == before, "it was seen before anything was asked"
    (tmp_path / "link.md").symlink_to(tmp_path / "nowhere")
    assert september.run("report", "-o", str(tmp_path / "link.md")).code == 1
    assert not (tmp_path / "nowhere").exists()
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".clawtop")] == []


def test_a_file_made_meanwhile_is_not_replaced_either(tmp_path: Path) -> None:
    file = tmp_path / "ticket.md"
    file.write_text("somebody else's")
    with pytest.raises(RefusedError, match="exists"):
        write_new(file, "mine")
    assert file.read_text() == "somebody else's"
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_one_sentence(september: Served) -> None:
    ran = september.run("report", "-o", "/nowhere/ticket.md")
    assert ran.code == 1
    assert "cannot write /nowhere/ticket.md" in ran.sentence()


def test_hostile_text_forges_no_markdown(september: Served) -> None:
    hostile = f"rm --token {SECRET}\n# forged\n```\n<script>x</script> [a](b) |c| @everyone"
    cascade(september, hostile, "agent:main:`x`")
    september.do(
        lambda gateway: gateway.world.log(
            "stuck session: sessionKey=agent:main:`x` state=```` age=1s <b>", "WARN"
        )
    )
    told = september.run("report").out
    assert SECRET not in told
    assert september.gateway.token not in re.findall(r"\w+", told)
    assert not [line for line in told.splitlines() if line.startswith("# ")][1:]
    for line in told.split("### Log lines")[0].splitlines():
        bare = re.sub(r"(`+).*?\1", "", line)
        assert "<" not in bare
        assert "@" not in bare
        assert "](" not in bare.replace("\\]", "")


MARKDOWN = st.text(alphabet="ab`~<>[](){}|\\*_#@!&:/-+=1. \n\x1b\u202e", max_size=40)


@given(MARKDOWN)
@example("see http://127.0.0.1/x and 1. then")
@example("1. a list")
def test_words_leave_no_mark_unescaped(text: str) -> None:
    shown = words(text)
    bare = re.sub(r"\\.|&(#\d+|lt|gt|amp);", "", shown)
    assert not re.search(r"[`*_<>\[\]|#~@&]", bare)
    assert "://" not in shown
    assert not re.match(r"[-+=]|\d+[.)]( |$)", shown)
    assert "\n" not in shown


@given(MARKDOWN)
def test_code_is_ended_by_nothing_inside(text: str) -> None:
    shown = code(text)
    if not shown:
        return
    fence = re.match(r"`+", shown)
    assert fence is not None
    inner = shown[len(fence.group()) : -len(fence.group())]
    assert fence.group() not in re.findall(r"`+", inner)
    assert shown.endswith(fence.group())


@given(st.lists(MARKDOWN.map(lambda text: text.replace("\n", " ")), max_size=4))
def test_a_block_is_ended_by_none_of_its_lines(lines: list[str]) -> None:
    first, *inner, last = block(lines)
    fence = first.removesuffix("text")
    assert last == fence
    assert not any(line.strip().startswith(fence) for line in inner)
