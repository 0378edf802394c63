"""All scenes."""

from itertools import chain
from typing import Final

from tests.compare_nginx.scene import Scene
from tests.compare_nginx.scenes import (
    access,
    answers,
    backends,
    blocked,
    compression,
    forwarding,
    hosts,
    paths,
    redirects,
    regexes,
    wire,
)

SCENES: Final[tuple[Scene, ...]] = tuple(
    chain(
        hosts.SCENES,
        paths.SCENES,
        regexes.SCENES,
        redirects.SCENES,
        forwarding.SCENES,
        answers.SCENES,
        compression.SCENES,
        access.SCENES,
        blocked.SCENES,
        backends.SCENES,
        wire.SCENES,
    )
)
