"""What is loaded of the `kubernetes` library. In processes of their own, as what is loaded once stays."""

import subprocess
import sys

import pytest


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_the_transport_loads_neither_the_other_client_nor_what_only_it_needs() -> None:
    loaded = run("import sys, gateway.kube.transport; print(*sys.modules)").split()
    assert "kubernetes.aio.client.rest" in loaded
    for name in ("kubernetes.client.rest", "kubernetes.config", "kubernetes.aio.dynamic", "websocket", "oauthlib"):
        assert name not in loaded


@pytest.mark.parametrize(
    ("first", "shown"),
    [
        ("import kubernetes", "kubernetes.client.V1Pod.__name__, kubernetes.config.__name__"),
        ("import kubernetes.aio", "kubernetes.aio.client.V1Pod.__name__, kubernetes.aio.config.__name__"),
        ("from kubernetes import client, config", "client.V1Pod.__name__, config.__name__"),
        ("import kubernetes", "kubernetes.__version__"),
    ],
)
def test_whoever_asks_for_the_rest_gets_it(first: str, shown: str) -> None:
    after = run(f"import gateway.kube.transport\n{first}\nprint({shown})")
    assert after == run(f"{first}\nprint({shown})")


def test_what_is_loaded_already_stays_as_it_is() -> None:
    script = "import kubernetes; before = kubernetes; import gateway.kube.transport, kubernetes"
    assert run(f"{script}; print(kubernetes is before, type(kubernetes).__name__)") == "True module"


def test_what_is_nowhere_is_missing() -> None:
    script = "import gateway.kube.transport, kubernetes; print(hasattr(kubernetes, 'nonsense'))"
    assert run(script) == "False"
