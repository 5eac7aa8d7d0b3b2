"""Which of the lots that are held a sale takes, by each cost method, when earlier sales are what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Named = Sequence[Mapping[str, Any]] | None


def from_lots(lots: pd.DataFrame, sale: Mapping[str, Any], method: str, *, rate: float, multiplier: float, named: Named = None) -> pd.DataFrame:
    """Gains of a sale out of open lots, one row a lot taken.

    Parameters
    ----------
    lots
        `Book.lots` of one instrument, which hold at least what is sold.
    sale
        `date quantity price fee tax`, in the instrument's currency.
    method
        Cost method; ``specific`` takes the lots of `named` and then the oldest.
    rate
        Base units per local unit at the sale.
    multiplier
        Contract multiplier.
    named
        ``[{"id": transaction_id, "quantity": ...}]``.

    Returns
    -------
    DataFrame
        `account opened closed rule quantity proceeds_local cost_local gain_local proceeds cost gain lot_id`.

    Notes
    -----
    Convention: the average method takes one lot at the average cost of all, dated by the first. Proceeds are net of fee and tax.

    Examples
    --------
    >>> held = pd.DataFrame({"account": None, "opened": pd.to_datetime(["2024-01-02", "2024-02-01"]), "quantity": 5.0,
    ...                      "cost_local": [50.0, 80.0], "cost_base": [50.0, 80.0], "transaction_id": ["1", "2"]})
    >>> sale = {"date": pd.Timestamp("2024-06-03"), "quantity": 6.0, "price": 20.0, "fee": 0.0, "tax": 0.0}
    >>> from_lots(held, sale, "hifo", rate=1.0, multiplier=1.0)["gain"].tolist()
    [20.0, 10.0]
    """
    positive = lots[lots["quantity"] > 0]
    named = named if method == "specific" else None
    ordered = _pooled(positive) if method == "average" else positive.iloc[taken_order(positive, method)]
    wanted = _wanted(ordered, float(sale["quantity"]), named)
    places = [place for place in _named_first(ordered, named) if wanted[place] > 0]
    taken, units = ordered.iloc[places], wanted[places]
    part = units / taken["quantity"].to_numpy()
    local = (units / units.sum()) * (float(sale["quantity"]) * float(sale["price"]) * multiplier - float(sale["fee"]) - float(sale["tax"]))
    cost_local, cost = taken["cost_local"].to_numpy() * part, taken["cost_base"].to_numpy() * part
    return pd.DataFrame({
        "account": taken["account"].to_numpy(), "opened": taken["opened"].to_numpy(), "closed": sale["date"], "rule": None, "quantity": units,
        "proceeds_local": local, "cost_local": cost_local, "gain_local": local - cost_local, "proceeds": local * rate, "cost": cost,
        "gain": local * rate - cost, "lot_id": taken["transaction_id"].to_numpy(),
    })


def taken_order(lots: pd.DataFrame, method: str) -> NDArray[np.int64]:
    """Places of the lots as a method takes them; among equals the older first, with lifo the newer."""
    age = np.argsort(lots["opened"].to_numpy(), kind="stable")
    if method == "lifo":
        return age[::-1]
    if method not in {"hifo", "lofo"}:
        return age
    cost = np.where(lots["cost_base"].isna(), lots["cost_local"], lots["cost_base"]) / lots["quantity"].to_numpy()
    return age[np.argsort((-cost if method == "hifo" else cost)[age], kind="stable")]


def _named_first(lots: pd.DataFrame, named: Named) -> list[int]:
    """Places of the lots, those that are named before the others."""
    rank = {str(each["id"]): place for place, each in enumerate(named or ())}
    ids = lots["transaction_id"].tolist()
    return sorted(range(len(ids)), key=lambda place: rank.get(ids[place], len(rank)))


def _pooled(lots: pd.DataFrame) -> pd.DataFrame:
    first = lots.sort_values("opened", kind="stable").head(1)
    return first.assign(**{name: lots[name].sum() for name in ("quantity", "cost_local", "cost_base")}, account=None)


def _wanted(lots: pd.DataFrame, quantity: float, named: Named) -> NDArray[np.float64]:
    """Units taken of each lot: those that are named first, then in the order given."""
    held = lots["quantity"].to_numpy(dtype=np.float64)
    taken = np.zeros(len(lots))
    left = quantity
    for each in named or ():
        for place in np.flatnonzero(lots["transaction_id"].to_numpy() == each["id"]):
            units = min(left, held[place] - taken[place], float(each.get("quantity") or np.inf))
            taken[place] += units
            left -= units
    rest = held - taken
    before = np.cumsum(rest) - rest
    more: NDArray[np.float64] = np.clip(left - before, 0.0, rest)
    return taken + more
