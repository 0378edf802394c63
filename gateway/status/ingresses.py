"""Ingresses as the store has them, for the reporter. Must not know why one is served."""

from collections.abc import Callable, Iterable, Iterator

from gateway.objects.ingress import Ingress
from gateway.status.coverage import Name
from gateway.status.plan import Seen
from gateway.store.view import View


class StoredIngresses:
    """`names` gives those that are served."""

    def __init__(self, view: View, names: Callable[[], Iterable[Name]]) -> None:
        self._view = view
        self._names = names

    def served(self) -> Iterator[Seen]:
        """Those that still exist, each with an identity: objects of files have no status."""
        for name in self._names():
            one = self.find(name)
            if one is not None:
                yield one

    def find(self, name: Name) -> Seen | None:
        ingress = self._view.ingress(*name)
        return _seen(ingress) if ingress is not None and ingress.metadata.uid else None


def _seen(ingress: Ingress) -> Seen:
    meta = ingress.metadata
    return Seen(meta.namespace, meta.name, meta.uid, meta.resource_version, ingress.status.load_balancer.ingress)
