"""Matched lots as rows that people read, and sums over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from engine import gain_parts, held_days, holding_terms, tax_years
from services.books.service import Booked

ROW = ["id", "symbol", "name", "portfolio", "portfolio_name", "account", "opened", "closed", "kind", "year", "days_held", "term", "rule", "quantity",
       "currency", "proceeds", "cost", "fee", "tax", "gain", "proceeds_local", "cost_local", "gain_local", "rate", "price_gain", "fx_gain",
       "disallowed", "carried_cost", "adjusted_gain", "washed", "transaction_id", "lot_id"]  # fmt: skip


def laid_out(gains: pd.DataFrame, parts: Sequence[Booked], names: Mapping[str, str], positions: pd.DataFrame, *, tax_year: str) -> pd.DataFrame:
    """Lay matched lots out with names, terms, tax years and the currency's part; nothing is washed yet."""
    facts = {key: (str(part.portfolio.id), part.portfolio.name, account) for part in parts
             for key, account in zip(part.ledger["id"], part.ledger["account"], strict=True)}
    told = [facts.get(key, ("", "", None)) for key in gains["transaction_id"]]
    split = gain_parts(gains)
    frame = gains.assign(
        id=np.arange(len(gains)).astype(str), name=[names.get(symbol, symbol) for symbol in gains["symbol"]],
        portfolio=[each[0] for each in told], portfolio_name=[each[1] for each in told],
        account=[own if own is not None else each[2] for own, each in zip(gains["account"], told, strict=True)],
        currency=gains["symbol"].map(positions["currency"].to_dict()),
        year=tax_years(gains["closed"], tax_year), days_held=held_days(gains), term=holding_terms(gains),
        rate=split["rate"], price_gain=split["price_gain"], fx_gain=split["fx_gain"],
        disallowed=0.0, carried_cost=0.0, adjusted_gain=gains["gain"], washed=False,
    )
    return frame[ROW]


def within(frame: pd.DataFrame, start: date | None, end: date | None, *, day: str = "closed") -> pd.DataFrame:
    """Cut a window out of rows; both days are in it."""
    kept = np.ones(len(frame), dtype=np.bool_)
    if start is not None:
        kept &= (frame[day] >= pd.Timestamp(start)).to_numpy()
    if end is not None:
        kept &= (frame[day] < pd.Timestamp(end) + pd.Timedelta(days=1)).to_numpy()
    return frame[kept].sort_values(day, kind="stable").reset_index(drop=True)


def summed(rows: pd.DataFrame) -> dict[str, float]:
    """Sum rows up; what is unknown is left out."""
    gain, term = rows["gain"].fillna(0.0), rows["term"]
    return {
        "count": float(len(rows)), "gains": float(gain[gain > 0].sum()), "losses": float(gain[gain < 0].sum()), "net": float(gain.sum()),
        "short": float(gain[term == "short"].sum()), "long": float(gain[term == "long"].sum()),
        "price_gain": float(rows["price_gain"].sum()), "fx_gain": float(rows["fx_gain"].sum()), "disallowed": float(rows["disallowed"].sum()),
        "adjusted": float(rows["adjusted_gain"].sum()), "proceeds": float(rows["proceeds"].sum()), "cost": float(rows["cost"].sum()),
        "fee": float(rows["fee"].sum()), "tax": float(rows["tax"].sum()),
    }
