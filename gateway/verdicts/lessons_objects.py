"""Examples and fixes of the codes that are said of objects as they are read: GW1xx. See `lessons.py`."""

from typing import Final

OBJECTS: Final[dict[str, tuple[str, str]]] = {
    "GW100": (
        "replicas: 3\nimage: shop:1",
        "Give the document apiVersion, kind and metadata, or move files that are no manifests to another folder.",
    ),
    "GW101": (
        "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress",
        (
            "Write the version that the verdict names; for an Ingress it is networking.k8s.io/v1, with pathType and "
            "backend.service."
        ),
    ),
    "GW102": (
        "apiVersion: apps/v1\nkind: Deployment",
        "Nothing to do: only kinds that say how to route are read. Leave the object out if the line disturbs you.",
    ),
    "GW103": (
        "metadata: {name: My_Shop}",
        "Use lower-case letters, digits, hyphens and dots, as an API server demands.",
    ),
    "GW104": (
        "ports: [{port: eighty}]",
        "Write the type that the verdict names: a number without quotes, a list with dashes, a map with keys.",
    ),
    "GW105": (
        "spec:\n  rules:\n  - host: shop.example.com\n    http: {paths: [{path: /}]}",
        "Add the field. `kubectl explain` shows what a field is for; here each path needs a backend.",
    ),
    "GW106": (
        "spec:\n  ingressClasName: nginx",
        "Correct the spelling; the verdict names the field that looks most like it. Take it out if nothing does.",
    ),
    "GW107": (
        "annotations:\n  nginx.ingress.kubernetes.io/proxy-read-timeout: 30",
        'Put quotes around it: "30". YAML reads bare numbers, true and false as something else than text.',
    ),
    "GW108": (
        "annotations: {notes: '… 300 KiB of text …'}",
        "Shorten the annotations to 256 KiB in all, which an API server demands, too; put long texts into a ConfigMap.",
    ),
    "GW109": (
        "kind: Secret\ndata: {tls.crt: '-----BEGIN CERTIFICATE-----'}",
        "Encode the value (`base64 -w0 tls.crt`), or write it as it is under stringData.",
    ),
    "GW110": (
        "kind: IngressClass\nmetadata: {name: nginx, namespace: default}",
        "Remove metadata.namespace.",
    ),
    "GW111": (
        "an Ingress with dozens of fields that are not known",
        "Correct those that are named; the others appear after that.",
    ),
    "GW120": (
        "spec:\n  rules:\n - host: shop.example.com",
        "Correct the syntax at the line and column that the verdict names; mostly it is the indentation, or a tab.",
    ),
    "GW121": (
        "metadata:\n  name: shop\n  name: blog",
        "Keep one of the two. Readers of YAML differ about which one counts, so neither does here.",
    ),
    "GW122": (
        "a: &a [1, 2]\nb: &b [*a, *a]\nc: [*b, *b]",
        "Split the document, and write out aliases that repeat each other.",
    ),
    "GW123": (
        "one file of hundreds of megabytes",
        "Split it into several files. Objects may stand in any number of them.",
    ),
    "GW124": (
        "-rw------- 1 root root 812 shop.yaml",
        "Let the gateway's user read the file or the folder, and look for links that lead nowhere.",
    ),
    "GW125": (
        "sallygate run manifets/",
        "Correct the path. It may also be made later: it is looked for as long as the gateway runs.",
    ),
    "GW126": (
        "a.yaml and b.yaml both have Ingress default/shop",
        "Remove or rename one of the two; the verdict names the place of the one that counts.",
    ),
    "GW127": (
        "sallygate run /",
        "Name the folder of the manifests itself, and keep other files out of it.",
    ),
    "GW128": (
        "a folder on NFS, or more folders than inotify may watch",
        "Nothing is lost, changes only take seconds. Raise fs.inotify.max_user_watches, or use a local folder.",
    ),
}
