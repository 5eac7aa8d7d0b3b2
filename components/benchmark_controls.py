"""The Benchmark page's controls: the days, what is compared, the tabs, and what tools disagree about."""

from __future__ import annotations

from dash import dcc, html

from components import controls
from components.icons import Icon, icon
from components.ids import BenchmarkIds as Ids
from components.ids import FactorIds

MOST_BYTES = 8_000_000  # of a file of factors
TABS = (("against", "Against"), ("flows", "Same cash flows"), ("attribution", "Attribution"), ("factors", "Factors"), ("manage", "Manage benchmarks"))
MODELS = (
    ("", "What fits"),
    ("capm", "Market"),
    ("ff3", "Three factors"),
    ("carhart", "Carhart"),
    ("ff5", "Five factors"),
    ("ff6", "Six"),
    ("own", "Own"),
)
FREQUENCIES = (("", "daily"), ("weekly", "weekly"), ("monthly", "monthly"))

# name in the address, label, options; and of numbers: name, label, hint
OF_FIGURES = (
    ("freq", "Returns of figures and rolling windows", FREQUENCIES),
    (
        "alpha",
        "Alpha of a period becomes a year's",
        (("", "compounded"), ("arithmetic", "times the periods"), ("annualised", "from annualised returns")),
    ),
    ("excess", "Return above the benchmark", (("", "difference"), ("geometric", "ratio (geometric)"))),
    ("capture", "Captures", (("", "compounded"), ("annualised", "annualised"), ("mean", "of means"))),
    (
        "zero",
        "A month in which the benchmark stood still",
        (("", "counts as a rise"), ("down", "counts as a fall"), ("neither", "counts as neither")),
    ),
    ("errors", "Standard errors", (("", "Newey-West"), ("classic", "classic"))),
    ("costs", "Returns are", (("", "net of fees and taxes"), ("gross_of_fees", "before fees"), ("gross", "before fees and taxes"))),
)
NUMBERS_OF_FIGURES = (
    ("rf", "Risk-free rate, % a year", "0"),
    ("window", "Periods of a rolling window", "126"),
    ("horizon", "Months to outperform in", "12"),
)
OF_ATTRIBUTION = (
    ("method", "Allocation is measured", (("", "against the benchmark (Brinson-Fachler)"), ("bhb", "against nothing (Brinson-Hood-Beebower)"))),
    (
        "linking",
        "Days are linked",
        (("", "Carino"), ("menchero", "Menchero"), ("grap", "GRAP"), ("frongello", "Frongello"), ("geometric", "geometric")),
    ),
    ("interaction", "Interaction", (("", "stands apart"), ("selection", "is part of selection"))),
    ("fx", "Currencies", (("", "an effect of their own (Karnosky-Singer)"), ("within", "inside allocation and selection"))),
    (
        "outside",
        "A group that the benchmark does not hold made",
        (("", "what it made for you"), ("benchmark", "what the benchmark made"), ("zero", "nothing")),
    ),
)
OF_FACTORS = (
    ("every", "Returns", (("", "as often as the factors"), ("daily", "daily"), ("weekly", "weekly"), ("monthly", "monthly"))),
    ("estimator", "Estimated by", (("", "least squares"), ("ridge", "ridge"))),
)
NUMBERS_OF_FACTORS = (
    ("lags", "Lags of Newey-West", "by the length"),
    ("span", "Periods of a rolling window", "126"),
    ("level", "Confidence, %", "95"),
    ("factors", "Instruments as factors, or columns", "SP500, GOLD"),
)


def title() -> html.Div:
    """Name of the page, and what is compared, over which days, by which conventions."""
    return html.Div(
        [
            html.Div([html.H1("Benchmark"), html.Span(id=Ids.WHEN, className="note")], className="words"),
            html.Span(className="grow"),
            html.Div([_range(), _against(), _conventions()], className="toolbar", role="group", **{"aria-label": "What is compared"}),
        ],
        className="title",
    )


def tabs() -> html.Div:
    """Row of tabs; the address keeps which one is open."""
    buttons = [
        html.Button(word, type="button", role="tab", **{"data-tab": name, "aria-selected": str(name == TABS[0][0]).lower()}) for name, word in TABS
    ]
    return html.Div(buttons, className="tabs", role="tablist", **{"aria-label": "Benchmark"})


