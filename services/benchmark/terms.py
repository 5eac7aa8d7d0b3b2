"""The catalogue of the figures against a benchmark, for screens: what each is called, its unit, meaning and source."""

from __future__ import annotations

from engine.risk.catalogue import Term
from engine.risk.relative_figures import TERMS


def relative_terms() -> tuple[Term, ...]:
    """Give every figure that a benchmark's column has, in the order of the table."""
    return TERMS
