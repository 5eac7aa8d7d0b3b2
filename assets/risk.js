/* The Risk page: what the address asks for, its tabs, the box beside the crosshair, and the search in the table of figures. Everything a
   reader chose stands in the address. Figures come from the server; while the market moves the head is asked for again twice a minute. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.risk = (() => {
  const { element } = window.portolan.draw, format = window.portolan.format;
  const NARROW = matchMedia("(max-width: 720px)"), AGAIN_MS = 30_000, TYPING_MS = 200;
  const CHOICES = ["from", "to", "level", "horizon", "method", "benchmark", "rf", "window"], OF_TAB = ["tab", "corr", "shrink", "by", "through", "models", "trials", "run", "figures", "sort"], COUNTED = ["from", "to", "rf", "window"];
  const byId = (id) => document.getElementById(id);
  const find = (selector) => document.querySelector(`#risk-page ${selector}`);
  const all = (selector) => document.querySelectorAll(`#risk-page ${selector}`);
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const query = (changes) => window.portolan.shell.query(changes);
  const page = { read: null, asked: null, askedAt: 0, best: "" };

  /* ------------------------------------------------------------------ the address */
  const chosen = (names) => { const asked = new URLSearchParams(location.search); return Object.fromEntries(names.map((name) => [name, asked.get(name)])); };
  const address = () => ({ ...chosen(CHOICES), narrow: NARROW.matches || null });
  const ofTab = () => chosen(OF_TAB);

  /* React draws the controls; what they show is the address. */
  function showChoices() {
    const now = { ...chosen(CHOICES), ...ofTab() };
    for (const select of all("[data-choice]")) select.value = now[select.dataset.choice] || "";
    const best = find("#risk-method option[value='']");
    if (best) best.textContent = page.best ? `Best: ${page.best}` : "Best by backtest";
    for (const name of ["from", "to", "rf"]) setInput(name, now[name] || "");
    const told = find("[data-part=conventions]");
    if (told) told.textContent = COUNTED.filter((name) => now[name]).length || "";
    for (const tab of all("[data-risk-tab]")) { const open = tab.dataset.riskTab === (now.tab || ""); tab.setAttribute("aria-selected", open); tab.tabIndex = open ? 0 : -1; }
    for (const [name, key] of [["riskLevel", "level"], ["riskCorr", "corr"], ["riskShrink", "shrink"], ["riskBy", "by"], ["riskThrough", "through"], ["riskModels", "models"], ["riskTrials", "trials"]]) {
      for (const button of all(`[data-${name.replace("risk", "risk-").toLowerCase()}]`)) button.setAttribute("aria-pressed", (button.dataset[name] || "") === (now[key] || ""));
    }
    const root = byId("risk-page");
    if (root) root.dataset.tab = now.tab || "";
    intoView(find(".tabs [aria-selected=true]"));
  }

  /* The open tab of a row that is wider than a phone; the page itself stays where it is. */
  function intoView(tab) {
    const row = tab?.parentElement;
    if (row && (tab.offsetLeft < row.scrollLeft || tab.offsetLeft + tab.offsetWidth > row.scrollLeft + row.clientWidth)) row.scrollLeft = tab.offsetLeft - row.offsetLeft - 40;
  }

  const input = (name) => find(`input[name="${name}"]`);

  function setInput(name, value) {
    const field = input(name);
    if (document.activeElement !== field) window.portolan.draw.setValue(field, value);
  }

  NARROW.addEventListener("change", () => { if (byId("risk-page") && page.asked) again(); });

  /* ------------------------------------------------------------------ the box beside the crosshair */
  const FORMS = {
    percent: (value) => format.percent(value), share: (value) => format.percent(value, { signed: false }), ratio: (value) => format.number(value, { decimals: 2 }),
    money: (value) => format.money(value, { signed: true, decimals: 0 }), count: (value) => format.number(value, { decimals: 0 }),
  };
  const day = (text) => new Date(`${text.slice(0, 10)}T12:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

  /* Which of the named places of an axis of numbers an x is: the longest trace has them all. */
  function place(plot, x) {
    const every = [...new Set(plot.data.filter((trace) => trace.meta?.tip !== undefined).flatMap((trace) => trace.x))].sort((one, other) => one - other);
    return every.indexOf(x);
  }

  function hover(plot) {
    if (!plot.on || plot.dataset.hovers) return;
    const said = plot.layout?.meta?.tip;
    if (!said) return;
    plot.dataset.hovers = "yes";
    const tip = element("div", { class: "tip", hidden: true });
    plot.parentElement.append(tip);
    plot.on("plotly_hover", (event) => {
      const { form, x: kind } = plot.layout.meta.tip, x = event.points[0].x, name = kind === "date" ? String(x).slice(0, 10) : x;
      const rows = plot.data.filter((trace) => trace.meta?.tip).map((trace) => [trace, trace.x.findIndex((each) => (kind === "date" ? String(each).slice(0, 10) : each) === name)])
        .filter(([trace, at]) => at >= 0 && trace.y[at] !== null)
        .map(([trace, at]) => element("div", {}, element("span", { class: trace.meta.tip }, trace.name), element("b", {}, FORMS[trace.meta.form || form](trace.customdata?.[at] ?? trace.y[at]))));
      if (!rows.length) { tip.hidden = true; return; }
      const head = kind === "date" ? day(name) : plot.layout.meta.tip.names?.[place(plot, x)] ?? String(name);
      tip.replaceChildren(element("div", {}, head), ...rows);
      const axis = plot._fullLayout.xaxis, left = axis.l2p(axis.d2l ? axis.d2l(x) : x) + plot._fullLayout.margin.l;
      tip.hidden = false;
      tip.style.left = `${left + 12 + tip.offsetWidth > plot.clientWidth ? Math.max(0, left - 12 - tip.offsetWidth) : left + 12}px`;
    });
    plot.on("plotly_unhover", () => { tip.hidden = true; });
  }

  /* ------------------------------------------------------------------ presses and choices */
  function onClick(event) {
    const pressed = (selector) => event.target.closest?.(`#risk-page ${selector}`);
    const tab = pressed("[data-risk-tab]"), level = pressed("[data-risk-level]"), corr = pressed("[data-risk-corr]"), shrink = pressed("[data-risk-shrink]"), by = pressed("[data-risk-by]"), through = pressed("[data-risk-through]"), models = pressed("[data-risk-models]"), trials = pressed("[data-risk-trials]");
    const benchmark = pressed("[data-benchmark]"), deed = pressed("[data-do]")?.dataset.do, model = pressed("[data-model]");
    if (tab) query({ tab: tab.dataset.riskTab || null });
    else if (level) query({ level: level.dataset.riskLevel || null });
    else if (corr) query({ corr: corr.dataset.riskCorr || null });
    else if (shrink) query({ shrink: shrink.dataset.riskShrink || null });
    else if (by) query({ by: by.dataset.riskBy || null });
    else if (through) query({ through: through.dataset.riskThrough || null });
    else if (models) query({ models: models.dataset.riskModels || null });
    else if (trials) query({ trials: trials.dataset.riskTrials || null });
    else if (model) query({ method: model.dataset.model });
    else if (benchmark) { window.portolan.shell.closeMenus(); query({ benchmark: benchmark.dataset.benchmark }); }
    else if (deed === "risk-conventions") { window.portolan.shell.closeMenus(); query(Object.fromEntries(COUNTED.map((name) => [name, null]))); }
    else if (deed === "risk-defaults") { window.portolan.shell.closeMenus(); query(Object.fromEntries(CHOICES.map((name) => [name, null]))); }
  }

  /* Arrows go from tab to tab, Home and End to the first and the last. */
  function onKey(event) {
    if (!event.target.matches?.("#risk-page [data-risk-tab]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const tabs = [...all("[data-risk-tab]")].filter((tab) => tab.offsetParent), at = tabs.indexOf(event.target), count = tabs.length;
    const next = { ArrowRight: (at + 1) % count, ArrowLeft: (at + count - 1) % count, Home: 0, End: count - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    tabs[next].focus();
    query({ tab: tabs[next].dataset.riskTab || null });
  }

  function onChange(event) {
    if (!event.target.closest?.("#risk-page")) return;
    const { name } = event.target, { choice } = event.target.dataset;
    if (choice) query({ [choice]: event.target.value || null });
    else if (name === "rf") { if (event.target.validity.valid) query({ rf: Number(event.target.value) ? event.target.value : null }); }
    else if (name === "from" || name === "to") range();
  }

  /* A range counts once its beginning is a whole date; an end without a beginning waits. */
  function range() {
    const from = input("from"), to = input("to");
    if (!from.validity.valid || !to.validity.valid || (!from.value && to.value)) return;
    query({ from: from.value || null, to: to.value || null });
  }

  let typing = 0, count = 0;
  const search = (text) => set("risk-search", { data: { query: text, own: page.read?.own ?? null, n: (count += 1) } });

  function onInput(event) {
    const { name, value } = event.target;
    if (name === "risk-benchmark-search") { clearTimeout(typing); typing = setTimeout(() => search(value.trim()), TYPING_MS); }
    if (name === "risk-figures-search") sift(value.trim().toLowerCase());
  }

  /* Every figure, drawn here from what the server wrote: see components/risk.py. */
  function drawFigures() {
    const place = find("[data-figures]");
    if (!place || place.dataset.drawn === place.dataset.figures) return;
    place.dataset.drawn = place.dataset.figures;
    const row = (each) => element("tr", { class: each.thin ? "is-thin" : "", "data-words": each.words },
      element("td", { class: "l" }, element("b", {}, each.label), element("code", { class: "dim" }, each.name)),
      element("td", {}, element("span", each.explain === "-" ? { class: "num" } : { class: "num", "data-explain": each.explain }, each.text), ...(each.unit && each.text !== "–" ? [element("span", { class: "unit" }, each.unit)] : [])),
      element("td", { class: "l wrap" }, each.meaning, ...(each.note ? [element("span", { class: "gap-note" }, each.note)] : [])),
      element("td", { class: "l wrap soft" }, each.source));
    const head = (group) => element("tr", { class: "group" }, element("th", { colspan: "4", scope: "colgroup" }, group.name, element("span", { class: "count" }, String(group.rows.length))));
    const names = [["Figure", "l"], ["Value", ""], ["What it says", "l"], ["Source", "l"]].map(([name, look]) => element("th", { scope: "col", class: look }, name));
    const bodies = JSON.parse(place.dataset.figures).map((group) => element("tbody", {}, head(group), ...group.rows.map(row)));
    place.replaceChildren(element("table", { class: "grid-t figures-table" }, element("caption", { class: "sr" }, "Every figure"), element("thead", {}, element("tr", {}, ...names)), ...bodies));
    sift((input("risk-figures-search")?.value || "").trim().toLowerCase());
  }

  /* Rows of the table of figures that hold every word; a group without any is not shown. */
  function sift(text) {
    const words = text.split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const group of all(".figures-table tbody")) {
      let some = false;
      for (const row of group.querySelectorAll("tr[data-words]")) { row.hidden = !words.every((word) => row.dataset.words.includes(word)); some = some || !row.hidden; shown += row.hidden ? 0 : 1; }
      group.hidden = !some;
    }
    const none = find("[data-part=no-figure]");
    if (none) none.hidden = shown > 0;
  }

  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", onChange);
  document.addEventListener("input", onInput);
  document.addEventListener("portolan:menu", (event) => { if (event.detail === "risk-benchmark-sheet") search(input("risk-benchmark-search")?.value.trim() || ""); });

  /* ------------------------------------------------------------------ while the market moves */
  function again() {
    page.askedAt = performance.now();
    set("risk-retry", { data: Date.now() });
  }

  function watch() {
    const root = byId("risk-page"), status = window.portolan.live?.status();
    if (!root) return;
    for (const plot of root.querySelectorAll(".js-plotly-plot")) hover(plot);
    if (!status) return;
    const old = status.state === "stale" || status.state === "down";
    for (const tag of root.querySelectorAll(".stale-tag")) {
      tag.hidden = !old || !page.read?.live;
      if (!tag.hidden) format.setText(tag, status.age === null ? "no feed" : `${status.state === "down" ? "no feed" : "stale"} ${format.age(status.age)}`);
    }
    root.classList.toggle("is-stale", old && Boolean(page.read?.live));
    const due = page.read?.live && status.state === "live" && !document.hidden && performance.now() - page.askedAt > AGAIN_MS;
    if (due && page.asked && !root.querySelector("[aria-expanded=true]")) { page.askedAt = performance.now(); set("risk-asked", { data: { ...page.asked, n: (count += 1), clock: true } }); }
  }

  addEventListener("beforeprint", () => { const place = find("[data-part=printed]"); if (place) place.textContent = ` Printed ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC.`; });
  setInterval(watch, 1_000);

  return { page, address, ofTab, showChoices, drawFigures };
})();

