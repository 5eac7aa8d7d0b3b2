"""Imports and exports over HTTP: answers, refusals, keys, limits."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from api.guard import BODY_LIMIT_BYTES, FILE_LIMIT_BYTES, limit_of

GOOD = "date,kind,symbol,quantity,price\n2024-01-03,BUY,AAPL,10,184.25\n2024-01-04,SELL,AAPL,4,190\n"
BAD = GOOD + "2024-13-01,BUY,AAPL,1,1\n2024-01-05,BUY,AAPL,NaN,1\n2024-01-05,BUY,NOPE,1,1\n"


def send(client: TestClient, portfolio: str, content: str | bytes = GOOD, *, key: str | None = None, name: str = "trades.csv", **form: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"{portfolio}/imports", files={"file": (name, content)}, data=form, headers=headers)


def booked(client: TestClient, portfolio: str) -> list[dict[str, Any]]:
    return client.get(f"{portfolio}/transactions").json()


def test_a_dry_run_tells_every_row_and_books_nothing(client: TestClient, portfolio: str) -> None:
    answer = send(client, portfolio, BAD, dry_run="true")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["format"], told["accepted"], told["refused"]) == ("checked", "portolan", 2, 3)
    assert [row["status"] for row in told["rows"]] == ["accepted", "accepted", "refused", "refused", "refused"]
    wrong = [(row["row"], row["column"], row["value"]) for row in told["rows"][2:]]
    assert wrong == [(4, "date", "2024-13-01"), (5, "quantity", "NaN"), (6, "symbol", "NOPE")]
    assert all(row["reason"] and row["hint"] for row in told["rows"][2:])
    assert booked(client, portfolio) == []
    assert client.get("/api/v1/imports").json() == []


@pytest.mark.parametrize("place", ["form", "query"])
def test_a_dry_run_is_one_wherever_it_is_asked_for(client: TestClient, portfolio: str, place: str) -> None:
    query = "?dry_run=true" if place == "query" else ""
    answer = client.post(f"{portfolio}/imports{query}", files={"file": ("a.csv", GOOD)}, data={"dry_run": "true"} if place == "form" else {})
    assert answer.json()["dry_run"] is True
    assert booked(client, portfolio) == []


def test_a_file_is_booked_once_and_its_run_can_be_read(client: TestClient, portfolio: str) -> None:
    answer = send(client, portfolio)
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert answer.headers["Location"] == f"/api/v1/imports/{run['id']}"
    assert [entry["quantity"] for entry in booked(client, portfolio)] == ["10", "4"]
    again = send(client, portfolio)
    assert (again.status_code, again.json()["duplicate"]) == (201, 2)
    assert len(booked(client, portfolio)) == 2
    assert [each["id"] for each in client.get(f"{portfolio}/imports").json()] == [again.json()["id"], run["id"]]
    assert client.get(f"/api/v1/imports/{run['id']}").json()["sha256"] == run["sha256"]
    rows = client.get(f"/api/v1/imports/{run['id']}/rows?status=accepted&limit=1")
    assert rows.json()[0]["cells"] == ["2024-01-03", "BUY", "AAPL", "10", "184.25"]
    assert client.get(f"/api/v1/imports/{run['id']}/rows?after={rows.headers['X-Next-After']}").json()[0]["row"] == 3


def test_refused_rows_leave_nothing_behind_and_are_told_by_row(client: TestClient, portfolio: str) -> None:
    answer = send(client, portfolio, BAD)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["context"]["row"], problem["context"]["column"]) == ("rows_refused", 4, "date")
    assert [error["row"] for error in problem["context"]["errors"]] == [4, 5, 6]
    assert booked(client, portfolio) == []
    assert len(client.get(f"/api/v1/imports/{problem['context']['run']}/rows?status=refused").json()) == 3


def test_refused_rows_are_skipped_only_where_that_was_chosen(client: TestClient, portfolio: str) -> None:
    answer = send(client, portfolio, BAD, skip_refused="true")
    assert (answer.status_code, answer.json()["accepted"], answer.json()["refused"]) == (201, 2, 3)
    assert len(booked(client, portfolio)) == 2


def test_the_same_key_books_once(client: TestClient, portfolio: str) -> None:
    key = uuid4().hex
    first, second = (send(client, portfolio, key=key) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert second.json()["accepted"] == 2
    assert len(booked(client, portfolio)) == 2
    other = send(client, portfolio, GOOD + "2024-02-01,DEPOSIT,,,5\n", key=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


def test_a_refused_file_may_be_sent_again_under_its_key(client: TestClient, portfolio: str) -> None:
    key, content = uuid4().hex, GOOD.replace("AAPL", "LATER")
    assert send(client, portfolio, content, key=key).status_code == 422
    client.put("/api/v1/instruments/LATER", json={"currency": "USD"})
    assert send(client, portfolio, content, key=key).status_code == 201
    assert len(booked(client, portfolio)) == 2


def test_a_run_is_taken_back_once(client: TestClient, portfolio: str) -> None:
    run = send(client, portfolio).json()["id"]
    for _ in range(2):
        answer = client.delete(f"/api/v1/imports/{run}")
        assert (answer.status_code, answer.json()["status"]) == (200, "taken_back")
    assert booked(client, portfolio) == []
    voided = client.get(f"{portfolio}/transactions?include_voided=true").json()
    assert [entry["version"] for entry in voided] == [2, 2]
    assert client.delete(f"/api/v1/imports/{uuid4()}").status_code == 404


def test_a_file_is_read_in_the_background(client: TestClient, portfolio: str) -> None:
    answer = send(client, portfolio, wait="false")
    assert answer.status_code in {201, 202}, answer.text
    place = answer.headers["Location"]
    for _ in range(200):
        run = client.get(place).json()
        if run["status"] != "running":
            break
    assert (run["status"], run["accepted"]) == ("done", 2)


@pytest.mark.parametrize(("name", "content", "code", "status"), [
    ("a.csv", b"", "unreadable_file", 422), ("a.xls", b"\xd0\xcf\x11\xe0" * 9, "unreadable_file", 422),
    ("a.csv", b'date,kind\n2024-01-01,"BUY\n', "unreadable_file", 422), ("a.xlsx", b"PK\x03\x04 nothing", "unreadable_file", 422),
    ("a.csv", b"x" * (10 * 1024 * 1024 + 1), "file_too_large", 413), ("a.json", b'[{"date": 1]', "unreadable_file", 422),
])
def test_what_is_no_table_is_refused(client: TestClient, portfolio: str, name: str, content: bytes, code: str, status: int) -> None:
    answer = send(client, portfolio, content, name=name)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["context"]["hint"]
    assert booked(client, portfolio) == []


@pytest.mark.parametrize("form", [{"mapping": "{"}, {"mapping": '{"columns": {"dat": "date"}}'}, {"mapping": '{"decimal": ";"}'}, {"format": "qif"},
                                  {"dry_run": "perhaps"}, {"mapping": '{"columns": {"date": "nowhere"}}'}, {"mapping": "[1]"}])
def test_what_cannot_be_meant_is_refused_by_field(client: TestClient, portfolio: str, form: dict[str, str]) -> None:
    answer = send(client, portfolio, **form)
    assert answer.status_code == 422, answer.text
    assert answer.json()["context"]["field"].split(".")[0] == next(iter(form))
    assert answer.json()["context"]["hint"]


def test_a_file_is_needed(client: TestClient, portfolio: str) -> None:
    answer = client.post(f"{portfolio}/imports", data={"dry_run": "true"})
    assert (answer.status_code, answer.json()["context"]["field"]) == (422, "file")
    assert send(client, f"/api/v1/portfolios/{uuid4()}").status_code == 404


@pytest.mark.parametrize("subject", ["transactions", "holdings", "performance"])
@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_every_export_is_a_download(client: TestClient, portfolio: str, subject: str, form: str) -> None:
    send(client, portfolio)
    answer = client.get(f"{portfolio}/exports/{subject}.{form}")
    assert answer.status_code == 200, answer.text
    assert f"-{subject}-" in answer.headers["content-disposition"]
    assert answer.headers["content-disposition"].startswith('attachment; filename="portolan-test-')
    if form == "json":
        assert json.loads(answer.content)[subject]
    elif form == "csv":
        assert answer.content.count(b"\r\n") >= 2


@pytest.mark.parametrize("file", ["transactions", "transactions.exe", "secrets.csv", "transactions.csv.json"])
def test_no_other_file_is_there(client: TestClient, portfolio: str, file: str) -> None:
    assert client.get(f"{portfolio}/exports/{file}").status_code == 422


def test_only_files_may_be_as_large_as_files_are() -> None:
    others = (("POST", "/api/v1/portfolios"), ("PUT", "/api/v1/portfolios/x/imports"), ("POST", "/api/v1/portfolios/x/imports/y"))
    assert limit_of({"method": "POST", "path": "/api/v1/portfolios/x/imports"}) == FILE_LIMIT_BYTES
    assert [limit_of({"method": method, "path": path}) for method, path in others] == [BODY_LIMIT_BYTES] * 3
