"""Examples and fixes of the codes about Ingresses and what they refer to: GW2xx and GW4xx. See `lessons.py`."""

from typing import Final

_A: Final = "nginx.ingress.kubernetes.io"

INGRESS: Final[dict[str, tuple[str, str]]] = {
    "GW200": (
        "metadata: {name: My_Shop}",
        "Use lower-case letters, digits, hyphens and dots, as an API server demands.",
    ),
    "GW201": (
        "spec: {ingressClassName: traefik}",
        "Nothing to do if another controller serves it. To have it served here, name a class of ours.",
    ),
    "GW202": (
        "spec:\n  rules: […]  # and no ingressClassName",
        (
            "Set spec.ingressClassName, make a class the default of the cluster, or start with "
            "--watch-ingress-without-class."
        ),
    ),
    "GW203": (
        "spec: {ingressClassName: ngnix}",
        (
            "Correct the name (`kubectl get ingressclass`), or create the class with spec.controller: "
            "k8s.io/ingress-nginx."
        ),
    ),
    "GW204": (
        "metadata: {annotations: {kubernetes.io/ingress.class: nginx}}\nspec: {ingressClassName: nginx}",
        "Remove the annotation.",
    ),
    "GW205": (
        "spec: {ingressClassName: nginx}",
        "Add spec.rules, or a spec.defaultBackend.",
    ),
    "GW206": (
        "a ClusterRole without ingressclasses",
        "Grant get, list and watch on ingressclasses in networking.k8s.io, or start with --ingress-class-by-name.",
    ),
    "GW207": (
        "kind: IngressClass\nspec: {parameters: {kind: Tuning, apiGroup: example.com, name: fast}}",
        "Name a ConfigMap with options: kind: ConfigMap, scope: Namespace, a namespace and a name.",
    ),
    "GW210": (
        "rules:\n- host: https://shop.example.com:8443/",
        (
            "Write the bare name: shop.example.com, or *.example.com for names one label below. Names in other "
            "scripts are "
            "written in their xn-- form."
        ),
    ),
    "GW211": (
        "one host with more than 100,000 paths",
        "Spread the paths over several hosts, or replace many of them by one prefix.",
    ),
    "GW212": (
        "rules:\n- http: {paths: […]}  # with --disable-catch-all",
        "Give the rule a host, or start without --disable-catch-all.",
    ),
    "GW220": (
        "path: cart",
        "Begin the path with a slash.",
    ),
    "GW221": (
        "path: /a/../b",
        "Write the path as it is once it is decoded and resolved: /b.",
    ),
    "GW222": (
        "pathType: prefix",
        "Write Prefix, Exact or ImplementationSpecific, with capitals.",
    ),
    "GW223": (
        "path: /cart/(.*)\npathType: Prefix",
        (
            "For an expression, use pathType: ImplementationSpecific. For the characters themselves, set the option "
            "strict-validate-path-type: 'false'."
        ),
    ),
    "GW224": (
        "path: /cart/(unclosed\npathType: ImplementationSpecific",
        "Correct the expression. `sallygate validate` reads it as the data plane does.",
    ),
    "GW225": (
        "two Ingresses with host shop.example.com and path /cart",
        "Remove one of the two, or make it a canary. The older one is served.",
    ),
    "GW226": (
        f"one Ingress with {_A}/rewrite-target, another without, both for shop.example.com",
        "Expect /foo to match /FOO and /foobar too, or give the Ingress with expressions a host of its own.",
    ),
    "GW227": (
        "path: /item/[0-9]+\npathType: ImplementationSpecific",
        f'Set {_A}/use-regex: "true" if it is meant as an expression.',
    ),
    "GW228": (
        f"path: /cart\n{_A}/rewrite-target: /$2",
        "Put the parentheses into the path, /cart(/|$)(.*), or take the number out of the rewrite.",
    ),
    "GW229": (
        "path: /(?!admin).*",
        (
            "Nothing to do. To have it matched in linear time, write it without look-around and "
            "back-references; mostly a "
            "second, longer path does the same."
        ),
    ),
    "GW240": (
        "backend: {service: {name: shpo, port: {number: 80}}}",
        "Correct the name or create the Service, in the namespace of the Ingress.",
    ),
    "GW241": (
        "backend: {service: {name: shop, port: {name: htpp}}}",
        "Name a port as spec.ports of the Service has it, by number or by name.",
    ),
    "GW242": (
        "kubectl get endpointslices -l kubernetes.io/service-name=shop  # none ready",
        (
            "Look at the pods: are there any that the selector matches, and do their readiness probes succeed? "
            "Requests are "
            "answered 503 until one is ready."
        ),
    ),
    "GW243": (
        "kind: Service\nspec: {type: ExternalName, externalName: api.example.net}",
        (
            "Start with --disable-svc-external-name=false if you trust everybody who may write a Service, and "
            "see that the "
            "name can be resolved."
        ),
    ),
    "GW244": (
        "backend: {service: {name: shop}}",
        "Add port.number or port.name.",
    ),
    "GW245": (
        "backend: {resource: {kind: StorageBucket, name: pictures}}",
        "Name a Service in front of the resource.",
    ),
    "GW246": (
        "a Service with more than 10,000 pods",
        "Split it into several Services, or set service-upstream.",
    ),
    "GW247": (
        "addressType: FQDN",
        "Correct whatever writes the EndpointSlice: each endpoint needs an IP address and a port.",
    ),
    "GW248": (
        f"two Ingresses of one Service, one of them with {_A}/service-upstream",
        "Set the annotation alike on all of them, or give one a Service of its own.",
    ),
    "GW249": (
        f"spec: {{clusterIP: None}}  # and {_A}/service-upstream",
        "Remove the annotation, or give the Service a cluster IP.",
    ),
    "GW252": (
        "externalName: api.example.net  # and the name service does not answer",
        "Look why the name is not resolved from the gateway's pod. Its last addresses are used meanwhile.",
    ),
    "GW260": (
        "tls: [{hosts: [shop.example.com], secretName: shop-tsl}]",
        (
            "Correct the name, or create the Secret in the namespace of the Ingress. With cert-manager, look at the "
            "Certificate and its events."
        ),
    ),
    "GW261": (
        "kind: Secret\ndata: {certificate: …}",
        "Store the chain under tls.crt and the key under tls.key: `kubectl create secret tls`.",
    ),
    "GW262": (
        "tls.crt and tls.key of different pairs",
        (
            "Store the chain, its own certificate first, and the key that belongs to it, both as PEM and without a "
            "passphrase."
        ),
    ),
    "GW263": (
        "a certificate for example.com, and host: shop.example.com",
        "Order a certificate whose names have the host; a wildcard covers one label. Until then the default is shown.",
    ),
    "GW264": (
        "openssl x509 -in tls.crt -noout -enddate  # last month",
        "Renew it, or set the clock right. It is served, and clients refuse it.",
    ),
    "GW265": (
        "tls: [{hosts: [www.example.com], secretName: t}]\nrules: [{host: example.com}]",
        "Add a rule for the host, or take it out of the entry.",
    ),
    "GW266": (
        "two Ingresses of one host with different secretNames",
        "Name one Secret in both. The older Ingress decides.",
    ),
    "GW267": (
        "kind: Secret\ntype: Opaque",
        "Nothing to do; a Secret of type kubernetes.io/tls would be checked by the API server.",
    ),
    "GW268": (
        f"{_A}/auth-secret: other-namespace/users",
        "Copy the object into the namespace of the Ingress. Who may write an Ingress may not read everybody's Secrets.",
    ),
    "GW269": (
        "--default-ssl-certificate=infra/wildcard  # and no such Secret",
        "Create the Secret with tls.crt and tls.key. Until then a self-signed certificate is shown.",
    ),
    "GW270": (
        "tls: [{secretName: t}]\nrules: [{http: {…}}]",
        "Give the rule a host, or set --default-ssl-certificate.",
    ),
    "GW271": (
        "a Role without secrets in the namespace of the Ingress",
        "Grant get and watch on secrets there; the verdict says what the API server answered.",
    ),
    "GW280": (
        f"{_A}/fastcgi-index: index.php",
        "Remove it if the Ingress can do without; docs/reference/annotations.md says what is supported.",
    ),
    "GW281": (
        f'{_A}/enable-modsecurity: "true"',
        "Protect by what is supported, and remove the annotation. Its routes answer 503 until then.",
    ),
    "GW282": (
        f'{_A}/proxy-read-timeout: "60s"',
        "Write the value in the form that the verdict names. Until then it is ignored or the default used.",
    ),
    "GW283": (
        f"{_A}/whitelist-source-range: 10.0.0.0/99",
        "Correct the value. The routes open again as soon as it can be read.",
    ),
    "GW284": (
        f"{_A}/proxy-read-timout: '60'",
        "Correct the spelling; `sallygate annotations` lists all names.",
    ),
    "GW285": (
        f"{_A}/rewrite-target: ''",
        "Set a value, or remove the annotation.",
    ),
    "GW286": (
        f"{_A}/whitelist-source-range and {_A}/allowlist-source-range on one Ingress",
        "Keep one of the two.",
    ),
    "GW287": (
        f'{_A}/secure-backends: "true"',
        "Use what the verdict names instead, here backend-protocol: HTTPS.",
    ),
    "GW288": (
        f'{_A}/proxy-buffers-number: "8"',
        "Nothing to do. Remove it if you like.",
    ),
    "GW290": (
        f"{_A}/configuration-snippet: |\n  more_set_headers 'X-Frame-Options: DENY';",
        (
            "Use the annotations that the verdict names for each directive, and remove the snippet. Text that "
            "may hold access "
            "rules closes what it covers meanwhile."
        ),
    ),
    "GW291": (
        f'{_A}/proxy-next-upstream-tries: "1000"',
        "Write a value within the bounds that the verdict names, or live with the nearest one.",
    ),
    "GW292": (
        f"another Ingress of the host has {_A}/server-snippet",
        "Correct the Ingress that the verdict names, or move one of the two to another host.",
    ),
    "GW293": (
        f"{_A}/auth-type: digest",
        "Choose a value that is supported, here basic. The routes answer 503 until then.",
    ),
    "GW294": (
        "an Ingress with dozens of annotations that are not known",
        "Correct those that are named; the others appear after that.",
    ),
    "GW295": (
        f"--annotations-prefix=example.com, and {_A}/rewrite-target: /",
        "Write the annotation with the prefix that the gateway was given, or start without --annotations-prefix.",
    ),
    "GW400": (
        f"{_A}/auth-secret: users  # and no such Secret",
        (
            "Create what the annotation names, in the namespace of the Ingress and with the keys that the verdict "
            "asks for."
        ),
    ),
    "GW401": (
        f"{_A}/auth-secret: users  # without auth-type",
        f"Add {_A}/auth-type: basic, or remove the Secret's name. Nobody is asked for a password meanwhile.",
    ),
    "GW402": (
        "auth: |\n  sally:plain-password",
        "Hash the passwords anew: `htpasswd -B`.",
    ),
    "GW403": (
        f'{_A}/canary: "true"  # and no Ingress with the same host and path',
        "Create the primary with the same host, path and pathType, or correct those of the canary.",
    ),
    "GW404": (
        "canary and primary both with backend shop:80",
        "Give the canary the Service of the new version.",
    ),
    "GW405": (
        f'{_A}/canary: "true"',
        f"Add {_A}/canary-weight, canary-by-header or canary-by-cookie.",
    ),
    "GW406": (
        f"{_A}/server-alias: www.example.com  # and another Ingress has that host",
        "Take the name out of one of the two.",
    ),
    "GW407": (
        f"two Ingresses of one host with {_A}/app-root",
        "Keep it on one Ingress of the host.",
    ),
    "GW408": (
        f"{_A}/custom-http-errors: '404'  # and no default-backend",
        f"Add {_A}/default-backend with a Service that makes the pages, or start with --default-backend-service.",
    ),
    "GW420": (
        f"{_A}/proxy-ssl-name: shop.internal  # without backend-protocol: HTTPS",
        "Set the annotation that the verdict names, or remove this one.",
    ),
    "GW422": (
        f"{_A}/auth-url: http://127.0.0.1:4180/verify",
        "Name a Service of the cluster, or a host on another machine; the verdict says what the name leads to.",
    ),
    "GW421": (
        f"{_A}/proxy-ssl-verify: 'on'  # without proxy-ssl-name",
        f"Add {_A}/proxy-ssl-name with the name in the backend's certificate.",
    ),
}
