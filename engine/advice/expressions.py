"""The language of one's own rules: text into a tree, without ever running a text.

    rule       = either { "or" either }
    either     = both { "and" both }
    both       = "not" both | comparison
    comparison = sum [ ("<" | "<=" | ">" | ">=" | "=" | "!=") sum ]
    sum        = product { ("+" | "-") product }
    product    = factor { ("*" | "/") factor }
    factor     = "-" factor | number [ "%" ] | "(" rule ")" | function "(" rule { "," rule } ")" | metric [ "(" days ")" ] [ "of" scope ]
    scope      = "portfolio" | "benchmark" | "cash" | "any" group | [ group ] name in quotes

A text is at most 500 characters long, 30 deep and made of 100 parts; what is wrong is told with the place where it stands.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.advice.expressions_words import FUNCTIONS, GROUPS, METRICS, SCOPES
from engine.errors import InvalidInput

LONGEST, DEEPEST, MOST, LONGEST_WINDOW = 500, 30, 100, 2520
TOKEN: Final = re.compile(r'\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<text>"[^"]*"|\'[^\']*\')'
                          r"|(?P<sign><=|>=|==|!=|<>|[<>=+\-*/(),%:]))")
COMPARING: Final = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "==": "=", "!=": "!=", "<>": "!="}
WORDS: Final = frozenset({"and", "or", "not", "of", "any", "true", "false"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text, and where it begins."""

    kind: str  # number name text sign end
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Scope:
    """What a metric is of: `kind` portfolio, benchmark, cash, holding or a group; `name` None: any of them."""

    kind: str
    name: str | None = None

    @property
    def is_any(self) -> bool:
        """Whether it stands for each of its kind."""
        return self.name is None and self.kind in GROUPS


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float
    at: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a scope, over so many days where it takes them."""

    word: str
    days: int | None
    scope: Scope
    at: int


@dataclass(frozen=True, slots=True)
class Apply:
    """A sign or a function with what it is applied to."""

    sign: str
    parts: tuple[Node, ...]
    at: int


Node = Number | Metric | Apply
LOGICAL: Final = frozenset({"and", "or", "not"})
TRUTHS: Final = frozenset({*LOGICAL, "<", "<=", ">", ">=", "=", "!="})


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was understood: its text, its tree, and the metrics in it."""

    text: str
    tree: Node
    metrics: tuple[Metric, ...]

    @property
    def any_of(self) -> str | None:
        """The kind of what it asks each one of; None where it is about the whole."""
        return next((each.scope.kind for each in self.metrics if each.scope.is_any), None)


def refusal(text: str, at: int, reason: str, hint: str, rule: str = "bad_expression", near: Sequence[str] = ()) -> InvalidInput:
    """Build the error for a place of a text: `position` and `length` of the word, what is wrong with it, and names like it."""
    word = TOKEN.match(text, at)
    shown = text[at : word.end() if word else at + 1].strip()
    where = f"at {at + 1}" + (f" ({shown[:20]})" if shown else ", its end")
    return InvalidInput("expression", text, f"{where}: {reason}", hint=hint, rule=rule, position=at, length=len(shown), sentence=reason,
                        near=list(near))


def parse(text: str) -> Rule:
    """Understand a rule.

    Parameters
    ----------
    text
        As somebody wrote it.

    Returns
    -------
    Rule
        Whose tree is a truth.

    Raises
    ------
    InvalidInput
        What cannot be understood: `position` in its context is where, from 0.

    Examples
    --------
    >>> told(parse('weight of any holding > 20 % and not drawdown(250) < -0.1').tree)
    '((weight of any holding > 0.2) and (not (drawdown(250) of portfolio < (-0.1))))'
    """
    if len(text) > LONGEST:
        raise refusal(text[:LONGEST], LONGEST - 1, f"is longer than {LONGEST} characters", "Split it into two rules", "too_long")
    reader = _Reader(text, _tokens(text))
    tree = reader.rule()
    reader.expect_end()
    if not is_truth(tree):
        raise refusal(text, 0, "is a number, and a rule is true or false", "Compare it with something: cash > 10 %", "not_a_truth")
    metrics = tuple(reader.metrics)
    _one_kind(text, metrics)
    return Rule(text, tree, metrics)


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            unclosed = text[start] in "\"'"
            raise refusal(text, start, "a name in quotes does not end" if unclosed else f"{text[start]} means nothing here",
                          'Close it: "AAPL"' if unclosed else "Use names, numbers, + - * / ( ) < > = and, or, not, of, any")
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, Token("end", "", end)]


