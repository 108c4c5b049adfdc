"""What clawtop keeps to sign in by device: its key, and one token for each gateway.

Both lie under the platform's state folder, mode 0600, and are never shown. The gateway's own
identity on this host is not touched. A token is worth nothing without the key.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clawtop.errors import FindError
from clawtop.gateway.actionlog import log_path
from clawtop.gateway.find import Target
from clawtop.gateway.identity import Device
from clawtop.gateway.reading import read_whole
from clawtop.gateway.secret import Secret
from clawtop.gateway.statefile import gateway_file, write_new, write_whole

DEVICE_TOKEN = "deviceToken"  # what the gateway calls it in ``connect``
LARGEST = 16_384
OTHERS = 0o077


class Keyring:
    """The key and the tokens of this person on this host."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._device: Device | None = None
        self._making = threading.Lock()
        self.problem: str | None = None
        """Why the last token could not be kept; the link it came with works all the same."""

    @property
    def path(self) -> Path:
        """Where the key lies."""
        return log_path(self._env).parent / "device.json"

    def device(self) -> Device:
        """The key, made when there is none. Raises FindError where that cannot be done."""
        with self._making:
            if self._device is None:
                self._device = self._load() or self._make()
            return self._device

    def _load(self) -> Device | None:
        try:
            data = read_whole(self.path, LARGEST)
            if data is None:
                return None
            if os.name == "posix" and self.path.stat().st_mode & OTHERS:
                raise FindError(
                    f"others on this host can read the device key {self.path}",
                    f"chmod 600 {self.path}",
                )
            return Device(base64.b64decode(json.loads(data)["private_key"], validate=True))
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
            raise self._unusable("it is not complete") from None

    def _unusable(self, why: str) -> FindError:
        return FindError(
            f"the device key {self.path} cannot be read: {why}",
            "Move it away; a new one is made, which has to be paired again",
        )

    def _make(self) -> Device:
        made = Device.new()
        private = base64.b64encode(made.private_bytes()).decode()
        body = {"schema": "clawtop.device/1", "device_id": made.id, "private_key": private}
        try:
            if write_new(self.path, json.dumps(body).encode()):
                return made
        except OSError as error:
            raise FindError(
                f"no device key can be kept in {self.path.parent}: {error.strerror}",
                "Make that folder writable, or set XDG_STATE_HOME",
            ) from None
        return self._load() or made  # another clawtop was first

    # -- tokens

    def token(self, target: Target) -> Secret | None:
        """The token this gateway gave our device; None where it must not be sent."""
        if not target.may_carry_secret:
            return None
        found = self._kept(target)
        if found is None or found.get("device_id") != self.device().id:
            return None
        return Secret(DEVICE_TOKEN, found["token"])

    def _kept(self, target: Target) -> dict[str, Any] | None:
        try:
            found = json.loads(read_whole(self._file(target), LARGEST) or b"{}")
        except (OSError, ValueError, RecursionError):
            return None  # as if it had been lost: the gateway gives another
        fits = isinstance(found, dict) and found.get("url") == target.url
        return found if fits and isinstance(found.get("token"), str) else None

    def keep(self, target: Target, token: str) -> None:
        """Keep what the gateway gave. Never raises; ``problem`` says what went wrong."""
        self.problem = None
        known = self._kept(target)
        body = {"url": target.url, "device_id": self.device().id, "token": token}
        if not target.may_carry_secret or body == known:
            return
        try:
            write_whole(self._file(target), json.dumps(body).encode())
        except OSError as error:
            self.problem = f"the device token was not kept: {error.strerror}"

    def forget(self, target: Target) -> None:
        """The gateway does not take it any more."""
        try:
            self._file(target).unlink(missing_ok=True)
        except OSError as error:
            self.problem = f"the old device token was not removed: {error.strerror}"

    def _file(self, target: Target) -> Path:
        return gateway_file(self._env, "devices", target.url)
