"""What the tests of this folder share."""

from __future__ import annotations

import pytest

from tests.hostile import tally
from tests.hostile.inside import Shell


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Runs commands in this process."""
    return Shell(capfd, monkeypatch)


def pytest_sessionfinish() -> None:
    tally.write()
