"""`sallygate control`: what it says to wrong usage, before anything is loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.main import Exit, main

STATE = "--state-dir=/nowhere"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([STATE, "--kubeconfig=/nowhere/config"], "/nowhere/config: the file does not exist"),
        ([STATE, "--kubeconfig=x", "a.yaml"], "--kubeconfig is about a cluster, and a.yaml is a PATH of manifests"),
        (["a.yaml"], "--state-dir is missing"),
        ([STATE, "--map=shop", "a.yaml"], "--map 'shop': use NAMESPACE/SERVICE[:PORT]=HOST:PORT"),
        ([STATE, "--default-ssl-certificate=x", "a.yaml"], "--default-ssl-certificate 'x': use NAMESPACE/NAME"),
        ([STATE, "--watch-ingress-without-class=maybe", "a.yaml"], "'maybe': use true or false"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SALLYGATE_STATE_DIR", raising=False)
    assert main(["control", *arguments]) == Exit.USAGE
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_flag_that_may_stand_alone_or_have_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["control", STATE, "--watch-ingress-without-class", "--map=x"]) == Exit.USAGE
    assert "--map 'x'" in capsys.readouterr().err


def test_help_names_every_flag_and_loads_neither_the_engine_nor_the_pipeline() -> None:
    code = (
        "import sys\n"
        "from gateway.cli.main import main\n"
        "try:\n"
        "    main(['control', '--help'])\n"
        "except SystemExit:\n"
        "    print(*sorted(name for name in sys.modules if name.startswith('gateway.') or name == 'asyncio'))\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    for flag in (
        "--state-dir",
        "--map",
        "--ingress-class",
        "--controller-class",
        "--default-ssl-certificate",
        "--default-backend-service",
        "--watch-ingress-without-class",
    ):
        assert flag in done.stdout
    loaded = done.stdout.splitlines()[-1].split()
    assert "gateway.cli.control" in loaded
    assert not {"asyncio", "gateway._core", "gateway.app", "gateway.pipeline"} & set(loaded)
