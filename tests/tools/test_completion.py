"""Completion scripts: each shell reads its own, and bash completes with it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.cli.main import COMMANDS
from tests.tools.conftest import Run


def _complete(script: str, *words: str) -> set[str]:
    quoted = " ".join(f"'{word}'" for word in words)
    asked = f'COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _sallygate; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{asked}"], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_bash_completes_commands_flags_and_values(sallygate: Run) -> None:
    script = sallygate("completion", "bash").out
    shown = {name for name, row in COMMANDS.items() if not row.hidden}
    assert _complete(script, "sallygate", "") == shown | {"--help", "--version"}
    assert _complete(script, "sallygate", "val") == {"validate"}
    assert _complete(script, "sallygate", "validate", "--fail") == {"--fail-on"}
    assert _complete(script, "sallygate", "validate", "--fail-on", "w") == {"warning"}
    assert _complete(script, "sallygate", "migrate", "report", "-o", "") == {"table", "markdown", "json", "html"}
    assert "--output" in _complete(script, "sallygate", "migrate", "report", "--out")
    assert _complete(script, "sallygate", "routes", "-o", "") == {"table", "json"}


# How each script names a command that may come first.
OFFERED = {"bash": "    '{}') words=", "zsh": "    '{}:", "fish": "-n __fish_use_subcommand -a {} "}


@pytest.mark.parametrize("shell", OFFERED)
def test_every_command_is_in_every_script_and_its_shell_can_read_it(shell: str, sallygate: Run) -> None:
    done = sallygate("completion", shell)
    assert done.code == 0
    for name, row in COMMANDS.items():
        assert (OFFERED[shell].format(name) in done.out) is not row.hidden, name
    if shutil.which(shell) is None:
        return  # the text was looked at; only its shell can say more
    subprocess.run([shell, "-n"], input=done.out, text=True, check=True, timeout=30)


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("val", {"validate"}),
        ("migrate ", {"report"}),
        ("migrate report -o ", {"table", "markdown", "json", "html"}),
        ("validate --fail-on ", {"error", "warning", "info", "never"}),
    ],
)
def test_fish_completes(typed: str, offered: set[str], sallygate: Run, tmp_path: Path) -> None:
    (tmp_path / "sallygate.fish").write_text(sallygate("completion", "fish").out)
    command = f'source {tmp_path}/sallygate.fish; complete -C "sallygate {typed}"'
    own = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["fish", "--no-config", "-c", command], env=own, capture_output=True, text=True, check=True, timeout=60
    )
    assert {line.partition("\t")[0] for line in done.stdout.splitlines()} == offered


def test_an_unknown_shell_is_2(sallygate: Run) -> None:
    assert sallygate("completion", "csh").code == 2
