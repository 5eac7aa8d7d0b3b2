# syntax=docker/dockerfile:1
# One image for every process: `serve`, `poll`, `migrate`, `backup` ... (docs/operations.md). It holds no secret and writes nothing but to /data.

FROM python:3.12-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt requirements-traces.txt requirements.lock ./
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt -r requirements-traces.txt -c requirements.lock

FROM python:3.12-slim-bookworm
RUN groupadd --gid 10001 portolan \
 && useradd --uid 10001 --gid portolan --home-dir /data --no-create-home --shell /usr/sbin/nologin portolan \
 && install --directory --owner=portolan --group=portolan --mode=700 /data /data/prices
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
RUN /venv/bin/python -m compileall -q .
# Listening on every address needs AUTH=proxy: without it the server refuses to start.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORTOLAN_HOME=/data PORTOLAN_HOST=0.0.0.0 PORTOLAN_PORT=8050 LOG_FORMAT=json
USER 10001:10001
VOLUME /data
EXPOSE 8050
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORTOLAN_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["python", "app.py"]
CMD ["serve"]
