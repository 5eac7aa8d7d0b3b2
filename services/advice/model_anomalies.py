"""What stands out among the prices of what is held and among its transactions, by the model that is in use."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from engine.advice.learning.anomalies import ALARMS, WARM, deviations, price_features, price_scores, transaction_scores
from services.advice.model_transactions import COLUMNS
from services.advice.views_evidence import Anomaly

RECENT: Final = 63  # trading days that are looked at
MOST: Final = 25
ODD: Final = 0.98  # share of transactions that are in order
REVERSED: Final = 0.6  # of a move that is taken back the day after


def price_anomalies(returns: pd.DataFrame, model: str) -> list[Anomaly]:
    """List recent moves that stand out, newest first."""
    cells = returns.to_numpy(dtype=np.float64)
    features = price_features(cells)
    scores = price_scores(features)[model]
    border = float(np.quantile(scores[WARM:], 1.0 - ALARMS))
    first = max(len(cells) - RECENT, WARM)
    rows, columns = np.nonzero(scores[first:] > border)
    order = np.argsort(-rows, kind="stable")[:MOST]
    return [_price(returns, features, scores / border, first + int(rows[place]), int(columns[place]), model) for place in order]


def _price(returns: pd.DataFrame, features: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
           scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]], row: int, column: int, model: str) -> Anomaly:
    cells = returns.to_numpy(dtype=np.float64)[:, column]
    symbol, day, moved = str(returns.columns[column]), pd.Timestamp(returns.index[row]).date(), float(cells[row])
    after = float(cells[row + 1]) if row + 1 < len(cells) else 0.0
    back = after * moved < 0 and abs(after) >= REVERSED * abs(moved)
    told = f"{symbol} moved {100 * moved:+.1f} % on {day.isoformat()}, {features[row, column, 2]:.1f} deviations beyond what the others did"
    return Anomaly("price", symbol, day, float(scores[row, column]), "reversal" if back else "jump",
                   f"{told}, and {100 * after:+.1f} % the day after: look at the close" if back else told, None, model)


def transaction_anomalies(trades: pd.DataFrame, model: str) -> list[Anomaly]:
    """List transactions that stand out, newest first."""
    features = trades[COLUMNS].to_numpy(dtype=np.float64)
    scores = transaction_scores(features)[model]
    border = max(float(np.quantile(scores, ODD)), 1e-12)
    places = np.flatnonzero(scores > border)[::-1][:MOST].tolist()
    far = deviations(features, features)
    return [_transaction(trades.iloc[place], far[place], float(scores[place] / border), model) for place in places]


def _transaction(row: pd.Series, far: np.ndarray[tuple[int, ...], np.dtype[np.float64]], score: float, model: str) -> Anomaly:
    what = ("amount", "price", "fee")[int(np.argmax(far))]
    kind, symbol, day = str(row["kind"]).lower(), str(row["symbol"]), pd.Timestamp(row["date"]).date()
    because = {"amount": f"of {row['amount']:,.0f} is unlike the others in size",
               "price": f"at {row['price_local']:,.4g} is {100 * np.expm1(row['price']):+.1f} % off the close of the day",
               "fee": f"has a fee of {100 * np.expm1(row['fee']):.2f} % of its amount"}[what]
    return Anomaly("transaction", symbol, day, score, what, f"The {kind} of {symbol} on {day.isoformat()} {because}", str(row["id"]), model)
