/* Optimise: the question as a form, the run while it is at work, then figures, the frontier with the present portfolio on it, and the weights. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.adviceOptimise = (() => {
  const BODY = "advice-optimise-body", EVERY = 800, HEIGHT = 320, EDGE = { left: 52, right: 64, top: 12, bottom: 44 };
  const byId = (id) => document.getElementById(id), none = () => window.dash_clientside.no_update, forms = () => window.portolan.adviceForms, shell = () => window.portolan.shell;
  const element = (...given) => window.portolan.draw.element(...given); // it loads later
  const send = (action, more = {}) => window.dash_clientside.set_props("advice-optimise-action", { data: { action, portfolio: page.found.portfolio, ...more, at: Date.now() } });
  const page = { found: null, once: "", timer: 0 };
  const form = () => byId(BODY)?.querySelector("form"), part = (name) => byId(BODY)?.querySelector(`[data-part=${name}]`);

  function query(asked, _search, before) {
    if (!asked || asked.show !== "optimise" || !byId(BODY)) return none();
    const told = { scope: asked.scope, run: new URLSearchParams(location.search).get("optimiser_run") || "", retry: asked.retry };
    return JSON.stringify(told) === JSON.stringify(before) || (page.found?.run && page.found.run.id === told.run && page.found.portfolio === told.scope) ? none() : told;
  }

  /* ----------------------------------------------------------------------------------------------------------------- form */
  const text = (value) => (value === null || value === undefined || value === "" ? "" : String(+(value * 100).toFixed(8)));

  function area(name, label, value, hint) {
    return element("label", { class: "field wide", "data-field": name, "data-kind": "text" }, element("span", { class: "soft" }, label), element("textarea", { class: "input", name, rows: 3 }, value || ""), element("span", { class: "hint" }, hint));
  }

  function fields(found) {
    const asked = found.run?.question || {}, { field } = forms(), limit = (value, usual) => (value === usual ? "" : text(value));
    const choice = (name, label, options, value) => field({ name, label, kind: "choice", value, options }), percent = (name, label, value, hint) => field({ name, label, kind: "percent", value, unit: "%", hint });
    const list = (name, label, hint) => field({ name, label, kind: "list", value: (asked[name] || []).join(", "), hint }), day = (name, label) => field({ name, label, kind: "date", value: asked[name] || "" });
    const rows = Object.entries(asked.groups || {}).flatMap(([by, groups]) => Object.entries(groups).map(([key, [least, most]]) => ({ by, key, least: limit(least, 0), most: limit(most, 1) })));
    const more = (title, open, ...own) => element("details", { class: "wide", open }, element("summary", {}, title), element("div", { class: "fields" }, ...own));
    return [choice("model", "Optimiser", found.models.map((each) => [each.name, each.label]), asked.model || "mean_risk"), choice("measure", "Risk measure", [], ""), choice("objective", "Objective", [], ""),
      field({ name: "risk_aversion", label: "Aversion to risk", kind: "number", value: asked.risk_aversion === undefined || asked.risk_aversion === 1 ? "" : String(asked.risk_aversion), usual: "1" }),
      choice("covariance", "Risk estimated by", found.covariances, asked.covariance || "ledoit_wolf"), choice("expected", "Returns estimated by", found.expected, asked.expected || "empirical"),
      area("views", "Views, one a line", (asked.views || []).join("\n"), "AAPL outperforms MSFT by 2 % · XOM returns 5 % (60 %)"), percent("confidence", "Sureness of views", limit(asked.confidence, 0.5), "Of those that say none. Empty: 50"),
      area("budgets", "Budgets of risk, one a line", Object.entries(asked.budgets || {}).map(([key, share]) => `${key} ${text(share)}`).join("\n"), "AAPL 40"),
      more("Limits", true, percent("max_weight", "Largest weight", limit(asked.max_weight, 1), "Empty: as the policy has it"), percent("min_weight", "Smallest weight", limit(asked.min_weight, 0)), percent("max_turnover", "Most turnover", text(asked.max_turnover)),
        percent("max_tracking_error", "Most tracking error a year", text(asked.max_tracking_error), "Against the benchmark"), percent("min_return", "Least return a year", text(asked.min_return)),
        window.portolan.adviceGroups.editor({ name: "groups", rows, groupings: found.groupings, keys: found.keys }), field({ name: "use_policy", label: "Limits of the policy hold", kind: "flag", value: asked.use_policy ?? true })),
      more("Chosen from", false, list("symbols", "Also choose among", "Symbols besides what is held"), list("only", "Only choose among", "Empty: what is held, and the above"), list("excluded", "Not to be held", "")),
      more("Costs, rates and history", false, percent("transaction_cost", "Cost of what is traded", limit(asked.transaction_cost, 0)), percent("management_fee", "Management fee a year", limit(asked.management_fee, 0)), percent("risk_free", "Rate without risk, a year", limit(asked.risk_free, 0)),
        choice("period", "History", found.periods, asked.period || ""), day("start", "From"), day("end", "To")),
      field({ name: "frontier", label: "Trace the frontier", kind: "flag", value: asked.frontier === undefined || asked.frontier > 0 })];
  }

  /* What the chosen optimiser has no place for is not shown, and not sent. */
  function fit() {
    const chosen = page.found.models.find((each) => each.name === form().querySelector("[name=model]").value), asked = page.found.run?.question || {};
    const options = (name, told) => { const own = form().querySelector(`[name=${name}]`), was = own.value || asked[name]; own.replaceChildren(...told.map(([key, word]) => element("option", { value: key, selected: key === was }, word))); own.closest(".field").hidden = told.length === 0; };
    options("measure", chosen.measures); options("objective", chosen.objectives);
    const shown = (name, is) => { form().querySelector(`[data-field=${name}]`).hidden = !is; }, has = (name) => chosen.constraints.includes(name);
    for (const name of ["min_weight", "max_weight", "max_turnover", "max_tracking_error", "min_return", "transaction_cost", "management_fee", "views", "budgets"]) shown(name, has(name));
    shown("confidence", has("views")); shown("risk_aversion", chosen.name === "cvar_robust" || (chosen.objectives.length && form().querySelector("[name=objective]").value === "maximise_utility"));
    form().querySelector(".groups-of").hidden = !has("groups");
    part("meaning").textContent = chosen.meaning;
  }

  function read() {
    const told = {};
    for (const label of form().querySelectorAll("[data-field][data-kind]:not([hidden])")) { const found = forms().value(label.dataset.kind, label.querySelector("input, select, textarea")); if (found !== null) told[label.dataset.field] = found; }
    if (!form().querySelector(".groups-of").hidden) told.groups = window.portolan.adviceGroups.read(form());
    return told;
  }

  /* --------------------------------------------------------------------------------------------------------------- result */
  const cells = (texts, tag = "td") => texts.map((each, place) => element(tag, { class: place ? "" : "l" }, each));

  function chart(plot) {
    const { svg, path } = window.portolan.draw, WIDTH = byId(BODY).clientWidth < 600 ? 340 : 640, wide = WIDTH - EDGE.left - EDGE.right, tall = HEIGHT - EDGE.top - EDGE.bottom, x = (at) => EDGE.left + at * wide, y = (at) => EDGE.top + (1 - at) * tall;
    const box = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "frontier", role: "img", "aria-label": `Efficient frontier. ${plot.marks.map((each) => `${each.name}: ${each.text}`).join(". ")}` });
    for (const tick of plot.y) { svg("path", { class: "grid", d: `M${x(0)} ${y(tick.at)}H${x(1)}` }, box); svg("text", { x: x(0) - 8, y: y(tick.at) + 4, "text-anchor": "end" }, box, tick.text); }
    for (const tick of plot.x) svg("text", { x: x(tick.at), y: y(0) + 18, "text-anchor": "middle" }, box, tick.text);
    svg("text", { x: x(0.5), y: HEIGHT - 6, "text-anchor": "middle", class: "axis" }, box, "Risk, by the measure");
    svg("path", { class: "line", d: path(plot.line.map((each) => [x(each.x), y(each.y)])) }, box);
    const dot = (each, kind, size) => svg("title", {}, svg("circle", { class: kind, cx: x(each.x), cy: y(each.y), r: size }, box), each.text);
    for (const each of plot.line) dot(each, "step", 2.5);
    dot(plot.best, "best", 4);
    for (const each of plot.marks) { dot(each, each.kind, 5); svg("text", { x: x(each.x) + 9, y: y(each.y) + 4, class: each.kind }, box, each.name); }
    return box;
  }

  function frontier(plot) {
    const rows = [...plot.line.map((each, place) => [String(place + 1), each.text]), ...plot.marks.map((each) => [each.name, each.text])];
    const table = element("details", {}, element("summary", {}, "Show as table"), element("div", { class: "scroll" }, element("table", { class: "grid-t" }, element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row)))))));
    return forms().panel("Efficient frontier", "expected return a year over risk, by the estimates; the ring is the best ratio", chart(plot), table);
  }

  function outcome(found) {
    const { notice, panel, press } = forms(), notes = element("div", { class: "notices" }, ...found.notes.map((each) => notice("info", each)));
    if (!found.weights.length) return [notes, panel("Nothing satisfies all of these", "one of them has to give way", element("ul", { class: "rows" }, ...found.clashes.map((each) => element("li", {}, element("span", { class: "words" }, element("b", {}, each.what), element("span", { class: "soft" }, each.mend))))))];
    const table = element("div", { class: "scroll" }, element("table", { class: "grid-t" }, element("thead", {}, element("tr", {}, ...cells(found.heads, "th"))), element("tbody", {}, ...found.weights.map((row) => element("tr", {}, ...cells(row))))));
    const acts = element("div", { class: "acts" }, press("Use as targets", "primary", { "data-optimise": "use" }), element("span", { class: "dim hide-s" }, "They become the targets of the policy; Rebalance has the trades."));
    const shifts = found.shifts.flatMap((each) => [element("dt", {}, each.label), element("dd", { class: "num" }, element("s", {}, each.before), element("em", {}, "→"), each.text)]);
    const facts = found.facts.flatMap((each) => [element("dt", {}, each.label), element("dd", { class: "num" }, each.text)]);
    const views = found.views.length ? [panel("Views", "as they were understood", element("ul", { class: "rows" }, ...found.views.map((each) => element("li", {}, each))))] : [];
    return [notes, ...(found.plot ? [frontier(found.plot)] : []), panel("Weights", "of what is invested, cash apart", table, acts), panel("Now and found", "by the estimates, not a promise", element("dl", { class: "kv" }, ...shifts, ...facts)), ...views];
  }

  function running(run) {
    const bar = element("progress", { max: 100, value: run.share, "aria-label": run.far });
    return [forms().panel(run.word, run.far, bar, element("div", { class: "acts" }, forms().press("Stop", "", { "data-optimise": "cancel" })))];
  }

  function drawRun(run) {
    clearTimeout(page.timer);
    const { blank, notice, panel } = forms(), place = part("run");
    if (!place) return;
    if (!run) place.replaceChildren(panel("Optimise", "", blank("Nothing was asked yet", "Choose what the weights should do, and begin: what comes out stands here, beside what is held now.")));
    else if (run.status === "running") { if (place.querySelector("progress")) { place.querySelector("progress").value = run.share; place.querySelector(".note").textContent = run.far; } else place.replaceChildren(...running(run)); page.timer = setTimeout(() => byId(BODY) && send("look", { run: run.id }), EVERY); }
    else place.replaceChildren(...(run.found ? outcome(run.found) : [notice(run.status === "failed" ? "crit" : "info", `${run.word}.`, run.problem)]));
  }

  function drawn(found) {
    const body = byId(BODY);
    if (!found || !body) return;
    Object.assign(page, { found, once: shell().key() });
    if (found.state !== "ready") { clearTimeout(page.timer); body.replaceChildren(found.state === "choose" ? forms().choose("Optimise", found.portfolios) : forms().failed("Optimise", found.message)); return; }
    const acts = element("div", { class: "acts" }, element("button", { type: "submit", class: "ctl" }, "Find weights"));
    const asks = element("form", { novalidate: true, "aria-label": "What is asked" }, forms().panel("What is asked", found.name, element("p", { class: "soft", "data-part": "meaning" }), element("div", { class: "fields" }, ...fields(found)), element("div", { class: "notices", "data-part": "told" }), acts));
    body.replaceChildren(element("div", { class: "cols" }, element("div", { class: "c4 stacked beside" }, asks), element("div", { class: "c8 stacked", "data-part": "run" })));
    fit();
    drawRun(found.run);
  }

  function acted(result) {
    if (!result || !form() || result.portfolio !== page.found.portfolio) return;
    for (const button of byId(BODY).querySelectorAll("button")) button.disabled = false;
    if (result.action !== "look") page.once = shell().key(); // what is sent next is another request
    const free = result.ok ? [] : forms().wrong(form(), result.errors);
    if (result.ok && result.action === "begin") forms().wrong(form(), []);
    if (!result.ok || result.action === "begin") part("told").replaceChildren(...free.map((words) => forms().notice("crit", "Not done.", words)));
    if (!result.ok) return;
    if (result.action === "use") { window.dash_clientside.set_props("advice-retry", { data: Date.now() }); shell().query({ tab: "rebalance", optimiser_run: null }); return; }
    page.found.run = result.run;
    if (result.action === "begin") shell().query({ optimiser_run: result.run.id });
    drawRun(result.run);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(`#${BODY} [data-optimise]`);
    if (!button) return;
    button.disabled = true;
    send(button.dataset.optimise, { run: page.found.run.id, once: page.once });
  });
  document.addEventListener("change", (event) => { if (["model", "objective"].includes(event.target.name) && event.target.closest?.(`#${BODY} form`)) fit(); });
  document.addEventListener("submit", (event) => {
    if (!event.target.closest?.(`#${BODY}`)) return;
    event.preventDefault();
    event.target.querySelector("[type=submit]").disabled = true;
    send("begin", { fields: read(), once: page.once });
  });

  Object.assign(window.dash_clientside, { adviceOptimise: { query, drawn, acted } });
  return { page };
})();
