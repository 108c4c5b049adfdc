"""The gateway's own command line, ``openclaw``, run the way its owner would.

The gateway's config is changed only by it: it knows its own file and checks what it writes. What
it can do is asked of its ``--help``, not told from its version.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clawtop.errors import CallError, RefusedError
from clawtop.gateway.find import Options, Target
from clawtop.text import MASK, mask, plain

TIMEOUT_S = 120.0  # for one command; it took up to 6 s on 2026.9.6
MOST_LINES = 20
_SECRETS = ("OPENCLAW_GATEWAY_TOKEN", "OPENCLAW_GATEWAY_PASSWORD")
_VERSION = re.compile(r"OpenClaw (\d[\w.-]*)")


@dataclass(frozen=True)
class Done:
    """One command that came to its end."""

    shown: str
    code: int
    out: str
    err: str

    def told(self) -> list[str]:
        """The last lines of what it printed, safe to show."""
        lines = [line for line in (self.out + "\n" + self.err).splitlines() if line.strip()]
        return [plain(mask(line.rstrip())[0]) for line in lines][-MOST_LINES:]


@dataclass(frozen=True)
class Openclaw:
    """The command, and the words and variables that make it mean one gateway.

    ``named``: variables that a person has to set as well; ``env``: all it runs with, secrets
    among them, so it is never shown. ``place``: where on this host it is, "" until it was found.
    """

    program: str
    words: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    place: str = ""

    def shown(self, *words: str) -> str:
        """The same command as a person types it, secrets left out."""
        before = [f"{name}={shlex.quote(value)}" for name, value in self.named.items()]
        return plain(" ".join([*before, shlex.join([self.program, *self.words, *words])]))

    def run(self, *words: str, timeout_s: float = TIMEOUT_S) -> Done:
        """Run it to its end, without a terminal. Raises RefusedError when it cannot be started,
        CallError (outcome unknown) when it is interrupted or takes too long."""
        shown = self.shown(*words)
        try:
            process = subprocess.Popen(
                [self.place, *self.words, *words],
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # one group to end it by
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise RefusedError(
                f"{plain(self.program)} cannot be run ({plain(why)}), so nothing was changed",
                "Name the gateway's own command with --openclaw PATH",
            ) from None
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise _unknown(f"{shown} took longer than {timeout_s:g} s and was ended") from None
        except KeyboardInterrupt:
            raise _unknown(f"interrupted while {shown} ran") from None
        finally:
            _end(process)
        return Done(
            shown, process.returncode, self._without_secrets(out), self._without_secrets(err)
        )

    def _without_secrets(self, text: str) -> str:
        for name in _SECRETS:
            if self.env.get(name):
                text = text.replace(self.env[name], MASK)
        return text


def _unknown(what: str) -> CallError:
    return CallError(
        f"{what}; what it changed is not known", "Look with clawtop companion status first"
    )


def _end(process: subprocess.Popen[str]) -> None:
    """Kill it and what it started, unless it has ended."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def meaning(
    given: str | None, options: Options, env: Mapping[str, str], target: Target | None
) -> Openclaw:
    """The command for the gateway that these options mean, whether or not it is there.

    A secret that clawtop was given goes along in the environment, with the port it is for:
    2026.9.6 changes its plugins through the running gateway and wants to sign in there. One
    from the gateway's config does not: the command reads that itself.
    """
    own = {**env, "NO_COLOR": "1"}
    words: tuple[str, ...] = ()
    named: dict[str, str] = {}
    if options.profile:
        words = ("--profile", options.profile)
        for name in ("OPENCLAW_STATE_DIR", "OPENCLAW_CONFIG_PATH"):
            own.pop(name, None)
    if options.config:
        named["OPENCLAW_CONFIG_PATH"] = str(Path(os.path.expanduser(options.config)).absolute())
    if target is not None and target.secret and target.secret_from != str(target.config_file):
        own[f"OPENCLAW_GATEWAY_{target.secret.kind.upper()}"] = target.secret.value
        own["OPENCLAW_GATEWAY_PORT"] = target.url.rpartition(":")[2]
    return Openclaw(given or "openclaw", words, named, own | named)


def find_openclaw(command: Openclaw) -> Openclaw | None:
    """The same command with its place on this host; None when it is not here."""
    found = shutil.which(os.path.expanduser(command.program), path=command.env.get("PATH"))
    if found is None:
        return None
    return replace(command, place=found)


@dataclass(frozen=True)
class About:
    """What the command says of itself and of the config it would change.

    ``config`` None: it does not tell. ``invalid``: why the gateway refuses its config, or "".
    ``asks``: installing from a folder asks for leave that only options can give without a
    terminal (2026.8.2 and 2026.9.6; not 2026.4.29 and 2026.5.28).
    """

    version: str | None
    config: Path | None
    invalid: str
    links: bool
    asks: bool


def ask(command: Openclaw) -> About:
    """Ask it; changes nothing. Raises as ``Openclaw.run``."""
    told = _json(command.run("config", "validate", "--json").out)
    help_text = command.run("plugins", "install", "--help").out
    version = _VERSION.search(help_text)
    path = told.get("path")
    config = Path(path) if isinstance(path, str) and path else None
    broken = told.get("valid") is False and config is not None and config.exists()
    return About(
        version=version.group(1) if version else None,
        config=config,
        invalid=(_issue(told) or "it does not say why") if broken else "",
        links="--link" in help_text,
        asks="--accept-capabilities" in help_text,
    )


def _json(text: str) -> dict[str, Any]:
    """The JSON object in what it printed; other lines may stand around it."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1]) if start >= 0 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _issue(told: dict[str, Any]) -> str:
    issues = told.get("issues")
    first = issues[0] if isinstance(issues, list) and issues else None
    message = first.get("message") if isinstance(first, dict) else None
    return plain(mask(message)[0]) if isinstance(message, str) else ""
