"""What a reflector tells when all goes well: by initial events, by lists, of one object, of malformed ones."""

import base64

import pytest

from gateway.ir.secret import Secret as SecretBytes
from gateway.kube.pace import Pace
from gateway.kube.target import Target
from gateway.objects.core import EndpointSlice, Secret
from gateway.objects.meta import ObjectKey
from gateway.objects.problems import Flaw
from tests.support.api_faults import FOR_EVER, Answer
from tests.support.fake_api_server import serving
from tests.support.reflecting import reflecting

INGRESSES = Target("Ingress")


@pytest.mark.parametrize("mode", ["on", "off", "refused"])
async def test_what_is_there_and_every_change_is_told(mode: str) -> None:
    async with serving() as server:
        server.initial_events = mode
        server.apply("Ingress", "a", spec={"rules": [{"host": "a.example.com"}]})
        server.apply("Ingress", "b", "shop")
        async with reflecting(server, INGRESSES) as one:
            if mode == "off":
                await server.watched("ingresses")
                await one.clock.bounded(10)
                one.clock.advance(10)  # the end of the initial events never comes
            await one.heard.until(lambda: one.heard.synced)
            assert one.heard.objects.keys() == {
                ObjectKey("Ingress", "default", "a"),
                ObjectKey("Ingress", "shop", "b"),
            }
            assert len(one.heard.batches) == 1
            await server.until(lambda: len(server.watches) == 1)
            server.apply("Ingress", "c")
            await one.heard.names("a", "b", "c")
            changed = server.apply("Ingress", "a", spec={})
            await one.heard.until(lambda: one.heard.version("a") == changed["metadata"]["resourceVersion"])
            server.delete("Ingress", "b", "shop")
            await one.heard.names("a", "c")
            assert one.heard.synced == 1
            assert [health.healthy for health in one.heard.health] == [True]
        listed = server.requests["list", "ingresses"]
        assert (listed, server.requests["watch", "ingresses"]) == {"on": (0, 1), "off": (1, 2), "refused": (1, 2)}[mode]


async def test_an_empty_cluster_is_synced_too() -> None:
    async with serving() as server, reflecting(server, INGRESSES) as one:
        await one.heard.until(lambda: one.heard.synced)
        assert one.heard.batches == []
        assert one.reflector.is_synced


async def test_a_long_list_is_taken_in_pages() -> None:
    async with serving() as server:
        server.initial_events = "refused"
        for number in range(1_201):
            server.apply("Service", f"s-{number:04}")
        async with reflecting(server, Target("Service")) as one:
            await one.heard.until(lambda: one.heard.synced)
            assert len(one.heard.objects) == 1_201
        lists = [request.query for request in server.seen if request.verb == "list"]
        assert [query.get("resourceVersion") for query in lists] == ["0", None, None]
        assert [query["limit"] for query in lists] == ["500"] * 3
        assert ["continue" in query for query in lists] == [False, True, True]


async def test_watches_ask_for_bookmarks_and_an_end_and_go_on_from_there() -> None:
    async with serving() as server:
        server.apply("Ingress", "a")
        async with reflecting(server, INGRESSES) as one:
            watch = await server.watched("ingresses")
            await one.heard.until(lambda: one.heard.health)
            assert watch.query["allowWatchBookmarks"] == "true"
            assert 300 <= int(watch.query["timeoutSeconds"]) <= 600
            server.apply("Service", "elsewhere")
            server.send_bookmarks()
            one.clock.advance(80)
            server.end_watches()
            await server.until(lambda: server.requests["watch", "ingresses"] == 2)
            assert server.seen[-1].query["resourceVersion"] == str(server.store.version)
            assert "sendInitialEvents" not in server.seen[-1].query
            assert one.counters["failures"] == 0
            assert one.clock.slept == []  # it lived long enough
            server.apply("Ingress", "b")
            await server.watched("ingresses")
            await one.heard.names("a", "b")
        assert server.requests["list", "ingresses"] == 0


