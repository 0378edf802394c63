# The image of both containers: `sallygate control` and `sallygate dataplane`.
#
#   docker build --tag sallygate .                              everything from source (about ten minutes)
#   docker build --tag sallygate --build-arg WHEELS=given .     from the wheels in dist/: `pip wheel --wheel-dir dist .`
#
# BASE is both where it is built and where it runs, so that the wheels fit. Pin it for a release:
# --build-arg BASE=python:3.13-slim-bookworm@sha256:…

ARG BASE=python:3.13-slim-bookworm
ARG RUST=rust:1.95-slim-bookworm
ARG WHEELS=built


FROM ${RUST} AS rust


# --- our wheel and those it depends on, in /wheels ---

FROM ${BASE} AS wheels-built
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential perl make \
    && rm -rf /var/lib/apt/lists/*
COPY --from=rust /usr/local/rustup /usr/local/rustup
COPY --from=rust /usr/local/cargo /usr/local/cargo
# The image's one toolchain, whatever components rust-toolchain.toml asks for: linters are not needed here.
ENV RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:$PATH RUSTUP_TOOLCHAIN=1.95
COPY . /source
RUN python3 -m pip wheel --no-cache-dir --wheel-dir /wheels /source

FROM ${BASE} AS wheels-given
COPY dist/ /wheels/

FROM wheels-${WHEELS} AS wheels


# --- an environment with nothing but them: no pip, bytecode compiled beforehand ---

FROM ${BASE} AS environment
COPY --from=wheels /wheels /wheels
# The Kubernetes client's models are 50 MB of bytecode that is never used: only its transport is.
RUN python3 -m venv --without-pip /opt/sallygate \
    && python3 -m pip --python /opt/sallygate/bin/python install --no-cache-dir --no-compile --no-index \
        --find-links /wheels sallygate \
    && python3 -m compileall -q --invalidation-mode unchecked-hash -x '/kubernetes/.*(models|api)/' /opt/sallygate \
    && /opt/sallygate/bin/sallygate version


# --- what runs ---

FROM ${BASE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sallygate" \
      org.opencontainers.image.description="An ingress gateway for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=environment /opt/sallygate /opt/sallygate
# `low-ports` is setpriv with one file capability. It lets a user that is not root bind ports below 1024 where the
# container was given NET_BIND_SERVICE, and does nothing where it was not. Written as what setcap would write.
RUN cp /usr/bin/setpriv /usr/local/bin/low-ports \
    && python3 -c 'import os, struct; os.setxattr("/usr/local/bin/low-ports", "security.capability", struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0))' \
    && install --directory --owner=65532 --group=65532 --mode=0700 /run/sallygate
ENV PATH=/opt/sallygate/bin:$PATH \
    HOME=/run/sallygate \
    TMPDIR=/run/sallygate \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8080 8443 10254
# Nothing but /run/sallygate is ever written, so the root can be mounted read-only with a tmpfs there.
ENTRYPOINT ["sallygate"]
CMD ["--help"]
