"""The sources of the rig, as `go vet` judges them: minutes if the programs were not built here before."""

import subprocess

import pytest

from tests.cluster import build

SECONDS = 1200


@pytest.mark.timeout(SECONDS)
def test_go_vet_has_nothing_to_say() -> None:
    try:
        compiler = build.go()
    except build.UnavailableError as error:
        pytest.skip(str(error))
    # With the flags of the build: what it has compiled is taken from its cache.
    command = [compiler, "vet", "-trimpath", "-buildvcs=false", "./..."]
    done = subprocess.run(
        command,
        cwd=build.RIG,
        env=build.environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
