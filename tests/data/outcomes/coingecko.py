# ruff: noqa: E501 - rows of a table
from __future__ import annotations

from engine.errors import MalformedResponse, RateLimited, UnknownSymbol
from tests.data.listings import NOW, bars_of, coin, day, quote_of
from tests.data.replay import Case

BTC, ETH = coin("BTC"), coin("ETH")


def _prices(client: object) -> list[tuple[str, float, str, bool]]:
    asked = [BTC, ETH, coin("BTC-MYR", "MYR"), coin("ETH-MYR", "MYR")]
    return [(quote.symbol, quote.price, quote.currency, quote.ts > NOW.replace(year=2020)) for quote in client.fetch_quotes(asked, NOW)]  # type: ignore[attr-defined]


TABLE = {
    "coingecko/simple_price-bitcoin.json": Case(lambda client: [quote.price for quote in client.fetch_quotes([BTC], NOW)], [7984.89]),
    "coingecko/simple_price-multi.json": Case(_prices, [("BTC", 5005.73, "USD", True), ("ETH", 163.58, "USD", True), ("BTC-MYR", 20474.0, "MYR", True),
                                                        ("ETH-MYR", 669.07, "MYR", True)]),
    "coingecko/simple_price-unknown-id.json": Case(quote_of(BTC), UnknownSymbol),
    "coingecko/error-429.json": Case(quote_of(BTC), RateLimited),
    "coingecko/coins_list-cut.json": Case(lambda client: client.symbol(coin("NXT")), "nxt"),
    "coingecko/coin_market_chart.json": Case(bars_of(BTC, day("2018-08-20"), day("2018-08-31")),
                                             [("2018-08-27", None, None, None, "6706.898948451269", None)]),
    # What we do not ask for, in the place of what we do: never a price.
    "coingecko/simple_token_price.json": Case(quote_of(BTC), UnknownSymbol),
    "coingecko/supported_vs_currencies.json": Case(quote_of(BTC), MalformedResponse),
    "coingecko/coins_markets-bitcoin.json": Case(quote_of(BTC), MalformedResponse),
    "coingecko/coin_history.json": Case(bars_of(BTC), MalformedResponse),
    "coingecko/exchange_rates.json": Case(quote_of(coin("RATES", coingecko="rates")), MalformedResponse),
}
