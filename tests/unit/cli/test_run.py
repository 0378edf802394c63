"""`sallygate run` up to the point where children start."""

import argparse
import io
from pathlib import Path

import pytest

from gateway.cli import run
from gateway.cli.main import Exit, main
from gateway.cli.run import Announcer


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["apps", "--watch-namespace=shop"], "--watch-namespace is about a cluster, and apps is a PATH of manifests"),
        (["--demo", "--kubeconfig=x"], "--kubeconfig is about a cluster, and --demo serves samples"),
    ],
)
def test_files_and_a_cluster_at_once_are_wrong_usage(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments]) == Exit.USAGE
    assert f"{said}; give one or the other" in capsys.readouterr().err


def test_flags_of_control_are_handed_on(tmp_path: Path) -> None:
    given = ["--ingress-class=x", "--update-status=false", "--sync-period=1s", "--watch-ingress-without-class"]
    spec = run._control(_parse(given), tmp_path, None)
    assert set(given[:3]) <= set(spec.arguments)
    assert "--watch-ingress-without-class=true" in spec.arguments
    assert not any(word.startswith("--http") for word in spec.arguments)


@pytest.mark.parametrize("word", ["-v=2", "-v2", "--v=2", "--log_dir=/var/log", "--skip_headers"])
def test_flags_about_logs_are_known_as_a_deployment_has_them(word: str, tmp_path: Path) -> None:
    spec = run._control(_parse([word]), tmp_path, None)
    name = "--v" if word.startswith("-v") else word.partition("=")[0]
    assert any(argument.startswith(f"{name}=") for argument in spec.arguments)


def test_a_ready_file_in_no_folder_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(tmp_path), "--ready-file", str(tmp_path / "none" / "r.json")]) == Exit.USAGE
    assert "does not exist" in capsys.readouterr().err


def test_a_state_folder_that_cannot_be_made_is_a_failed_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["run", str(tmp_path), "--state-dir", str(tmp_path / "file")]) == Exit.FAILED
    assert "--state-dir" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "host", "free"),
    [
        (["--demo"], "127.0.0.1", True),
        (["x", "--http-port=0", "--https-port=0", "--healthz-port=0"], "0.0.0.0", True),
        (["--demo", "--bind-address=::1"], "[::1]", True),
    ],
)
def test_where_it_listens(flags: list[str], host: str, free: bool) -> None:
    listening = run._listening(_parse(flags))
    for each in listening.values():
        assert each.address.startswith(f"{host}:")
        assert each.sockets[0].getsockname()[1] not in {0, 8080, 8443, 10254}
        each.close()
    assert len(listening["health"].sockets) == 1
    assert free


def test_routes_are_announced_once_and_only_when_they_are_served(capsys: pytest.CaptureFixture[str]) -> None:
    announcer = Announcer([Path("apps/")], {"http": "127.0.0.1:80", "health": "127.0.0.1:90"}, None)
    row = {"host": "a.example", "path": "/", "type": "Prefix", "backend": "b", "endpoints": [], "notes": []}
    announcer.observe("control", {"event": "routes", "rows": [row], "total": 1})
    assert capsys.readouterr().out == ""
    announcer.observe("dataplane", {"event": "serving"})
    out = capsys.readouterr().out
    assert "a.example" in out
    assert out.endswith("Edit apps: changes apply at once. Ctrl-C stops.\n")
    announcer.observe("dataplane", {"event": "serving"})
    announcer.observe("control", {"event": "routes", "rows": []})
    assert capsys.readouterr().out == ""


def test_a_closed_stdout_does_not_stop_serving(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stdout", closed)
    announcer = Announcer([], {"http": "127.0.0.1:80", "health": "127.0.0.1:90"}, None)
    announcer.observe("control", {"event": "routes", "rows": []})
    announcer.observe("dataplane", {"event": "serving"})


def _parse(flags: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    run.add_parser(parser.add_subparsers())
    return parser.parse_args(["run", *flags])
