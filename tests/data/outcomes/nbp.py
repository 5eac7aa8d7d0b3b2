from __future__ import annotations

from tests.data.listings import day, rates_of
from tests.data.replay import Case

TABLE = {
    "centralbanks/nbp-table-A.json": Case(rates_of("USDPLN", "EURUSD", "HUFPLN", start=day("2026-03-01"), end=day("2026-03-03")), {
        "USDPLN": [("2026-03-02", "3.6056"), ("2026-03-03", "3.6820")], "EURUSD": [("2026-03-02", "1.17328599956"), ("2026-03-03", "1.16056491037")],
        "HUFPLN": [("2026-03-02", "0.011155"), ("2026-03-03", "0.011089")]}),
}
