"""The small benchmarks: every module in bench/micro and bench/scale, each of which prints one JSON object.

They run from the source tree. One that needs a compiled module which is not built there is skipped, and says so.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.child import BenchError
from bench.stage import Stage
from bench.toolchain import ROOT

FOLDERS = ("micro", "scale")
NOT_BUILT = ("No module named 'gateway._", "cannot import name '_")


def modules(root: Path) -> list[str]:
    files = (file for name in FOLDERS for file in sorted((root / "bench" / name).glob("[!_]*.py")))
    return [f"bench.{file.parent.name}.{file.stem}" for file in files]


def measure(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in modules(ROOT):
        stage.say(f"micro: {name}")
        command = [sys.executable, "-m", name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        if done.returncode and any(words in last for words in NOT_BUILT):
            found[name] = {"skipped": f"{last}; `pip install -e .` builds it in the tree"}
            continue
        if done.returncode:
            raise BenchError(f"{name} failed: {last}")
        try:
            found[name] = json.loads(done.stdout)
        except json.JSONDecodeError:
            raise BenchError(f"{name} did not print one JSON object") from None
    return found
