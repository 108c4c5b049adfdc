"""``drop-event`` on real gateways that have the companion: one copy goes, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from .inside import Inside
from .shell import Shell

pytestmark = pytest.mark.real

ENDED = "Exec finished (node=n, id=brisk-falcon, code 0)"


def test_one_copy_is_dropped_and_the_rest_stays(inside: Inside, tmp_path: Path) -> None:
    shell = Shell(tmp_path, inside.gateway.url, inside.gateway.token)
    key, beside = inside.key("copies"), inside.key("beside")
    for one in (key, beside):
        for text in (ENDED, "node n reconnected", ENDED):
            inside.operator.call("lab.enqueue", {"key": one, "text": text})
    picture = shell.document("snapshot", "--observe", "1")
    (found,) = [
        one for one in picture["incidents"] if (one["id"], one["session_key"]) == ("I-02", key)
    ]
    way = next(one for one in found["remedies"] if one["step"] == "drop-event")
    assert way["available"]
    words = way["command"].split()[1:]
    assert words[:4] == ["drop-event", key, "--position", "2"]
    assert shell.document(*words, "--dry-run")["outcome"] == "planned"
    assert len(inside.event_texts(key)) == 3
    action = shell.document(*words, "--yes")
    assert (action["outcome"], action["requested"]) == ("done", True)
    assert inside.event_texts(key) == [ENDED, "node n reconnected"]
    assert inside.event_texts(beside) == [ENDED, "node n reconnected", ENDED]
    again = shell.run(*words, "--yes")
    assert (again.code, inside.event_texts(key)) == (1, [ENDED, "node n reconnected"])
    last = shell.run("drop-event", key, "--position", "0", "--yes")
    assert last.code == 1
    assert "would be lost" in last.err
    assert len(inside.event_texts(key)) == 2
