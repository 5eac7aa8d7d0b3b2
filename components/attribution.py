"""What the Attribution tab says in words and tables: effects by group and by holding, in points that add up to the active return."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dash import html

from components import theme
from components.cards import live
from components.performance import percent, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

WORDS = {"allocation": "Allocation", "selection": "Selection", "interaction": "Interaction", "currency": "Currency"}
MEANINGS = {
    "allocation": "Weights: more of what did well, less of what did badly",
    "selection": "Within each group: better or worse holdings than the benchmark's",
    "interaction": "Both together: more weight where the holdings were better",
    "currency": "Currencies held beyond the benchmark's, and what their rates did",
}


class Effects(NamedTuple):
    """One row: a group, or a holding of it. Fractions; the effects and their sum are of the whole window."""

    key: str
    label: str
    group: str  # of a holding
    weight: float | None
    benchmark_weight: float | None
    own: float | None  # its own return
    benchmark: float | None
    effects: Mapping[str, float]
    total: float
    has_parts: bool = False
    note: str = ""  # "not in the benchmark"


class Month(NamedTuple):
    """The same within one calendar month."""

    start: date
    end: date
    own: float | None
    benchmark: float | None
    active: float | None
    effects: Mapping[str, float]


class CurrencyRow(NamedTuple):
    """What one currency's rate did to the active return."""

    currency: str
    weight: float | None
    benchmark_weight: float | None
    rate: float | None  # return of the currency against the base
    effect: float | None
    cross: float | None
    total: float | None


def groups_table(groups: Sequence[Effects], parts: Mapping[str, Sequence[Effects]], shown: Sequence[str], totals: Mapping[str, float], *,
                 noun: str, adds: bool) -> html.Table:
    """Lay effects out by group; a press on one shows its holdings, which add up to it.

    Parameters
    ----------
    groups : sequence of Effects
    parts : mapping
        Group to its holdings.
    shown : sequence of str
        Effects that are not 0 throughout.
    totals : mapping
        Each effect's sum, `total`, and the two returns `own` and `benchmark`.
    noun : str
        What the groups are.
    adds : bool
        Whether effects add up (arithmetic) and are written in points that do; geometric ones are linked.
    """
    fitted = _fitted(groups, shown, totals) if adds else [_in_points(group, shown) for group in groups]
    widest = max((abs(row.total) for row in fitted), default=0.0) or 1.0
    bodies = [html.Tbody(rows, className="grp") for group in fitted for rows in
              [[_group_row(group, shown, widest), *(_part_row(part, shown) for part in _parts_of(group, parts, shown, adds=adds))]]]
    heads = [noun.capitalize(), "Weight", "Benchm.", "Return", "Benchm.", *(WORDS[name] for name in shown), "Total", ""]
    head = html.Tr([html.Th(name, scope="col", className="" if place else "l", title=MEANINGS.get(name.lower())) for place, name in enumerate(heads)])
    return html.Table([html.Caption(f"Active return by {noun}", className="sr"), html.Thead(head), *bodies, html.Tfoot(_foot(shown, totals))],
                      className="grid-t effects")


def _in_points(row: Effects, shown: Sequence[str]) -> Effects:
    return row._replace(effects={name: row.effects[name] * 100 for name in shown}, total=row.total * 100)


def _fitted(rows: Sequence[Effects], shown: Sequence[str], totals: Mapping[str, float]) -> list[Effects]:
    """Round to hundredths of a point so that each effect's column, and the totals, add up to their sum as it is written."""
    if not rows:
        return []
    told = {name: theme.fitted([row.effects[name] * 100 for row in rows], totals[name] * 100) for name in shown}
    sums = theme.fitted([row.total * 100 for row in rows], totals["total"] * 100)
    return [row._replace(effects={name: told[name][place] for name in shown}, total=sums[place]) for place, row in enumerate(rows)]


def _parts_of(group: Effects, parts: Mapping[str, Sequence[Effects]], shown: Sequence[str], *, adds: bool) -> list[Effects]:
    """Give the holdings of a group, rounded so that they add up to its row as it is written."""
    rows = parts.get(group.key, ())
    if not adds:
        return [_in_points(row, shown) for row in rows]
    return _fitted(rows, shown, {**{name: value / 100 for name, value in group.effects.items()}, "total": group.total / 100})


def _group_row(group: Effects, shown: Sequence[str], widest: float) -> html.Tr:
    name = html.Button(group.label, type="button", className="open", **{"data-open": group.key, "aria-expanded": "false"}) if group.has_parts \
        else html.B(group.label)
    return html.Tr([html.Td(name, className="l"), *_cells(group, shown, level="groups"), html.Td(_bar(group.total, widest), className="bar-of")])


