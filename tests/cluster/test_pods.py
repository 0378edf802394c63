"""Pods of the test cluster are real processes, with what their manifests give them."""

from datetime import UTC, datetime

import pytest

from tests.cluster.fixtures import Space, fetch
from tests.cluster.manifests import PORT, RESTRICTED, echo, pod, shell

# Kubernetes turns $$ of an argument into $; what looks like $(NAME) and is the name of nothing stays as it is.
EVERYTHING = """
token=/var/run/secrets/kubernetes.io/serviceaccount
echo "secret=$(cat /secret/word)"
echo "map=$(cat /etc/rig/map/renamed)"
echo "greeting=$GREETING"
echo "from=$X_b"
echo "address=$ADDRESS"
echo "user=$(id -u):$(id -g)"
echo "root=$(touch /file 2>/dev/null && echo writable || echo read-only)"
echo "tmp=$(touch /tmp/file && ls /tmp)"
echo "namespace=$(cat $token/namespace)"
echo "token=$(cut -c 1-2 $token/token)"
echo "authority=$(head -1 $token/ca.crt)"
echo "first=$$$$"
echo "hostname=$(cat /proc/sys/kernel/hostname)"
"""


def test_files_environment_and_privileges(space: Space) -> None:
    space.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "word"}, "stringData": {"word": "sesame"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map"}, "data": {"a": "1", "b": "2"}},
    )
    container = shell(
        EVERYTHING,
        securityContext=RESTRICTED,
        envFrom=[{"prefix": "X_", "configMapRef": {"name": "map"}}],
        env=[
            {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "word", "key": "word"}}},
            {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "GREETING", "value": "hello $(WORD)"},
        ],
        volumeMounts=[
            {"name": "secret", "mountPath": "/secret", "readOnly": True},
            {"name": "map", "mountPath": "/etc/rig/map"},
        ],
    )
    volumes = [
        {"name": "secret", "secret": {"secretName": "word"}},
        {"name": "map", "configMap": {"name": "map", "items": [{"key": "a", "path": "renamed"}]}},
    ]
    own = {"fsGroup": 65532}
    space.apply(pod("job", container, volumes=volumes, restartPolicy="Never", securityContext=own))
    assert space.ended("job") == "Succeeded", space.log("job")
    said = dict(line.split("=", 1) for line in space.log("job").splitlines())
    address = space.api.get(space.path("pods", "job"))["status"]["podIP"]
    assert said == {
        "secret": "sesame",
        "map": "1",
        "greeting": "hello sesame",
        "from": "2",
        "address": address,
        "user": "65532:65532",
        "root": "read-only",
        "tmp": "",
        "namespace": space.name,
        "token": "ey",
        "authority": "-----BEGIN CERTIFICATE-----",
        "first": "1",
        "hostname": "job",
    } | {"tmp": said["tmp"]}


def test_an_init_container_goes_first_and_shares_its_volume(space: Space) -> None:
    mounts = [{"name": "share", "mountPath": "/share"}]
    first = shell("echo left by init > /share/note", "first", volumeMounts=mounts)
    last = shell("cat /share/note", volumeMounts=mounts)
    volumes = [{"name": "share", "emptyDir": {}}]
    space.apply(pod("job", last, initContainers=[first], volumes=volumes, restartPolicy="Never"))
    assert space.ended("job") == "Succeeded", space.log("job")
    assert space.log("job", container="main") == "left by init\n"


def test_a_mounted_secret_follows_its_object(space: Space) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "word"}, "stringData": {"word": "old"}}
    space.apply(secret)
    wait = "until [ $(cat /secret/word) = new ]; do sleep 0.1; done; cat /secret/word"
    container = shell(wait, volumeMounts=[{"name": "secret", "mountPath": "/secret"}])
    volumes = [{"name": "secret", "secret": {"secretName": "word"}}]
    space.apply(pod("job", container, volumes=volumes, restartPolicy="Never"))
    space.until("a container", lambda: running(space, "job"))
    space.apply(secret | {"stringData": {"word": "new"}})
    assert space.ended("job") == "Succeeded", space.log("job")


