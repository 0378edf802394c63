"""Imports point downward only: Python by import-linter (`.importlinter`), Rust by the table below."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]

# Who may load the compiled modules. Everybody else gets what they need handed in.
COMPILED = {
    "_core": ("gateway/app.py", "gateway/cli/dataplane.py", "gateway/cli/version.py", "gateway/demo/"),
    "_shm": ("gateway/dataplane/telemetry.py", "gateway/telemetry/"),
}

# Top floor first. A module imports from the floors below its own; modules of one floor do not know each other.
RUST_LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"lib"}),
    frozenset({"engine", "explain"}),
    frozenset({"listen"}),
    frozenset({"proxy"}),
    frozenset({"http1", "http2", "snapshot"}),
    frozenset({"upstream"}),
    frozenset({"tls"}),
    frozenset({"route", "drain", "transport"}),
    frozenset({"trust"}),
    frozenset({"filter", "log"}),
    frozenset({"balance", "telemetry", "clock", "fault", "prefetch", "settings", "regex"}),
)
RUST_SOURCES = ROOT / "_core/engine/src"


def test_python_layers(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    code = lint_imports(config_filename=str(ROOT / ".importlinter"), no_cache=True)
    assert code == 0, capfd.readouterr().out


def test_compiled_modules_are_loaded_in_few_places() -> None:
    wrong = []
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        wrong += [
            f"{place} loads {name}"
            for name in _imported(ast.parse(path.read_text()))
            if not place.startswith(COMPILED.get(name, ("",)))
        ]
    assert wrong == []


def _imported(tree: ast.AST) -> Iterator[str]:
    """Names below `gateway` that are imported anywhere in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "gateway":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("gateway."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("gateway."))


def test_rust_layers() -> None:
    floor = {module: number for number, modules in enumerate(RUST_LAYERS) for module in modules}
    wrong = []
    for path in sorted(RUST_SOURCES.rglob("*.rs")):
        module = path.relative_to(RUST_SOURCES).parts[0].removesuffix(".rs")
        for used in sorted(_used(path.read_text())):
            if module not in floor or used not in floor:
                wrong.append(f"{path.relative_to(ROOT)}: give {module} and {used} a floor in this test")
            elif used != module and floor[used] <= floor[module]:
                wrong.append(f"{path.relative_to(ROOT)}: {module} uses {used}, which is not below it")
    assert wrong == []


def _used(text: str) -> set[str]:
    """Modules of the crate that the code names. Its unit tests may name any; they stand at the end of a file."""
    code = text.partition("#[cfg(test)]\nmod tests")[0]
    code = re.sub(r"//[^\n]*", "", code)
    found = set(re.findall(r"\bcrate::([a-z][a-z0-9_]*)\b(?!!)", code))
    for group in re.findall(r"\buse crate::\{([^;]*)\};", code):
        found |= set(re.findall(r"(?:^|,)\s*([a-z][a-z0-9_]*)", re.sub(r"\{[^{}]*\}", "", group)))
    return found


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("use crate::tls::server::Acceptor;", {"tls"}),
        ("use crate::{clock::Clock, route::{Match, Table}, tls};", {"clock", "route", "tls"}),
        ("let fault = crate::fault::Fault::new(); // crate::listen", {"fault"}),
        ("fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::listen::X;\n}", set()),
    ],
)
def test_what_rust_code_uses_is_found(text: str, used: set[str]) -> None:
    assert _used(text) == used
