"""The line to the server's stream: the socket, and what stands in for it where a proxy blocks sockets."""

from __future__ import annotations

from enum import StrEnum

from dash import dcc, html
from dash_extensions import WebSocket

from components.ids import Ids

POLL_MS = 2_000


class LiveIds(StrEnum):
    """The stream: nothing here is seen."""

    LINE = "live-line"
    SOCKET = "live-socket"  # opened, closed and opened again by assets/live.js, through its `url`
    POLL = "live-poll"  # runs only while the socket cannot be had
    WANTED = "live-wanted"  # {portfolios, symbols, risk}: what the page follows, for the poll
    POLLED = "live-polled"  # the snapshot that a poll brought, as the stream would have sent it


def live_components() -> html.Div:
    """Build the invisible parts; the frame holds them once for all pages."""
    return html.Div(
        [
            WebSocket(id=LiveIds.SOCKET),
            dcc.Interval(id=LiveIds.POLL, interval=POLL_MS, disabled=True),
            dcc.Store(id=LiveIds.WANTED),
            dcc.Store(id=LiveIds.POLLED),
        ],
        id=LiveIds.LINE, hidden=True,
        **{"data-socket": LiveIds.SOCKET, "data-poll": LiveIds.POLL, "data-wanted": LiveIds.WANTED,
           "data-ledger": Ids.LEDGER, "data-settled": Ids.LEDGER_SETTLED, "data-status": Ids.STATUS},
    )
