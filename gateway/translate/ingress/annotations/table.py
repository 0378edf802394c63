"""Every annotation there is, in the order of the reference page. The only list of them."""

from typing import Any, Final

from gateway.translate.ingress.annotations import (
    access,
    affinity,
    auth,
    balance,
    canary,
    client_tls,
    cors,
    errors,
    external,
    headers,
    legacy,
    mirror,
    proxy,
    redirects,
    routing,
    snippets,
    telemetry,
    tls,
)
from gateway.translate.ingress.annotations.declare import Annotation

TABLE: Final[tuple[Annotation[Any], ...]] = (
    *routing.ROWS,
    *redirects.ROWS,
    *proxy.ROWS,
    *errors.ROWS,
    *headers.ROWS,
    *mirror.ROWS,
    *balance.ROWS,
    *affinity.ROWS,
    *canary.ROWS,
    *auth.ROWS,
    *external.ROWS,
    *client_tls.ROWS,
    *access.ROWS,
    *cors.ROWS,
    *tls.ROWS,
    *telemetry.ROWS,
    *snippets.ROWS,
    *legacy.ROWS,
)

BY_NAME: Final[dict[str, Annotation[Any]]] = {row.name: row for row in TABLE}
