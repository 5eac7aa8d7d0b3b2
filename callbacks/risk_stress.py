"""Answers the Stress section of the Risk page; scenarios themselves come and go by the REST routes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, html
from dash.exceptions import PreventUpdate

from components import cards, controls, theme
from components import risk_stress as parts
from components.icons import Icon
from components.ids import Ids as Frame
from components.ids import RiskIds
from components.risk_stress import Loss, Part, Step
from components.risk_stress import StressIds as Ids
from engine.errors import InvalidInput, PortfolioError
from services.stress.views import EpisodeLoss, ScenarioLoss, StressQuestion, StressView

if TYPE_CHECKING:
    from datetime import date

    from dash.development.base_component import Component

    from services import Services

LOSS, WITHIN = "0.2", "21"
THIN = 0.25  # share of the weight that stands in for what is missing, from which on an episode is told with care
GREY = "Grey: for a quarter of the weight or more something stood in."
MOST_PARTS, MOST_STEPS = 40, 12


def register(app: Dash, services: Services) -> None:
    """Wire the section."""
    app.clientside_callback(
        ClientsideFunction("riskStress", "ask"), Output(Ids.ASKED, "data"), Input(Frame.URL, "search"), Input(Frame.SCOPE, "data"),
        Input(Frame.LEDGER, "data"), Input(RiskIds.RETRY, "data"), Input(Ids.CHANGED, "data"), State(Ids.READ, "data"), State(Ids.ASKED, "data"),
    )
    app.clientside_callback(ClientsideFunction("riskStress", "keep"), Input(Ids.CHOICES, "data"))

    @app.callback(Output(Ids.BODY, "children"), Output(Ids.READ, "data"), Output(Ids.CHOICES, "data"), Input(Ids.ASKED, "data"),
                  State(Ids.READ, "data"))
    async def update_risk_stress(asked: dict[str, Any] | None, read: dict[str, Any] | None) -> tuple[Any, Any, Any]:
        """Fill the section; what failed says so in its place."""
        if not asked:
            raise PreventUpdate
        try:
            return await asyncio.to_thread(_section, services, asked)
        except PortfolioError as error:
            return cards.failed("Stress tests cannot be told now", _reason(error)), read, None


def question_of(asked: dict[str, Any]) -> StressQuestion:
    """Read the address into the service's words.

    Raises
    ------
    InvalidInput
        A loss or a number of days that is none.
    """
    benchmark = asked.get("benchmark")
    return StressQuestion(loss=_number(asked, "loss", LOSS), horizon_days=int(_number(asked, "within", WITHIN)),
                          benchmark="" if benchmark == "none" else benchmark)


def _number(asked: dict[str, Any], name: str, default: str) -> float:
    text = asked.get(name) or default
    try:
        return float(text)
    except (TypeError, ValueError):
        raise InvalidInput(name, text, "is not a number", hint="Choose it again on the page", rule="number") from None


def _reason(error: PortfolioError) -> str:
    hint = error.context.get("hint")
    return f"{error.message} {hint}." if hint and hint not in error.message else error.message


# --------------------------------------------------------------------------------------------------------------------------- section


def _section(services: Services, asked: dict[str, Any]) -> tuple[Component, dict[str, Any], dict[str, Any]]:
    actor = services.accounts.local()
    view = services.stress.stress(actor, asked["portfolio"], question_of(asked))
    own = [{"id": str(each.id), "version": each.version, "name": each.name, "note": each.note, "overlap": each.overlap,
            "shocks": [{"target": shock.target, "name": shock.name, "size": shock.size} for shock in each.shocks]}
           for each in services.scenarios.find(actor)]
    choices = {"scope": view.scope, "currency": view.base_currency, "choices": {name: list(words) for name, words in view.choices.items()},
               "scenarios": own}
    with_these = json.dumps({name: asked.get(name) for name in ("loss", "within", "benchmark")})
    return html.Div(_panels(view, asked), className="cols", **{"data-explain-with": with_these}), {"revisions": dict(view.revisions)}, choices


def _panels(view: StressView, asked: dict[str, Any]) -> list[Component]:
    episodes, scenarios = [episode_loss(each) for each in view.episodes], [scenario_loss(each) for each in view.scenarios]
    known = [loss.key for loss in (*episodes, *scenarios) if loss.pnl is not None]
    chosen = asked["stress"] if asked.get("stress") in known else (known[0] if known else "")
    return [*_notices(view, asked), _episodes(view, episodes, chosen), _chosen(view, chosen), _scenarios(view, scenarios, chosen),
            _reverse(view, asked)]


def _notices(view: StressView, asked: dict[str, Any]) -> list[Component]:
    said = [cards.notice(finding.message, kind="info") for finding in view.findings if finding.code == "unpriced"]
    if asked.get("past"):
        said.append(cards.notice("Stress tests are of what is held now.", "The page looks back, this part does not.", kind="info"))
    return [html.Div(said, className="notices c12")] if said else []


def episode_loss(each: EpisodeLoss) -> Loss:
    """Word one episode."""
    told, shares = each.episode, {name: theme.share(getattr(each, name)) for name in ("proxied", "missing")}
    thin = [f"{shares['proxied']} stood in for"] if each.proxied >= THIN else []
    thin += [f"{shares['missing']} unknown"] if each.missing > 0.0005 else []
    days = _span(told.start, told.end)
    title = f"{told.meaning} {days}. The market: {theme.percent(each.market, decimals=1)}. {told.source}."
    unknown = each.missing >= 1.0
    return Loss(f"e.{told.name}", told.label, days, title, None if unknown else -each.loss_money, None if unknown else -each.loss, ", ".join(thin))


def _span(start: date, end: date) -> str:
    """Write days as short as they can be told: what both have in common once."""
    if start == end:
        return theme.day(start)
    if start.year == end.year:
        return f"{theme.day(start).rpartition(' ')[0]} to {theme.day(end)}"
    return f"{theme.day(start)} to {theme.day(end)}"


def _signed(name: str) -> str:
    """Write the minus of a name as every other minus is written."""
    return name.replace(" -", " \u2212")


def scenario_loss(each: ScenarioLoss) -> Loss:
    """Word one scenario."""
    scenario = each.scenario
    shocks = [f"{shock.target} {shock.name} {theme.percent(shock.size, decimals=1)}".replace("  ", " ") for shock in scenario.shocks]
    title = scenario.note or "; ".join(shocks)
    thin = "; ".join(finding.message for finding in each.findings)
    return Loss(f"s.{scenario.key}", _signed(scenario.name), "" if scenario.id else "built in", f"{title} {thin}".strip(), 0.0 - each.loss_money,
                0.0 - each.loss, thin, str(scenario.id or ""))


def _episodes(view: StressView, losses: list[Loss], chosen: str) -> Component:
    if not losses:
        why = view.gaps.get("episodes", "Nothing is held")
        return cards.panel("Episodes of the past", cards.blank("No episode can be told", f"{why}."), span="c7")
    told = sum(loss.pnl is not None for loss in losses)
    return parts.losses_panel("Episodes of the past", f"P/L of today\u2019s holdings, {view.base_currency}", losses, chosen=chosen,
                              foot=f"{told} of {len(losses)} can be told. {GREY} {view.conventions['episodes']}. {view.conventions['proxies']}.")


def _scenarios(view: StressView, losses: list[Loss], chosen: str) -> Component:
    new = controls.button("New scenario", look="quiet", do="scenario-new", name=Icon.PLUS)
    return parts.losses_panel("Scenarios", f"P/L of today\u2019s holdings, {view.base_currency}", losses, chosen=chosen, tools=[new],
                              foot=f"{view.conventions['overlap']}. Cash {view.conventions['cash'].lower()}.")


def _chosen(view: StressView, chosen: str) -> Component:
    """Show who makes the chosen loss, the largest part first."""
    for episode in view.episodes:
        if f"e.{episode.episode.name}" == chosen:
            rows = episode.holdings.sort_values("contribution", kind="stable")
            found = [Part(str(symbol), view.names.get(str(symbol), ""), row["weight"], row["move"], parts.SOURCES[row["source"]],
                          row["contribution_money"]) for symbol, row in rows.iterrows()]
            foot = f"{episode.episode.meaning} The benchmark or the market did {theme.percent(episode.market, decimals=1)}."
            return _parts(view, episode.episode.label, found, key=chosen, pnl=-episode.loss_money, share=-episode.loss, foot=foot)
    for scenario in view.scenarios:
        if f"s.{scenario.scenario.key}" == chosen:
            rows = scenario.holdings.sort_values("contribution", kind="stable")
            found = [Part(str(symbol).removeprefix("cash:"), view.names.get(str(symbol), "Cash"), row["weight"], row["move"], _because(row),
                          row["contribution_money"], str(symbol)) for symbol, row in rows.iterrows()]
            said = " ".join(finding.message for finding in scenario.findings)
            foot = said or scenario.scenario.note or "Every shock reaches something that is held."
            label = _signed(scenario.scenario.name)
            return _parts(view, label, found, key=chosen, pnl=-scenario.loss_money, share=-scenario.loss, foot=foot)
    return cards.panel("By holding", cards.blank("Nothing is chosen", "Press a bar to see who makes it."), span="c5")


def _because(row: Any) -> str:  # noqa: ANN401 - a row of a frame
    """Say in words which shocks moved a holding."""
    said = ["everything" if row["because"] == "all" else str(row["because"])]
    said += [word for word in ("currency", "rate") if row[word]]
    return ", ".join(filter(None, said)).replace("asset_class", "class") or "not shocked"


def _parts(view: StressView, title: str, found: list[Part], *, key: str, pnl: float, share: float, foot: str) -> Component:
    shown = found[:MOST_PARTS]
    if len(found) > MOST_PARTS:
        foot = f"The first {MOST_PARTS} of {len(found)} holdings. {foot}"
    return parts.parts_panel(title, shown, key=key, pnl=pnl, share=share, currency=view.base_currency, foot=foot)


def _reverse(view: StressView, asked: dict[str, Any]) -> Component:
    found = view.reverse
    if found is None:
        why = view.gaps.get("reverse", "Nothing is held")
        return parts.reverse_panel([], sentence=f"Not known yet. {why}.", loss=asked.get("loss") or "", within=asked.get("within") or "")
    rows = found.table.sort_values("contribution", kind="stable")
    steps = [Step(str(symbol), view.names.get(str(symbol), ""), row["weight"], row["move"], row["deviations"], row["alone"], row["contribution"])
             for symbol, row in rows.head(MOST_STEPS).iterrows()]
    chance = f"once in {theme.number(1 / found.probability, decimals=0)}" if found.probability > 1e-12 else "practically never"
    days = "a day" if found.horizon == 1 else f"{found.horizon} trading days"
    loss, far = theme.percent(found.loss, decimals=0, signed=False), theme.number(found.distance, decimals=1)
    sentence = (f"A loss of {loss} within {days} is {far} standard deviations away: {chance}, were returns normal. "
                "They have fatter tails, so it is more likely than that.")
    if len(rows) > MOST_STEPS:
        sentence += f" The {MOST_STEPS} of {len(rows)} holdings that add most:"
    return parts.reverse_panel(steps, sentence=sentence, loss=asked.get("loss") or "", within=asked.get("within") or "")
