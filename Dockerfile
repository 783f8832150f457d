# One image for all processes of Machi; docker-compose.yml says which one a container runs.

FROM node:22-trixie-slim AS console
WORKDIR /src
COPY console console
RUN cd console && npm ci && npm run build

FROM python:3.13-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/machi
WORKDIR /src
COPY requirements.lock ./
RUN /opt/machi/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY adapters adapters
COPY broker_bridge broker_bridge
COPY context_api context_api
COPY deploy deploy
COPY devices devices
COPY --from=console /src/context_api/http/console context_api/http/console
RUN /opt/machi/bin/pip install --no-deps --no-build-isolation .

FROM python:3.13-slim-trixie
# 1883 is the account of the broker's image: the worker writes the password file that the broker reads.
RUN groupadd --gid 1883 machi \
    && useradd --uid 1883 --gid machi --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin machi \
    && install -d -o machi -g machi -m 0700 /var/lib/machi /var/lib/machi/broker
COPY --from=build /opt/machi /opt/machi
COPY LICENSE NOTICE /usr/share/doc/machi/
ENV PATH=/opt/machi/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MACHI_DATA_DIR=/var/lib/machi
USER machi
WORKDIR /var/lib/machi
ENTRYPOINT ["machi"]
CMD ["--help"]
