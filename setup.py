"""The two compiled modules of the wheel: `gateway._core` (Rust, built by maturin) and `gateway._shm` (Cython).

Everything else about the package stands in pyproject.toml. Switches, all environment variables:
SALLYGATE_TLS=bundled|system|aws-lc, SALLYGATE_PROFILE=release|dev, SALLYGATE_CACHE=FOLDER (compiled OpenSSL, cargo target).
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
CORE = ROOT / "_core"
CACHE = Path(
    os.environ.get("SALLYGATE_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sallygate"
)
TLS = os.environ.get("SALLYGATE_TLS", "bundled")
NEEDS = {"bundled": ("perl", "make", "cc"), "system": ("cc", "pkg-config"), "aws-lc": ("cc", "cmake")}
RUST = "1.95"


def version() -> str:
    found = re.search(r'^version = "([^"]+)"', (CORE / "Cargo.toml").read_text(), re.MULTILINE)
    return found[1] if found else sys.exit("_core/Cargo.toml: no version under [workspace.package]")


def preflight() -> None:
    """Say everything that is missing, before anything is compiled."""
    if TLS not in NEEDS:
        sys.exit(f"SALLYGATE_TLS={TLS} is not a TLS library that sallygate builds with: use {', '.join(NEEDS)}.")
    missing = [tool for tool in ("cargo", "rustc", *NEEDS[TLS]) if shutil.which(tool) is None]
    if missing:
        sys.exit(
            f"sallygate cannot be built from source: {', '.join(missing)} not found on PATH. Install Rust {RUST} or newer "
            "with rustup (https://rustup.rs) and the rest from your distribution (Debian: apt-get install build-essential "
            "perl pkg-config cmake), or install a binary wheel of sallygate, which needs none of them. SALLYGATE_TLS=system "
            "builds with an installed OpenSSL and needs neither perl nor make."
        )
    found = subprocess.run(["rustc", "--version"], cwd=CORE, capture_output=True, text=True, check=False)
    number = re.search(r"(\d+)\.(\d+)", found.stdout)
    if number is None or (int(number[1]), int(number[2])) < tuple(map(int, RUST.split("."))):
        sys.exit(
            f"sallygate needs Rust {RUST} or newer; `rustc --version` says: {(found.stdout or found.stderr).strip()}. "
            f"Update it with `rustup toolchain install {RUST}`, or install a binary wheel of sallygate."
        )


def environment() -> dict[str, str]:
    """What cargo is run with: a target folder outside the tree, and OpenSSL compiled once into the cache."""
    env = {"CARGO_TARGET_DIR": str(CACHE / f"target-{sys.implementation.cache_tag}"), **os.environ}
    if TLS == "bundled" and "OPENSSL_DIR" not in env:
        tool = ["cargo", "run", "--release", "--locked", "--quiet", "--manifest-path", str(CORE / "openssl/Cargo.toml")]
        tool_env = {**env, "CARGO_TARGET_DIR": str(CACHE / "target-openssl")}
        found = subprocess.run([*tool, "--", str(CACHE / "openssl")], env=tool_env, stdout=subprocess.PIPE, check=False)
        if found.returncode:
            sys.exit("OpenSSL could not be compiled (see above). SALLYGATE_TLS=system uses an installed one instead.")
        env |= {"OPENSSL_DIR": found.stdout.decode().strip(), "OPENSSL_STATIC": "1", "OPENSSL_NO_VENDOR": "1"}
    return env


class Crate(Extension):
    """A cdylib that maturin builds. Setuptools needs its true dotted name to put it in place for editable installs."""


class BuildExt(build_ext):
    def run(self) -> None:
        preflight()
        super().run()

    def build_extension(self, ext: Extension) -> None:
        if not isinstance(ext, Crate):
            super().build_extension(ext)
            return
        profile = os.environ.get("SALLYGATE_PROFILE") or ("dev" if self.editable_mode or self.inplace else "release")
        features = ["--features", "aws-lc"] if TLS == "aws-lc" else []
        command = [sys.executable, "-m", "maturin", "build", "--manifest-path", str(CORE / "python/Cargo.toml")]
        command += ["--interpreter", sys.executable, "--profile", profile, "--locked", "--auditwheel", "skip", *features]
        if importlib.util.find_spec("maturin") is None:
            sys.exit("maturin is not installed: `pip install maturin`, or build with pip, which brings it along.")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([*command, "--out", folder], env=environment(), check=True)
            with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
                (library,) = (name for name in wheel.namelist() if name.endswith(".so"))
                target = Path(self.get_ext_fullpath(ext.name))
                target.parent.mkdir(parents=True, exist_ok=True)
                # A new inode, never a write into a library that a running process has mapped.
                target.unlink(missing_ok=True)
                target.write_bytes(wheel.read(library))


def extensions() -> list[Extension]:
    crate = Crate("gateway._core", [])
    if not {"build", "build_ext", "bdist_wheel", "editable_wheel", "develop", "install"} & set(sys.argv):
        return [crate]  # an sdist or metadata alone needs no compiler
    preflight()
    from Cython.Build import cythonize  # noqa: PLC0415 -- only where it is built

    shm = Extension(
        "gateway._shm",
        ["_core/cython/shm.pyx"],
        include_dirs=["_core/cython"],
        depends=["_core/cython/abi.h"],
        extra_compile_args=["-O2", "-g0", "-fvisibility=hidden"],
        extra_link_args=["-Wl,-s", "-Wl,--exclude-libs,ALL"],
    )
    return [crate, *cythonize([shm], build_dir="build/cython", compiler_directives={"language_level": "3"})]


setup(version=version(), ext_modules=extensions(), cmdclass={"build_ext": BuildExt})