async def test_one_object_by_its_name() -> None:
    async with serving() as server:
        tls = Target("Secret", "shop", "tls")
        server.apply("Secret", "other", "shop", data={})
        async with reflecting(server, tls) as one:
            await one.heard.until(lambda: one.heard.synced)
            assert one.heard.objects == {}
            key = base64.b64encode(b"the key").decode()
            server.apply("Secret", "tls", "shop", type="kubernetes.io/tls", data={"tls.key": key})
            server.apply("Secret", "other", "shop", data={"a": key})
            await one.heard.names("tls")
            (secret,) = one.heard.objects.values()
            assert isinstance(secret, Secret)
            assert type(secret.data["tls.key"]) is SecretBytes
            assert bytes(secret.data["tls.key"]) == b"the key"
            assert "the key" not in repr(one.heard.batches)
            server.delete("Secret", "tls", "shop")
            await one.heard.names()
        assert {request.query["fieldSelector"] for request in server.seen} == {"metadata.name=tls"}
        assert {request.namespace for request in server.seen} == {"shop"}


async def test_what_is_there_can_be_read_without_a_watch_which_goes_on_from_there() -> None:
    async with serving() as server:
        server.apply("Ingress", "a")
        server.faults.add(Answer(500, "InternalError", "no"), "list", "ingresses")
        async with reflecting(server, INGRESSES, read=True) as one:
            await one.clock.wake()
            await one.heard.until(lambda: one.heard.synced)
            assert one.heard.objects.keys() == {ObjectKey("Ingress", "default", "a")}
            assert [request.query.get("resourceVersion") for request in server.seen] == ["0", "0"]
            assert server.requests["watch", "ingresses"] == 0
            server.apply("Ingress", "b")
            one.go_on.set()
            await one.heard.names("a", "b")
        assert (server.requests["list", "ingresses"], server.requests["watch", "ingresses"]) == (2, 1)


async def test_one_object_that_a_cache_does_not_know_yet_is_asked_for_anew() -> None:
    """It may have been made a moment ago."""
    async with serving() as server, reflecting(server, Target("Secret", "shop", "tls"), read=True) as one:
        await one.heard.until(lambda: one.heard.synced)
        assert [request.query.get("resourceVersion") for request in server.seen] == ["0", None]
        assert not one.heard.objects


async def test_namespaces_and_selectors_are_left_to_the_server() -> None:
    async with serving() as server:
        server.apply("Service", "a", "shop", metadata={"labels": {"app": "web"}})
        server.apply("Service", "b", "shop")
        server.apply("Service", "c", "other", metadata={"labels": {"app": "web"}})
        async with reflecting(server, Target("Service", "shop", labels="app=web")) as one:
            await one.heard.names("a")


async def test_lists_that_are_null_are_no_flaw() -> None:
    async with serving() as server:
        server.apply("EndpointSlice", "idle", addressType="IPv4", endpoints=None, ports=None)
        async with reflecting(server, Target("EndpointSlice")) as one:
            await one.heard.names("idle")
            (found,) = one.heard.objects.values()
            assert isinstance(found, EndpointSlice)
            assert (found.endpoints, found.ports) == ((), ())
            assert one.heard.flaws == {}


async def test_annotations_that_nobody_reads_are_not_kept() -> None:
    async with serving() as server:
        unread = "kubectl.kubernetes.io/last-applied-configuration"
        server.apply("Ingress", "a", metadata={"annotations": {unread: "x" * 1_000, "kept": "yes"}})
        async with reflecting(server, INGRESSES) as one:
            await one.heard.names("a")
            (found,) = one.heard.objects.values()
            assert found.metadata.annotations == {"kept": "yes"}


