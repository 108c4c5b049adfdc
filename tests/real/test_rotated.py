"""The shared secret is replaced while links are up: by whom it is noticed, and what is said."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from clawtop.cli.setup import watcher_of
from clawtop.errors import SignInError
from clawtop.gateway.watch import Watcher

from .far import FarShell, approve
from .lab import FakeProvider, RealGateway
from .living import options, soon
from .shell import Shell

pytestmark = pytest.mark.real


class Configured(RealGateway):
    """Its secret is in its config, not on its command line, so that it can be replaced there."""

    def _command(self, entry: Path) -> list[str]:
        words = super()._command(entry)
        return words[: words.index("--auth")]

    def set_secret(self, secret: str) -> None:
        """Write it into the config, as a person does; the gateway takes it up by itself."""
        body = json.loads(self.config_path.read_text())
        body["gateway"]["auth"] = {"mode": "token", "token": secret}
        self.config_path.write_text(json.dumps(body))
        self.token = secret


async def _is_up(watcher: Watcher) -> None:
    """It has a link on which the gateway answers anew."""
    heard = watcher.store.fresh_at_ms or 0
    await soon(lambda: watcher.store.link_up, "link", 60)
    watcher.ask_all_now()
    await soon(lambda: (watcher.store.fresh_at_ms or 0) > heard, "answer")


def test_a_link_by_the_secret_ends_once_and_a_link_by_the_device_goes_on(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeProvider() as provider:
        configured = Configured(version, provider, bind="lan")
        configured.set_secret(configured.token)
        with configured as gateway, gateway.operator() as operator:
            near, far = Shell(tmp_path, gateway.url, gateway.token), FarShell(tmp_path, gateway)
            for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
                monkeypatch.setenv(name, near.env[name])
            assert far.run("snapshot").code == 3
            approve(operator)
            assert far.run("snapshot").code == 0

            async def story() -> None:
                by_secret = watcher_of(options(near, "snapshot"))
                by_device = watcher_of(options(far, "snapshot"))
                runs = [asyncio.create_task(one.run()) for one in (by_secret, by_device)]
                await soon(lambda: by_secret.store.link_up and by_device.store.link_up, "links")
                gateway.set_secret("another-" + gateway.token)
                await soon(lambda: runs[0].done(), "end of the link by the secret", 60)
                error = runs[0].exception()
                assert isinstance(error, SignInError)
                assert error.code == "auth_changed"
                assert "its secret changed" in by_secret.store.link_why
                assert by_secret.attempt == 0, "it was not tried again"
                await _is_up(by_device)  # 2026.5.28 restarts itself for it (1012)
                assert not runs[1].done()
                runs[1].cancel()
                await asyncio.gather(*runs, return_exceptions=True)
                await by_device.close()

            asyncio.run(story())
            old = near.run("snapshot")
            assert old.code == 3
            assert "refused the secret" in old.err
            far.with_secret = False
            assert far.run("snapshot").code == 0
            assert Shell(tmp_path, gateway.url, gateway.token).run("snapshot").code == 0
