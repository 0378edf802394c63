"""What users install: an sdist, the wheel that pip builds from it, `pip install .` and an editable install.

Each is made from a copy of what git tracks, in a folder of its own, and used from yet another folder, so that nothing
of the checkout can stand in for a missing file.
"""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD_SECONDS = 1800
WHEEL_BYTES = 25 << 20  # a budget, so that nobody ships a debug build or a test tree by accident

pytestmark = pytest.mark.timeout(BUILD_SECONDS)


def run(*words: str | Path, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git tracks, as it stands in the working tree."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in run("git", "ls-files", cwd=ROOT).splitlines():
        source = ROOT / name
        if source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    return folder


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--outdir", out, checkout, cwd=out)
    return next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, unpacked far from the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", out, sdist, cwd=out)
    return next(out.glob("sallygate-*.whl"))


def fresh_environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    return folder / "bin"


def works(bin_dir: Path, elsewhere: Path) -> None:
    version = run(bin_dir / "sallygate", "version", cwd=elsewhere)
    assert "OpenSSL 4" in version or "TLS" in version, version
    run(bin_dir / "python", "-c", "import gateway._core, gateway._shm", cwd=elsewhere)


def test_sdist_holds_what_a_build_needs_and_no_binary(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    for needed in (
        "_core/Cargo.lock",
        "_core/rust-toolchain.toml",
        "_core/toolchain.py",
        "_core/cython/shm.pyx",
        "setup.py",
    ):
        assert needed in names, needed
    made = {name for name in names if name.endswith((".so", ".c", ".pyc")) or "/target/" in name}
    assert made <= {"tests/faults/wall_clock.c"}  # this one is written by hand


def test_wheel_from_the_sdist_works_and_exports_only_its_init_functions(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")
        names = archive.namelist()
    assert not [
        name for name in names if name.startswith(("tests/", "bench/", "_core/")) or name.endswith((".pyx", ".h"))
    ]
    assert wheel.stat().st_size < WHEEL_BYTES
    libraries = [name for name in names if name.endswith(".so")]
    assert len(libraries) == 2
    for name in libraries:
        listed = run("nm", "-D", "--defined-only", tmp_path / "unpacked" / name, cwd=tmp_path)
        module = Path(name).name.split(".")[0]
        assert [line.split()[-1] for line in listed.splitlines()] == [f"PyInit_{module}"]
    bin_dir = fresh_environment(tmp_path / "venv")
    run(bin_dir / "pip", "install", "--quiet", wheel, cwd=tmp_path)
    works(bin_dir, tmp_path)
    profile = run(bin_dir / "python", "-c", "import gateway._core as c; print(c.version()['profile'])", cwd=tmp_path)
    assert profile.strip() == "release"


def test_pip_install_from_the_folder(checkout: Path, tmp_path: Path) -> None:
    bin_dir = fresh_environment(tmp_path / "venv")
    run(bin_dir / "pip", "install", "--quiet", checkout, cwd=tmp_path)
    works(bin_dir, tmp_path)


def test_editable_install(checkout: Path, tmp_path: Path) -> None:
    bin_dir = fresh_environment(tmp_path / "venv")
    run(bin_dir / "pip", "install", "--quiet", "--editable", checkout, cwd=tmp_path)
    works(bin_dir, tmp_path)
