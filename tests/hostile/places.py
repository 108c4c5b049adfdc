"""One text in every place where a gateway can put a text of somebody else."""

from __future__ import annotations

from clawtop.demo import World

HELD = "agent:main:telegram:direct:42"


def filled(text: str, generation: str = "september", *, keys: bool = True) -> World:
    """A world in trouble that says ``text`` wherever it says anything; ``keys``: in names, too."""
    april = generation == "april"
    world = World("april" if april else "september", companion=True)
    mark = text if keys else "42"
    key = f"agent:main:telegram:direct:{mark}"
    world.session(key)
    world.leak(key)
    world.waits(key, text)
    asking = f"agent:main:asks:{mark}"
    world.start_run(asking, "rpc")
    for _ in range(4):
        world.request_approval(text, asking, cwd=f"/{mark}")
    world.request_approval(text, key, kind="plugin", description=text)
    for _ in range(2):
        world.enqueue_event("agent:main:main", text)
        world.enqueue_event("agent:main:main", f"other {text}")
    for _ in range(2):
        world.add_task({"title": text, "sessionKey": key, "runId": mark})
    world.recovery(key, "requested")
    world.recovery(key, "completed")
    world.log(text, "WARN")
    world.log(f"{text} sessionKey={key}", "ERROR")
    world.log_file.raw(text)
    world.heartbeat("failed", reason=text, channel=mark)
    return world
