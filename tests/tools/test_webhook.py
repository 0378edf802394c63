"""`sallygate webhook` as a process: TLS, its bounds, and a certificate that is renewed while it serves."""

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.webhook.server import BODY_BYTES, Certificate
from tests.support.gateway_process import ROOT, Lines, environment
from tests.support.pki import Authority
from tests.unit.webhook.test_review import ingress


class Running(NamedTuple):
    process: "subprocess.Popen[str]"
    port: int
    tls: ssl.SSLContext

    def post(self, body: bytes, path: str = "/validate") -> tuple[int, bytes]:
        connection = HTTPSConnection("localhost", self.port, context=self.tls, timeout=30)
        try:
            connection.request("POST", path, body=body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@pytest.fixture
def authority() -> Authority:
    return Authority("Test CA")


@pytest.fixture
def webhook(tmp_path: Path, authority: Authority) -> Iterator[Running]:
    chain, key = authority.issue("localhost")
    (tmp_path / "tls.crt").write_bytes(chain)
    (tmp_path / "tls.key").write_bytes(key)
    command = [sys.executable, "-m", "gateway", "webhook", "--port=0", "--bind-address=127.0.0.1"]
    command += [f"--tls-cert={tmp_path / 'tls.crt'}", f"--tls-key={tmp_path / 'tls.key'}"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    lines = Lines(process.stderr)
    try:
        port = int(lines.wait(r"https://127.0.0.1:\d+/validate").rpartition(":")[2].removesuffix("/validate"))
        tls = ssl.create_default_context(cadata=authority.pem.decode())
        yield Running(process, port, tls)
    finally:
        process.kill()
        process.wait()
        lines.join()
        process.stderr.close()


def _review(new: object) -> bytes:
    request = {"uid": "1", "operation": "CREATE", "object": new}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()


def test_it_judges_over_tls_and_stops_when_asked(webhook: Running) -> None:
    status, body = webhook.post(_review(ingress(path="/a b")))
    assert status == 200
    assert json.loads(body)["response"]["allowed"] is False
    webhook.process.send_signal(signal.SIGTERM)
    assert webhook.process.wait(30) == 0


REFUSED = {
    "a snippet": (ingress(configuration_snippet="return 403;"), "GW290"),
    "a snippet of the server": (ingress(server_snippet="return 403;"), "GW290"),
    "a path of a type that it is none of": (ingress(path="/a(.*)"), "GW223"),
    "a Secret that cannot be one": (ingress(auth_type="basic", auth_secret="a b"), "GW400"),
    "a limit that is none": (ingress(limit_rps="many"), "GW283"),
    "a list of nobody": (ingress(allowlist_source_range="here"), "GW283"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_wrong_is_refused_by_name(webhook: Running, what: str) -> None:
    wrong, code = REFUSED[what]
    told = json.loads(webhook.post(_review(wrong))[1])["response"]
    assert told["allowed"] is False
    assert code in told["status"]["message"]


@pytest.mark.parametrize(
    "right",
    [
        ingress(),
        ingress(canary="true", canary_weight="10"),
        ingress(auth_type="basic", auth_secret="users"),
        ingress(klass="other", configuration_snippet="return 403;"),
        ingress(kind="Gateway", path="/a b"),
    ],
    ids=["an Ingress", "a canary", "a Secret", "another class", "another kind"],
)
def test_what_is_right_or_of_others_is_let_in(webhook: Running, right: object) -> None:
    assert json.loads(webhook.post(_review(right))[1])["response"] == {"uid": "1", "allowed": True}


def test_what_is_too_large_or_no_review_is_refused_and_it_goes_on(webhook: Running) -> None:
    assert webhook.post(b"x" * (BODY_BYTES + 1))[0] == 413
    assert webhook.post(b"nonsense")[0] == 400
    assert webhook.post(b"{}", path="/else")[0] == 404
    assert json.loads(webhook.post(_review(ingress()))[1])["response"]["allowed"] is True


def test_a_renewed_certificate_is_taken_and_a_broken_one_is_not(tmp_path: Path, authority: Authority) -> None:
    chain, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    for path, content in zip((chain, key), authority.issue("localhost"), strict=True):
        path.write_bytes(content)
    certificate = Certificate(chain, key)
    assert certificate.renew() == ""
    chain.write_bytes(b"nonsense that is longer")
    assert "cannot be used, the last one is shown on" in certificate.renew()
    for path, content in zip((chain, key), authority.issue("other.example"), strict=True):
        path.write_bytes(content)
    assert certificate.renew() == ""


def test_without_a_certificate_it_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway", "webhook", f"--tls-cert={tmp_path}/none", f"--tls-key={tmp_path}/none"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "No such file" in done.stderr
