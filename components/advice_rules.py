"""The tab of one's own rules: `assets/advice_rules.js` asks for them and paints them, for what is typed must not wait for the server."""

from __future__ import annotations

from dash import dcc, html

from components import cards
from components.ids import AdviceRulesIds as Ids


def pane() -> html.Div:
    """Build the tab: grey shapes until the rules are there."""
    bones = html.Section(cards.bones("title", "row", "row", "row"), className="panel padded")
    stores = [dcc.Store(id=store) for store in (Ids.ASKED, Ids.TOLD)]
    return html.Div([*stores, html.Div(bones, **{"data-part": "waits"}), html.Div(id=Ids.BODY)], className="pane", **{"data-pane": "rules"})
