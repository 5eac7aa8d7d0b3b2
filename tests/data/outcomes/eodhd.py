from __future__ import annotations

from engine.types import AssetClass
from tests.data.listings import bars_of, listed
from tests.data.replay import Case

TABLE = {
    "eodhd/eod-free-tier-warning-row.json": Case(bars_of(listed("BUKAC", kind=AssetClass.INDEX, eodhd="BUKAC.INDX")), [
        ("2025-04-22", "14347.8896", "14414.0996", "14293.0303", "14404.0498", "0"),
        ("2025-04-23", "14404.0498", "14645.2598", "14403.5498", "14549.4199", "0")]),
}
