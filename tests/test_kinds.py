"""One table says what a kind does: code, REST, docs and form read it, and nobody has sentences of their own."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from api.transfers import kinds
from components import dialogs
from engine.types import EFFECTS, ENTRIES, Kind
from services.ledger.validation import OF_CASH, SHAPES

ROOT = Path(__file__).parent.parent
ROOMS = ("engine", "data", "services", "api", "components", "pages", "callbacks")


def test_the_docs_are_made_of_the_table() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    told = (ROOT / "docs" / "transactions.md").read_text(encoding="utf-8")
    assert made.page() == told, "run python docs/generate.py"
    assert all(f"`{kind}`" in told for kind in Kind)


def test_the_form_and_rest_tell_what_the_table_says() -> None:
    told = {each.kind: each for each in kinds()}
    shown = dialogs.kinds()
    assert set(told) == set(shown) == {*(kind.value for kind in Kind), *ENTRIES}
    for kind, effect in EFFECTS.items():
        assert told[kind].says == shown[kind]["effect"] == effect.entry.says
        assert told[kind].effect["cash"] == effect.cash
        assert list(shown[kind]["fields"]) == [field.name for field in effect.entry.fields]


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_refused_follows_the_table(kind: Kind) -> None:
    effect = EFFECTS[kind]
    assert SHAPES[kind].needs == effect.needs
    assert SHAPES[kind].one_of == effect.one_of
    assert (kind in OF_CASH) == bool(effect.of_cash)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_row_of_the_table_is_whole(kind: Kind) -> None:
    effect = EFFECTS[kind]
    assert effect.needs or effect.one_of
    offered = {field.name for field in effect.entry.fields}
    assert set(effect.needs) <= offered
    assert effect.entry.says.endswith(".")
    assert all(getattr(effect, name) for name in ("quantity", "cost", "cash", "realised", "income", "fees", "taxes", "flow"))


def test_nobody_else_has_a_table_of_kinds_with_sentences() -> None:
    """A mapping from kinds to texts of several words anywhere else would be a second table."""
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py") if path.name != "kinds.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                keyed = [key for key in node.keys if isinstance(key, ast.Attribute) and ast.unparse(key.value) == "Kind"]
                texts = [each.value for value in node.values for each in ast.walk(value) if isinstance(each, ast.Constant)]
                said = [text for text in texts if isinstance(text, str) and text.endswith(".") and text.count(" ") > 3]
                assert not (keyed and said), f"{path.relative_to(ROOT)}:{node.lineno}"
