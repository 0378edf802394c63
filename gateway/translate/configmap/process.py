"""The process, its memory and its sockets."""

from functools import partial
from typing import Final

from gateway.translate.configmap.declare import Option
from gateway.translate.ingress.annotations.declare import Support

_idle = partial(Option, family="process", support=Support.NO_EFFECT)
_listens = partial(
    _idle,
    differs="sockets are opened before any ConfigMap is read, by a process that knows no cluster",
    instead="give `--bind-address`",
)

ROWS: Final = (
    _idle(
        name="worker-processes",
        neutral=("auto",),
        instead="give `--workers`, or a CPU limit",
        doc="How many processes serve; here it is threads, one per CPU.",
    ),
    _idle(name="worker-cpu-affinity", doc="Which CPUs they use."),
    _idle(
        name="worker-shutdown-timeout",
        default="240s",
        doc="How long old processes may live on; there are none here; `--drain-timeout` counts at the end.",
    ),
    _idle(
        name="max-worker-connections",
        default="16384",
        doc="Connections of one process; the limit of open files counts here.",
    ),
    _idle(
        name="max-worker-open-files",
        default="0",
        doc="Open files of one process; the limit that the system sets counts here.",
    ),
    _idle(
        name="enable-serial-reloads",
        default="false",
        neutral=("true",),
        doc="Whether reloads wait for each other; there are none.",
    ),
    _idle(name="enable-multi-accept", default="true", neutral=("false",), doc="How connections are accepted."),
    _idle(name="reuse-port", default="true", neutral=("false",), doc="How listening sockets are shared."),
    _listens(name="bind-address", doc="Where it listens."),
    _listens(name="bind-address-ipv4", doc="Where it listens, IPv4."),
    _listens(name="bind-address-ipv6", doc="Where it listens, IPv6."),
    _idle(
        name="disable-ipv6",
        default="false",
        neutral=("true",),
        doc="Whether it listens on IPv4 only; `--bind-address` says where.",
    ),
    _idle(
        name="disable-ipv6-dns",
        default="false",
        neutral=("true",),
        doc="Which addresses nginx asks the name service for.",
    ),
    _idle(name="enable-aio-write", default="true", neutral=("false",), doc="How files are written."),
    _idle(name="lua-shared-dicts", doc="Memory of Lua programs; there are none."),
    _idle(name="server-name-hash-max-size", default="1024", doc="Size of a table inside nginx."),
    _idle(name="server-name-hash-bucket-size", doc="Size of a table inside nginx."),
    _idle(name="map-hash-bucket-size", default="64", doc="Size of a table inside nginx."),
    _idle(name="variables-hash-bucket-size", default="256", neutral=("128",), doc="Size of a table inside nginx."),
    _idle(name="variables-hash-max-size", default="2048", doc="Size of a table inside nginx."),
)
