"""Put load on Portolan and hold what is found against the bars: `python -m tests.load fanout --clients 1000`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import fields, replace
from pathlib import Path

from tests.load import browsers, scenarios
from tests.load.plan import Plan
from tests.load.report import write

SCENARIOS = {
    "fanout": (scenarios.fan_out, Plan()),
    "burst": (scenarios.burst, Plan(clients=200, seconds=8)),
    "deaf": (scenarios.deaf, Plan(clients=500, seconds=12)),
    "dashboards": (scenarios.dashboard_run, Plan(clients=100, dashboards=100, portfolios=20, quotes=500, seconds=20)),
    "browser": (browsers.soak, Plan(seconds=300, tabs=0)),
}


def main() -> int:
    """Run one scenario; 1 where a bar is missed."""
    options = vars(parser().parse_args())
    run, plan = SCENARIOS[options["scenario"]]
    plan = plan.small() if options["small"] else plan
    plan = replace(plan, **{each.name: options[each.name] for each in fields(Plan) if options[each.name] is not None})
    with tempfile.TemporaryDirectory(prefix="portolan-load-", ignore_cleanup_errors=True) as folder:
        found, rows = run(options["home"] or Path(folder), plan)
    write(options["out"], options["scenario"], found, rows)
    return 0 if all(row.passed for row in rows) else 1


def parser() -> argparse.ArgumentParser:
    """Every size of a plan is an option."""
    made = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    made.add_argument("scenario", choices=sorted(SCENARIOS))
    made.add_argument("--home", type=Path, help="a folder to keep the furnished world in, so that the next run starts at once")
    made.add_argument("--out", type=Path, default=Path("load-report"), help="where the report goes (load-report)")
    made.add_argument("--small", action="store_true", help="a form of a few seconds")
    for each in fields(Plan):
        flag = f"--{each.name.replace('_', '-')}"
        if isinstance(each.default, bool):
            made.add_argument(flag, action="store_true", default=None)
        else:
            made.add_argument(flag, type=type(each.default), help=f"{each.default}")
    return made


if __name__ == "__main__":
    sys.exit(main())
