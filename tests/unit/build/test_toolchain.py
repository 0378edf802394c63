"""What a user is told who cannot build: one paragraph, before anything is compiled."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Everything that setuptools does around a build, without the build.
PROFILES = """
import sys
from distutils.core import run_setup
import setuptools
command = run_setup("setup.py", sys.argv[1:], stop_after="commandline").get_command_obj("build_ext")
kind = type(command)
kind.build_extension = lambda self, extension: print("profile", self.profile())
kind.copy_extensions_to_source = lambda self: None
command.ensure_finalized()
command.run()
"""


def build_with_path(tmp_path: Path, tools: tuple[str, ...], **env: str) -> subprocess.CompletedProcess[str]:
    """Runs setup.py with nothing on PATH but these tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in tools:
        found = shutil.which(tool)
        assert found, tool
        (folder / tool).symlink_to(found)
    words = [sys.executable, "setup.py", "build_ext", "--build-lib", str(tmp_path / "lib")]
    env = {"PATH": str(folder), "HOME": str(tmp_path)} | env
    return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_missing_tools_are_named_with_the_way_to_get_them(tmp_path: Path) -> None:
    done = build_with_path(tmp_path, ("cc", "make"))
    assert done.returncode != 0
    assert "cargo, rustc, perl not found" in done.stderr
    assert "rustup" in done.stderr
    assert "binary wheel" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "lib").exists()


def test_an_unknown_tls_library_is_named(tmp_path: Path) -> None:
    done = build_with_path(tmp_path, (), SALLYGATE_TLS="gnutls")
    assert done.returncode != 0
    assert "SALLYGATE_TLS=gnutls" in done.stderr
    assert "bundled, system" in done.stderr


@pytest.mark.parametrize(
    ("words", "env", "expected"),
    [
        (["--inplace"], {}, "dev"),
        ([], {}, "release"),
        (["--inplace"], {"SALLYGATE_PROFILE": "release"}, "release"),
    ],
)
def test_a_build_in_place_is_a_developers(words: list[str], env: dict[str, str], expected: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name != "SALLYGATE_PROFILE"}
    command = [sys.executable, "-c", PROFILES, "--quiet", "build_ext", *words]
    done = subprocess.run(command, cwd=ROOT, env=inherited | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) >= {f"profile {expected}"}
    assert done.stdout.count("profile ") == 2  # the crate and the Cython module
