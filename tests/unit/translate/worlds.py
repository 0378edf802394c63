"""Small clusters, in which everything is about the same few names, so that objects meet."""

from datetime import timedelta
from typing import Final

from hypothesis import strategies as st

from gateway.ir.secret import Secret as SecretBytes
from gateway.objects.core import (
    ConfigMap,
    EndpointConditions,
    EndpointSlice,
    Secret,
    Service,
    ServicePort,
    ServiceSpec,
    SliceEndpoint,
    SlicePort,
)
from gateway.objects.grants import GrantFrom, GrantTo, ReferenceGrant, ReferenceGrantSpec
from gateway.objects.ingress import (
    HTTPIngressPath,
    HTTPIngressRuleValue,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressClassParameters,
    IngressClassSpec,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    IngressTLS,
    ServiceBackendPort,
)
from gateway.objects.kinds import Object
from gateway.objects.meta import NEVER, Metadata
from gateway.translate.rules import PREFIX
from gateway.translate.translate import SERVICE_NAME

NAMESPACES: Final = ("one", "two")
HOSTS: Final = ("", "a.example", "b.example", "*.example", "www.a.example", "bad_host")
PATHS: Final = ("/", "/a", "/a/", "/a/b", "/(a", "/[a-z]+", "")
ANNOTATIONS: Final = {
    "service-upstream": ("true", "false", "what"),
    "ssl-redirect": ("false",),
    "force-ssl-redirect": ("true",),
    "rewrite-target": ("/", "/$1", "https://x/"),
    "use-regex": ("true",),
    "proxy-body-size": ("1m", "8m"),
    "auth-url": ("http://auth.example/", ""),
    "server-snippet": ("deny all;",),
    "canary": ("true", "false"),
    "canary-weight": ("20", "x"),
    "canary-by-header": ("x-canary",),
    "server-alias": (
        "b.example, d.example",
        "www.a.example",
        "~x",
        "*.example, .a.example, tail.*",
        "~(x, *.b.example",
    ),
    "from-to-www-redirect": ("true",),
    "app-root": ("/x", "x"),
    "permanent-redirect": ("/y", "https://x/"),
    "auth-type": ("basic", "digest"),
    "auth-secret": ("cert", "users", "two/users"),
    "default-backend": ("api", "web"),
    "custom-http-errors": ("404", "x"),
    "allowlist-source-range": ("10.0.0.0/8", "x"),
    "custom-headers": ("headers", "two/headers"),
    "upstream-vhost": ("$host", "$x"),
    "limit-rps": ("5",),
    "enable-cors": ("true",),
    "enable-global-auth": ("false",),
}
OPTIONS: Final = {
    "whitelist-source-range": ("10.0.0.0/8", "x"),
    "global-auth-url": ("http://auth.example/",),
    "block-user-agents": ("~x", "~("),
    "allow-cross-namespace-resources": ("true",),
    "global-allowed-response-headers": ("x-one",),
    "add-headers": ("one/headers",),
    "custom-http-errors": ("503",),
    "x-one": ("1",),
}