def is_truth(node: Node) -> bool:
    """Tell whether a tree is true or false, and no number."""
    return isinstance(node, Apply) and node.sign in TRUTHS


def told(node: Node) -> str:
    """Write a tree down with every bracket and default, so that one sees how it was understood."""
    if isinstance(node, Number):
        return f"{node.value:.10g}"
    if isinstance(node, Metric):
        days = f"({node.days})" if node.days is not None else ""
        return f"{node.word}{days} of {_scope_told(node.scope)}"
    parts = [told(part) for part in node.parts]
    if node.sign in FUNCTIONS:
        return f"{node.sign}({', '.join(parts)})"
    if len(parts) == 1:
        return f"({node.sign}{' ' if node.sign == 'not' else ''}{parts[0]})"
    return f"({f' {node.sign} '.join(parts)})"


def _scope_told(scope: Scope) -> str:
    if scope.kind not in GROUPS:
        return scope.kind
    return f"any {scope.kind}" if scope.name is None else f'{scope.kind} "{scope.name}"'


def _one_kind(text: str, metrics: tuple[Metric, ...]) -> None:
    """Refuse a rule that asks each holding and each sector at once."""
    kinds = {each.scope.kind: each for each in reversed(metrics) if each.scope.is_any}
    if len(kinds) > 1:
        last = max(kinds.values(), key=lambda each: each.at)
        raise refusal(text, last.at, f"asks any {last.scope.kind} beside any {next(kind for kind in kinds if kind != last.scope.kind)}",
                      "Ask each one of a single kind, or make two rules", "contradiction")


