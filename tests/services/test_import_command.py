"""`python app.py import`: what it prints, its exit status, and that it makes nothing that was not asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from data.settings import Settings
from engine.types import Actor
from services import Services

ROOT = Path(__file__).parent.parent.parent
GOOD = "date,kind,amount\n2024-01-02,DEPOSIT,5\n2024-01-03,DEPOSIT,6\n"
BAD = GOOD + "2024-02-30,DEPOSIT,7\n"


def command(settings: Settings, *words: str) -> tuple[int, str]:
    """Run the command beside whatever else uses the same servers."""
    environment = {**os.environ, "PORTOLAN_HOME": str(settings.home), "MARKET_DATA": "", "LOG_LEVEL": "warning"}
    whole = [sys.executable, "app.py", "import", *words]
    done = subprocess.run(whole, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.fixture
def local(services: Services) -> Actor:
    return services.accounts.local()


@pytest.fixture
def name(services: Services, local: Actor) -> str:
    made = f"Command {uuid4().hex[:8]}"
    services.portfolios.create(local, {"name": made})
    return made


def test_a_file_is_looked_at_booked_and_found_again(settings: Settings, services: Services, local: Actor, name: str, tmp_path: Path) -> None:
    file = tmp_path / "money.csv"
    file.write_text(GOOD, encoding="utf-8")
    place = next(each for each in services.portfolios.find(local) if each.name == name)
    status, said = command(settings, str(file), "--portfolio", name, "--dry-run")
    assert (status, "2 accepted" in said, "Nothing was booked: a dry run" in said) == (0, True, True)
    assert services.transactions.find(local, place.id).items == ()
    status, said = command(settings, str(file), "--portfolio", name.lower())
    assert (status, "row 2: accepted  2024-01-02 DEPOSIT 5 USD" in said) == (0, True)
    assert len(services.transactions.find(local, place.id).items) == 2
    status, said = command(settings, str(file), "--portfolio", str(place.id))
    assert (status, "2 duplicate" in said, "Nothing was new" in said) == (0, True, True)


def test_refused_rows_are_printed_and_nothing_is_booked(settings: Settings, name: str, tmp_path: Path) -> None:
    file, mapping = tmp_path / "money.csv", tmp_path / "mapping.json"
    file.write_text(BAD, encoding="utf-8")
    status, said = command(settings, str(file), "--portfolio", name)
    assert (status, "row 4: refused  date '2024-02-30': is not a date" in said, "Nothing was booked" in said) == (1, True, True)
    mapping.write_text('{"columns": {"date": "date", "kind": "kind", "net": "amount"}}', encoding="utf-8")
    status, said = command(settings, str(file), "--portfolio", name, "--mapping", str(mapping), "--skip-refused")
    assert (status, "2 accepted, 0 duplicate, 1 refused" in said) == (0, True)


@pytest.mark.parametrize(("words", "told"), [
    (("nowhere.csv", "--portfolio", "x"), "cannot be read"),
    ((str(ROOT / "README.md"), "--portfolio", "none such"), "there is no portfolio of this name"),
])
def test_what_cannot_be_used_is_said_with_status_2(settings: Settings, services: Services, local: Actor, words: tuple[str, ...], told: str) -> None:
    before = len(services.portfolios.find(local))
    status, said = command(settings, *words)
    assert (status, told in said) == (2, True), said
    assert len(services.portfolios.find(local)) == before
