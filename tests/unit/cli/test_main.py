"""The table of commands: what is imported when, and how it ends."""

import json
import subprocess
import sys

import pytest

from gateway.cli.main import COMMANDS, EPILOG, Exit, main

IMPORTED = """
import sys
before = set(sys.modules)
from gateway.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
sys.stderr.write("\\n".join(sorted(set(sys.modules) - before)))
"""
HEAVY = {
    "asyncio",
    "msgspec",
    "ssl",
    "gateway._core",
    "gateway._shm",
    "yaml",
    "json",
    "subprocess",
    "logging",
    "pathlib",
}


def imported(*arguments: str) -> tuple[str, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout, set(done.stderr.split())


def test_help_lists_the_commands_and_loads_none_of_them() -> None:
    text, modules = imported("--help")
    for name, command in COMMANDS.items():
        assert (f"\n    {name}" in text) is not command.hidden
    assert not modules & HEAVY
    assert not {module for module in modules if module.startswith("gateway")} - {
        "gateway",
        "gateway.cli",
        "gateway.cli.main",
    }
    # An interpreter takes some 10 ms to start, and each module well under 1 ms: this is what keeps --help instant.
    assert len(modules) < 60


@pytest.mark.parametrize("name", [name for name, row in COMMANDS.items() if not row.hidden])
def test_help_of_a_command_does_not_load_what_it_runs_with(name: str) -> None:
    text, modules = imported(name, "--help")
    assert text.startswith(f"usage: sallygate {name}")
    assert not modules & {"asyncio", "msgspec", "gateway._core", "gateway._shm", "yaml"}
    assert not {module for module in modules if module.startswith("gateway.dataplane")}


def test_without_a_command_it_explains_itself_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: sallygate")


@pytest.mark.parametrize("arguments", [["nonsense"], ["run", "--no-such-flag"], ["run", "--http-port", "99999", "x"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "sallygate" in err


def test_every_exit_code_is_documented() -> None:
    for code in Exit:
        assert f"\n  {code.value}  " in EPILOG


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_version_is_for_people(arguments: list[str]) -> None:
    done = _sallygate(*arguments)
    assert done.stdout.startswith("sallygate 0.1.0\n")
    assert "OpenSSL 4.0.3" in done.stdout


def test_version_is_for_machines() -> None:
    found = json.loads(_sallygate("version", "-o", "json").stdout)
    assert set(found) == {"kind", "version", "openssl", "tls_library", "profile", "rustc", "python", "ir", "abi"}
    assert found["kind"] == "version/v1"


def test_a_reader_that_leaves_is_no_traceback() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m tests.support.fake_host version | true"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""


def _sallygate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.support.fake_host", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
