"""Run every bench on a real server in a home of its own and print a table: `python -m tests.bench`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench import (
    bench_advice,
    bench_advice_trades,
    bench_alerts,
    bench_bars,
    bench_booking,
    bench_feed,
    bench_firm,
    bench_hub,
    bench_import,
    bench_live,
    bench_live_risk,
    bench_loop,
    bench_performance,
    bench_rest,
    bench_sheet,
    bench_var,
    bench_what_if,
)
from tests.bench.table import table
from tests.ui.conftest import server_in


def main() -> int:
    """Measure, print, and fail where a bar is missed."""
    rows = bench_booking.run() + bench_bars.run() + bench_feed.run() + bench_hub.run() + bench_live_risk.run() + bench_alerts.run()
    rows += bench_sheet.run() + bench_var.run() + bench_firm.run() + bench_advice.run() + bench_advice_trades.run()
    with tempfile.TemporaryDirectory() as folder:
        server = server_in(Path(folder)).start()
        try:
            rows += bench_rest.run(server)
            rows += bench_live.run(server)
            rows += bench_loop.run(server)
            rows += bench_import.run(server)
        finally:
            server.stop()
    with tempfile.TemporaryDirectory() as folder:
        rows += bench_performance.run(server_in(Path(folder), MARKET_DATA="").start())
    with tempfile.TemporaryDirectory() as folder:
        rows += bench_what_if.run(server_in(Path(folder), MARKET_DATA="").start())
    print(table(rows))
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
