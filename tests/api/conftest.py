"""A server with the API alone, in which each test is somebody else in a workspace of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import api
from api import dependencies
from engine.types import Actor
from services import Services


@pytest.fixture(scope="session")
def server(services: Services) -> FastAPI:
    app = FastAPI(title="Portolan", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    api.install(app, services)
    return app


@pytest.fixture
def client(server: FastAPI, actor: Actor) -> Iterator[TestClient]:
    server.dependency_overrides[dependencies.actor] = lambda: actor
    yield TestClient(server, raise_server_exceptions=False)
    server.dependency_overrides.clear()
