"""The two compiled modules of the wheel: `gateway._core` (Rust, built by maturin) and `gateway._shm` (Cython).

Everything else about the package stands in pyproject.toml. SALLYGATE_PROFILE=release|dev chooses cargo's profile;
the other switches are described in _core/toolchain.py.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "_core"))
import toolchain  # noqa: E402 -- it lies beside the crates

COMPILES = {"build", "build_ext", "bdist_wheel", "editable_wheel", "develop", "install"}


def version() -> str:
    found = re.search(r'^version = "([^"]+)"', (ROOT / "_core/Cargo.toml").read_text(), re.MULTILINE)
    return found[1] if found else sys.exit("_core/Cargo.toml: no version under [workspace.package]")


def maturin() -> Path:
    """Its program, beside the package it came with: `python -m maturin` does not find it in pip's isolated build."""
    package = importlib.util.find_spec("maturin")
    if package is None or package.origin is None:
        sys.exit("maturin is not installed: `pip install maturin`, or build with pip, which brings it along.")
    beside = [folder / "bin" / "maturin" for folder in Path(package.origin).parents]
    found = next((str(path) for path in beside if path.is_file()), None) or shutil.which("maturin")
    return Path(found) if found else sys.exit("the maturin package is installed, but its program is not on PATH.")


class Crate(Extension):
    """A cdylib that maturin builds. Setuptools needs its true dotted name to put it in place for editable installs."""


class BuildExt(build_ext):
    developing = False

    def finalize_options(self) -> None:
        super().finalize_options()
        # Asked here: while it builds, setuptools takes `inplace` back and copies the result itself.
        self.developing = bool(self.editable_mode or self.inplace)

    def profile(self) -> str:
        return os.environ.get("SALLYGATE_PROFILE") or ("dev" if self.developing else "release")

    def build_extension(self, ext: Extension) -> None:
        if not isinstance(ext, Crate):
            super().build_extension(ext)
            return
        command = [str(maturin()), "build", "--manifest-path", str(ROOT / "_core/python/Cargo.toml")]
        command += ["--interpreter", sys.executable, "--profile", self.profile(), "--locked", "--auditwheel", "skip"]
        with tempfile.TemporaryDirectory() as folder:
            command += ["--out", folder]
            # From where rust-toolchain.toml lies: rustup goes by the folder, and two toolchains would build all anew.
            if subprocess.run(command, cwd=toolchain.CORE, env=toolchain.environment(), check=False).returncode:
                sys.exit("gateway._core could not be compiled: the compiler's own words stand above.")
            with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
                (library,) = (name for name in wheel.namelist() if name.endswith(".so"))
                target = Path(self.get_ext_fullpath(ext.name))
                target.parent.mkdir(parents=True, exist_ok=True)
                # A new inode, never a write into a library that a running process has mapped.
                target.unlink(missing_ok=True)
                target.write_bytes(wheel.read(library))


def extensions() -> list[Extension]:
    crate = Crate("gateway._core", [])
    if not COMPILES & set(sys.argv):
        return [crate]  # an sdist or metadata alone needs no compiler
    toolchain.preflight()
    maturin()
    if importlib.util.find_spec("Cython") is None:
        sys.exit("Cython is not installed: `pip install cython`, or build with pip, which brings it along.")
    from Cython.Build import cythonize  # noqa: PLC0415 -- only where it is built

    shm = Extension(
        "gateway._shm",
        ["_core/cython/shm.pyx"],
        include_dirs=["_core/cython"],
        depends=["_core/cython/abi.h", "_core/cython/metrics.h"],
        extra_compile_args=["-O3", "-g0", "-fvisibility=hidden"],
        extra_link_args=["-Wl,-s", "-Wl,--exclude-libs,ALL"],
    )
    return [crate, *cythonize([shm], build_dir="build/cython", compiler_directives={"language_level": "3"})]


setup(version=version(), ext_modules=extensions(), cmdclass={"build_ext": BuildExt})
