"""The companion in a bare Node process, over a faked gateway's memory (``stage.mjs``)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.real.lab.install import node_binary

COMPANION = Path(__file__).parents[2] / "clawtop" / "companion"
STAGE = Path(__file__).parent / "stage.mjs"
SDK = """
export const listeners = new Set();
export function onDiagnosticEvent(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
"""
QUEUES = """
export function setCommandLaneConcurrency(lane, limit) {
  (globalThis.pumped ??= []).push([lane, limit]);
}
export { setCommandLaneConcurrency as h };
"""

Run = Callable[[str], Any]


@pytest.fixture(scope="session")
def node() -> str:
    """The lab's Node where it is installed, else the one on PATH."""
    lab = node_binary()
    found = str(lab) if lab.is_file() else shutil.which("node")
    if found is None and not os.environ.get("CI"):
        pytest.skip("there is no node: `make gateways` installs one")
    assert found, "there is no node"
    return found


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the companion and the one module of the plugin SDK that it imports."""
    folder = tmp_path_factory.mktemp("companion")
    shutil.copytree(COMPANION, folder / "companion")
    shutil.copy(STAGE, folder)
    sdk = folder / "node_modules" / "openclaw"
    sdk.mkdir(parents=True)
    exports = {"./plugin-sdk/diagnostic-runtime": "./diagnostics.js"}
    manifest = {"name": "openclaw", "type": "module", "exports": exports}
    (sdk / "package.json").write_text(json.dumps(manifest))
    (sdk / "diagnostics.js").write_text(SDK)
    (folder / "dist").mkdir()  # found from the script that is started, as in a gateway
    (folder / "dist" / "command-queue-AbC.js").write_text(QUEUES)
    return folder


@pytest.fixture
def run(node: str, ground: Path) -> Run:
    """Runs the body of a function, with ``stage`` and ``slot`` at hand; what it returns."""

    def script(body: str) -> Any:
        source = (
            'import { slot, stage } from "./stage.mjs";\n'
            f"const answer = await (async () => {{ {body} }})();\n"
            "process.stdout.write(JSON.stringify(answer ?? null));\n"
        )
        file = ground / "case.mjs"
        file.write_text(source, encoding="utf-8")
        done = subprocess.run(
            [node, str(file)], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return script
