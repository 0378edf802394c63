"""Builds the Rust programs that the benchmark needs, in a cache folder outside the tree."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "bench/tools"
CORE = ROOT / "_core"


def cache(environment: dict[str, str]) -> Path:
    named = environment.get("SALLYGATE_CACHE")
    return Path(named) if named else Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sallygate"


def cargo(arguments: list[str], *, folder: Path, environment: dict[str, str]) -> str:
    """What cargo printed on stdout. What it says goes to stderr, and a failure ends the benchmark."""
    command = ["cargo", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        sys.exit("bench: cargo is not on PATH; the floor, the backend and the load are Rust: install it from rustup.rs")
    if done.returncode:
        sys.exit(f"bench: `{' '.join(command)}` failed in {folder}")
    return done.stdout


def tools() -> Path:
    """The folder of `floor`, `backend` and `load`, built now if they are not."""
    environment = dict(os.environ)
    target = cache(environment) / "bench-target"
    environment["CARGO_TARGET_DIR"] = str(target)
    cargo(["build", "--release", "--locked", "--quiet"], folder=TOOLS, environment=environment)
    return target / "release"


def engine_environment() -> dict[str, str]:
    """What cargo needs to build the engine's examples: where the compiled OpenSSL is, and a target folder."""
    environment = dict(os.environ)
    if "OPENSSL_DIR" not in environment and environment.get("SALLYGATE_TLS", "bundled") == "bundled":
        tool = {**environment, "CARGO_TARGET_DIR": str(cache(environment) / "target-openssl")}
        command = ["run", "--release", "--locked", "--quiet", "--", str(cache(environment) / "openssl")]
        found = cargo(command, folder=CORE / "openssl", environment=tool).strip()
        environment |= {"OPENSSL_DIR": found, "OPENSSL_STATIC": "1", "OPENSSL_NO_VENDOR": "1"}
    environment.setdefault("CARGO_TARGET_DIR", str(cache(environment) / "bench-engine"))
    return environment


def example(name: str) -> Path | None:
    """The engine's example program of this name, built now; None if there is no such example."""
    folder = CORE / "engine/examples"
    if not (folder / f"{name}.rs").is_file() and not (folder / name / "main.rs").is_file():
        return None
    environment = engine_environment()
    arguments = ["build", "--release", "--locked", "--quiet", "--package", "sallygate-engine", "--example", name]
    cargo(arguments, folder=CORE, environment=environment)
    return Path(environment["CARGO_TARGET_DIR"]) / "release/examples" / name