/* ---------------------------------------------------------- called by Dash */
window.dash_clientside.risk = (() => {
  const { risk } = window.portolan, { page } = risk, none = () => window.dash_clientside.no_update;
  let count = 0;
  const without = (data, ...names) => JSON.stringify({ ...data, ...Object.fromEntries(names.map((name) => [name, 0])) });
  const moved = (ledger, read) => Object.entries(ledger || {}).some(([id, revision]) => id in (read?.revisions || {}) && read.revisions[id] !== revision);

  /* Give what is asked for now, or nothing where that is what was asked for before and no ledger has moved. */
  function next(scope, more, ledger, read, before) {
    const causes = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id.split(".")[0]);
    const asked = { ...scope, ...risk.address(), ...more };
    if (asked.from) asked.period = null;
    const same = before && without(asked, "n", "clock") === without(before, "n", "clock"), quiet = causes.length && causes.every((cause) => ["url", "scope", "ledger"].includes(cause));
    return same && quiet && !moved(ledger, read) ? null : { ...asked, n: (count += 1) };
  }

  return {
    ask(_search, scope, ledger, _retry, _changed, read, before) {
      if (!scope) return none();
      requestAnimationFrame(risk.showChoices);
      page.read = read;
      const asked = next(scope, {}, ledger, read, before);
      if (!asked) return none();
      page.asked = asked;
      page.askedAt = window.performance.now();
      return asked;
    },
    askTab(_search, scope, ledger, _retry, read, before) {
      if (!scope) return none();
      page.read = read;
      return next(scope, risk.ofTab(), ledger, read, before) || none();
    },
    told(read) { page.best = read?.best || ""; requestAnimationFrame(risk.showChoices); },
    drawn() { requestAnimationFrame(() => { risk.showChoices(); risk.drawFigures(); }); },
  };
})();
