"""Every option there is, in the order of the reference page. The only list of them."""

from typing import Final

from gateway.translate.configmap import (
    access,
    authorisation,
    backends,
    clients,
    compression,
    forwarding,
    http2,
    logs,
    process,
    redirects,
    removed,
    responses,
    snippets,
    streams,
    tls,
    tracing,
)
from gateway.translate.configmap.declare import Option

TABLE: Final[tuple[Option, ...]] = (
    *forwarding.ROWS,
    *backends.ROWS,
    *redirects.ROWS,
    *responses.ROWS,
    *compression.ROWS,
    *tls.ROWS,
    *http2.ROWS,
    *clients.ROWS,
    *access.ROWS,
    *authorisation.ROWS,
    *logs.ROWS,
    *tracing.ROWS,
    *streams.ROWS,
    *snippets.ROWS,
    *process.ROWS,
    *removed.ROWS,
)

BY_NAME: Final[dict[str, Option]] = {row.name: row for row in TABLE}
