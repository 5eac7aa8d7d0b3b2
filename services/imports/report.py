"""An import as lines of text, for the command line."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import InvalidInput
from engine.types import Portfolio
from services import fields
from services.imports.views import ImportView, RowView

LISTED = 200
SURE = 0.8


def portfolio_named(every: list[Portfolio], name: str) -> Portfolio:
    """Find a portfolio by its name or id; nothing is made where there is none."""
    found = [each for each in every if name in {each.name, str(each.id)}] or [each for each in every if each.name.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    near = fields.near(name, [each.name for each in every]) or [each.name for each in every[:5]]
    if found:
        ids = ", ".join(str(each.id) for each in found)
        raise InvalidInput("portfolio", name, f"{len(found)} portfolios have this name", hint=f"Name it by its id: {ids}")
    raise InvalidInput("portfolio", name, "there is no portfolio of this name", hint=f"There are: {', '.join(near)}" if near else "Make one first")


def how_read(view: ImportView) -> Iterator[str]:
    """Tell how a file was understood, with what is doubtful."""
    if view.format == "portolan":
        return
    reading = view.reading
    facts = [f"{name} {reading[name]!r}" for name in ("encoding", "delimiter", "sheet") if reading.get(name)]
    yield ", ".join([f"Read as {reading.get('source')}", *facts])
    for guess in reading.get("guesses", ()):
        doubt = "" if guess["confidence"] >= SURE else f"   (unsure, {guess['confidence']:.0%})"
        settled = (view.mapping or {}).get(guess["field"])
        yield f"  {guess['field']:<20} {guess['column'] or settled}: {guess['why']}{doubt}"
    if reading.get("unknown_kinds"):
        yield f"  unknown kinds: {', '.join(reading['unknown_kinds'])}; name them with --mapping '{{\"kinds\": {{\"word\": \"BUY\"}}}}'"


def row_line(row: RowView) -> str:
    """Tell one row."""
    said = row.transaction
    what = " ".join(said[name] for name in ("date", "kind", "quantity", "symbol", "amount", "currency") if name in said)
    if row.status != "refused":
        return f"row {row.row}: {row.status}  {what}" + (f"  ({row.reason})" if row.reason else "")
    where = f"{row.column or row.field}" + (f" {row.value!r}" if row.value else "")
    return f"row {row.row}: refused  {where}: {row.reason}." + (f" {row.hint}." if row.hint else "")


def summary(view: ImportView) -> str:
    """Tell what became of a file."""
    counts = f"{view.total} rows: {view.accepted} accepted, {view.duplicate} duplicate, {view.refused} refused"
    counts += f", {view.ignored} left out" if view.ignored else ""
    made = f" New instruments: {', '.join(view.instruments)}." if view.instruments else ""
    if view.dry_run:
        return f"{counts}. Nothing was booked: a dry run.{made}"
    if view.status != "done":
        return f"{counts}. Nothing was booked."
    return f"{counts}. {view.accepted} booked as run {view.id}.{made}" if view.accepted else f"{counts}. Nothing was new."


def lines_of(view: ImportView) -> Iterator[str]:
    """Tell all of a run: how it was read, its rows, what became of it."""
    yield from how_read(view)
    yield from (row_line(row) for row in view.rows[:LISTED])
    rest = view.total - min(len(view.rows), LISTED)
    if rest > 0:
        yield f"... and {rest} more rows"
    yield summary(view)
