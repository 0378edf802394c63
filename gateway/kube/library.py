"""Lets the `kubernetes` library's packages be entered without loading everything that they hold.

Importing any module of it runs the `__init__` of its parents, which load both clients, OAuth, websockets and informers:
a third of a second at every start, and 25 MB that stay. Nobody here uses them. So the parents are put in place without
being run, and run when somebody asks for what they do not have.
"""

import importlib.util
import sys
from types import ModuleType
from typing import Any, Final

PARENTS: Final = ("kubernetes", "kubernetes.aio")


class _Later(ModuleType):
    """A package whose `__init__` runs at the first look at something that only it can give."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if (name.startswith("__") and name != "__version__") or spec is None or spec.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = ModuleType  # type: ignore[assignment]  # once, and not while it runs
        spec.loader.exec_module(self)
        return getattr(self, name)


def prepare() -> None:
    """Before the first import from the library; without effect after that."""
    for name in PARENTS:
        if name in sys.modules:
            continue
        spec = importlib.util.find_spec(name)
        if spec is None:
            return  # the import that follows says so
        module = _Later(name)
        module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, spec.origin
        module.__path__ = list(spec.submodule_search_locations or ())
        module.__package__ = name
        sys.modules[name] = module
        above, _, last = name.rpartition(".")
        if above:
            setattr(sys.modules[above], last, module)
