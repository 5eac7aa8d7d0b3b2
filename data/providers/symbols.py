"""Which symbols may be sent to a provider."""

from __future__ import annotations

import re
from typing import Final

from engine.errors import InvalidInput

SYMBOL: Final = re.compile(r"[A-Za-z0-9^$.][A-Za-z0-9.^=/:_&+$-]{0,63}")
HINT: Final = "Up to 64 letters, digits and . ^ = / : _ & + $ - such as SAP.DE, ^GSPC or EURUSD=X"


def check_symbol(symbol: str) -> str:
    """Give a symbol back, or refuse it before anybody is asked.

    Raises
    ------
    InvalidInput
        It is longer than any symbol, holds what none holds, or climbs a path (`../`).
    """
    if not SYMBOL.fullmatch(symbol) or ".." in symbol or "//" in symbol or symbol.endswith("/") or not re.search(r"[A-Za-z0-9]", symbol):
        raise InvalidInput("symbol", symbol, "is not a symbol", hint=HINT, rule="not_a_symbol")
    return symbol
