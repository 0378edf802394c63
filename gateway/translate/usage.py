"""Who uses a backend, and who of them decides about it.

All routes to one Service port share one backend, and the oldest Ingress decides how it is reached and how its endpoints
are chosen. A backend may have as many users as there are Ingresses, so they are searched only while they disagree.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, NamedTuple, TypeVar

from gateway.ir.backend import Balance
from gateway.ir.ids import BackendId

User = TypeVar("User", bound=Hashable)


class Want(NamedTuple):
    """What a user wants of a backend. `upstream`: that its cluster IP is used."""

    upstream: bool = False
    balance: Balance = Balance.ROUND_ROBIN


class Usage(Generic[User]):
    def __init__(self) -> None:
        self._users: dict[BackendId, dict[User, Want]] = {}
        self._wants: dict[BackendId, Counter[Want]] = {}
        self._disputed: set[BackendId] = set()

    @property
    def disputed(self) -> AbstractSet[BackendId]:
        """Backends whose users disagree."""
        return self._disputed

    def add(self, user: User, backends: Iterable[BackendId], want: Want) -> None:
        for backend in backends:
            self._users.setdefault(backend, {})[user] = want
            self._count(backend, want, 1)

    def remove(self, user: User, backends: Iterable[BackendId]) -> None:
        for backend in backends:
            users = self._users[backend]
            want = users.pop(user)
            if not users:
                del self._users[backend]
            self._count(backend, want, -1)

    def users(self, backend: BackendId) -> Collection[User]:
        return self._users.get(backend, {}).keys()

    def decide(self, backend: BackendId, senior: Callable[[Collection[User]], User]) -> Want:
        """What is done. `senior` picks the user whose word counts. There is at least one user."""
        if backend in self._disputed:
            users = self._users[backend]
            return users[senior(users.keys())]
        return next(iter(self._wants[backend]))

    def _count(self, backend: BackendId, want: Want, step: int) -> None:
        wants = self._wants.setdefault(backend, Counter())
        wants[want] += step
        if not wants[want]:
            del wants[want]
        if not wants:
            del self._wants[backend]
        if len(wants) > 1:
            self._disputed.add(backend)
        else:
            self._disputed.discard(backend)