class _Reader:
    """Reads tokens from left to right, each rule of the grammar a method."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text, self._tokens, self._place, self._depth, self._count = text, tokens, 0, 0, 0
        self.metrics: list[Metric] = []

    def rule(self) -> Node:
        return self._chain(self._both_of, ("or",), truths=True)

    def expect_end(self) -> None:
        if self._now.kind != "end":
            raise self._wrong(f"{self._now.text} is not expected", "Put and, or, or a sign between the two parts")

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._now
        self._place += 1
        return token

    def _takes(self, *texts: str) -> bool:
        return self._now.kind in {"name", "sign"} and self._now.text.lower() in texts

    def _wrong(self, reason: str, hint: str, at: int | None = None, rule: str = "bad_expression") -> InvalidInput:
        return refusal(self._text, self._now.at if at is None else at, reason, hint, rule)

    def _unknown(self, token: Token, reason: str, known: Sequence[str]) -> InvalidInput:
        near = difflib.get_close_matches(token.text.lower(), known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}"
        return refusal(self._text, token.at, reason, hint, "unknown_name", near)

    def _made(self, node: Node) -> Node:
        self._count += 1
        if self._count > MOST:
            raise self._wrong(f"has more than {MOST} parts", "Split it into two rules", node.at, "too_long")
        return node

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong(f"is nested more than {DEEPEST} deep", "Take brackets out, or split it into two rules", rule="too_deep")
        node = read()
        self._depth -= 1
        return node

    def _chain(self, read: Callable[[], Node], signs: tuple[str, ...], *, truths: bool) -> Node:
        left = read()
        while self._takes(*signs):
            sign = self._next()
            right = read()
            left = self._made(Apply(sign.text.lower(), (self._a(left, truths), self._a(right, truths)), sign.at))
        return left

    def _a(self, node: Node, truth: bool) -> Node:  # noqa: FBT001 - which of two kinds is wanted
        if is_truth(node) is truth:
            return node
        raise self._wrong("is a number where a comparison is expected" if truth else "is a comparison where a number is expected",
                          "Compare it with something: cash > 10 %" if truth else "Join comparisons with and, or", node.at, "wrong_kind")

    def _both_of(self) -> Node:
        return self._chain(self._negated, ("and",), truths=True)

    def _negated(self) -> Node:
        if not self._takes("not"):
            return self._comparison()
        sign = self._next()
        return self._made(Apply("not", (self._a(self._deeper(self._negated), truth=True),), sign.at))

    def _comparison(self) -> Node:
        left = self._sum()
        if not self._takes(*COMPARING):
            return left
        sign = self._next()
        right = self._sum()
        if self._takes(*COMPARING):
            raise self._wrong("compares three things at once", "Join two comparisons with and: 0.1 < cash and cash < 0.2")
        return self._made(Apply(COMPARING[sign.text], (self._a(left, truth=False), self._a(right, truth=False)), sign.at))

    def _sum(self) -> Node:
        return self._chain(self._product, ("+", "-"), truths=False)

    def _product(self) -> Node:
        return self._chain(self._factor, ("*", "/"), truths=False)

    def _factor(self) -> Node:
        token = self._now
        if self._takes("-"):
            self._next()
            return self._made(Apply("-", (self._a(self._deeper(self._factor), truth=False),), token.at))
        if self._takes("("):
            self._next()
            node = self._deeper(self.rule)
            self._closed(token)
            return node
        if token.kind == "number":
            return self._number()
        if token.kind == "name" and token.text.lower() not in WORDS:
            return self._function() if token.text.lower() in FUNCTIONS else self._metric()
        raise self._wrong("something is missing" if token.kind == "end" else f"{token.text} is not expected",
                          'A number, a metric such as cash, or weight of "AAPL" is expected here')

    def _closed(self, opened: Token) -> None:
        if not self._takes(")"):
            raise self._wrong("a bracket is not closed", f"Close the one that opens at {opened.at + 1}")
        self._next()

    def _number(self) -> Node:
        token = self._next()
        value = float(token.text)
        if self._takes("%"):
            self._next()
            value /= 100.0
        return self._made(Number(value, token.at))

    def _function(self) -> Node:
        token = self._next()
        name = token.text.lower()
        if not self._takes("("):
            raise self._wrong(f"{name} needs brackets", f"Write {FUNCTIONS[name].example}")
        opened = self._next()
        parts = [self._a(self._deeper(self.rule), truth=False)]
        while self._takes(","):
            self._next()
            parts.append(self._a(self._deeper(self.rule), truth=False))
        self._closed(opened)
        if not FUNCTIONS[name].takes[0] <= len(parts) <= FUNCTIONS[name].takes[1]:
            raise self._wrong(f"{name} does not take {len(parts)} numbers", f"Write {FUNCTIONS[name].example}", token.at)
        return self._made(Apply(name, tuple(parts), token.at))

    def _metric(self) -> Node:
        token = self._next()
        name = token.text.lower()
        known = METRICS.get(name)
        if known is None:
            raise self._unknown(token, f"{token.text} is no metric", [*METRICS, *FUNCTIONS])
        days = self._days(token)
        at = self._now.at
        scope = self._scope() if self._takes("of") else Scope(known.scopes[0])
        if scope.kind not in known.scopes:
            raise self._wrong(f"{name} is not told of {'a ' if scope.kind in GROUPS else ''}{scope.kind}",
                              f"{name} is of {', '.join(known.scopes)}: {known.example}", at, "wrong_scope")
        found = Metric(name, days, scope, token.at)
        self.metrics.append(found)
        return self._made(found)

    def _days(self, token: Token) -> int | None:
        known = METRICS[token.text.lower()]
        if not self._takes("("):
            return known.days
        opened = self._next()
        number = self._next()
        if known.days is None:
            raise self._wrong(f"{token.text} takes no days", f"Write {known.example}", opened.at)
        if number.kind != "number" or not number.text.isdigit() or not known.least <= int(number.text) <= LONGEST_WINDOW:
            raise self._wrong(f"is not a number of days from {known.least} to {LONGEST_WINDOW}", f"Write {known.example}", number.at)
        self._closed(opened)
        return int(number.text)

    def _scope(self) -> Scope:
        self._next()
        token = self._next()
        word = token.text.lower()
        if token.kind == "text":
            return Scope("holding", self._named(token).upper())
        if token.kind == "name" and word == "any":
            kind = self._next()
            if kind.text.lower() in GROUPS:
                return Scope(kind.text.lower())
            raise self._unknown(kind, f"any {kind.text} is no scope", GROUPS)
        if token.kind == "name" and word in GROUPS:
            if self._now.kind != "text":
                raise self._wrong(f"which {word} is missing", f'Write {word} "its name", or any {word}')
            name = self._named(self._next())
            return Scope(word, name.upper() if word in {"holding", "currency", "country"} else name)
        if token.kind == "name" and word in SCOPES:
            return Scope(word)
        raise self._unknown(token, f"{token.text or 'nothing'} is no scope", [*SCOPES, *GROUPS, "any"])

    def _named(self, token: Token) -> str:
        name = token.text[1:-1].strip()
        if not name:
            raise self._wrong("the name is empty", 'Write a name between the quotes: "AAPL"', token.at)
        return name
