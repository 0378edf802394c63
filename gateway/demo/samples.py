"""What the demo consists of. The manifests in `manifests/` speak of the same hosts and Services."""

from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

NAMESPACE: Final = "default"
TLS_HOST: Final = "shop.example.com"
TLS_SECRET: Final = "shop-tls"  # noqa: S105 -- the name of one
CERTIFICATE_FILE: Final = "shop-tls.yaml"


class Backend(NamedTuple):
    """A demo server, and the Service that it stands for."""

    name: str
    service: str


class Visit(NamedTuple):
    """A request worth showing. Served over TLS with a certificate of the development CA, or over plain HTTP."""

    host: str
    path: str
    tls: bool = False


BACKENDS: Final = (
    Backend("blue", "webserver-blue-svc"),
    Backend("green", "webserver-green-svc"),
    Backend("shop", "shop-svc"),
    Backend("cart", "cart-svc"),
)
VISITS: Final = (
    Visit("blue.example.com", "/"),
    Visit("green.example.com", "/"),
    Visit(TLS_HOST, "/", tls=True),
    Visit("api.example.com", "/cart/items?sort=price"),
)


def copy_to(folder: Path) -> None:
    """Put the manifests there. A file that exists already is the user's, and stays as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for manifest in resources.files("gateway.demo").joinpath("manifests").iterdir():
        target = folder / manifest.name
        if manifest.name.endswith(".yaml") and not target.exists():
            target.write_bytes(manifest.read_bytes())
