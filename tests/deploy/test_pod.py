"""The pod: who gets the token, what it may do, when it is ready, and how it ends."""

from typing import Any

import pytest

from tests.deploy.chart import Chart, Rendered


def pod(rendered: Rendered) -> dict[str, Any]:
    (workload, *_) = rendered.of("Deployment") + rendered.of("DaemonSet")
    return dict(workload["spec"]["template"]["spec"])


def restricted(spec: dict[str, Any]) -> list[str]:
    """What the restricted Pod Security Standard has against it."""
    against = [name for name in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace") if spec.get(name)]
    security = spec["securityContext"]
    if not (security["runAsNonRoot"] and security["runAsUser"] > 0):
        against.append("runs as root")
    if security["seccompProfile"]["type"] not in {"RuntimeDefault", "Localhost"}:
        against.append("seccomp")
    against += [each["name"] for each in security.get("sysctls", ()) if each["name"] not in SAFE_SYSCTLS]
    against += [each["name"] for each in spec["volumes"] if not each.keys() & {"emptyDir", "projected"}]
    for container in spec["containers"]:
        own = container["securityContext"]
        if own["allowPrivilegeEscalation"] or not own["readOnlyRootFilesystem"] or own.get("privileged"):
            against.append(f"{container['name']}: privileges")
        if own["capabilities"]["drop"] != ["ALL"] or set(own["capabilities"].get("add", ())) - {"NET_BIND_SERVICE"}:
            against.append(f"{container['name']}: capabilities")
        against += [f"{container['name']}: hostPort" for port in container.get("ports", ()) if "hostPort" in port]
    return against


SAFE_SYSCTLS = {"net.ipv4.ip_unprivileged_port_start"}


@pytest.mark.parametrize("values", [{}, {"controller": {"containerPort": {"http": 80, "https": 443}}}])
def test_the_pod_is_restricted(chart: Chart, values: dict[str, Any]) -> None:
    assert restricted(pod(chart.render(values))) == []


def test_only_control_has_the_token(chart: Chart) -> None:
    rendered = chart.render()
    assert pod(rendered)["automountServiceAccountToken"] is False
    assert rendered.one("ServiceAccount")["automountServiceAccountToken"] is False
    (token,) = (each for each in pod(rendered)["volumes"] if "projected" in each)
    mounts = {
        name: {each["name"] for each in rendered.container(name)["volumeMounts"]} for name in ("dataplane", "control")
    }
    assert mounts == {"dataplane": {"state", "bodies"}, "control": {"state", token["name"]}}


def test_ports_below_1024_need_no_root(chart: Chart) -> None:
    own = chart.render({"controller": {"containerPort": {"http": 80, "https": 443}}})
    assert pod(own)["securityContext"]["sysctls"] == [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    assert "command" not in own.container("dataplane")

    host = chart.render({"controller": {"hostNetwork": True}})
    assert "sysctls" not in pod(host)["securityContext"]
    dataplane = host.container("dataplane")
    assert dataplane["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    assert dataplane["command"][0] == "/usr/local/bin/low-ports"
    assert {"--http-port=80", "--https-port=443"} <= set(dataplane["args"])
    assert "add" not in host.container("control")["securityContext"]["capabilities"]

    high = chart.render({"controller": {"hostNetwork": True, "containerPort": {"http": 8080, "https": 8443}}})
    assert "command" not in high.container("dataplane")


def test_flags_reach_the_process_that_has_them(chart: Chart) -> None:
    flags = {
        "http-port": 9080,
        "healthz-port": 9254,
        "access-log": "off",
        "status-update-interval": 5,
        "update-status-on-shutdown": "",
    }
    rendered = chart.render({"controller": {"extraArgs": flags}})
    dataplane, control = rendered.container("dataplane"), rendered.container("control")
    assert {"--http-port=9080", "--healthz-port=9254", "--access-log=off"} <= set(dataplane["args"])
    assert {"--status-update-interval=5", "--update-status-on-shutdown"} <= set(control["args"])
    assert not [
        each for each in dataplane["args"] if each.startswith(("--status", "--update", "--ingress", "--publish"))
    ]
    assert not [each for each in control["args"] if each.startswith(("--http", "--healthz", "--access-log"))]
    assert [port["containerPort"] for port in dataplane["ports"]] == [9080, 8443, 9254]
    assert dataplane["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": 9254}
    assert dataplane["livenessProbe"]["httpGet"] == {"path": "/livez", "port": 9254}


@pytest.mark.parametrize(
    ("values", "sleeps", "grace"),
    [
        ({}, (20, 20), 60),
        ({"drain": {"preStopSeconds": 100, "shutdownGracePeriod": 15, "timeout": 200}}, (100, 115), 325),
        ({"extraArgs": {"shutdown-grace-period": "30", "drain-timeout": 60}}, (20, 50), 120),
        ({"terminationGracePeriodSeconds": 300}, (20, 20), 300),
        ({"drain": {"preStopSeconds": 0}}, (None, None), 60),
        ({"drain": {"timeout": 5}, "terminationGracePeriodSeconds": 0}, (20, 20), 50),
    ],
)
def test_a_pod_has_the_time_that_its_parts_take(
    chart: Chart, values: dict[str, Any], sleeps: tuple[int | None, int | None], grace: int
) -> None:
    rendered = chart.render({"controller": values})
    found = [
        rendered.container(name).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds")
        for name in ("dataplane", "control")
    ]
    assert (*found,) == sleeps
    assert pod(rendered)["terminationGracePeriodSeconds"] == grace


@pytest.mark.parametrize(("cpu", "workers"), [("250m", 1), ("1500m", 2), ("2", 2), (3, 3), (0.5, 1), (None, None)])
def test_there_are_as_many_workers_as_the_limit_has_cpus(chart: Chart, cpu: object, workers: int | None) -> None:
    rendered = chart.render({"controller": {"resources": {"limits": {"cpu": cpu}}}})
    found = [each for each in rendered.container("dataplane")["args"] if each.startswith("--workers")]
    assert found == ([f"--workers={workers}"] if workers else [])


def test_numbers_of_the_config_map_are_written_out(chart: Chart) -> None:
    rendered = chart.render({"controller": {"config": {"a": 10_000_000, "b": True, "c": "x: y", "d": 0.5, "e": None}}})
    assert rendered.one("ConfigMap")["data"] == {"a": "10000000", "b": "true", "c": "x: y", "d": "0.5"}


def test_an_upgrade_in_place_keeps_the_names_and_selectors_of_ingress_nginx(chart: Chart) -> None:
    """A Deployment's selector cannot be changed, and a Service of another name has another address."""
    rendered = chart.render({"nameOverride": "ingress-nginx"}, release="ingress-nginx")
    selector = {
        "app.kubernetes.io/name": "ingress-nginx",
        "app.kubernetes.io/instance": "ingress-nginx",
        "app.kubernetes.io/component": "controller",
    }
    deployment = rendered.one("Deployment", "ingress-nginx-controller")
    assert deployment["spec"]["selector"] == {"matchLabels": selector}
    service = rendered.one("Service", "ingress-nginx-controller")
    assert service["spec"]["selector"] == selector
    assert {port["name"]: port["targetPort"] for port in service["spec"]["ports"]} == {"http": "http", "https": "https"}


def test_what_has_no_effect_is_not_passed_on(chart: Chart) -> None:
    """Control would refuse to start with the first two."""
    flags = {"enable-ssl-passthrough": "", "updat-status": "false", "v": 2, "enable-metrics": True}
    rendered = chart.render({"controller": {"extraArgs": flags}})
    plain = chart.render()
    assert [rendered.container(name)["args"] for name in ("control", "dataplane")] == [
        plain.container(name)["args"] for name in ("control", "dataplane")
    ]
