"""The evidence of a suggestion in words: in how many windows of the past its fix would have helped, by how much, and at what price."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from components import theme

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SURE = 0.95  # of the deflated ratio
MOVING = frozenset({"working", "waiting"})  # worth asking again
METHOD = ("Today's portfolio is put into every window; the rule is asked with what was known at its first day, the fix is traded once, and both "
          "are left alone for a year. Costs and taxes are your policy's.")


def told(replay: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Write evidence out, as `assets/advice.js` lays it into a card.

    Parameters
    ----------
    replay : Mapping or None
        The fields of `services.advice.views_rules.ReplayView`.
    """
    if not replay:
        return None
    state = str(replay["state"])
    if state != "ready":
        return {"state": state, "moving": state in MOVING, "sentence": _waiting(replay), "done": replay["done"], "total": replay["total"]}
    still, equal = _of(replay, "still"), _of(replay, "equal")
    word, kind = _verdict(replay, still)
    return {"state": state, "moving": False, "sentence": f"{still['sentence']}.", "word": word, "kind": kind, "note": _note(replay),
            "bars": bars(still["quantiles"]), "pairs": _pairs(replay, still, equal), "method": METHOD}


def _waiting(replay: Mapping[str, Any]) -> str:
    count = f", {replay['done']} of {replay['total']} windows" if replay["total"] else ""
    return f"{replay['sentence']}{count}."


def _of(replay: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(each for each in replay["against"] if each["against"] == name)
    return found


def _verdict(replay: Mapping[str, Any], still: Mapping[str, Any]) -> tuple[str, str]:
    """Say in a word what the figures come to; more return than luck gives is rare."""
    calmer = replay["volatility"][0] < replay["volatility"][1]
    if still["median"] > 0:
        return ("held up", "ok") if still["deflated"] >= SURE and still["share"] >= 0.5 else ("thin: luck is not ruled out", "")
    return ("calmer, for less return", "") if calmer else ("would not have helped", "warn")


def _note(replay: Mapping[str, Any]) -> str:
    spoke = "" if replay["spoke"] == replay["windows"] else f" of {replay['windows']}, in which the rule spoke"
    return f"{replay['spoke']} windows of a year{spoke}, begun {theme.day(replay['first'])} to {theme.day(replay['last'])}"


def bars(quantiles: Sequence[float]) -> list[float]:
    """Give the middle of each twentieth of the windows, the worst first, as a part of the widest."""
    middles = [(low + high) / 2 for low, high in pairwise(quantiles)]
    widest = max((abs(each) for each in middles), default=0.0) or 1.0
    return [round(each / widest, 3) for each in middles]


def _pairs(replay: Mapping[str, Any], still: Mapping[str, Any], equal: Mapping[str, Any]) -> list[dict[str, str]]:
    spread = f"{theme.percent(still['quantiles'][1])} to {theme.percent(still['quantiles'][-2])}"
    found = [
        ("Nine windows of ten", "", spread),
        ("Against 1/N", "", f"{theme.share(equal['share'], decimals=0)}, median {theme.percent(equal['median'])}"),
        ("Volatility", theme.share(replay["volatility"][1]), theme.share(replay["volatility"][0])),
        ("Worst year", theme.percent(replay["worst_year"][1]), theme.percent(replay["worst_year"][0])),
        ("Turnover", "", theme.share(replay["turnover"])),
        ("Cost and tax", "", theme.share(replay["cost"] + replay["tax"], decimals=2)),
        ("Deflated Sharpe", "", theme.number(still["deflated"], decimals=2)),
    ]
    if replay["purged"] and all(map(math.isfinite, replay["purged"])):
        low, _, high = replay["purged"]
        found.append(("Sharpe on purged paths", "", f"{theme.number(low, signed=True)} to {theme.number(high, signed=True)}"))
    return [{"label": label, "before": before, "text": text} for label, before, text in found]
