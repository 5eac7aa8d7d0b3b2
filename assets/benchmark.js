/* The Benchmark page: its tabs and what the address asks for, charts on wide and narrow screens, the box beside the crosshair, what it compares
   with, and groups that open. Only the tab that is open is asked for; the figures of one answer stand together. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.benchmark = (() => {
  /* Files load by name: the kit comes after this one, so it is asked for when it is used. */
  const kit = (name) => (...given) => window.portolan.draw[name](...given), element = kit("element"), setValue = kit("setValue"), whenThere = kit("whenThere");
  const percent = (value) => window.portolan.format.percent(value);
  const NARROW = matchMedia("(max-width: 720px)"), AGAIN_MS = 60_000, TYPING_MS = 200, MOST = 6;
  const TABS = ["against", "flows", "attribution", "factors", "manage"];
  const WINDOW = ["from", "to"], FIGURES = ["freq", "rf", "alpha", "excess", "capture", "zero", "errors", "window", "horizon", "costs"];
  const EXPLAINED = ["method", "linking", "interaction", "fx", "outside"], ESTIMATED = ["every", "estimator", "lags", "span", "level", "factors"];
  /* What each answer hangs on: a change of anything else leaves it alone. */
  const HANGS_ON = {
    against: [...WINDOW, "benchmark", ...FIGURES, "roll"], attribution: [...WINDOW, "benchmark", "by", "costs", ...EXPLAINED],
    factors: [...WINDOW, "model", "source", "rf", "costs", ...ESTIMATED], manage: ["benchmark"],
  };
  const COUNTED = { against: FIGURES, flows: FIGURES, attribution: EXPLAINED, factors: ESTIMATED, manage: [] };
  const CHOICES = [...new Set(Object.values(HANGS_ON).flat())], TYPED = ["rf", "window", "horizon", "lags", "span", "level", "factors"];
  const byId = (id) => document.getElementById(id), root = () => byId("benchmark-page");
  const find = (selector) => document.querySelector(`#benchmark-page ${selector}`), all = (selector) => [...document.querySelectorAll(`#benchmark-page ${selector}`)];
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const query = (changes) => window.portolan.shell.query(changes);
  const page = { root: null, read: null, asked: {}, charts: {}, askedAt: 0, unread: new Set() };

  /* ------------------------------------------------------------------ the address */
  const asked = () => new URLSearchParams(location.search);
  const tab = () => { const wanted = asked().get("tab"); return TABS.includes(wanted) ? wanted : "against"; };
  const answerOf = (name) => (name === "flows" ? "against" : name);
  const address = (names = CHOICES) => { const now = asked(); return Object.fromEntries(names.map((name) => [name, now.get(name)])); };
  const chosen = () => { const told = (asked().get("benchmark") || "").split(",").filter(Boolean); return told.length ? told : page.read?.chosen || page.explained?.chosen || []; };

  /* React draws the controls; what they show is the address. */
  function showChoices() {
    const now = address(), open = tab(), shell = root();
    if (!shell) return;
    const before = shell.dataset.tab;
    shell.dataset.tab = open;
    shell.dataset.explainWith = JSON.stringify({ ...now, path: location.pathname });
    for (const button of all("[role=tab]")) { button.setAttribute("aria-selected", button.dataset.tab === open); button.tabIndex = button.dataset.tab === open ? 0 : -1; }
    for (const select of all("[data-convention]")) select.value = now[select.dataset.convention] || "";
    for (const name of [...WINDOW, ...TYPED]) setInput(name, now[name] || "");
    for (const group of all("[data-for]")) group.hidden = !group.dataset.for.split(" ").includes(open);
    const clear = find("[data-do=benchmark-range]"), told = find("[data-part=conventions]"), count = COUNTED[open].filter((name) => now[name]).length;
    if (clear) clear.hidden = !now.from && !now.to;
    if (told) told.textContent = count || "";
    press("roll", now.roll || "beta");
    press("by", now.by || "sector");
    press("model", now.model || "");
    showOpen();
    if (before !== open) requestAnimationFrame(() => dispatchEvent(new Event("resize"))); // charts that were out of sight have no size yet
  }

  const press = (name, value) => { for (const button of all(`button[data-${name}]`)) button.setAttribute("aria-pressed", button.dataset[name] === value); };
  const input = (name) => find(`input[name="${name}"]`);
  function setInput(name, value) { const field = input(name); if (field && document.activeElement !== field) setValue(field, value); }

  /* -------------------------------------------------------------- charts on either screen */
  function fitted({ figure }) {
    const made = structuredClone(figure), narrow = made.layout.meta.narrow;
    if (NARROW.matches) {
      Object.assign(made.layout, { margin: narrow.margin, annotations: narrow.annotations, xaxis: { ...made.layout.xaxis, ...narrow.xaxis } });
      if (narrow.yaxis) made.layout.yaxis = { ...made.layout.yaxis, ...narrow.yaxis };
    }
    return made;
  }

  /* Every chart of an answer: drawn, or left blank with the reason. */
  function draw(charts) {
    for (const [id, told] of Object.entries(charts)) {
      whenThere([`${id}-body`], () => {
        page.charts[id] = told;
        const state = byId(`${id}-state`);
        if (state) state.replaceChildren(...(told.figure ? [] : [element("div", { class: "blank" }, element("b", {}, told.title), element("p", {}, told.text))]));
        if (!told.figure) return;
        byId(`${id}-body`).setAttribute("aria-label", told.label);
        set(id, { figure: fitted(told) });
        if (told.figure.layout.meta.form) requestAnimationFrame(() => hover(id, 30));
      });
    }
  }

  NARROW.addEventListener("change", () => { for (const [id, told] of Object.entries(page.charts)) if (told.figure && byId(id)) set(id, { figure: fitted(told) }); });

  const day = (text) => new Date(`${String(text).slice(0, 10)}T12:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const row = (name, text, kind = "") => element("div", {}, element("span", { class: kind }, name), element("b", {}, text));

  /* Our own box beside the crosshair: the day, then every line in its order; of a dot its period and both returns. */
  function hover(id, tries) {
    const plot = byId(id)?.querySelector(".js-plotly-plot");
    if (!plot?.on) { if (tries) setTimeout(() => hover(id, tries - 1), 100); return; }
    if (plot.dataset.hovers) return;
    plot.dataset.hovers = "yes";
    const tip = element("div", { class: "tip", hidden: true });
    plot.parentElement.append(tip);
    plot.on("plotly_hover", (event) => {
      const point = event.points[0], dots = plot.layout.hovermode === "closest";
      tip.replaceChildren(...(dots ? ofDot(plot, point) : ofDay(plot, point)));
      const axis = plot._fullLayout.xaxis, left = axis.l2p(axis.d2l(point.x)) + plot._fullLayout.margin.l;
      tip.hidden = false;
      tip.style.left = `${left + 12 + tip.offsetWidth > plot.clientWidth ? Math.max(0, left - 12 - tip.offsetWidth) : left + 12}px`;
    });
    plot.on("plotly_unhover", () => { tip.hidden = true; });
  }

  function ofDay(plot, point) {
    const x = String(point.x).slice(0, 10), form = plot.layout.meta.form;
    const rows = plot.data.map((trace) => ({ trace, value: trace.y[trace.x.indexOf(x)] ?? null }));
    return [element("div", {}, day(x)), ...rows.map(({ trace, value }) => row(trace.meta === "strip" ? trace.name.split(",")[0] : trace.name, window.portolan.format.text(value, trace.meta === "strip" ? "percent" : form), trace.meta === "strip" ? "" : trace.meta))];
  }

  function ofDot(plot, point) {
    const { own, benchmark } = plot.layout.meta;
    return [element("div", {}, point.customdata || ""), row(own, percent(point.y), "own"), row(benchmark, percent(point.x), "bench"), row("Difference", percent(point.y - point.x))];
  }

  /* ------------------------------------------------------------------ what it compares with */
  const short = (list) => query({ benchmark: list.slice(0, MOST).join(",") || null });

  function toggle(key) {
    const list = chosen();
    if (!key) short([]);
    else if (list.includes(key)) short(list.filter((each) => each !== key));
    else if (list.length >= MOST) window.portolan.shell.announce(`At most ${MOST} at once`);
    else short([...list, key]);
    setTimeout(search, 50);
  }

  let typing = 0, count = 0;
  function search() { set("benchmark-search", { data: { query: (input("vs-search")?.value || "").trim(), chosen: chosen(), n: (count += 1) } }); }

  /* ------------------------------------------------------------------ groups that open */
  const opened = () => new Set((asked().get("open") || "").split("|").filter(Boolean));

  function showOpen() {
    const keys = opened();
    for (const button of all("[data-open]")) { const on = keys.has(button.dataset.open); button.setAttribute("aria-expanded", on); button.closest("tbody").classList.toggle("open", on); }
  }

  function openGroup(key) {
    const keys = opened();
    if (!keys.delete(key)) keys.add(key);
    query({ open: [...keys].join("|") });
    requestAnimationFrame(showOpen);
  }

  function filterFigures() {
    const text = (input("figures-search")?.value || "").trim().toLowerCase();
    for (const line of all(".figures tbody tr")) line.hidden = Boolean(text) && (line.matches(".group") || !(line.dataset.words || "").includes(text));
  }

  /* ------------------------------------------------------------------ presses and choices */
  const deeds = {
    "benchmark-range": () => query({ from: null, to: null }),
    "benchmark-conventions": () => { window.portolan.shell.closeMenus(); query(Object.fromEntries(COUNTED[tab()].map((name) => [name, null]))); },
    "benchmark-defaults": () => { window.portolan.shell.closeMenus(); query(Object.fromEntries(CHOICES.map((name) => [name, null]))); },
    "benchmark-choose": () => setTimeout(() => find("[data-menu=benchmark-chosen-sheet]")?.click(), 0),
  };

  function onClick(event) {
    if (!event.target.closest?.("#benchmark-page")) return;
    const at = (name) => event.target.closest(`[data-${name}]`)?.getAttribute(`data-${name}`);
    if (event.target.closest("button[data-tab]")) query({ tab: at("tab") === "against" ? null : at("tab") });
    else if (event.target.closest("[data-vs-off]")) short(chosen().filter((key) => key !== at("vs-off")));
    else if (event.target.closest("[data-vs-first]")) short([at("vs-first"), ...chosen().filter((key) => key !== at("vs-first"))]);
    else if (event.target.closest("[data-vs]")) toggle(at("vs"));
    else if (event.target.closest("[data-open]")) openGroup(at("open"));
    else if (event.target.closest("button[data-roll]")) query({ roll: at("roll") === "beta" ? null : at("roll") });
    else if (event.target.closest("button[data-by]")) query({ by: at("by") === "sector" ? null : at("by"), open: null });
    else if (event.target.closest("button[data-model]")) query({ model: at("model") });
    else deeds[at("do")]?.();
  }

  function onChange(event) {
    if (!event.target.closest?.("#benchmark-page") || event.target.closest("dialog")) return;
    const { name, value } = event.target;
    if (event.target.dataset.convention) query({ [event.target.dataset.convention]: value });
    else if (TYPED.includes(name)) query({ [name]: value.trim() });
    else if (WINDOW.includes(name)) range();
  }

  /* A range counts once its beginning is a whole date; an end without a beginning waits. */
  function range() {
    const from = input("from"), to = input("to");
    if (!from.validity.valid || !to.validity.valid || (!from.value && to.value)) return;
    query({ from: from.value, to: to.value });
  }

  function onInput(event) {
    if (event.target.name === "figures-search") filterFigures();
    if (event.target.name !== "vs-search") return;
    clearTimeout(typing);
    typing = setTimeout(search, TYPING_MS);
  }

  /* Arrows go from tab to tab. */
  function onKey(event) {
    if (!event.target.matches?.("#benchmark-page .tabs button") || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    const at = TABS.indexOf(tab()), next = TABS.at({ ArrowRight: (at + 1) % TABS.length, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key]);
    event.preventDefault();
    query({ tab: next === "against" ? null : next });
    find(`.tabs [data-tab=${next}]`)?.focus();
  }

  document.addEventListener("click", onClick);
  document.addEventListener("change", onChange);
  document.addEventListener("input", onInput);
  document.addEventListener("keydown", onKey);
  document.addEventListener("portolan:menu", (event) => { if (event.detail === "benchmark-chosen-sheet") search(); });
  addEventListener("beforeprint", () => { const place = find("[data-part=printed]"); if (place) place.textContent = ` Printed ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC.`; });

  /* While the market moves the open tab is asked for again, once a minute, unless somebody is at work on it. */
  function watch() {
    const status = window.portolan.live?.status();
    if (!root() || tab() === "manage" || !page.read?.live || status?.state !== "live" || document.hidden) return;
    if (performance.now() - page.askedAt > AGAIN_MS && !document.querySelector(".js-plotly-plot .spikeline, #benchmark-page [aria-expanded=true][aria-haspopup]")) { page.askedAt = performance.now(); set("benchmark-retry", { data: Date.now() }); }
  }
  setInterval(watch, 1_000);

  return { page, tab, address, answerOf, showChoices, showOpen, filterFigures, draw, HANGS_ON };
})();

/* ---------------------------------------------------------- called by Dash */
window.dash_clientside.benchmark = (() => {
  const { benchmark } = window.portolan, { page } = benchmark, none = () => window.dash_clientside.no_update;
  const ANSWERS = ["against", "attribution", "factors", "manage"];
  let count = 0;
  const moved = (ledger, read) => Object.entries(ledger || {}).some(([id, revision]) => id in (read?.revisions || {}) && read.revisions[id] !== revision);

  return {
    /* Ask for the open tab: when what it hangs on has changed, when there is news, or when it was not asked for yet. */
    ask(_search, scope, ledger, _retry, _changed, done, read) {
      if (!scope) return ANSWERS.map(none);
      const causes = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id.split(".")[0]);
      const fresh = page.root !== document.getElementById("benchmark-page");
      if (fresh) Object.assign(page, { root: document.getElementById("benchmark-page"), asked: {}, charts: {}, unread: new Set() });
      page.read = read;
      requestAnimationFrame(benchmark.showChoices);
      const news = causes.some((cause) => ["benchmark-retry", "directory-changed"].includes(cause)) || (causes.includes("blends-result") && done?.ok) || (causes.includes("ledger-settled") && moved(ledger, read));
      if (news) ANSWERS.forEach((name) => page.unread.add(name));
      const wanted = benchmark.answerOf(benchmark.tab());
      const { portfolio, period } = scope, told = benchmark.address(benchmark.HANGS_ON[wanted]);
      const next = { portfolio, period: told.from ? null : period, ...told }, text = JSON.stringify(next);
      if (!fresh && page.asked[wanted] === text && !page.unread.has(wanted)) return ANSWERS.map(none);
      page.asked[wanted] = text;
      page.unread.delete(wanted);
      page.askedAt = performance.now();
      return ANSWERS.map((name) => (name === wanted ? { ...next, n: (count += 1) } : none()));
    },
    charts(data) { if (data) benchmark.draw(data); },
    /* New rows are there: what was open and what was searched for stays so. */
    drawn(_figures, _groups, _sets, read, explained) {
      if (read) page.read = read;
      if (explained) page.explained = explained;
      requestAnimationFrame(() => { benchmark.showChoices(); benchmark.filterFigures(); });
    },
  };
})();
