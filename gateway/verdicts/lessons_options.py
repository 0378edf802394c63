"""Examples and fixes of the codes about the data plane's answer and the options of the gateway: GW3xx. See
`lessons.py`.
"""

from typing import Final

OPTIONS: Final[dict[str, tuple[str, str]]] = {
    "GW300": (
        "one host whose routes the data plane does not take, while control did",
        (
            "Change the object that is named, and update the older of the two processes: both should be of one "
            "release. "
            "Between equal releases it is a bug of ours; please report it with the reason."
        ),
    ),
    "GW301": (
        "control of a newer release than the data plane",
        "Update the older of the two. Between equal releases it is a bug of ours; please report it with the reason.",
    ),
    "GW320": (
        "data:\n  enable-opentelemetry: 'true'",
        (
            "Use annotations or a flag where the verdict names one; else remove the option, or expect what "
            "happens without "
            "it."
        ),
    ),
    "GW321": (
        "data:\n  block-user-agents: BadBot",
        (
            "Protect by what is supported (address lists, passwords, limits), and remove the option. Routes "
            "open as soon as "
            "it is gone."
        ),
    ),
    "GW322": (
        "sallygate run --configmap ingress-nginx/contoller",
        "Create the ConfigMap, or correct its name: in the flag, or in spec.parameters of the IngressClass.",
    ),
    "GW323": (
        "data:\n  '5432': databases/postgres:5432",
        "Keep another way in for the port, such as a Service of type LoadBalancer, and remove the entry.",
    ),
    "GW325": (
        "data:\n  proxy-real-ip-cidr: 10.0.0.0/8",
        (
            "Set the option that it waits for, here use-forwarded-headers: 'true', or remove it. If you thought that "
            "addresses of clients come from your load balancer by now: they do not."
        ),
    ),
    "GW330": (
        "data:\n  proxy-body-sise: 8m",
        "Correct the spelling; docs/reference/options.md has all names.",
    ),
    "GW331": (
        "data:\n  proxy-read-timeout: 60s",
        "Write the value in the form that the verdict names. Until then the default stands.",
    ),
    "GW332": (
        "data:\n  worker-processes: '8'",
        "Nothing to do. Remove it if you like, or use what the verdict names instead.",
    ),
    "GW333": (
        "data:\n  enable-opentracing: 'true'",
        "Remove it. ingress-nginx has not read it for years, either.",
    ),
    "GW334": (
        "data:\n  http-snippet: gzip on;",
        "Use the annotations and options that the verdict names for each directive, and remove the text.",
    ),
    "GW335": (
        "data:\n  whitelist-source-range: 10.0.0.0/99",
        "Correct the value. Routes open again as soon as it can be read.",
    ),
    "GW336": (
        "data:\n  server-snippet: |\n    if ($http_user_agent ~ bot) { return 403; }",
        (
            "Say it by annotations and options, which the verdict names for each directive, and remove the "
            "text. If it keeps "
            "nobody out, start with --serve-without-snippets."
        ),
    ),
    "GW337": (
        "kind: IngressClass\nspec:\n  parameters: {kind: ConfigMap, …}  # with keep-alive: '5' in it",
        "Move the option to the ConfigMap that --configmap names, or remove it.",
    ),
    "GW340": (
        "data:\n  large-client-header-buffers: 100 64k",
        "Write a value within the bounds that the verdict names, or live with the nearest one.",
    ),
}
