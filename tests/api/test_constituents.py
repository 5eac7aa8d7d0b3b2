"""What funds hold over REST: put, read, brought as a file, taken back, refused; and exposures that look through them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

API = "/api/v1"
DAY = "2024-01-02"
FILE = """Fund holdings,as of 2 January 2024
Issuer Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Location,Market Currency
{apple},APPLE INC,Technology,Equity,"1,234.00",50.00,United States,USD
7203,TOYOTA,Consumer,Equity,"1,000.00",30.00,Japan,JPY
7203,TOYOTA,Consumer,Equity,"500.00",15.00,Japan,JPY
USD,USD CASH,Cash and/or Derivatives,Cash,"100.00",2.50,United States,USD
"""


@pytest.fixture
def mark(client: TestClient) -> str:
    """Two shares and three funds of our own."""
    mark = uuid4().hex[:6].upper()
    for name, fields in {"AAA": {"sector": "Technology", "country": "US"}, "SAP": {"sector": "Technology", "country": "DE", "currency": "EUR"},
                         "WORLD": {"asset_class": "fund"}, "EUROPE": {"asset_class": "fund"}, "OLD": {"asset_class": "fund"}}.items():
        assert client.put(f"{API}/instruments/{name}.{mark}", json={"name": name, "currency": "USD", **fields}).status_code == 201
        bars = [{"date": DAY, "close": 100}, {"date": "2024-01-03", "close": 101}]
        assert client.put(f"{API}/instruments/{name}.{mark}/bars", json=bars).is_success
    return mark


def put(client: TestClient, symbol: str, *parts: dict[str, Any], **headers: str) -> Any:
    body = {"date": DAY, "source": "issuer", "constituents": parts}
    return client.put(f"{API}/instruments/{symbol}/constituents", json=body, headers=headers)


def told(client: TestClient, mark: str) -> None:
    """WORLD: 60 % a share, 30 % another fund, and by country; EUROPE: by name, one of them no instrument here."""
    nestle = {"name": "Nestle", "sector": "Food", "country": "CH", "currency": "CHF", "weight": 0.4}
    assert put(client, f"EUROPE.{mark}", {"symbol": f"SAP.{mark}", "weight": "0.6"}, nestle).is_success
    assert put(client, f"WORLD.{mark}", {"symbol": f"AAA.{mark}", "weight": 0.6}, {"symbol": f"EUROPE.{mark}", "weight": 0.3},
               {"country": "US", "weight": 0.7}, {"country": "CH", "weight": 0.3}).is_success


def portfolio(client: TestClient, mark: str, **fields: Any) -> str:
    key = client.post(f"{API}/portfolios", json={"name": f"P {mark}", "base_currency": "USD", **fields}).json()["id"]
    buys = [{"date": DAY, "kind": "BUY", "symbol": f"{name}.{mark}", "quantity": count, "price": 100}
            for name, count in (("AAA", 20), ("WORLD", 50), ("OLD", 10))]
    rows = [{"date": DAY, "kind": "DEPOSIT", "amount": 10100 - 1 * 100}, *buys]
    assert client.post(f"{API}/portfolios/{key}/transactions", json=rows).is_success
    return str(key)


def test_a_list_is_put_read_replaced_removed_and_taken_back(client: TestClient, mark: str) -> None:
    path = f"{API}/instruments/WORLD.{mark}/constituents"
    assert client.get(path).json()["code"] == "not_found"
    first = put(client, f"WORLD.{mark}", {"symbol": f"AAA.{mark}", "weight": "0.61"}, **{"Idempotency-Key": mark})
    assert first.is_success, first.text
    answer = first.json()
    assert (answer["version"], first.headers["ETag"], answer["date"], answer["sums"]) == (1, '"1"', DAY, {"holdings": 0.61})
    assert [each["code"] for each in answer["findings"]] == ["weights_sum"]
    assert "61.0%" in answer["findings"][0]["message"]
    assert put(client, f"WORLD.{mark}", {"symbol": f"AAA.{mark}", "weight": "0.61"}, **{"Idempotency-Key": mark}).json() == answer
    assert put(client, f"WORLD.{mark}", {"symbol": f"AAA.{mark}", "weight": "0.61"}).json()["version"] == 1, "the same again is no new version"
    assert put(client, f"WORLD.{mark}", {"sector": "Energy", "weight": 1}, **{"If-Match": '"7"'}).status_code == 409
    assert put(client, f"WORLD.{mark}", {"sector": "Energy", "weight": 1}, **{"If-Match": '"1"'}).json()["version"] == 2
    assert client.get(path, params={"version": 1}).json()["constituents"] == answer["constituents"]
    assert client.delete(path, headers={"If-Match": '"2"'}).status_code == 204
    assert client.get(path).status_code == 404
    every = client.get(f"{API}/audit", params={"entity": "constituents", "limit": 200}).json()
    entries = [each for each in every if f"WORLD.{mark}" in each["title"]]
    assert [each["action"] for each in entries] == ["remove", "put", "put"]
    assert client.post(f"{API}/audit/{entries[1]['id']}/undo").status_code == 409, "the later change first"
    assert client.post(f"{API}/audit/{entries[0]['id']}/undo").is_success
    assert client.get(path).json()["constituents"][0]["sector"] == "Energy"


def test_bad_lists_are_refused_row_by_row(client: TestClient, mark: str) -> None:
    fund = f"WORLD.{mark}"
    for parts, field, rule in (
            ([{"symbol": "A", "weight": "x"}], "weight", "not_a_number"), ([{"weight": 0.5}], "symbol", "required"),
            ([{"symbol": "A"}], "weight", "required"),
            ([{"sector": "A", "country": "US", "weight": 0.5}], "symbol", "required"), ([{"symbol": "A", "weight": 62.0}], "weight", "out_of_range"),
            ([{"symbol": f"A{n}", "weight": 9} for n in range(9)], "weight", "weights_sum"), ([], "constituents", "not_a_list"),
            ([{"symbol": "A", "weight": 0.1}, {"symbol": "a", "weight": 0.1}], "symbol", "twice"),
            ([{"asset_class": "shares", "weight": 0.1}], "asset_class", "unknown_value")):
        answer = put(client, fund, *parts)
        assert answer.status_code == 422, parts
        context = answer.json()["context"]
        assert (context["field"], context["rule"]) == (field, rule), answer.text
        assert context["hint"]
    late = {"constituents": [{"symbol": "A", "weight": 1}], "date": "2999-01-01"}
    assert client.put(f"{API}/instruments/{fund}/constituents", json=late).status_code == 422
    assert put(client, f"NONE.{mark}", {"symbol": "A", "weight": 1}).status_code == 404
    assert client.get(f"{API}/instruments/{fund}/constituents").status_code == 404, "nothing was written"


def test_a_fund_that_holds_itself_is_refused_by_name(client: TestClient, mark: str) -> None:
    told(client, mark)
    answer = put(client, f"EUROPE.{mark}", {"symbol": f"WORLD.{mark}", "weight": 0.1})
    assert answer.status_code == 422
    assert answer.json()["code"] == "circular_holdings"
    assert f"WORLD.{mark} holds EUROPE.{mark}" in answer.json()["detail"]
    assert client.get(f"{API}/instruments/EUROPE.{mark}/constituents").json()["version"] == 1
    assert put(client, f"OLD.{mark}", {"symbol": f"OLD.{mark}", "weight": 0.1}).json()["code"] == "circular_holdings"


def test_an_issuers_file_is_read(client: TestClient, mark: str) -> None:
    path, content = f"{API}/instruments/WORLD.{mark}/constituents", FILE.format(apple=f"AAA.{mark}")
    looked = client.post(path, files={"file": ("world.csv", content)}, data={"dry_run": "true"})
    assert looked.is_success, looked.text
    assert client.get(path).status_code == 404
    sent = client.post(path, files={"file": ("world.csv", content)}, data={"date": DAY, "source": "issuer"})
    assert sent.is_success, sent.text
    parts = sent.json()["constituents"]
    assert parts == looked.json()["constituents"]
    assert [(each["symbol"], each["weight"], each["country"], each["asset_class"]) for each in parts] == [
        (f"AAA.{mark}", 0.5, "US", "equity"), ("7203", 0.45, "JP", "equity"), ("USD", 0.025, "US", "cash")]
    from openpyxl import Workbook  # noqa: PLC0415  # a tenth of a second

    book, kept = Workbook(), io.BytesIO()
    for row in (["Sector", "Weight"], ["Energy", 40], ["Food", 59.5]):
        book.active.append(row)
    book.save(kept)
    sheet = client.post(path, files={"file": ("sectors.xlsx", kept.getvalue())}).json()
    assert [(each["sector"], each["weight"]) for each in sheet["constituents"]] == [("Energy", 0.4), ("Food", 0.595)]
    assert {"read_as_percent", "weights_sum"} >= {each["code"] for each in sheet["findings"]} > set()
    for wrong in ("symbol,price\nA,3\n", "weight\n0.3\n", "", "symbol,weight\nA,much\n"):
        refused = client.post(path, files={"file": ("wrong.csv", wrong)})
        assert refused.status_code == 422, wrong
        assert refused.json()["context"]["hint"]


def test_exposures_look_through_funds(client: TestClient, mark: str) -> None:
    told(client, mark)
    key = portfolio(client, mark)
    answer = client.get(f"{API}/portfolios/{key}/risk", params={"series": "false"})
    assert answer.is_success, answer.text
    seen, plain = answer.json(), client.get(f"{API}/portfolios/{key}/concentration", params={"look_through": "false"}).json()
    value = 20 * 101 + 50 * 101 + 10 * 101 + 10000 - 80 * 100
    aaa, world, old = (count * 101 / value for count in (20, 50, 10))
    cash = 1 - aaa - world - old

    def weights(view: dict[str, Any], by: str) -> dict[str, float]:
        return {each["key"]: pytest.approx(each["weight"]) for each in view["exposures"][by]}

    assert weights(plain, "sector") == {"no sector": world + old, "Technology": aaa, "cash": cash}
    assert weights(seen, "sector") == {"Technology": aaa + world * (0.6 + 0.3 * 0.6), "Food": world * 0.3 * 0.4, "cash": cash,
                                       "no sector": world * 0.1 + old}
    assert weights(seen, "country") == {"US": aaa + world * 0.7, "CH": world * 0.3, "no country": old, "cash": cash}
    assert weights(seen, "region") == {"North America": aaa + world * 0.7, "Europe": world * 0.3, "no region": old, "cash": cash}
    assert weights(seen, "currency") == {"USD": aaa + cash + world * 0.7 + old, "EUR": world * 0.18, "CHF": world * 0.12}
    through = seen["look_through"]
    assert through["coverage"]["symbol"] == pytest.approx(world * 0.9 / (world + old))
    assert through["coverage"]["country"] == pytest.approx(world / (world + old))
    names = {each["key"]: each for each in through["names"]}
    assert names[f"AAA.{mark}"]["direct"] == pytest.approx(aaa)
    assert names[f"AAA.{mark}"]["through"] == pytest.approx(world * 0.6)
    assert [each["symbol"] for each in names[f"SAP.{mark}"]["via"]] == [f"WORLD.{mark}"]
    assert sum(each["weight"] for each in names.values()) == pytest.approx(1 - cash)
    funds = {each["symbol"]: each for each in through["funds"]}
    assert (funds[f"WORLD.{mark}"]["known"], funds[f"WORLD.{mark}"]["date"], funds[f"OLD.{mark}"]["known"]) == (pytest.approx(0.9), DAY, 0.0)
    assert "looked_through" in {each["code"] for each in seen["findings"]}
    assert plain["look_through"]["is_on"] is False
    assert seen["hhi"] == plain["hhi"] == pytest.approx((aaa**2 + world**2 + old**2) / (1 - cash) ** 2)
    assert client.get(f"{API}/portfolios/{key}/risk", params={"look_through": "maybe"}).status_code == 422


def test_active_share_looks_through_both_sides(client: TestClient, mark: str) -> None:
    key = portfolio(client, mark, benchmark=f"WORLD.{mark}")
    ask = {"start": DAY, "end": "2024-01-03", "series": "false"}
    before = client.get(f"{API}/portfolios/{key}/benchmark", params=ask).json()
    assert before["active_share"] is None
    told(client, mark)
    answer = client.get(f"{API}/portfolios/{key}/benchmark", params=ask).json()
    value = 80 * 101 + 2000
    aaa, world, old = (count * 101 / value for count in (20, 50, 10))
    mine = {"aaa": aaa + world * 0.6, "sap": world * 0.18, "nestle": world * 0.12, "rest": world * 0.1, "old": old, "cash": 1 - aaa - world - old}
    theirs = {"aaa": 0.6, "sap": 0.18, "nestle": 0.12, "rest": 0.1, "old": 0.0, "cash": 0.0}
    assert answer["active_share"] == pytest.approx(sum(abs(mine[name] - theirs[name]) for name in mine) / 2)
    assert "looked_through" in {each["code"] for each in answer["benchmarks"][0]["findings"]}
    assert client.get(f"{API}/portfolios/{key}/benchmark", params={**ask, "look_through": "false"}).json()["active_share"] is None
