"""Fetch Node and OpenClaw gateways with npm into a cache folder.

Layout: ``<cache>/node/node_modules/node/bin/node`` and
``<cache>/<version>/node_modules/openclaw/openclaw.mjs``.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE_ENV = "CLAWTOP_GATEWAY_CACHE"
NODE_SPEC = "node@26"
MARKER = ".clawtop-installed"
NPM_TIMEOUT_S = 900.0
_VERSION = re.compile(r"\d{4}\.\d+\.\d+(-[A-Za-z0-9.]+)?")


class InstallError(RuntimeError):
    """A gateway or Node could not be put into the cache; the text says why."""


def cache_root() -> Path:
    """Folder that holds every installed gateway; override with $CLAWTOP_GATEWAY_CACHE."""
    configured = os.environ.get(CACHE_ENV)
    if configured:
        return Path(configured).expanduser().resolve()
    return Path.home() / ".cache" / "clawtop" / "gateways"


def node_binary() -> Path:
    """Where the cached Node executable is, or will be."""
    return cache_root() / "node" / "node_modules" / "node" / "bin" / "node"


def gateway_entry(version: str) -> Path:
    """Where the start script of that gateway version is, or will be."""
    return cache_root() / version / "node_modules" / "openclaw" / "openclaw.mjs"


def is_installed(version: str) -> bool:
    """True when both Node and that gateway version were installed to the end."""
    node = _complete(cache_root() / "node", NODE_SPEC, node_binary())
    return node and _complete(
        cache_root() / version, _gateway_spec(version), gateway_entry(version)
    )


def install(version: str) -> Path:
    """Install Node and one gateway version if missing; return the gateway's start script.

    Safe to call from several processes at once: each folder has its own lock.
    """
    if not _VERSION.fullmatch(version):
        raise InstallError(f"'{version}' is not an OpenClaw version such as 2026.9.6.")
    # Node needs its own install script (it fetches the binary); OpenClaw's are not wanted.
    _ensure(cache_root() / "node", NODE_SPEC, node_binary(), scripts=True)
    entry = gateway_entry(version)
    _ensure(cache_root() / version, _gateway_spec(version), entry, scripts=False)
    return entry


def _gateway_spec(version: str) -> str:
    return f"openclaw@{version}"


def _complete(folder: Path, spec: str, product: Path) -> bool:
    """The marker is written last, so its presence means the install reached its end."""
    marker = folder / MARKER
    try:
        return marker.read_text(encoding="utf-8").strip() == spec and product.is_file()
    except OSError:
        return False


def _ensure(folder: Path, spec: str, product: Path, *, scripts: bool) -> None:
    if _complete(folder, spec, product):
        return
    with _locked(folder):
        # Another process may have finished while this one waited for the lock.
        if _complete(folder, spec, product):
            return
        _fill(folder, spec, scripts=scripts)
        if not product.is_file():
            raise InstallError(f"npm installed {spec} but {product} is missing.")
        _write_marker(folder, spec)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's inter-process lock; the kernel drops it if we die."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.parent / f".{folder.name}.lock"
    with lock.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fill(folder: Path, spec: str, *, scripts: bool) -> None:
    """Run npm in the folder, starting over when an earlier npm run died half way."""
    npm = shutil.which("npm")
    if npm is None:
        raise InstallError("npm was not found on PATH; install Node.js with npm to fetch gateways.")
    # npm writes this file last: without it the tree may hold half-written packages.
    if not (folder / "node_modules" / ".package-lock.json").is_file():
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    _write_manifest(folder, spec, scripts=scripts)
    command = [npm, "install", "--no-audit", "--no-fund", "--no-update-notifier"]
    # Said either way: the user's npmrc may forbid scripts.
    command.append(f"--ignore-scripts={'false' if scripts else 'true'}")
    _run_npm([*command, spec], folder, spec)


def _write_manifest(folder: Path, spec: str, *, scripts: bool) -> None:
    """A package.json of our own, so that npm does not walk up to some other project."""
    manifest: dict[str, object] = {"private": True}
    if scripts:
        # npm 11 asks for this list before it runs install scripts; older ones ignore it.
        manifest["allowScripts"] = {spec.split("@", 1)[0]: True}
    path = folder / "package.json"
    if not path.exists():
        path.write_text(json.dumps(manifest), encoding="utf-8")


def _run_npm(command: list[str], folder: Path, spec: str) -> None:
    log = folder / "install.log"
    with log.open("wb") as output:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=NPM_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise InstallError(
                f"npm needed more than {NPM_TIMEOUT_S:.0f} s for {spec}; see {log}."
            ) from error
    if done.returncode != 0:
        raise InstallError(f"npm could not install {spec} (exit {done.returncode}); see {log}.")


def _write_marker(folder: Path, spec: str) -> None:
    draft = folder / f"{MARKER}.new"
    draft.write_text(spec + "\n", encoding="utf-8")
    draft.replace(folder / MARKER)
