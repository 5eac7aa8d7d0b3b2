"""Write `docs/transactions.md` out of the table that the engine books by: `python docs/generate.py`."""  # noqa: INP001 - a script

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "transactions.md"
FIGURES = ("quantity", "cost", "cash", "realised", "income", "fees", "taxes", "flow")

HEAD = """# Transactions: what each kind does

This page is made by `python docs/generate.py` out of `engine/kinds.py`, the one table that booking, checks, REST (`GET /api/v1/kinds`) and the
form of the Transactions page read. Change it there.

## How to read it

- Amounts have no sign: the sign is in the kind. Exceptions are named under *signed*: interest that you pay, a fee or tax given back, a dividend that
  you owe on a short, and adjustments.
- `amount` is gross: before `fee` and `tax`. Fee and tax leave the cash, whatever the kind. Those of a BUY are part of its cost, those of a SELL
  reduce its proceeds (`fees_in_cost=False`: both stay gross).
- Every money is in the transaction's `currency`; `fx_rate` is base currency for one unit of it, and beats the market's rate of the day. A gap in the
  market's rates takes the last one before it; one older than five days is told as the finding `stale_rate`.
- **Within a day the order given is the order booked**: rows of one request in the order of the list, requests in the order they arrived. It can
  be changed afterwards with `PUT /api/v1/portfolios/{id}/transactions/order` (`{"date": ..., "ids": [...]}`).
- A portfolio says what it refuses. `oversell`: `short` (a sale beyond the held opens a short) or `error`. `negative_cash`: `allow` or
  `refuse`, counted
  at the end of each day. Both look at the whole ledger: a correction or a void that would make a later sale oversold is refused and names that sale.
"""

TAIL = """## How to enter what has no kind of its own

- **Dividend with tax withheld**: DIVIDEND with the gross `amount` and the `tax` withheld. Cash gets the net, income the gross.
- **Dividend reinvested**: `POST /portfolios/{id}/reinvestments` (in the form *Reinvested dividend*), which records DIVIDEND and BUY in one
  go; or both by
  hand.
- **Transfer between accounts or portfolios**: `POST /portfolios/{id}/transfers` (in the form *Transfer between accounts*) records TRANSFER_OUT and
  TRANSFER_IN with one `transfer_id`. Lots keep their cost and their dates; where both legs are looked at nothing is a flow. For one portfolio alone
  it is a flow: at the close of the day (`transfers_at=market`) or at cost (`transfers_at=booked`). Voiding or undoing one leg takes both.
- **Shares from a broker that is not kept here**: TRANSFER_IN with `lots`: `[{"date", "quantity", "price" or "cost", "fx_rate"}]`.
- **Symbol or ISIN change**: MERGER from the old `symbol` to the new one with `ratio` 1 on the day of the change; cost and dates go along,
  the old prices
  stay where they were. A symbol that was always wrong: `PATCH /instruments/{symbol}` with the new one. An ISIN: `PUT /instruments/{symbol}`.
- **Reverse split with cash in lieu**: SPLIT with `ratio` 0.1 for 1:10 and `amount` for what was paid for the fraction: the fraction is sold for it.
- **Cash, stock and mixed mergers**: MERGER with `amount` alone (all is sold for it), with `to_symbol` and `ratio`, or with all three: the
  cash comes off
  the cost, what exceeds it is realised.
- **Option**: an instrument with `multiplier` 100; quantity is in contracts, price of one unit of the underlying.
- **Short sale**: SELL beyond the held; BUY covers. One trade may go through zero: the part that closes is realised, the rest opens.
- **Currency exchange**: FX_CONVERSION with both legs: `amount currency` given, `to_amount to_currency` received, `fee` in `currency`.
"""


def page() -> str:
    """Give the text of the page."""
    sys.path.insert(0, str(ROOT))
    from engine.types import EFFECTS, ENTRIES  # noqa: PLC0415 - found through the line above when this is a script

    several = ["## Several records at once\n", *_joint(ENTRIES)]
    return "\n".join([HEAD, "## The table\n", *_table(EFFECTS), "## Kind by kind\n", *_kinds(EFFECTS), *several, TAIL])


def _table(effects: object) -> Iterator[str]:
    yield f"| kind | needs | {' | '.join(FIGURES)} |"
    yield "|" + "---|" * (len(FIGURES) + 2)
    for kind, effect in effects.items():  # type: ignore[attr-defined]
        yield f"| `{kind}` | {effect.needs_words} | {' | '.join(getattr(effect, name) for name in FIGURES)} |"
    yield ""


def _kinds(effects: object) -> Iterator[str]:
    for kind, effect in effects.items():  # type: ignore[attr-defined]
        yield f"**{effect.entry.name}** (`{kind}`). {effect.entry.says} Needs {effect.needs_words}."
        yield f"Signed: {', '.join(effect.signed)}.\n" if effect.signed else ""


def _joint(entries: object) -> Iterator[str]:
    for entry in entries.values():  # type: ignore[attr-defined]
        yield f"**{entry.name}** ({' + '.join(f'`{kind}`' for kind in entry.makes)}). {entry.says}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
