"""`sallygate validate` and `explain-code`: what is found, in which form, with which exit code."""

import re
from pathlib import Path

import pytest

from gateway.survey.codes import codes
from tests.tools.conftest import SHOP, Run

BAD = SHOP.replace('proxy-read-timeout: "7"', 'proxy-read-timeout: "7s"').replace("path: /cart", "path: /c art")


def test_good_manifests_are_found_good(folder: Path, sallygate: Run) -> None:
    done = sallygate("validate", folder)
    assert (done.code, done.out) == (0, "")
    assert done.err == "sallygate: 0 errors, 0 warnings, 0 info\n"


def test_a_finding_names_code_place_object_field_value_reason_and_fix(folder: Path, sallygate: Run) -> None:
    (folder / "shop.yaml").write_text(BAD)
    done = sallygate("validate", folder, "-o", "json")
    assert done.code == 1
    assert done.json["kind"] == "findings/v1"
    assert done.json["counts"] == {"error": 1, "warning": 1, "info": 0}
    by_code = {one["code"]: one for one in done.json["findings"]}
    assert by_code["GW223"]["object"] == {"kind": "Ingress", "namespace": "shop", "name": "shop"}
    assert by_code["GW223"]["value"] == "/c art"
    assert (by_code["GW223"]["line"], by_code["GW223"]["column"]) == (15, 15)
    timeout = by_code["GW282"]
    assert timeout["field"] == "metadata.annotations[nginx.ingress.kubernetes.io/proxy-read-timeout]"
    assert (timeout["file"], timeout["line"]) == (str(folder / "shop.yaml"), 7)
    assert timeout["reason"]
    assert timeout["fix"] == 'write "7"'


@pytest.mark.parametrize(
    ("flags", "code"),
    [(["--fail-on=error"], 1), (["--fail-on=warning"], 1), (["--fail-on=never"], 0), ([], 1)],
)
def test_what_fails_can_be_chosen(flags: list[str], code: int, folder: Path, sallygate: Run) -> None:
    (folder / "shop.yaml").write_text(BAD)
    assert sallygate("validate", folder, *flags).code == code


def test_a_warning_alone_fails_only_where_it_is_asked_for(folder: Path, sallygate: Run) -> None:
    (folder / "shop.yaml").write_text(SHOP.replace('"7"', '"7s"'))
    assert sallygate("validate", folder).code == 0
    assert sallygate("validate", folder, "--fail-on", "warning").code == 1


def test_github_gets_workflow_commands(folder: Path, sallygate: Run) -> None:
    (folder / "shop.yaml").write_text(BAD)
    lines = sallygate("validate", folder, "-o", "github").out.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(rf"::warning file={folder}/shop.yaml,line=7,col=\d+,title=GW282::.*write \"7\"", lines[0])
    assert lines[1].startswith(f"::error file={folder}/shop.yaml,line=15,col=15,title=GW223::Ingress shop/shop ")


@pytest.mark.parametrize("content", ["a: [", "a: b: c", None])
def test_what_cannot_be_read_is_2(content: str | None, folder: Path, sallygate: Run) -> None:
    path = folder / "broken.yaml"
    if content is not None:
        path.write_text(content)
    done = sallygate("validate", folder, path)
    assert done.code == 2
    assert "broken.yaml" in done.out


def test_wrong_usage_is_2_and_says_why(folder: Path, sallygate: Run) -> None:
    done = sallygate("validate", folder, "--kubeconfig", "x")
    assert (done.code, done.out) == (2, "")
    assert "--kubeconfig is about a cluster" in done.err


def test_stdin_is_a_manifest(sallygate: Run) -> None:
    done = sallygate("validate", "-", "--partial", stdin=BAD)
    assert done.code == 1
    assert "\nstdin.yaml:15:15: error GW223" in done.out


def test_what_a_folder_cannot_hold_is_info(folder: Path, sallygate: Run) -> None:
    (folder / "services.yaml").write_text("")
    assert sallygate("validate", folder).code == 1
    done = sallygate("validate", folder, "--partial", "-o", "json")
    assert done.code == 0
    assert {one["code"] for one in done.json["findings"]} == {"GW240"}


def test_names_in_manifests_cannot_move_the_cursor(folder: Path, sallygate: Run) -> None:
    (folder / "shop.yaml").write_text(SHOP.replace("path: /cart", 'path: "/\\e[2J"'))
    done = sallygate("validate", folder)
    assert done.code == 1
    assert "\x1b" not in done.out


def test_without_a_terminal_there_are_no_colours(folder: Path, sallygate: Run) -> None:
    (folder / "shop.yaml").write_text(BAD)
    assert "\x1b" not in sallygate("validate", folder).out


def test_every_code_has_a_text() -> None:
    for one in codes().codes:
        assert len(one.explanation) > 15, one.code
        assert one.explanation.endswith("."), one.code
        assert one.family


def test_a_code_is_explained(sallygate: Run) -> None:
    done = sallygate("explain-code", "gw223")
    assert done.code == 0
    assert done.out.startswith("GW223 (error): ")
    assert sallygate("explain-code", "GW223", "-o", "json").json["code"] == "GW223"
    assert sallygate("explain-code").out.count("GW2") > 40


def test_an_unknown_code_is_2(sallygate: Run) -> None:
    done = sallygate("explain-code", "GW999")
    assert (done.code, done.out) == (2, "")
