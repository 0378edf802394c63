"""The composition root of the control plane: the only module that knows every concrete class. Decides nothing."""

import asyncio
import gc
import os
import random
import signal
import socket
import time
import traceback
import uuid
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import chain
from typing import NamedTuple

import msgspec

from gateway import _core
from gateway.base.clock import SystemClock
from gateway.encode.digest import Digest
from gateway.encode.tree import Tree
from gateway.ir.backend import Endpoint
from gateway.ir.ids import BackendId, CertificateId
from gateway.kube.client import Client
from gateway.objects.meta import ObjectKey
from gateway.pipeline import Pipeline
from gateway.publish.announcer import Announcer
from gateway.publish.outcome import Accepted, Outcome
from gateway.publish.publisher import Publisher
from gateway.publish.refusals import Refusal
from gateway.reporting import Reporting
from gateway.settings.control import ControlSettings, SettingsError
from gateway.settings.values import ObjectName, ServiceMapping
from gateway.sources.kubernetes import KubernetesSource
from gateway.sources.names import NamesSource
from gateway.sources.source import Source
from gateway.status.ingresses import StoredIngresses
from gateway.status.spokesman import Identity, Spokesman, Surroundings
from gateway.store.events import Delete, Event, Upsert
from gateway.store.store import Locate, Store
from gateway.supervise.link import Notifier
from gateway.survey.asking import SOCKET as SURVEY_SOCKET
from gateway.survey.asking import Answering
from gateway.survey.reading import read
from gateway.survey.standing import Standing, stand
from gateway.telemetry.resources import read_resources
from gateway.translate.rules import Rules, ServiceMap
from gateway.translate.translate import Translator
from gateway.verdicts.news import News
from gateway.verdicts.reasons_publish import SNAPSHOT_REFUSED, UNIT_REFUSED
from gateway.verdicts.verdict import Verdict

SOCKET = "dataplane.sock"
# Python's collector of cycles walks what is young after so many new objects, not after 2,000: thousands of objects that
# all stay come at once. What it finds late is a few megabytes at most, as hardly anything here is a cycle.
YOUNG_OBJECTS, YOUNG_WALKS, OLD_WALKS = 20_000, 20, 20

Say = Callable[[str], None]
Notify = Callable[[str, dict[str, object]], None]
Resolve = Callable[[str], str]


class Control:
    """Everything, put together. `run` serves until it is cancelled."""

    def __init__(
        self, settings: ControlSettings, origin: "Input", *, say: Say, notify: Notify, resolve: Resolve
    ) -> None:
        self._say = say
        self._news = News()
        self._moving = origin.locate is not None
        self._store = Store(origin.locate)
        own = rules(settings, service_map(settings.sources.maps, resolve))
        self._translator = Translator(self._store, own)
        self._tree = Tree()
        self._standing = Standing(self._store, self._translator, self._tree, own, self._verdicts, _core.explain)
        self._survey = settings.process.state_dir / SURVEY_SOCKET
        self._announcer = Announcer(
            self._tree, say=say, notify=notify, refused=self._judge, now=_local_time, monotonic=time.monotonic
        )
        self._publisher = Publisher(
            settings.process.state_dir / SOCKET,
            self._tree,
            tell=self._hear,
            pid=os.getpid(),
            monotonic=time.monotonic,
            now=_local_time,
        )
        self._pipeline = Pipeline(
            _sources(origin),
            self._store,
            self._translator,
            self._tree,
            offer=self._publisher.offer,
            unchanged=self._announcer.unchanged,
            judged=self._judge,
            complain=say,
            heard=self._heard,
            done=self._done,
            pace=settings.pace,
            monotonic=time.monotonic,
        )
        self._settled = False
        self._spokesman: Spokesman | None = None
        if origin.client is not None:
            self._spokesman = _spokesman(settings, origin.client, self._store, self._translator, say)
        self._reporting = Reporting(
            self._publisher.report,
            cluster=origin.cluster,
            spokesman=self._spokesman,
            verdicts=self._news.severities,
            used=read_resources,
            clock=SystemClock(),
        )

    async def run(self) -> None:
        answering = Answering(lambda: self._standing if self._tree.root is not None else None)
        async with answering.serve(self._survey, self._say), asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publisher.run(), name="publisher")
            tasks.create_task(self._pipeline.run(), name="pipeline")
            tasks.create_task(self._reporting.run(), name="reporting")
            if self._spokesman is not None:
                tasks.create_task(self._spokesman.run(), name="spokesman")

    async def end(self) -> None:
        """After `run` was cancelled: the cluster is told that we leave. Bounded in time."""
        if self._spokesman is not None:
            await self._spokesman.end()

    def _heard(self, events: Sequence[Event]) -> None:
        if self._spokesman is not None and any(
            isinstance(event, Upsert | Delete) and event.key.kind == "Ingress" for event in events
        ):
            self._spokesman.changed()

    def _done(self, root: Digest) -> None:
        changes = self._translator.take_served()  # taken in any case, or it would grow for ever
        if self._spokesman is not None:
            self._spokesman.offered(root, changes)

    def _hear(self, outcome: Outcome) -> None:
        self._announcer.hear(outcome)
        if isinstance(outcome, Accepted) and self._spokesman is not None:
            self._spokesman.accepted(outcome.root)
        if isinstance(outcome, Accepted) and not self._settled:
            self._settled = True
            gc.freeze()  # what is loaded now mostly stays; walking it again and again would delay later changes

    def _judge(self) -> bool:
        """Say what is new of all verdicts that stand; was there anything?"""
        lines = self._news.of(self._said(), self._place, anew=self._moving)
        for line in lines:
            self._say(line)
        if lines and self._spokesman is not None:
            self._spokesman.judged(self._bare)
        return bool(lines)

    def _said(self) -> Iterable[tuple[Hashable, tuple[Verdict, ...]]]:
        return chain(self._store.said(), self._translator.said(), [("refusals", tuple(self._refusals()))])

    def _place(self, verdict: Verdict) -> Verdict:
        return verdict if verdict.origin is not None else self._translator.place(verdict)

    def _bare(self) -> Iterable[Verdict]:
        return (verdict for _, said in self._said() for verdict in said)

    def _verdicts(self) -> list[Verdict]:
        return [*self._store.verdicts(), *self._translator.verdicts(), *self._refusals()]

    def _refusals(self) -> Iterable[Verdict]:
        for refusal in self._announcer.refusals():
            subject = refusal.object
            origin = self._store.origin(subject.kind, subject.namespace, subject.name, refusal.field)
            yield msgspec.structs.replace(_verdict(refusal), origin=origin)


