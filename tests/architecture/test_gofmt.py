"""Go sources are formatted as gofmt has them. (`go vet` compiles Kubernetes: it is in tests/cluster.)"""

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def test_go_is_formatted() -> None:
    gofmt = shutil.which("gofmt")
    if gofmt is None:
        pytest.skip("there is no gofmt on PATH")
    folders = sorted({path.parent for path in TESTS.rglob("*.go")})
    assert folders
    done = subprocess.run([gofmt, "-l", *folders], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == []
