"""Real gateways for the tests: one a version for the whole session, tidied after each test.

Nothing here skips: a gateway that cannot be installed or started fails the tests that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .inside import Inside
from .lab import FakeProvider, Operator, RealGateway
from .scene import Scene
from .shell import Shell

APRIL = "2026.5.28"
SEPTEMBER = "2026.9.6"
VERSIONS = (APRIL, SEPTEMBER)


class Gateways:
    """Started when first wanted, ended with the session."""

    def __init__(self, exits: ExitStack) -> None:
        self._exits = exits
        self._started: dict[str, tuple[RealGateway, FakeProvider, Operator]] = {}

    def scene(self, version: str) -> Scene:
        """A scene on the one gateway of that version; its agents must ask before exec.

        One that ended by itself has failed the test it ended in, and is not asked again.
        """
        started = self._started.get(version)
        if started is None or not started[0].running:
            provider = self._exits.enter_context(FakeProvider())
            gateway = self._exits.enter_context(RealGateway(version, provider, approvals=True))
            operator = self._exits.enter_context(gateway.operator())
            self._started[version] = gateway, provider, operator
            warm = Scene(*self._started[version])
            warm.settled(warm.key("warm"))  # the first turn of a gateway takes seconds longer
        return Scene(*self._started[version])


@pytest.fixture(scope="session")
def gateways() -> Iterator[Gateways]:
    with ExitStack() as exits:
        yield Gateways(exits)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Both generations; a test for one says ``parametrize("version", [APRIL])``."""
    found: str = request.param
    return found


@pytest.fixture
def scene(gateways: Gateways, version: str) -> Iterator[Scene]:
    """The shared gateway of this version."""
    found = gateways.scene(version)
    yield found
    found.gateway.must_run()
    found.tidy()


@pytest.fixture(scope="module")
def insiders() -> Iterator[dict[str, Inside]]:
    """Gateways with the companion in them, its switch on; one a version while a module wants it."""
    with ExitStack() as exits:
        yield _Insiders(exits)


class _Insiders(dict[str, Inside]):
    """Starts what is asked for and not there yet."""

    def __init__(self, exits: ExitStack) -> None:
        super().__init__()
        self._exits = exits

    def __missing__(self, version: str) -> Inside:
        provider = self._exits.enter_context(FakeProvider())
        # Heartbeats are on, but so rare that none comes unless a test wakes one.
        gateway = RealGateway(version, provider, companion="acts", heartbeat_every="12h")
        self._exits.enter_context(gateway)
        found = Inside(gateway, provider, self._exits.enter_context(gateway.operator()))
        found.settled(found.key("warm"))
        self[version] = found
        return found


@pytest.fixture
def inside(insiders: dict[str, Inside], version: str) -> Iterator[Inside]:
    """The gateway of this version that has the companion; nothing is shared with ``scene``."""
    if version in insiders and not insiders[version].gateway.running:
        del insiders[version]
    found = insiders[version]
    yield found
    found.gateway.must_run()
    found.tidy()


@pytest.fixture
def shell(scene: Scene, tmp_path: Path) -> Shell:
    """clawtop's command line on the shared gateway."""
    return Shell(tmp_path, scene.gateway.url, scene.gateway.token)


LoneScene = Callable[..., Scene]


@pytest.fixture
def lone_scene() -> Iterator[LoneScene]:
    """Makes a gateway that only this test has, to kill or to torment."""
    with ExitStack() as exits:

        def make(version: str, **settings: Any) -> Scene:
            provider = exits.enter_context(FakeProvider())
            gateway = exits.enter_context(RealGateway(version, provider, **settings))
            return Scene(gateway, provider, exits.enter_context(gateway.operator()))

        yield make
