"""The house rules: who may import whom, who may look at a clock, how long a file may be."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import clawtop

ROOT = Path(clawtop.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LONGEST = 499

HEAVY = ("textual", "rich", "websockets", "httpx", "cryptography", "json5", "platformdirs")
NETWORK = ("websockets", "httpx", "asyncio", "ssl", "socket")


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imports_of(file: Path) -> frozenset[str]:
    """Every module named in an import anywhere in the file, wherever it stands."""
    found = set()
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide who depends on whom"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def imports_package(file: Path, package: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in imports_of(file))


def files_under(*rooms: str) -> list[Path]:
    return [file for file in FILES if file.relative_to(ROOT).parts[0] in rooms]


def loaded_by(*modules: str) -> set[str]:
    """Modules in a fresh interpreter after importing these."""
    code = f"import sys\nimport {', '.join(modules)}\nprint('\\n'.join(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT.parent,
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def heavy_among(modules: set[str], names: tuple[str, ...]) -> set[str]:
    return {name.split(".")[0] for name in modules} & set(names)


def room(name: str) -> list[str]:
    return [name_of(file) for file in files_under(name)]


# -- in a fresh interpreter


@pytest.mark.parametrize(
    "modules",
    [
        room("picture"),
        room("remedies"),
        ["clawtop.gateway.session"],
        ["clawtop.gateway.poll", "clawtop.gateway.answers", "clawtop.gateway.methods"],
        ["clawtop.text", "clawtop.errors"],
    ],
    ids=["picture", "remedies", "session", "questions and answers", "leaves"],
)
def test_the_pure_rooms_load_no_screen_and_no_network(modules: list[str]) -> None:
    assert heavy_among(loaded_by(*modules), HEAVY + NETWORK) == set()


@pytest.mark.parametrize("module", ["clawtop.screen.app", "clawtop.cli.dashboard"])
def test_the_first_frame_waits_for_no_network_library(module: str) -> None:
    loaded = heavy_among(loaded_by(module), ("websockets", "httpx", "cryptography", "json5"))
    assert loaded == set()


LATER = (
    "json",
    "hashlib",
    "clawtop.gateway.keyring",
    "clawtop.gateway.link",
    "clawtop.remedies.plan",
)
KEYED = ("dialogs", "reading", "pages", "acting", "palette", "beside")  # by the first such key


def test_the_first_frame_waits_for_no_page_no_key_and_no_engine() -> None:
    later = {*LATER, "clawtop.incidents.engine", *(f"clawtop.screen.{name}" for name in KEYED)}
    assert (
        loaded_by("clawtop.cli.main", "clawtop.cli.dashboard", "clawtop.screen.app") & later
        == set()
    )


def test_signing_in_without_a_device_loads_no_cryptography() -> None:
    loaded = loaded_by("clawtop.gateway.watch", "clawtop.gateway.keyring", "clawtop.demo.pairing")
    assert heavy_among(loaded, ("cryptography",)) == set()


def test_the_command_itself_loads_next_to_nothing() -> None:
    loaded = loaded_by("clawtop.__main__")
    assert heavy_among(loaded, HEAVY + NETWORK) == set()
    ours = {name for name in loaded if name.startswith("clawtop.")}
    assert ours == {"clawtop.__main__"}


def test_the_demo_gateway_loads_nothing_of_the_client() -> None:
    loaded = loaded_by("clawtop.demo")
    assert not {name for name in loaded if name.startswith(("clawtop.screen", "clawtop.cli"))}
    assert heavy_among(loaded, ("textual", "rich", "httpx")) == set()


# -- as written


def test_only_the_screen_knows_textual() -> None:
    guilty = [name_of(file) for file in FILES if imports_package(file, "textual")]
    assert guilty
    assert all(name.startswith("clawtop.screen.") for name in guilty), guilty


def test_only_the_link_its_wire_and_the_demo_know_websockets() -> None:
    guilty = {name_of(file) for file in FILES if imports_package(file, "websockets")}
    allowed = {name for name in guilty if name.startswith("clawtop.demo")}
    assert guilty - allowed == {"clawtop.gateway.link", "clawtop.gateway.wire"}


ROOMS = {
    "picture": {"picture", "text", "errors"},
    "remedies": {"remedies", "picture", "text", "errors"},
    "incidents": {"incidents", "remedies", "picture", "text", "errors"},
    "gateway": {"gateway", "remedies", "picture", "text", "errors"},
    "demo": {"demo", "text", "errors"},
    "screen": {"screen", "gateway", "incidents", "remedies", "picture", "text", "errors"},
}


@pytest.mark.parametrize("name", ROOMS)
def test_each_room_imports_only_from_the_rooms_below_it(name: str) -> None:
    for file in files_under(name):
        for imported in imports_of(file):
            parts = imported.split(".")
            if parts[0] == "clawtop" and len(parts) > 1 and parts[1] != "__version__":
                assert parts[1] in ROOMS[name], f"{name_of(file)} imports {imported}"


def test_errors_is_a_leaf_and_text_knows_only_errors() -> None:
    def ours(file: str) -> set[str]:
        return {name for name in imports_of(ROOT / file) if name.split(".")[0] == "clawtop"}

    assert ours("errors.py") == set()
    assert ours("text.py") <= {"clawtop.errors", "clawtop.errors.UsageError"}


CLOCKS = {
    ("time", "time"),
    ("time", "monotonic"),
    ("time", "perf_counter"),
    ("time", "time_ns"),
    ("time", "monotonic_ns"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}
UNTIMED = [
    *files_under("picture", "remedies"),
    ROOT / "gateway" / "session.py",
    ROOT / "gateway" / "poll.py",
    ROOT / "gateway" / "frames.py",
    ROOT / "gateway" / "answers.py",
    ROOT / "text.py",
]


def clock_reads(tree: ast.Module) -> list[int]:
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            base = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if (base, node.attr) in CLOCKS:
                lines.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("file", UNTIMED, ids=name_of)
def test_the_pure_rooms_read_no_clock(file: Path) -> None:
    assert clock_reads(tree_of(file)) == []


@pytest.mark.parametrize(
    "code",
    [
        "import time\ntime.time()",
        "import time as t\nfrom time import monotonic",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\nx = datetime.now",
    ],
)
def test_the_search_for_clocks_finds_one(code: str) -> None:
    assert clock_reads(ast.parse(code))


def test_pure_rooms_open_no_files_and_ask_no_environment() -> None:
    for file in files_under("picture", "remedies"):
        for package in ("os", "pathlib", "socket", "subprocess", "random", "threading", "asyncio"):
            assert not imports_package(file, package), f"{name_of(file)} imports {package}"


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_file_is_too_long_to_read(file: Path) -> None:
    length = len(file.read_text(encoding="utf-8").splitlines())
    assert length <= LONGEST


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_file_begins_by_saying_what_it_is(file: Path) -> None:
    assert ast.get_docstring(tree_of(file))
