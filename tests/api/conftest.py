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


@pytest.fixture
def portfolio(client: TestClient) -> str:
    """Path of an empty portfolio in USD, in a workspace that knows AAPL."""
    assert client.put("/api/v1/instruments/AAPL", json={"name": "Apple", "currency": "USD"}).status_code == 201
    created = client.post("/api/v1/portfolios", json={"name": "Test"})
    assert created.status_code == 201, created.text
    return f"/api/v1/portfolios/{created.json()['id']}"
