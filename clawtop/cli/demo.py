"""``clawtop demo``: a gateway that misbehaves on purpose, in this process, and the dashboard on it.

Nothing here reads the user's own gateway: the address and the token are the demo's.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from clawtop.cli.setup import client_of, manner_of, store_of
from clawtop.errors import ConnectError, UsageError
from clawtop.gateway.find import Target
from clawtop.gateway.secret import Secret

if TYPE_CHECKING:
    from clawtop.demo.scenarios.scenario import Scenario
    from clawtop.demo.world import World
    from clawtop.gateway.watch import Watcher

NAME = "DEMO"
FASTEST = 1_000.0


def run(args: argparse.Namespace) -> int:
    """Raises UsageError for a wrong word, ConnectError for a port that is taken."""
    if args.list:
        return _list()
    scenario = _scenario(args.scenario)
    if args.serve is not None:
        return asyncio.run(_serve(scenario, _world(scenario, args), _port(args.serve)))
    return _show(scenario, args)


def _list() -> int:
    from clawtop.demo.scenarios import ALL

    width = max(len(one.name) for one in ALL)
    for one in ALL:
        print(f"{one.name:<{width}}  {one.what}")
    return 0


def _scenario(name: str | None) -> Scenario:
    from clawtop.demo.scenarios import DEFAULT, SCENARIOS

    found = SCENARIOS.get(name or DEFAULT)
    if found is None:
        raise UsageError(f"there is no scenario {name!r}", f"There are: {', '.join(SCENARIOS)}")
    return found


def _world(scenario: Scenario, args: argparse.Namespace) -> World:
    from clawtop.demo.scenarios import stage

    return stage(
        scenario,
        args.generation,
        speed=_speed(args.speed),
        seed=_seed(args.seed),
        companion=not args.no_companion,
    )


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= FASTEST:
        raise UsageError(f"{text!r} is not a speed", f"Give a number up to {FASTEST:g}, like 20")
    return value


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a seed", "Give a whole number") from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65_536):
        raise UsageError(f"{text!r} is not a port", "Give a number up to 65535 (0: any free one)")
    return int(text)


async def _serve(scenario: Scenario, world: World, port: int) -> int:
    """Serve until a signal says to end; its exit code."""
    from clawtop.demo.host import PUMP_S, TOKEN
    from clawtop.demo.server import ScriptedGateway

    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _end, ended, number)
    gateway = ScriptedGateway(token=TOKEN, port=port, world=world, pump_s=PUMP_S)
    try:
        await gateway.__aenter__()
    except OSError:
        raise ConnectError(f"port {port} is taken", "Give another one, or 0 for any") from None
    try:
        _say(scenario, world, gateway.url.rstrip("/"), TOKEN)
        return await ended
    finally:
        await gateway.__aexit__(None, None, None)


def _end(ended: asyncio.Future[int], number: int) -> None:
    if not ended.done():
        ended.set_result(128 + number)


def _say(scenario: Scenario, world: World, url: str, token: str) -> None:
    """The first line has everything that another client needs."""
    print(f"{url}  token {token}  ({NAME} {scenario.name}, {world.generation})", flush=True)
    print(f"look: OPENCLAW_GATEWAY_TOKEN={token} clawtop --url {url}", flush=True)


def _show(scenario: Scenario, args: argparse.Namespace) -> int:
    """The ordinary dashboard on a gateway in this process."""
    from clawtop.cli.dashboard import need_terminal, show
    from clawtop.demo.host import TOKEN, Host

    need_terminal()
    host = Host(_world(scenario, args))
    manner = manner_of(args, one_shot=False)
    store, client = store_of(args, manner), client_of()

    def make(on_dirty: Callable[[], None]) -> Watcher:
        from clawtop.gateway.watch import Watcher

        target = Target(host.start(), NAME, Secret("token", TOKEN), "the demo", "the demo")
        return Watcher(target, client, store, manner, on_dirty=on_dirty)

    try:
        names = (f"{NAME} {scenario.name}", "in this process")
        return show(args, make, names, store=store, hint=scenario.look_at)
    finally:
        host.stop()
