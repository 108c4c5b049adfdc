"""Any bytes as a frame: the link stays, and what comes after is heard."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawtop.demo import ScriptedGateway
from clawtop.gateway.client import Client
from clawtop.gateway.look import watching
from clawtop.gateway.manner import Manner
from clawtop.gateway.session import Session, State
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from tests.hostile.corpus import FRAMES
from tests.hostile.looking import HELLO
from tests.hostile.tally import SCALE, tried
from tests.screen.stage import client, target_of

CHALLENGE = b'{"type":"event","event":"connect.challenge","payload":{"nonce":"n","ts":1}}'
WELCOME = json.dumps({"type": "res", "id": "1", "ok": True, "payload": HELLO}).encode()


def session(state: State) -> Session:
    """A session in a state that a gateway can bring it to."""
    made = Session(Client("0", "linux", "me", "it"), None, (), allow=frozenset({"status"}))
    if state is not State.WAIT_CHALLENGE:
        made.receive(CHALLENGE, 0.0)
    if state is State.OPEN:
        made.receive(WELCOME, 0.0)
        made.request("status", {}, 0.0, 10)
    assert made.state is state
    return made


STATES = [State.WAIT_CHALLENGE, State.WAIT_HELLO, State.OPEN]
almost = st.sampled_from(sorted(FRAMES)).flatmap(
    lambda name: st.tuples(st.integers(0, 300), st.binary(max_size=4)).map(
        lambda cut: FRAMES[name][: cut[0]] + cut[1] + FRAMES[name][cut[0] : 2_000]
    )
)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
@settings(deadline=None, max_examples=300 * SCALE)
@given(frames=st.lists(st.binary(max_size=200) | almost, max_size=5))
def test_any_bytes_are_a_frame_or_are_counted(state: State, frames: list[bytes]) -> None:
    made = session(state)
    for frame in frames:
        made.receive(frame, 1.0)
    tried("bad frames", len(frames))
    assert made.next_deadline() > 0
    made.close()


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
@pytest.mark.parametrize("name", FRAMES)
def test_a_bad_frame_raises_nothing_in_any_state(state: State, name: str) -> None:
    session(state).receive(FRAMES[name], 1.0)


def test_a_watching_link_outlives_every_bad_frame() -> None:
    async def scene() -> None:
        async with ScriptedGateway() as gateway:
            watcher = Watcher(target_of(gateway), client(), Store(), Manner(timeout_s=5))
            async with watching(watcher):
                for name, frame in FRAMES.items():
                    gateway.send_raw(frame)
                    key = f"agent:main:after {name}"
                    gateway.world.start_run(key, "rpc")
                    await heard(watcher, key)
                assert watcher.link is not None
                assert watcher.link.unreadable >= 15
            assert len(gateway.seen("connect")) == 1, "the link was never lost"

    asyncio.run(scene())


async def heard(watcher: Watcher, key: str) -> None:
    """Wait until this session is known."""
    end = time.monotonic() + 30
    while key not in watcher.store.held.sessions:
        assert time.monotonic() < end, f"nothing was heard {key}"
        assert watcher.link is not None, key
        await asyncio.sleep(0.005)
