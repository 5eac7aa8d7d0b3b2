"""What every tab of the Risk page is built from: the services, what is asked, and for which screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.figures import NARROW_TICKS
from components.figures_risk import Screen

if TYPE_CHECKING:
    from services import Services
    from services.risk.views import RiskQuestion, RiskView

TALL, NARROW_TALL, HALF_TALL = 300, 230, 235
HALF = 7  # of the twelve columns: charts as wide as that or less are lower


class Page:
    """What a tab is built from: the services, what is asked, and the readings that several panels share."""

    def __init__(self, services: Services, asked: dict[str, Any], question: RiskQuestion) -> None:
        self.services, self.asked, self.question = services, asked, question
        self.actor, self.scope = services.accounts.local(), asked["portfolio"]

    @property
    def view(self) -> RiskView:
        """Give the whole sheet; the service keeps it."""
        return self.services.risk.risk(self.actor, self.scope, self.question)

    def screen(self, name: str, *, columns: int = 12) -> Screen:
        """Give what a figure is drawn for; its zoom stays while the same is asked for."""
        said = {key: value for key, value in self.asked.items() if value and key not in {"n", "tab"}}
        narrow = bool(self.asked.get("narrow"))
        height = NARROW_TALL if narrow else TALL if columns > HALF else HALF_TALL
        return Screen(narrow, f"{name} {sorted(said.items())!r}", height, NARROW_TICKS if narrow else max(NARROW_TICKS - 1, columns))
