"""`sallygate run --demo`: everything that it prints is true."""

import re
import signal
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.support.gateway_process import Gateway
from tests.support.raw_client import fetch


@pytest.fixture
def demo(start: Start, tmp_path: Path) -> Gateway:
    gateway = start("--demo", f"--state-dir={tmp_path / 'state'}")
    gateway.out.wait("Ctrl-C stops")
    gateway.err.wait(" snapshot ")  # the line of the first one; a test waits for that of its edit
    return gateway


def _curls(gateway: Gateway) -> list[str]:
    return [line for line in gateway.out.text().splitlines() if line.startswith("curl ")]


def _sh(line: str) -> str:
    done = subprocess.run(["bash", "-c", f"{line} -sS --max-time 20"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


def test_the_curl_lines_work_as_printed(demo: Gateway) -> None:
    lines = _curls(demo)
    assert len(lines) == 4
    answers = [_sh(line).splitlines() for line in lines]
    assert [answer[0] for answer in answers] == ["blue", "green", "shop", "cart"]
    assert "  x-forwarded-proto: https" in answers[2]
    assert answers[3][1] == "GET /items?sort=price"
    assert sum("--cacert" in line for line in lines) == 1


def test_the_routes_table_names_hosts_backends_and_addresses(demo: Gateway) -> None:
    text = demo.out.text()
    assert re.search(r"^HOST +PATH +TYPE +BACKEND +ENDPOINTS +NOTES$", text, re.MULTILINE)
    assert re.search(
        r"^blue\.example\.com +/ +\w+ +default/webserver-blue-svc:80 +127\.0\.0\.1:\d+", text, re.MULTILINE
    )
    assert re.search(r"^shop\.example\.com .*308 to https.*TLS default/shop-tls$", text, re.MULTILINE)


def test_the_samples_are_judged_without_a_verdict(demo: Gateway) -> None:
    assert not re.search(r"error|warning", demo.err.text(), re.IGNORECASE), demo.err.text()


def test_plain_http_is_sent_to_https(demo: Gateway) -> None:
    answer = fetch(demo.address("http"), "shop.example.com", "/a?b=1")
    assert answer.status == 308
    assert (answer.header("location") or "").startswith("https://shop.example.com")
    assert (answer.header("location") or "").endswith("/a?b=1")


def test_the_certificate_is_trusted_through_the_development_ca_only(demo: Gateway, tmp_path: Path) -> None:
    trusting = ssl.create_default_context(cafile=tmp_path / "state" / "dev-ca.pem")
    assert fetch(demo.address("https"), "shop.example.com", tls=trusting).status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        fetch(demo.address("https"), "shop.example.com", tls=ssl.create_default_context())


def test_an_edit_prints_one_line_and_takes_effect_at_once(demo: Gateway, tmp_path: Path) -> None:
    manifest = tmp_path / "state" / "demo" / "virtual-host-ingress.yaml"
    seen = demo.err.count()
    manifest.write_text(manifest.read_text().replace("webserver-blue-svc", "webserver-green-svc"))
    line = demo.err.wait("virtual-host-ingress.yaml", after=seen)
    assert re.search(r"\d+ ms", line)
    assert fetch(demo.address("http"), "blue.example.com").text.startswith("green\n")
    code = demo.stop(signal.SIGINT)
    assert code == 0
    changes = [each for each in demo.err.text().splitlines()[seen:] if "snapshot" in each]
    assert changes == [line]


def test_an_editor_that_renames_is_followed_too(demo: Gateway, tmp_path: Path) -> None:
    manifest = tmp_path / "state" / "demo" / "virtual-host-ingress.yaml"
    text = manifest.read_text().replace("blue.example.com", "red.example.com")
    seen = demo.err.count()
    (manifest.parent / ".virtual-host-ingress.yaml.swp").write_text(text)
    (manifest.parent / ".virtual-host-ingress.yaml.swp").rename(manifest)
    demo.err.wait("virtual-host-ingress.yaml", after=seen)
    assert fetch(demo.address("http"), "red.example.com").text.startswith("blue\n")
    assert fetch(demo.address("http"), "blue.example.com").status == 404


def test_ctrl_c_drains_and_exits_0_and_leaves_no_folder(start: Start) -> None:
    gateway = start("--demo")
    gateway.out.wait("Ctrl-C stops")
    found = re.search(r"^Edit (\S+)/demo/", gateway.out.text(), re.MULTILINE)
    assert found
    assert Path(found[1]).is_dir()
    assert gateway.stop(signal.SIGINT) == 0
    assert not Path(found[1]).exists()


def test_a_second_start_keeps_edits_and_trust(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = start("--demo", f"--state-dir={state}")
    first.out.wait("Ctrl-C stops")
    manifest = state / "demo" / "virtual-host-ingress.yaml"
    manifest.write_text(manifest.read_text().replace("blue.example.com", "mine.example.com"))
    ca = (state / "dev-ca.pem").read_bytes()
    assert first.stop() == 0
    second = start("--demo", f"--state-dir={state}")
    second.out.wait("Ctrl-C stops")
    assert fetch(second.address("http"), "mine.example.com").text.startswith("blue\n")
    assert (state / "dev-ca.pem").read_bytes() == ca
    assert second.stop() == 0
