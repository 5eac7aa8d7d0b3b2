"""Elements of which one answer has hundreds: written as they are given, without Dash's check of every property each time.

An element of Dash costs 10 µs to make and 6 µs to write, of these a sixth. What they are written as is the same, which a test holds for
every kind here; a property that an element does not have would go unnoticed, so pages and forms are made of Dash's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

if TYPE_CHECKING:
    from dash.development.base_component import Component


class Quick:
    """Takes properties as they come."""

    _type: str
    _namespace: str

    def __init__(self, children: object = None, **properties: object) -> None:
        self.__dict__.update(properties, children=children)

    def to_plotly_json(self) -> dict[str, Any]:
        """Give what the browser builds the element from."""
        return {"props": self.__dict__, "type": self._type, "namespace": self._namespace}


def names(kind: type[Component]) -> list[str]:
    """List the properties of an element, which Dash keeps with each instance."""
    return list(kind()._prop_names)  # noqa: SLF001  # Dash says it nowhere else


class Span(Quick, html.Span):
    """Text within a line."""

    _prop_names, _valid_wildcard_attributes = names(html.Span), ("data-", "aria-")


class Td(Quick, html.Td):
    """Cell of a table."""

    _prop_names, _valid_wildcard_attributes = names(html.Td), ("data-", "aria-")


class Tr(Quick, html.Tr):
    """Row of a table."""

    _prop_names, _valid_wildcard_attributes = names(html.Tr), ("data-", "aria-")


class Mark(Quick, html.I):
    """Mark without text."""

    _prop_names, _valid_wildcard_attributes = names(html.I), ("data-", "aria-")