def _range() -> html.Span:
    dates = [
        html.Label([html.Span(word, className="dim"), dcc.Input(type="date", name=name, className="text-input")])
        for name, word in (("from", "From"), ("to", "to"))
    ]
    clear = controls.tool(Icon.CLOSE, "Back to the period in the bar", do="benchmark-range", hidden=True)
    return html.Span([*dates, clear], className="range", **{"data-part": "range"})


def _against() -> html.Span:
    """Name what is compared, and a sheet to choose several."""
    button = html.Button(
        [icon(Icon.PLUS, small=True), html.Span("Compare")],
        type="button",
        className="ctl quiet",
        title="Compare with something else too",
        **{"data-menu": f"{Ids.CHOSEN}-sheet", "aria-haspopup": "dialog", "aria-expanded": "false"},
    )
    search = dcc.Input(type="search", name="vs-search", placeholder="Instruments and blends", className="text-input", autoComplete="off")
    sheet = controls.popover(
        [html.Div(search, className="ask-for"), html.Div(id=Ids.FOUND, className="in")],
        id=f"{Ids.CHOSEN}-sheet",
        label="What to compare with",
        className="at-end",
    )
    return html.Span([html.Span("vs", className="dim"), html.Span(id=Ids.CHOSEN, className="chips"), button, sheet], className="vs")


def _conventions() -> html.Span:
    """Choose what tools disagree about; what is not the default is counted on the button."""
    button = html.Button(
        [html.Span("Conventions"), html.Span(className="count", **{"data-part": "conventions"}), icon(Icon.CHEVRON, small=True)],
        type="button",
        className="ctl quiet",
        **{"data-menu": f"{Ids.PAGE}-conventions", "aria-haspopup": "dialog", "aria-expanded": "false"},
    )
    groups = (("against flows", OF_FIGURES, NUMBERS_OF_FIGURES), ("attribution", OF_ATTRIBUTION, ()), ("factors", OF_FACTORS, NUMBERS_OF_FACTORS))
    parts = [
        html.Div([*map(_choice, choices), *map(_number, numbers)], className="form", **{"data-for": names}) for names, choices, numbers in groups
    ]
    reset = html.Div([controls.button("Back to the defaults", look="quiet", do="benchmark-conventions")], className="acts end")
    return html.Span(
        [
            button,
            controls.popover(
                html.Div([*parts, reset], className="in conventions"), id=f"{Ids.PAGE}-conventions", label="Conventions", className="at-end"
            ),
        ],
        className="of-conventions",
    )


def _choice(told: tuple[str, str, tuple[tuple[str, str], ...]]) -> html.Label:
    name, label, options = told
    return controls.field(
        label, html.Select([html.Option(word, value=value) for value, word in options], name=name, className="input", **{"data-convention": name})
    )


def _number(told: tuple[str, str, str]) -> html.Label:
    name, label, usual = told
    return controls.field(
        label, dcc.Input(type="text", name=name, className="text-input", autoComplete="off", placeholder=usual, inputMode="decimal")
    )


def factor_choice() -> html.Div:
    """Choose the model, and where the factors come from; a file of one's own is brought here."""
    first = html.Option("The first that fits", value="")
    source = html.Label(
        [
            html.Span("Factors from", className="dim"),
            html.Select(first, id=FactorIds.SETS, name="source", className="input", **{"data-convention": "source"}),
        ]
    )
    words = "A file of Kenneth French's library as it is, or a table with a date first and a name above each column"
    file = dcc.Upload(
        html.Button("Bring a file", type="button", className="ctl quiet", title=words),
        id=FactorIds.FILE,
        accept=".csv,.txt",
        max_size=MOST_BYTES,
        className="bring",
    )
    segments = controls.segments(MODELS, attribute="model", label="Model", current="")
    done = html.Div(id=FactorIds.DONE, className="notices", role="status")
    return html.Div([html.Div([segments, html.Span([source, file], className="from")], className="toolbar factor-choice"), done], className="heads")
