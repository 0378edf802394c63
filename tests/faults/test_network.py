"""Faults of a network, each in a namespace that knows no other (see `scenes.py`). Root, `nft` and `ip` are needed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.faults import scenes

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 120
SCENES: Final = [name for name in vars(scenes) if name.startswith("f") and name[1:3].isdigit()]


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
@pytest.mark.skipif(not (shutil.which("nft") and shutil.which("ip")), reason="nft or ip is not installed")
@pytest.mark.parametrize("scene", SCENES)
def test_scene(scene: str) -> None:
    inside = 'ip link set lo up && exec "$0" -m tests.faults.scenes "$1"'
    command = ["unshare", "--net", "sh", "-c", inside, sys.executable, scene]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
