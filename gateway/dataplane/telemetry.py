"""The reading side of the shared memory, bound to this process: which lines, which series."""

from gateway.dataplane.host import Slots, Telemetry


def open_telemetry(fd: int, access_log_format: str, slots: Slots) -> Telemetry:
    """Maps the memory that the engine has laid out. `access_log_format` is one of the names of the flag."""
    raise OSError(f"telemetry {fd} {access_log_format} {slots}")