def text(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


namespaces = text(*NAMESPACES)
ports = st.sampled_from((ServiceBackendPort(number=80), ServiceBackendPort(name="web"), ServiceBackendPort()))
backends = st.builds(IngressServiceBackend, text("web", "api"), ports).map(IngressBackend)
paths = st.builds(HTTPIngressPath, backends, text(*PATHS), text("Exact", "Prefix", "ImplementationSpecific"))
rules = st.builds(
    IngressRule,
    text(*HOSTS),
    st.none() | st.lists(paths, max_size=3).map(lambda found: HTTPIngressRuleValue(tuple(found))),
)
tls = st.builds(IngressTLS, st.lists(text(*HOSTS[1:4]), max_size=2).map(tuple), text("", "cert", "other"))
specs = st.builds(
    IngressSpec,
    st.sampled_from(("nginx", "nginx", "nginx", "special", None)),
    st.none() | backends,
    st.lists(tls, max_size=2).map(tuple),
    st.lists(rules, max_size=3).map(tuple),
)
annotations = st.dictionaries(text(*ANNOTATIONS), st.integers(0, 2), max_size=4).map(
    lambda chosen: {f"{PREFIX}/{name}": ANNOTATIONS[name][at % len(ANNOTATIONS[name])] for name, at in chosen.items()}
)
ages = st.integers(0, 2).map(lambda days: NEVER + timedelta(days=days))
ingresses = st.builds(
    Ingress,
    st.builds(Metadata, text("x", "y", "z"), namespaces, creation_timestamp=ages, annotations=annotations),
    specs,
)
classes = st.builds(
    IngressClass,
    st.builds(Metadata, text("nginx", "special")),
    st.builds(
        IngressClassSpec,
        text("k8s.io/ingress-nginx", "example.com/other"),
        st.none()
        | st.builds(
            IngressClassParameters,
            text("ConfigMap", "Odd"),
            text("options", "headers"),
            scope=st.just("Namespace"),
            namespace=namespaces,
        ),
    ),
)
services = st.builds(
    Service,
    st.builds(Metadata, text("web", "api"), namespaces),
    st.builds(
        ServiceSpec,
        type=text("ClusterIP", "ClusterIP", "ExternalName"),
        cluster_ip=text("10.0.0.1", "None"),
        ports=st.sampled_from(((ServicePort(80, "web", target_port=8080),), (ServicePort(81),), ())),
    ),
)
endpoints = st.builds(
    SliceEndpoint,
    st.lists(text("10.1.0.1", "10.1.0.2", "fd00::1", "nonsense"), max_size=2).map(tuple),
    st.builds(EndpointConditions, ready=st.sampled_from((None, True, False))),
)
slices = st.builds(
    EndpointSlice,
    st.builds(
        Metadata, text("s1", "s2"), namespaces, labels=text("web", "api").map(lambda service: {SERVICE_NAME: service})
    ),
    endpoints=st.lists(endpoints, max_size=2).map(tuple),
    ports=st.sampled_from(((SlicePort(8080, "web"),), (SlicePort(9000),), ())),
)


def _secret(metadata: Metadata, names: list[str], key: str) -> Secret:
    chain = f"{{names: {names!r}, key: one}}".encode()
    return Secret(metadata, "kubernetes.io/tls", {"tls.crt": SecretBytes(chain), "tls.key": SecretBytes(key.encode())})


def is_broken(one: Object) -> bool:
    """Is it a Secret whose key is not that of its certificate?"""
    return isinstance(one, Secret) and "tls.key" in one.data and bytes(one.data["tls.key"]) != b"one"


secrets = st.builds(
    _secret,
    st.builds(Metadata, text("cert", "other"), namespaces),
    st.lists(text("a.example", "*.example", "elsewhere"), min_size=1, max_size=2),
    text("one", "one", "two"),
)
config_maps = st.builds(
    ConfigMap,
    st.builds(Metadata, text("options", "headers"), namespaces),
    st.dictionaries(text(*OPTIONS), st.integers(0, 1), max_size=3).map(
        lambda chosen: {name: OPTIONS[name][at % len(OPTIONS[name])] for name, at in chosen.items()}
    ),
)
users = st.builds(
    Secret,
    st.builds(Metadata, text("users"), namespaces),
    data=st.sampled_from(({"auth": SecretBytes(b"ann:$1$a$b\n")}, {"auth": SecretBytes(b"x\n")}, {})),
)
grants = st.builds(
    ReferenceGrant,
    st.builds(Metadata, text("g", "h"), namespaces),
    st.builds(
        ReferenceGrantSpec,
        namespaces.map(lambda namespace: (GrantFrom("networking.k8s.io", "Ingress", namespace),)),
        text("Secret", "ConfigMap").map(lambda kind: (GrantTo("", kind),)),
    ),
)
objects = config_maps | grants | users | ingresses | ingresses | classes | services | slices | secrets
