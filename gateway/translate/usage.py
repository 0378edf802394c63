"""Who uses a backend, and who of them decides about it.

All routes to one Service port share one backend, and the oldest Ingress decides how it is reached. A backend may have
as many users as there are Ingresses, so they are searched only while they disagree.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from gateway.ir.ids import BackendId

User = TypeVar("User", bound=Hashable)


class Usage(Generic[User]):
    def __init__(self) -> None:
        self._users: dict[BackendId, dict[User, bool]] = {}  # whether each wants service-upstream
        self._wanting: dict[BackendId, int] = {}
        self._disputed: set[BackendId] = set()

    @property
    def disputed(self) -> AbstractSet[BackendId]:
        """Backends whose users disagree."""
        return self._disputed

    def add(self, user: User, backends: Iterable[BackendId], *, upstream: bool) -> None:
        for backend in backends:
            self._users.setdefault(backend, {})[user] = upstream
            self._count(backend, int(upstream))

    def remove(self, user: User, backends: Iterable[BackendId]) -> None:
        for backend in backends:
            users = self._users[backend]
            wanted = users.pop(user)
            if not users:
                del self._users[backend]
            self._count(backend, -int(wanted))

    def users(self, backend: BackendId) -> Collection[User]:
        return self._users.get(backend, {}).keys()

    def decide(self, backend: BackendId, senior: Callable[[Collection[User]], User]) -> bool:
        """Whether its cluster IP is used. `senior` picks the user whose word counts. There is at least one user."""
        users = self._users[backend]
        return users[senior(users.keys())] if backend in self._disputed else self._wanting[backend] > 0

    def _count(self, backend: BackendId, step: int) -> None:
        users = len(self._users.get(backend, {}))
        wanting = self._wanting.get(backend, 0) + step
        if users:
            self._wanting[backend] = wanting
        else:
            self._wanting.pop(backend, None)
        if 0 < wanting < users:
            self._disputed.add(backend)
        else:
            self._disputed.discard(backend)