def _part_row(part: Effects, shown: Sequence[str]) -> html.Tr:
    words = [html.Span(part.key, className="name"), html.Span(part.label if part.label != part.key else "", className="dim")]
    note = [html.Span(part.note, className="dim")] if part.note else []
    return html.Tr([html.Td([*words, *note], className="l"), *_cells(part, shown, level="holdings"), html.Td("")], className="part")


def _cells(row: Effects, shown: Sequence[str], *, level: str) -> list[html.Td]:
    return [
        html.Td(_share(row.weight, f"attribution.{level}.weight:{row.key}")),
        html.Td(_share(row.benchmark_weight, f"attribution.{level}.benchmark_weight:{row.key}"), className="soft"),
        html.Td(percent(row.own, explain=f"attribution.{level}.return:{row.key}")),
        html.Td(percent(row.benchmark, explain=f"attribution.{level}.benchmark_return:{row.key}"), className="soft"),
        *(html.Td(_points(row.effects[name], f"attribution.{level}.{name}:{row.key}")) for name in shown),
        html.Td(_points(row.total, f"attribution.{level}.total:{row.key}"), className="sum"),
    ]


def _share(value: float | None, explain: str) -> html.Span:
    return live(value, form="share", explain=explain)


def _points(value: float, explain: str = "", *, toned: bool = True) -> html.Span:
    return live(value, form="signed", toned=toned, **({"explain": explain} if explain else {}))


def _bar(value: float, widest: float) -> html.Span:
    width = f"{100 * abs(value) / widest:.1f}"
    sides = [html.Progress(value=width if side else "0", max="100", className=name, **{"aria-hidden": "true"})
             for side, name in ((value < 0, "n"), (value > 0, "p"))]
    return html.Span(sides, className="track")


def _foot(shown: Sequence[str], totals: Mapping[str, float]) -> html.Tr:
    return html.Tr([html.Td("Active return", className="l"), html.Td(""), html.Td(""),
                    html.Td(percent(totals.get("own"), explain="attribution.portfolio_return")),
                    html.Td(percent(totals.get("benchmark"), explain="attribution.benchmark_return")),
                    *(html.Td(_points(totals[name] * 100, f"attribution.{name}", toned=False)) for name in (*shown, "total")), html.Td("")])


# ---------------------------------------------------------------------------------------------------------------- months, currencies


def months_table(months: Sequence[Month], shown: Sequence[str]) -> html.Table:
    """Tell each month's active return and what it came from, newest first."""
    rows = [html.Tr([
        html.Td(f"{month.end:%b %Y}", className="l", title=f"{theme.day(month.start)} to {theme.day(month.end)}"),
        html.Td(percent(month.own, explain=f"attribution.months.portfolio:{month.end:%Y-%m}")),
        html.Td(percent(month.benchmark, explain=f"attribution.months.benchmark:{month.end:%Y-%m}"), className="soft"),
        html.Td(percent(month.active, explain=f"attribution.months.active:{month.end:%Y-%m}", toned=True)),
        *(html.Td(_points(month.effects[name] * 100, f"attribution.months.{name}:{month.end:%Y-%m}")) for name in shown),
    ]) for month in reversed(months)]
    return table("Attribution by month", ["Month", "Portfolio", "Benchm.", "Active", *(WORDS[name] for name in shown)], rows)


def currencies_table(rows: Sequence[CurrencyRow], total: float) -> html.Table:
    """Tell what each currency did: its weight beside the benchmark's, what its rate did, and the two effects."""
    points = theme.fitted([(row.total or 0.0) * 100 for row in rows], total * 100)
    lines = [html.Tr([
        html.Td(html.B(row.currency), className="l"), html.Td(_share(row.weight, f"attribution.currencies.weight:{row.currency}")),
        html.Td(_share(row.benchmark_weight, f"attribution.currencies.benchmark_weight:{row.currency}"), className="soft"),
        html.Td(percent(row.rate, explain=f"attribution.currencies.currency_return:{row.currency}"), className="soft"),
        *(html.Td(_points(part, f"attribution.currencies.{name}:{row.currency}"))
          for name, part in zip(("effect", "cross"), _two(row, point), strict=True)),
        html.Td(_points(point, f"attribution.currencies.total:{row.currency}"), className="sum"),
    ]) for row, point in zip(rows, points, strict=True)]
    foot = html.Tr([html.Td("Currency effect", className="l"), *[html.Td("") for _ in range(5)],
                    html.Td(_points(total * 100, "attribution.currency", toned=False))])
    return table("Currency effect", ["Currency", "Weight", "Benchm.", "Rate", "Rate effect", "Cross", "Total"], lines, foot=foot)


def _two(row: CurrencyRow, total: float) -> list[float]:
    return theme.fitted([(row.effect or 0.0) * 100, (row.cross or 0.0) * 100], total)
