"""The image, built by the Dockerfile and run as the chart runs it. Asked for with --image, as CI does."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.chart import ROOT, Chart
from tests.deploy.containers import CannotBuildError, Containers
from tests.deploy.helm_program import cache

IMAGE = "localhost/sallygate:test"
BASE = "localhost/base:test"
SIZE_BYTES = 400 << 20  # a budget; 250 of them are Debian with pip, which the slim Python image has not

MANIFESTS = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: default}
spec:
  ingressClassName: nginx
  rules:
    - host: web.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
"""

# Run inside the pod's network: fetches URL with the host given until it is answered as expected, and prints the body.
FETCH = """
import sys, time, urllib.error, urllib.request
url, host, wanted, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), 30
until = time.monotonic() + seconds
while True:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=5) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    except OSError as error:
        status, body = 0, str(error).encode()
    if status == wanted:
        print(body.decode())
        break
    if time.monotonic() > until:
        sys.exit(f"{url}: {status} {body[:200]}")
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def containers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    wheels = request.config.getoption("--image")
    if wheels is None:
        pytest.skip("builds an image: asked for with --image, as CI does")
    folder = tmp_path_factory.mktemp("containers")
    try:
        containers = Containers(folder)
    except CannotBuildError as error:
        pytest.skip(str(error))
    try:
        containers.base(BASE, cache() / "image-base")
        containers.build(context(folder / "context", wheels), IMAGE, BASE=BASE, WHEELS="given")
        yield containers
    finally:
        # The newest first: it may lean on older ones.
        for name in reversed(containers.podman("ps", "--all", "--quiet", "--sort=created").split()):
            containers.podman("rm", "--force", "--time=0", name)
        shutil.rmtree(folder, ignore_errors=True)


def context(folder: Path, wheels: str) -> Path:
    """What git tracks, and the wheels of ours and of what we depend on."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    if wheels:
        shutil.copytree(wheels, folder / "dist")
    else:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(folder / "dist"), str(folder)]
        subprocess.run(command, check=True, timeout=1800)
    return folder


def test_it_runs_as_nobody_on_a_read_only_root(containers: Containers) -> None:
    assert containers.run("--rm", IMAGE, "version").startswith("sallygate ")
    who = "import os; print(os.getuid(), os.getgid(), os.access('/', os.W_OK), os.access('/opt/sallygate', os.W_OK))"
    found = containers.run("--rm", "--entrypoint=/opt/sallygate/bin/python", IMAGE, "-c", who)
    assert found.split() == ["65532", "65532", "False", "False"]


def test_it_holds_no_more_than_it_needs(containers: Containers) -> None:
    (image,) = json.loads(containers.podman("image", "inspect", IMAGE))
    assert image["Config"]["User"] == "65532:65532"
    assert set(image["Config"]["ExposedPorts"]) == {"8080/tcp", "8443/tcp", "10254/tcp"}
    assert image["Config"]["Entrypoint"] == ["sallygate"]
    assert image["Size"] < SIZE_BYTES
    probe = (
        "import glob, importlib.util as u, os; print(u.find_spec('pip'),"
        " len(glob.glob('/wheels*') + glob.glob('/source*')),"
        " len(glob.glob('/opt/sallygate/lib/python3*/site-packages/gateway/__pycache__/app.*.pyc')),"
        " os.getxattr('/usr/local/bin/low-ports', 'security.capability').hex())"
    )
    found = containers.run("--rm", "--entrypoint=/opt/sallygate/bin/python", IMAGE, "-c", probe).split()
    net_bind_service = "0100000200040000" + "00000000" * 3
    assert found == ["None", "0", "1", net_bind_service]


def test_the_pod_of_the_chart_serves_and_drains(containers: Containers, chart: Chart, tmp_path: Path) -> None:
    state, manifests = tmp_path / "state", tmp_path / "manifests"
    state.mkdir()
    state.chmod(0o777)  # as the kubelet makes an emptyDir
    manifests.mkdir()
    (manifests / "web.yaml").write_text(MANIFESTS)
    rendered = chart.render()
    shared = ["--detach", f"--volume={state}:/run/sallygate"]
    dataplane = rendered.container("dataplane")["args"]
    containers.run(*shared, "--name=dataplane", IMAGE, *dataplane)

    def fetch(url: str, host: str, status: int) -> str:
        command = ("exec", "dataplane", "/opt/sallygate/bin/python", "-c", FETCH, url, host, str(status))
        return containers.podman("--runtime=runc", *command)

    assert "control has sent none" in fetch("http://127.0.0.1:10254/readyz", "probe", 503)
    server = ["-m", "http.server", "--bind", "127.0.0.1", "9000", "--directory", "/opt/sallygate/bin"]
    python = "--entrypoint=/opt/sallygate/bin/python"
    containers.run("--detach", "--name=web", python, IMAGE, *server, beside="dataplane")
    flags = ["--state-dir=/run/sallygate/state", "--map=default/web=127.0.0.1:9000", "/manifests"]
    read = f"--volume={manifests}:/manifests:ro"
    containers.run(*shared, "--name=control", read, IMAGE, "control", *flags, beside="dataplane")
    assert fetch("http://127.0.0.1:10254/readyz", "probe", 200).strip() == "ok"
    assert "sallygate" in fetch("http://127.0.0.1:8080/", "web.example.com", 200)
    assert fetch("http://127.0.0.1:8080/", "other.example.com", 404)

    containers.podman("--runtime=runc", "kill", "--signal=KILL", "control")
    assert "sallygate" in fetch("http://127.0.0.1:8080/", "web.example.com", 200), "without control it serves on"
    containers.podman("--runtime=runc", "stop", "--time=60", "dataplane")
    (ended,) = json.loads(containers.podman("container", "inspect", "dataplane"))
    assert ended["State"]["ExitCode"] == 0, containers.podman("logs", "dataplane")
    assert oct((state / "state").stat().st_mode & 0o777) == "0o700"
