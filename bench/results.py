"""The results of a run as typed values; their JSON form is what is kept, compared and gated."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from bench.spread import Ratio, Spread

FORMAT = 1


class Sample(Struct, frozen=True):
    """One contender in one round."""

    requests: int
    cpu_us: float  # of the counted process, per request
    by_role: dict[str, float]  # the same, by what its threads do
    per_second: float
    p50_us: float
    p99_us: float
    new_upstream: int  # connections the backend accepted meanwhile
    witness: float  # the dearer of its readings before and after
    foreign: float  # part of the core's time that none of client, proxy and backend used


class Level(Struct, frozen=True):
    """All rounds at one number of connections. `kept` says which of their samples count."""

    connections: int
    rounds: list[dict[str, Sample]]
    kept: list[dict[str, bool]]
    disturbed: bool  # too few samples were calm, so all are kept and nothing should be concluded
    cpu_us: dict[str, Spread]
    overhead: dict[str, dict[str, Ratio]]  # (first - floor) / (second - floor)
    whole: dict[str, dict[str, Ratio]]  # first / second


class Transfer(Struct, frozen=True):
    """Bodies of one size in one way: megabytes (10^6) per second of CPU time, and how many times another's."""

    bytes: int
    way: str  # down: responses, up: requests
    level: Level  # CPU time per body
    mb_per_cpu_second: dict[str, Spread]
    against: dict[str, dict[str, Ratio]]  # first / second


class Held(Struct, frozen=True):
    """Idle connections, bytes of user memory for each, and the requests that passed on others meanwhile.

    `lost` are those that did not answer once more at the end.
    """

    held: int
    lost: int
    pss: float
    rss: float
    requests: int
    p99_us: float


class Work(Struct, frozen=True):
    """What a contender was seen to do to one request, and to log of many."""

    headers_added: list[str]
    logged: int
    of: int


class Syscalls(Struct, frozen=True):
    """Calls per request by role of the thread and by name."""

    connections: int
    requests: int
    by_role: dict[str, dict[str, float]]


class Instructions(Struct, frozen=True):
    """Instructions in user space per request by role, and where most of them are spent."""

    requests: int
    by_role: dict[str, float]
    top: list[tuple[str, float]]


class Lines(Struct, frozen=True):
    """Instructions, and lines of memory that a simulated cache did not hold, in user space per request."""

    instructions: float
    code: float  # first level, instructions
    data: float  # first level, reads and writes of data
    second: float  # second level, all


class Misses(Struct, frozen=True):
    """The same of a contender, and which stages of a profile it falls to."""

    connections: int
    requests: int
    all: Lines
    stages: dict[str, Lines]


class Memory(Struct, frozen=True):
    """Bytes of user memory for each idle connection, and the process before them in KiB."""

    connections: int
    pss: float
    rss: float
    before_pss_kib: int
    after_pss_kib: int


class Publish(Struct, frozen=True):
    """Milliseconds from a change to its effect on every connection, over a number of edits of one of many routes."""

    routes: int
    workers: int
    edits: int
    start_seconds: float
    edit_to_effect: Spread
    edit_to_effect_p99: float
    publish_to_effect: Spread | None
    publish_to_effect_p99: float | None
    background_requests: int
    background_failed: int


class LookupRow(Struct, frozen=True):
    """A lookup among `hosts` times `paths` routes, in nanoseconds of CPU time."""

    hosts: int
    paths: int
    lookup_ns: float

    @property
    def routes(self) -> int:
        return self.hosts * self.paths


class Lookup(Struct, frozen=True):
    """`miss_ns` is what one read costs that no cache holds: with many routes a lookup is a few of these."""

    lookups: list[LookupRow]
    miss_ns: float


class Effect(Struct, frozen=True):
    """Milliseconds from the sending of a change to the API server until the last connection sees it."""

    ms: Spread
    p99: float


class Outage(Struct, frozen=True):
    """What the API server would have received per minute: connections begun, pieces of data on those that are open."""

    connections: float
    pieces: float


class ColdStart(Struct, frozen=True):
    """Seconds from the start of the process. `ready` is None for one that does not say so.

    `requests` were answered by the API server until then, and `cpu` seconds taken.
    """

    ready: Spread | None
    served: Spread
    cpu: Spread
    requests: Spread


class Mixed(Struct, frozen=True):
    """Requests while very many objects change; `failed` are all that were not answered as they should be."""

    changes: int
    seconds: float
    requests: int
    handshakes: int
    failed: int


class Controller(Struct, frozen=True):
    """One contender on the cluster. `control_pss_mib` is of the process that watches, `pss_mib` of all of it."""

    version: str
    start: ColdStart
    secrets_start: ColdStart  # with the Secrets, too
    created: Effect
    moved: Effect
    control_pss_mib: float
    pss_mib: float
    idle_per_minute: float  # requests
    killed: Outage
    frozen: Outage
    mixed: Mixed


class Cluster(Struct, frozen=True):
    """`load` is the machine's load average before each turn of a contender."""

    ingresses: int
    slices: int
    secrets: int
    fill_seconds: float
    load: list[float]
    controllers: dict[str, Controller]
    absent: dict[str, str]


class Results(Struct, omit_defaults=True):
    """Everything. A measure that did not run is unset; one that could not run for a contender is missing its name."""

    format: int
    facts: dict[str, Any]
    settings: dict[str, Any]
    peers: dict[str, str]
    absent: dict[str, str]
    work: dict[str, Work] | UnsetType = UNSET
    cpu: list[Level] | UnsetType = UNSET
    crossed: list[Level] | UnsetType = UNSET  # the contender on a core of its own
    connect: dict[str, Level] | UnsetType = UNSET  # by who closes
    transfer: list[Transfer] | UnsetType = UNSET
    syscalls: dict[str, list[Syscalls]] | UnsetType = UNSET
    instructions: dict[str, Instructions] | UnsetType = UNSET
    routes: dict[str, Instructions] | UnsetType = UNSET  # ours, by what is configured
    misses: dict[str, list[Misses]] | UnsetType = UNSET
    replay: dict[str, Any] | UnsetType | None = UNSET
    lookup: Lookup | UnsetType | None = UNSET
    publish: Publish | UnsetType | None = UNSET
    memory: dict[str, Memory] | UnsetType = UNSET
    held: dict[str, Held] | UnsetType = UNSET
    micro: dict[str, Any] | UnsetType = UNSET
    cluster: Cluster | UnsetType | None = UNSET