@pytest.mark.parametrize("mode", ["on", "refused"])
async def test_a_malformed_object_keeps_its_last_good_version_and_costs_no_other(mode: str) -> None:
    key = ObjectKey("Ingress", "default", "bad")
    async with serving() as server:
        server.initial_events = mode
        good = server.apply("Ingress", "bad", spec={"rules": [{"host": "good.example.com"}]})
        server.apply("Ingress", "worse", spec={"rules": "none"})
        async with reflecting(server, INGRESSES) as one:
            await one.heard.until(lambda: one.heard.synced)
            await server.watched("ingresses")
            assert [name.name for name in one.heard.objects] == ["bad"]
            assert [name.name for name in one.heard.flaws] == ["worse"]
            server.apply("Ingress", "bad", spec={"rules": [{"host": 80}]})
            server.apply("Ingress", "other")
            await one.heard.until(lambda: key in one.heard.flaws)
            (problem,) = one.heard.flaws[key]
            assert (problem.flaw, problem.field) == (Flaw.WRONG_TYPE, "spec.rules[0].host")
            assert one.heard.version("bad") == good["metadata"]["resourceVersion"]
            await one.heard.names("bad", "other")
            # A list says the same again: nothing is told, and nothing is taken for gone.
            batches = len(one.heard.batches)
            server.store.compact()
            server.apply("Ingress", "fence")
            await one.heard.names("bad", "other", "fence")
            watch = await server.watched("ingresses")
            watch.send_status(410, "Expired", "too old")
            await one.clock.wake()
            await server.until(lambda: not server.watches)
            await server.watched("ingresses")
            server.delete("Ingress", "fence")
            await one.heard.names("bad", "other")
            assert one.counters["relists"] == 1
            assert one.counters["flawed"] == 2, "each version counts once"
            said = one.heard.batches[batches:]
            assert [batch.flaws for batch in said] == [{}, {}]
            assert [key.name for batch in said for key in (*batch.upserts, *batch.deletes)] == ["fence", "fence"]
            server.apply("Ingress", "bad", spec={})
            await one.heard.until(lambda: key not in one.heard.flaws)
            server.delete("Ingress", "worse")
            await one.heard.until(lambda: not one.heard.flaws)
            await one.heard.names("bad", "other")


async def test_a_flawed_secret_shows_nothing_of_its_data() -> None:
    async with serving() as server:
        server.apply("Secret", "tls", data={"tls.key": "hush!"})
        async with reflecting(server, Target("Secret", "default", "tls")) as one:
            await one.heard.until(lambda: one.heard.flaws)
            assert "hush" not in repr(one.heard.batches)
            ((problem,),) = one.heard.flaws.values()
            assert problem.flaw is Flaw.BAD_BASE64


UNKNOWN = Answer(404, "NotFound", "the server could not find the requested resource")


@pytest.mark.parametrize("mode", ["on", "refused"])
async def test_a_kind_that_the_server_does_not_know_is_asked_for_again_and_harms_nobody(mode: str) -> None:
    async with serving() as server, reflecting(server, Target("ReferenceGrant")) as one:
        server.initial_events = mode
        server.faults.add(UNKNOWN, "", "referencegrants", times=FOR_EVER)
        await one.heard.until(lambda: one.heard.synced)
        assert one.heard.objects == {}
        assert not [health for health in one.heard.health if not health.healthy]
        server.apply("ReferenceGrant", "a")
        server.faults.clear()
        await one.clock.until(lambda: one.clock.slept)
        assert one.clock.slept[-1] == Pace().absent
        one.clock.advance(Pace().absent)
        await one.heard.names("a")
        await server.watched("referencegrants")
        server.faults.add(UNKNOWN, "", "referencegrants", times=FOR_EVER)
        before = len(one.clock.slept)
        server.end_watches()
        await one.clock.until(lambda: len(one.clock.slept) > before)
        one.clock.advance(60)
        await one.heard.names()
        assert one.heard.synced == 1
        assert not [health for health in one.heard.health if not health.healthy]


async def test_a_kind_that_every_server_knows_and_this_one_does_not_is_a_failure() -> None:
    async with serving() as server, reflecting(server, Target("Ingress")) as one:
        server.faults.add(UNKNOWN, "", "ingresses", times=FOR_EVER)
        await one.heard.until(lambda: one.heard.health)
        assert not one.heard.health[0].healthy
        assert not one.heard.synced