class Input(NamedTuple):
    """Where objects come from, and where a field of one was written, as far as that can be said."""

    source: Source
    locate: Locate | None = None
    client: Client | None = None
    """For what is written to the cluster."""
    cluster: KubernetesSource | None = None
    """The source, where it is a cluster."""


@asynccontextmanager
async def source_of(settings: ControlSettings, say: Say) -> AsyncIterator[Input]:
    """Files where some are named, otherwise the cluster. Raises KubeconfigError."""
    if settings.sources.paths:
        from gateway.sources.files import FilesSource  # noqa: PLC0415 -- loads what reads and watches files

        files = FilesSource(settings.sources.paths)
        yield Input(files, files.origin)
        return
    client = await Client.connect(settings.cluster)
    try:
        say(f"cluster: watching {client.server}")
        backend = settings.ingress.default_backend_service
        source = KubernetesSource(client, client.server, settings.watch, default_backend=backend, say=say)
        yield Input(source, client=client, cluster=source)
    finally:
        await client.close()


def _sources(origin: Input) -> list[Source]:
    return [origin.source, NamesSource(_addresses, clock=SystemClock())]


async def _addresses(host: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def _spokesman(settings: ControlSettings, client: Client, store: Store, translator: Translator, say: Say) -> Spokesman:
    identity = Identity(client.namespace, os.environ.get("POD_NAME", ""), str(uuid.uuid4()))
    return Spokesman(
        client,
        identity,
        settings.status,
        settings.election,
        ingresses=StoredIngresses(store, translator.served),
        uid_of=lambda ref: store.uid(ObjectKey(ref.kind, ref.namespace, ref.name)),
        around=Surroundings(SystemClock(), lambda: datetime.now(UTC), random.random, say),
    )


def rules(control: ControlSettings, services: ServiceMap) -> Rules:
    settings, watch = control.ingress, control.watch
    certificate, backend = settings.default_ssl_certificate, settings.default_backend_service
    return Rules(
        check_regex=_core.check_regex,
        check_certificate=_core.check_certificate,
        check_authority=_core.check_authority,
        check_ciphers=_core.check_ciphers,
        check_groups=_core.check_groups,
        now=time.time,
        service_map=services,
        ingress_class=settings.ingress_class,
        controller_class=settings.controller_class,
        ingress_class_by_name=settings.ingress_class_by_name,
        watch_ingress_without_class=settings.watch_ingress_without_class,
        class_objects_required=not control.sources.paths,
        annotations_prefix=settings.annotations_prefix,
        external_names=not settings.disable_svc_external_name,
        catch_all=not settings.disable_catch_all,
        without_snippets=settings.serve_without_snippets,
        options=_config_map(watch.configmap),
        tcp_services=_config_map(watch.tcp_services_configmap),
        udp_services=_config_map(watch.udp_services_configmap),
        default_ssl_certificate=CertificateId(certificate.namespace, certificate.name) if certificate else None,
        default_backend_service=BackendId(backend.namespace, backend.name, "") if backend else None,
    )


def _config_map(named: ObjectName | None) -> ObjectKey | None:
    return ObjectKey("ConfigMap", named.namespace, named.name) if named else None


def service_map(mappings: Iterable[ServiceMapping], resolve: Resolve) -> ServiceMap:
    """A mapping that names the port wins over one that does not, and of equals the last."""
    found = {
        (mapping.namespace, mapping.service, mapping.port): (Endpoint(_address(mapping, resolve), mapping.target),)
        for mapping in mappings
    }

    def endpoints(namespace: str, service: str, port: str) -> tuple[Endpoint, ...] | None:
        return found.get((namespace, service, port)) or found.get((namespace, service, ""))

    return endpoints


def _address(mapping: ServiceMapping, resolve: Resolve) -> str:
    """Endpoints are addresses. A name is looked up once, at the start."""
    try:
        return str(ip_address(mapping.host))
    except ValueError:
        pass
    try:
        return resolve(mapping.host)
    except OSError as error:
        raise SettingsError(
            f"--map {str(mapping)!r}: the name {mapping.host} cannot be resolved ({error.strerror}); give an IP address"
        ) from error


def _verdict(refusal: Refusal) -> Verdict:
    if not refusal.whole:
        fix = "change it; it is tried again as soon as it is different"
        return UNIT_REFUSED.verdict(
            refusal.object, refusal.field, "", f"the data plane refused {refusal.what}: {refusal.detail}", fix
        )
    fix = "run the same release on both sides, and report this"
    return SNAPSHOT_REFUSED.verdict(
        refusal.object, refusal.field, "", f"the data plane refused {refusal.what}: {refusal.detail}", fix
    )


def _local_time() -> datetime:
    return datetime.now().astimezone()


def _resolve(name: str) -> str:
    """The first IPv4 address if there is one: what listens on a laptop mostly listens there."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return str(min(found, key=lambda each: each[0] != socket.AF_INET)[4][0])


async def survey(settings: ControlSettings, say: Say) -> Standing:
    """Read everything once, for commands that only tell. Raises KubeconfigError, SettingsError and NotReadError."""
    async with source_of(settings, say) as origin:
        own = rules(settings, service_map(settings.sources.maps, _resolve))
        standing = stand(own, origin.locate, _core.explain)
        await read(_sources(origin), standing)
        return standing


def rules_alone(control: ControlSettings) -> Rules:
    """For an object that is judged on its own, with no cluster to ask about its class or its Services."""
    return msgspec.structs.replace(rules(control, service_map((), _resolve)), class_objects_required=False)


async def serve(settings: ControlSettings, say: Say) -> bool:
    """Until SIGTERM, SIGINT or the end of the lifeline. False after an internal error, which has then been told.

    Raises KubeconfigError and SettingsError before anything is served.
    """
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_WALKS, OLD_WALKS)
    settings.process.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    notifier = Notifier(settings.process.notify)

    def notify(event: str, fields: dict[str, object]) -> None:
        notifier.tell(event, **fields)

    async with source_of(settings, say) as origin:
        control = Control(settings, origin, say=say, notify=notify, resolve=_resolve)
        return await _run(control, settings, say)


async def _run(control: Control, settings: ControlSettings, say: Say) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _watch(loop, settings.process.lifeline, stop)
    running = asyncio.ensure_future(control.run())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if running.done() and (error := running.exception()) is not None:
        say(f"control: internal error; the data plane serves on:\n{''.join(traceback.format_exception(error))}")
        return False
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await control.end()
    return True


def _watch(loop: asyncio.AbstractEventLoop, lifeline: int | None, stop: asyncio.Event) -> None:
    """The supervisor never writes to this pipe: it can be read when, and only when, its other end is gone."""
    if lifeline is None:
        return

    def gone() -> None:
        loop.remove_reader(lifeline)
        stop.set()

    loop.add_reader(lifeline, gone)
