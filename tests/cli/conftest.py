"""What most tests of the commands stand on; a module that needs more of it has its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Served, serving


@pytest.fixture(params=["april", "september"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """The embedded gateway of both generations."""
    with serving(tmp_path, request.param) as running:
        yield running


@pytest.fixture
def september(tmp_path: Path) -> Iterator[Served]:
    """The embedded gateway of the later generation."""
    with serving(tmp_path) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which OpenClaw has a folder and nothing in it."""
    (tmp_path / "home" / ".openclaw").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def closed_port() -> int:
    """A port of this host on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
