"""What compiling `_core` needs: the tools, OpenSSL as a static library, and the environment that tells cargo of it.

`python _core/toolchain.py cargo test` runs any command in that environment. `setup.py` uses the same functions.
Switches, all environment variables:

SALLYGATE_TLS      bundled (default): OpenSSL compiled from the pinned source, once, into the cache
                   system: the OpenSSL that OPENSSL_DIR or pkg-config names
SALLYGATE_CACHE    where compiled OpenSSL and cargo's target folders are kept (default: ~/.cache/sallygate)
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

CORE = Path(__file__).resolve().parent
CACHE = Path(
    os.environ.get("SALLYGATE_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sallygate"
)
TLS = os.environ.get("SALLYGATE_TLS", "bundled")
NEEDS = {"bundled": ("cc", "perl", "make"), "system": ("cc", "pkg-config")}
RUST = "1.95"


def preflight() -> None:
    """Say everything that is missing, in one paragraph, before anything is compiled."""
    if TLS not in NEEDS:
        sys.exit(f"SALLYGATE_TLS={TLS} is not a TLS library that sallygate builds with: use {', '.join(NEEDS)}.")
    missing = [tool for tool in ("cargo", "rustc", *NEEDS[TLS]) if shutil.which(tool) is None]
    if missing:
        sys.exit(
            f"sallygate cannot be built from source: {', '.join(missing)} not found on PATH. Install Rust {RUST} or"
            " newer with rustup (https://rustup.rs) and the rest from your distribution (Debian: apt-get install"
            " build-essential perl pkg-config), or install a binary wheel of sallygate, which needs none."
            " SALLYGATE_TLS=system builds with an installed OpenSSL and needs neither perl nor make."
        )
    found = subprocess.run(["rustc", "--version"], cwd=CORE, capture_output=True, text=True, check=False)
    number = re.search(r"(\d+)\.(\d+)", found.stdout)
    if number is None or (int(number[1]), int(number[2])) < tuple(map(int, RUST.split("."))):
        sys.exit(
            f"sallygate needs Rust {RUST} or newer; `rustc --version` says: {(found.stdout or found.stderr).strip()}. "
            f"Update it with `rustup toolchain install {RUST}`, or install a binary wheel of sallygate."
        )


def environment() -> dict[str, str]:
    """The environment for cargo: a target folder outside the tree, and how C libraries are come by."""
    # PCRE2 is compiled from the source that its crate brings along, whatever the machine has: the wheel needs nothing.
    own = {"CARGO_TARGET_DIR": str(CACHE / f"target-{sys.implementation.cache_tag}"), "PCRE2_SYS_STATIC": "1"}
    env = {**own, **os.environ}
    if TLS == "bundled" and "OPENSSL_DIR" not in env:
        tool = ["cargo", "run", "--release", "--locked", "--quiet", "--manifest-path", str(CORE / "openssl/Cargo.toml")]
        tool_env = {**env, "CARGO_TARGET_DIR": str(CACHE / "target-openssl")}
        command = [*tool, "--", str(CACHE / "openssl")]
        found = subprocess.run(command, cwd=CORE, env=tool_env, stdout=subprocess.PIPE, check=False)
        if found.returncode:
            sys.exit("OpenSSL could not be compiled (see above). SALLYGATE_TLS=system uses an installed one instead.")
        env |= {"OPENSSL_DIR": found.stdout.decode().strip(), "OPENSSL_STATIC": "1", "OPENSSL_NO_VENDOR": "1"}
    return env


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    preflight()
    sys.exit(subprocess.run(sys.argv[1:], env=environment(), cwd=CORE, check=False).returncode)
