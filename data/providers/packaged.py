"""Real series that come inside Python packages: US shares and ECB rates.

The packages are read as files and never imported: importing skfolio alone costs two seconds.

Share prices are *adjusted* closes (splits and dividends are already in them), so an early price is lower than what was paid on
that day, and a dividend booked beside them counts twice. They serve the demo and the simulated market, not a tax return.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from engine.errors import MalformedResponse

INDEX = "SP500"
SHARES = ("AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO", "LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM")


def share_closes() -> pd.DataFrame:
    """Return the adjusted closes of the 20 shares and the index.

    Returns
    -------
    DataFrame of shape (n_days, 21), US dollars
        Index: trading dates from 1990-01-02 to 2022-12-28. Columns: `SHARES`, then `INDEX`.
    """
    folder = _package_folder("skfolio") / "datasets" / "data"
    shares = pd.read_csv(folder / "sp500_dataset.csv.gz", index_col="Date", parse_dates=True)
    index = pd.read_csv(folder / "sp500_index.csv.gz", index_col="Date", parse_dates=True)
    return shares.join(index, how="inner")[[*SHARES, INDEX]].astype("float64").sort_index()


def ecb_rates() -> pd.DataFrame:
    """Return the reference rates of the European Central Bank.

    Returns
    -------
    DataFrame of shape (n_days, n_currencies), units of the currency for one EUR
        Index: the days on which the ECB published rates, from 1999-01-04. Columns: pairs such as `EURUSD`. NaN where a
        currency had no rate.
    """
    published = pd.read_csv(_package_folder("currency_converter") / "eurofxref-hist.zip", index_col="Date", parse_dates=True, na_values="N/A")
    named = published.loc[:, [column for column in published.columns if len(column) == 3]]
    return named.astype("float64").rename(columns=lambda currency: f"EUR{currency}").sort_index()


def _package_folder(name: str) -> Path:
    """Folder of an installed package, found without running it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise MalformedResponse("simulated", reason=f"the package {name} is not installed; run pip install -r requirements.txt")
    return Path(next(iter(spec.submodule_search_locations)))
