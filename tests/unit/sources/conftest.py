"""Manifests to play with."""

from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def manifest() -> Callable[..., str]:
    def make(name: str = "shop", host: str = "shop.example.com", *, kind: str = "Ingress") -> str:
        return (
            "apiVersion: networking.k8s.io/v1\n"
            f"kind: {kind}\n"
            "metadata:\n"
            f"  name: {name}\n"
            "spec:\n"
            "  rules:\n"
            f"  - host: {host}\n"
        )

    return make
