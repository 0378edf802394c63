"""Makes the sample folder ready: manifests, and the certificate of their TLS host. Loads the compiled library."""

import time
from pathlib import Path

from gateway import _core
from gateway.demo import certificates, samples


def prepare(state_dir: Path, folder: Path) -> None:
    """OSError where something cannot be written."""
    samples.copy_to(folder)
    certificates.prepare(_core, state_dir, folder, time.time)
