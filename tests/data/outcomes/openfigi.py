# ruff: noqa: E501 - rows of a table
from __future__ import annotations

from tests.data.listings import found_by
from tests.data.replay import Case

ISIN = "US4592001014"
NAME = "INTL BUSINESS MACHINES CORP"
PLACES = [(None, "USD", "US"), ("XASE", "USD", "UA"), (None, None, "UC"), ("XNYS", "USD", "UN"), ("ARCX", "USD", "UP"), (None, None, "UB"), (None, None, "UT"),
          (None, None, "UM"), (None, None, "UX"), (None, None, "UD"), ("BATS", "USD", "UF"), (None, None, "VY")]
IBM = [("IBM", NAME, "equity", currency, exchange or code, ISIN) for exchange, currency, code in PLACES]
SEARCHED = ["IBM 03/20/10 P130", "IBM 04/17/10 C65", "IBM 04/17/10 P95", "IBM 04/17/10 P110", "IBM 04/17/10 P125", "IBM 04/17/10 P135", "IBM 05/22/10 P125",
            "IBM 06/19/10 C110", "IBM 06/19/10 P115", "IBM 06/19/10 C120", "IBM 06/19/10 P130", "IBM 07/17/10 C75"]


def _bulk(client: object) -> list[tuple[int, set[str]]]:
    found = client.listings([ISIN, "US0378331005"])  # type: ignore[attr-defined]
    return [(len(each), {listing.symbol for listing in each}) for each in found]


TABLE = {
    "openfigi/mapping-isin-IBM.json": Case(found_by(ISIN), IBM),
    "openfigi/mapping-isin-currency-mic.json": Case(found_by("US0378331005"), [("APC", "APPLE INC", "equity", "EUR", "XETR", "US0378331005")]),
    "openfigi/mapping-cusip-exchange.json": Case(found_by("459200101"), [("IBM", NAME, "equity", "USD", "US", None)]),
    "openfigi/mapping-invalid-id.json": Case(found_by("US4592001015"), []),
    "openfigi/mapping-option.json": Case(
        lambda client: {(hit.symbol, hit.asset_class.value) for hit in client.search("BBG019KNL404")}, {("AAPL 01/17/25 C155", "option")}),
    "openfigi/mapping-bulk.json": Case(_bulk, [(12, {"IBM"}), (12, {"AAPL"})]),
    "openfigi/search-query.json": Case(lambda client: [hit.symbol for hit in client.search("ibm")], SEARCHED),
    "openfigi/search-no-data.json": Case(found_by("nothing like this"), []),
}