def test_a_container_that_ends_is_started_again(space: Space) -> None:
    space.apply(pod("short", shell("echo once; exit 3")))

    def look() -> dict[str, object] | None:
        (status,) = space.api.get(space.path("pods", "short"))["status"]["containerStatuses"]
        found: dict[str, object] = status["lastState"]["terminated"]
        return found if status["restartCount"] >= 2 else None

    assert space.until("two restarts", look)["exitCode"] == 3


@pytest.mark.parametrize(
    "probe",
    [
        {"exec": {"command": ["test", "!", "-e", "/tmp/ill"]}},
        {"tcpSocket": {"port": PORT}},
        {"httpGet": {"path": "/health", "port": "http"}},
    ],
    ids=["exec", "tcp", "http"],
)
def test_probes(space: Space, probe: dict[str, object]) -> None:
    container = echo(readinessProbe=probe | {"periodSeconds": 1}, ports=[{"name": "http", "containerPort": PORT}])
    space.apply(pod("well", container))
    space.ready("well")


def test_a_liveness_probe_restarts_the_container(space: Space) -> None:
    """The startup probe holds the liveness probe back until the server listens, and the timeout is one for a busy
    machine: the only failure is the one that is asked for.
    """
    health = {"httpGet": {"path": "/health", "port": PORT}, "periodSeconds": 1, "timeoutSeconds": 10}
    probes = {"startupProbe": health | {"failureThreshold": 30}, "livenessProbe": health | {"failureThreshold": 1}}
    space.apply(pod("web", echo(**probes)))
    (web,) = space.ready("web")
    fetch(web["status"]["podIP"], PORT, "/health/503", method="PUT")

    def restarted() -> bool:
        (status,) = space.api.get(space.path("pods", "web"))["status"]["containerStatuses"]
        return bool(status["restartCount"] and status["ready"])

    space.until("a restart", restarted)
    (status,) = space.api.get(space.path("pods", "web"))["status"]["containerStatuses"]
    assert status["restartCount"] == 1
    assert "liveness probe failed" in status["lastState"]["terminated"]["message"]


def test_logs_since_a_time(space: Space) -> None:
    """API servers pass whole seconds on to kubelets: the time is that of a line in a later second."""
    space.apply(pod("web"))
    (web,) = space.ready("web")
    address = web["status"]["podIP"]
    fetch(address, PORT, "/before")
    before = space.until("a line", lambda: second_of(space, "/before"))

    def later() -> str | None:
        fetch(address, PORT, "/after")
        found = second_of(space, "/after")
        return found if found and found > before else None

    since = space.until("a line of a later second", later)
    found = space.log("web", container="main", sinceTime=since)
    assert "/after" in found
    assert "/before" not in found


def second_of(space: Space, path: str) -> str | None:
    """Return the second in which the pod last told of a request for this path."""
    lines = space.log("web", timestamps="true").splitlines()
    return next((f"{line[:19]}Z" for line in reversed(lines) if path in line), None)


def test_a_deleted_pod_gets_its_grace_and_is_gone(space: Space) -> None:
    mounts = [{"name": "share", "mountPath": "/share"}]
    slow = shell("trap 'echo leaving; exit 0' TERM; echo here; while :; do sleep 0.05; done", volumeMounts=mounts)
    space.apply(pod("slow", slow, volumes=[{"name": "share", "emptyDir": {}}]))
    space.until("a container", lambda: "here" in space.log("slow"))
    mark = datetime.now(UTC)
    space.delete(pod("slow"))
    space.until("its end", lambda: not space.items("pods"))
    assert (datetime.now(UTC) - mark).total_seconds() < 5, "SIGTERM was not enough"


def test_what_a_pod_lacks_stands_in_its_status(space: Space) -> None:
    space.apply(pod("odd", {"name": "main", "image": "example.com/unknown:v1"}))

    def message() -> str:
        (status,) = space.api.get(space.path("pods", "odd"))["status"]["containerStatuses"]
        return str(status["state"]["waiting"]["message"])

    assert "is not one of echo" in space.until("a reason", message)


def running(space: Space, name: str) -> bool:
    (status,) = space.api.get(space.path("pods", name))["status"]["containerStatuses"]
    return "running" in status["state"]
