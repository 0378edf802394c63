"""What the data plane says about itself, on the reading side: access-log lines and metrics out of the shared memory.

`_shm` (Cython) does the work and `metrics` makes the page of it; `shm_twin` and `lines` are the same as `_shm` in plain
Python, for tests and for measuring what the compiled reader is worth. Nothing here knows the engine or a socket.
"""
