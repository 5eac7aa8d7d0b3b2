from __future__ import annotations

from tests.data.listings import bars_of, coin, day, found_by
from tests.data.replay import Case

TABLE = {
    "coinbase/candles-recent.json": Case(bars_of(coin("BTC-EUR", "EUR"), day("2021-01-01"), day("2021-01-07")), [
        ("2021-01-01", "23706.73", "24250", "23512.7", "24070.97", "1830.04655405"),
        ("2021-01-02", "24071.26", "27000", "22000", "25907.35", "7291.88538639"),
        ("2021-01-03", "25916.75", "27195.46", "24500", "25644.41", "4975.13927959"),
        ("2021-01-04", "25624.7", "26199", "22055", "26115.94", "6304.41029978"),
        ("2021-01-05", "26104.4", "27989", "24413.62", "27654.01", "4036.27720179"),
        ("2021-01-06", "27655.04", "29949", "27105.01", "29838.52", "4227.05067035"),
        ("2021-01-07", "29818.73", "32900", "29516.98", "32120.19", "5957.46980324")]),
    "coinbase/products-partial.json": Case(found_by("eur"), [
        ("BTC-EUR", "BTC/EUR", "crypto", "EUR", "Coinbase", None), ("DOGE-EUR", "DOGE/EUR", "crypto", "EUR", "Coinbase", None)]),
}
