"""What the data plane says about itself, on the reading side: access-log lines and metrics out of the shared memory.

`feed` is what the data-plane process uses. `_shm` (Cython) does the work; `shm_twin` and `lines` are the same in plain
Python, for tests and for measuring what the compiled reader is worth. Nothing here knows the engine or a socket.
"""
