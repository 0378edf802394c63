"""Secrets and ConfigMaps of other namespaces."""

from collections.abc import Callable

from tests.ingress_nginx.conftest import World
from tests.support.site import until

Start = Callable[..., World]
OWN = "own.example"
USERS = """\
apiVersion: v1
kind: Secret
metadata: {name: users, namespace: vault}
stringData: {auth: "user:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="}
"""
ASKS = {"auth_type": "basic", "auth_secret": "vault/users"}
RIGHT = "Authorization: Basic dXNlcjpzZWNyZXQ="  # user:secret


def grant(namespace: str = "default", kind: str = "Secret", name: str = "users") -> str:
    return f"""\
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {{name: passwords, namespace: vault}}
spec:
  from: [{{group: networking.k8s.io, kind: Ingress, namespace: {namespace}}}]
  to: [{{group: "", kind: {kind}, name: {name}}}]
"""


def test_a_grant_opens_a_secret_and_its_end_closes_the_routes(world: World) -> None:
    host = world.host()
    world.add(world.ingress(host, **ASKS), USERS)
    assert world.get(host, "/", RIGHT).status == 503
    for other in (grant("other"), grant(kind="ConfigMap"), grant(name="others")):
        file = world.add(other, file="grant")
        assert world.get(host, "/", RIGHT).status == 503
    world.add(grant(), file="grant")
    assert [world.get(host, "/", *one).status for one in ((), (RIGHT,))] == [401, 200]
    world.remove(file)
    until(lambda: world.get(host, "/", RIGHT).status == 503)


def test_the_gateway_may_let_every_namespace_name_every_other(start: Start) -> None:
    world = start(options={"allow-cross-namespace-resources": "true"})
    world.add(world.ingress(OWN, **ASKS), USERS)
    assert [world.get(OWN, "/", *one).status for one in ((), (RIGHT,))] == [401, 200]
    world.configure({})
    until(lambda: world.get(OWN, "/", RIGHT).status == 503)
