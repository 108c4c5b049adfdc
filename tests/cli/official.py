"""A stand-in for the gateway's own ``openclaw``: answers, and changes its config, as measured.

``FAKE_GENERATION`` april or september; ``FAKE_FAIL`` a word of the command that fails;
``FAKE_BREAK``: the failing command changes the file all the same; ``FAKE_CONFIG`` another file
than the one it is told; ``FAKE_INVALID`` why it calls its config invalid.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.cli.official import main
main(sys.argv[1:])
"""
ID = "clawtop-companion"
HELP = "OpenClaw {} (abc1234) — all yours.\n  -l, --link  Link a local path\n  --force  Overwrite\n"


@dataclass
class Official:
    """The command, the home it works in, and what was run."""

    home: Path
    program: Path

    @property
    def config(self) -> Path:
        return self.home / ".openclaw" / "openclaw.json"

    def read(self) -> Any:
        """What the config says now."""
        return json.loads(self.config.read_text())

    def ran(self) -> list[list[str]]:
        """Every command line that it was given."""
        log = self.home / "ran"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def changes(self) -> list[list[str]]:
        """Those that may change something."""
        asking = (["config", "validate", "--json"], ["plugins", "install", "--help"])
        return [words for words in self.ran() if words not in asking]

    def env(self, **more: str) -> dict[str, str]:
        return {"HOME": str(self.home), "OPENCLAW_HOME": str(self.home), **more}


def official(folder: Path, config: Any = None) -> Official:
    """A home with a config (text, or what becomes JSON), and the command."""
    program = folder / "openclaw-fake"
    program.write_text(SCRIPT)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    made = Official(folder / "home", program)
    made.config.parent.mkdir(parents=True)
    text = config if isinstance(config, str) else json.dumps(config or {"gateway": {}})
    made.config.write_text(text)
    return made


def main(words: list[str]) -> None:
    """Do one command and end with its exit code."""
    home = Path(os.environ["HOME"])
    path = Path(os.environ.get("FAKE_CONFIG") or home / ".openclaw" / "openclaw.json")
    with (home / "ran").open("a") as log:
        log.write(json.dumps(words) + "\n")
    fails = os.environ.get("FAKE_FAIL")
    if fails and fails in words and "--help" not in words:
        if os.environ.get("FAKE_BREAK"):
            path.write_text('{"gateway": {}, "half": true}')
        secret = os.environ.get("OPENCLAW_GATEWAY_TOKEN", "none")
        print(f"no leave \x1b[31m for {secret}", file=sys.stderr)
        sys.exit(1)
    sys.exit(_do(words, path, os.environ.get("FAKE_GENERATION") == "september"))


def _do(words: list[str], path: Path, september: bool) -> int:
    match words:
        case ["config", "validate", "--json"]:
            invalid = os.environ.get("FAKE_INVALID")
            issues = [{"path": "<root>", "message": invalid}]
            print(json.dumps({"valid": not invalid, "path": str(path), "issues": issues}))
            return 1 if invalid else 0
        case ["plugins", "install", "--help"]:
            print(HELP.format("2026.9.6" if september else "2026.5.28"))
            if september:
                print("  --accept-capabilities  Accept the plugin's declared capabilities")
            return 0
    config = json.loads(path.read_text())
    code = _change(words, config, september)
    if code == 0:
        path.write_text(json.dumps(config))
    return code


def _change(words: list[str], config: dict[str, Any], september: bool) -> int:
    plugins = config.setdefault("plugins", {})
    entries = plugins.setdefault("entries", {})
    paths = plugins.setdefault("load", {}).setdefault("paths", [])
    match words:
        case ["plugins", "install", "--link", *leave, folder]:
            if september != (leave == ["--force", "--accept-capabilities"]) or (
                not september and leave
            ):
                return 1
            paths.append(folder)
            entries.setdefault(ID, {})["enabled"] = True
            plugins["installed"] = folder
        case ["plugins", "uninstall", name, "--force"] if name == ID:
            record = plugins.pop("installed", None)
            if record is None and september:
                print("no authoritative package-owner metadata", file=sys.stderr)
                return 1
            if record in paths:
                paths.remove(record)
            entries.pop(ID, None)
            if september:
                entries[ID] = {"enabled": False}
        case ["config", "set", dotted, value, "--strict-json"]:
            *parents, last = dotted.split(".")
            for name in parents:
                config = config.setdefault(name, {})
            config[last] = json.loads(value)
        case ["config", "unset", dotted]:
            *parents, last = dotted.split(".")
            for name in parents:
                config = config[name]
            del config[last]
        case _:
            return 2
    return 0
