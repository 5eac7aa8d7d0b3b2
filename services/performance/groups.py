"""How the rows of a panel are named and grouped: by instrument, sector, class, currency, tag, account or portfolio."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine import Panel
from engine.advice.regions import region_of
from engine.errors import NotFound
from engine.types import AssetClass, Instrument, Portfolio
from services import fields
from services.performance.panels import CASH, Laid, merged

OF_LEDGERS: Final = frozenset({"account", "portfolio"})
NO_ACCOUNT, NO_SECTOR, NO_TAG, CASH_NAME = "no account", "no sector", "untagged", "cash"
NO_COUNTRY: Final = "no country"
NO_REGION: Final = "no region"
HEADS: Final[Mapping[str, str]] = {"symbol": "", "sector": "Sector ", "asset_class": "Class ", "currency": "Currency ", "account": "Account ",
                                   "tag": "Tag ", "portfolio": ""}
CLASS_NAMES: Final[Mapping[str, str]] = {AssetClass.FX.value: "FX"}


@dataclass(frozen=True, slots=True)
class Group:
    """Some rows, or some ledgers, as one thing to measure."""

    key: str
    label: str
    panel: Panel


def row_label(row: str, instruments: Mapping[str, Instrument]) -> str:
    """Name a row for people."""
    if row.startswith(CASH):
        return f"Cash {row.removeprefix(CASH)}"
    return instruments[row].name if row in instruments else row


def group_of(by: str, row: str, currency: str, instrument: Instrument | None) -> str:
    """Name the group of a row; several tags together are one group, so that nothing counts twice."""
    if by == "symbol":
        return row
    if by == "currency":
        return currency
    if row.startswith(CASH) or instrument is None:
        return CASH_NAME
    told = {"sector": instrument.sector or NO_SECTOR, "country": instrument.country or NO_COUNTRY,
            "region": region_of(instrument.country) or NO_REGION, "asset_class": instrument.asset_class.value,
            "tag": ", ".join(sorted(instrument.tags)) or NO_TAG}
    return told[by]


def groups_of(kind: str, whole: Panel, instruments: Mapping[str, Instrument]) -> list[Group]:
    """Part a panel by what its rows are; an instrument with several tags is in several groups."""
    keys = [_keys(kind, row, currency, instruments) for row, currency in zip(whole.rows, whole.currencies, strict=True)]
    names = sorted({key for each in keys for key in each}, key=lambda key: (key in {CASH_NAME, NO_SECTOR, NO_TAG}, key.startswith(CASH), key))
    return [Group(name, group_label(kind, name, instruments), whole.select([name in each for each in keys])) for name in names]


def groups_of_ledgers(kind: str, laid: Sequence[Laid], portfolios: Sequence[Portfolio]) -> list[Group]:
    """Part a scope by its accounts, where accounts of one name are one, or by its portfolios."""
    names = {portfolio.id: portfolio.name for portfolio in portfolios}
    found: dict[str, list[Laid]] = {}
    for each in laid:
        found.setdefault(str(each.portfolio_id) if kind == "portfolio" else each.account or NO_ACCOUNT, []).append(each)
    labels = {str(key): name for key, name in names.items()} if kind == "portfolio" else {key: f"Account {key}" for key in found}
    return [Group(key, labels[key], merged(parts)) for key, parts in sorted(found.items(), key=lambda item: labels[item[0]])]


def group_label(kind: str, key: str, instruments: Mapping[str, Instrument]) -> str:
    """Name a group for people."""
    if kind == "symbol":
        return row_label(key, instruments)
    if kind == "asset_class":
        return HEADS[kind] + CLASS_NAMES.get(key, key.replace("_", " "))
    return HEADS[kind] + key


def chosen(groups: Sequence[Group], kind: str, key: str) -> Group:
    """Find a group by its key, in any case of letters.

    Raises
    ------
    NotFound
        No such group here; the context names those that are near.
    """
    wanted = key.strip().lower()
    found = next((group for group in groups if group.key.lower() == wanted), None)
    if found is None:
        known = [group.key for group in groups]
        error = NotFound(kind, key)
        error.context |= {"field": "group", "hint": f"Use one of {', '.join(fields.near(key, known) or known[:12]) or 'none: nothing was ever held'}"}
        raise error
    return found


def _keys(kind: str, row: str, currency: str, instruments: Mapping[str, Instrument]) -> Sequence[str]:
    if kind == "symbol":
        return (row,)
    if kind == "currency":
        return (currency,)
    if row.startswith(CASH) or row not in instruments:
        return (CASH_NAME,) if row.startswith(CASH) else (_MISSING[kind],)
    return _READERS[kind](instruments[row])


_MISSING: Final[Mapping[str, str]] = {"sector": NO_SECTOR, "asset_class": AssetClass.OTHER.value, "tag": NO_TAG}
_READERS: Final[Mapping[str, Callable[[Instrument], Sequence[str]]]] = {
    "sector": lambda instrument: (instrument.sector or NO_SECTOR,),
    "asset_class": lambda instrument: (instrument.asset_class.value,),
    "tag": lambda instrument: tuple(getattr(instrument, "tags", ())) or (NO_TAG,),
}
