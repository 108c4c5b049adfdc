"""What the emitter sends is what clawtop reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import mix
from clawtop.gateway import frames
from clawtop.picture import changes as c

BEGAN_MS = 1_800_000_000_000


def unframed(data: bytes) -> list[dict[str, Any]]:
    """The JSON of server frames, one after the other."""
    found, place = [], 0
    while place < len(data):
        size, head = data[place + 1], 2
        if size == 126:
            size, head = int.from_bytes(data[place + 2 : place + 4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(data[place + 2 : place + 10], "big"), 10
        found.append(json.loads(data[place + head : place + head + size]))
        place += head + size
    return found


def read(frame: dict[str, Any]) -> c.Change | None:
    body = frames.decode(json.dumps(frame).encode())
    return frames.event_change(body.event, body.payload)


@pytest.fixture(scope="module")
def storm() -> mix.Pool:
    return mix.Pool(mix.SCENES["storm"], BEGAN_MS)


def test_every_frame_of_the_mix_is_read_and_counted(storm: mix.Pool) -> None:
    found = unframed(b"".join(storm.mix(500)))
    assert [frame["seq"] for frame in found] == list(range(1, 501))
    kinds = {type(read(frame)) for frame in found}
    assert kinds == {c.RunActivity, c.SessionChanged, c.ApprovalRequested, c.Tick}


def test_chunks_are_all_the_frames(storm: mix.Pool) -> None:
    sent = list(storm.mix(2_000))
    chunks = list(mix.chunks(sent))
    assert sum(count for count, _ in chunks) == 2_000
    assert b"".join(chunk for _, chunk in chunks) == b"".join(sent)
    assert len(chunks) > 1


def test_a_marked_session_is_held_and_then_released(storm: mix.Pool) -> None:
    changed, asked = map(read, unframed(storm.held("seen-1")))
    assert isinstance(changed, c.SessionChanged)
    assert isinstance(asked, c.ApprovalRequested)
    assert changed.row is not None
    assert changed.row.has_active_run is True
    assert asked.row.request is not None
    assert changed.session_key == asked.row.request.session_key == "agent:main:seen-1"
    done, answered = map(read, unframed(storm.released("seen-1")))
    assert isinstance(done, c.SessionChanged)
    assert isinstance(answered, c.ApprovalResolved)
    assert done.row is not None
    assert done.row.has_active_run is False
    assert answered.id == asked.row.id


def test_sessions_of_a_silent_scene_are_as_old_as_it_says() -> None:
    scene = mix.SCENES["ticking"]
    row = json.loads(mix.Pool(scene, BEGAN_MS).row(3))
    assert row["startedAt"] == BEGAN_MS - (scene.started_s + 3 * scene.step_s) * 1000
    assert row["updatedAt"] == row["lastInteractionAt"] == row["startedAt"]
    assert str(row["snapshotAt"]).encode() == mix.NOW


def test_a_stalled_run_is_told_by_a_look_at_its_session() -> None:
    pool = mix.Pool(mix.SCENES["coarse"], BEGAN_MS)
    flight = json.loads(pool.history("agent:main:bench-00002"))["inFlightRun"]
    assert flight["startedAt"] == flight["events"][0]["ts"] == BEGAN_MS - 259_800_000
    assert json.loads(pool.row(2))["startedAt"] == flight["startedAt"]
