/* The Performance page: what the address asks for, its two charts on wide and narrow screens, the box beside the crosshair, and the
   choices in the title row. Figures come from the server; while the market moves they are asked for again twice a minute, all together,
   so that at every moment they add up. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.performance = (() => {
  const { element } = window.portolan.draw, format = window.portolan.format;
  const NARROW = matchMedia("(max-width: 720px)"), AGAIN_MS = 30_000, TYPING_MS = 200;
  const CHOICES = ["from", "to", "benchmark", "group", "flow", "costs", "currency", "days", "inflation", "by"], COUNTED = ["flow", "costs", "currency", "days", "inflation"];
  const byId = (id) => document.getElementById(id);
  const find = (selector) => document.querySelector(`#performance-page ${selector}`);
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const query = (changes) => window.portolan.shell.query(changes);
  const page = { read: null, growth: null, bridge: null, askedAt: 0 };

  /* ------------------------------------------------------------------ the address */
  const address = () => { const asked = new URLSearchParams(location.search); return Object.fromEntries(CHOICES.map((name) => [name, asked.get(name)])); };

  /* React draws the controls; what they show is the address. */
  function showChoices() {
    const chosen = address();
    for (const select of document.querySelectorAll("#performance-page [data-convention]")) select.value = chosen[select.dataset.convention] || "";
    for (const name of ["from", "to", "inflation"]) setInput(name, chosen[name] || "");
    const clear = find("[data-do=performance-range]"), count = COUNTED.filter((name) => chosen[name]).length, told = find("[data-part=conventions]");
    if (clear) clear.hidden = !chosen.from && !chosen.to;
    if (told) told.textContent = count || "";
    const by = chosen.by || "symbol";
    for (const button of document.querySelectorAll("#performance-page [data-by]")) button.setAttribute("aria-pressed", button.dataset.by === by);
  }

  const input = (name) => find(`input[name="${name}"]`);

  function setInput(name, value) {
    const field = input(name);
    if (document.activeElement !== field) window.portolan.draw.setValue(field, value);
  }

  /* -------------------------------------------------------------- charts on either screen */
  function fitted({ figure }) {
    const made = structuredClone(figure), narrow = made.layout.meta.narrow;
    if (NARROW.matches) {
      Object.assign(made.layout, { margin: narrow.margin, annotations: narrow.annotations, xaxis: { ...made.layout.xaxis, ...narrow.xaxis } });
      for (const trace of made.data) if (trace.mode === "markers+text") trace.mode = "markers";
    }
    return made;
  }

  function draw(name, data) {
    page[name] = data;
    byId(`performance-${name}-body`)?.setAttribute("aria-label", data.label);
    if (name === "growth") requestAnimationFrame(() => hover(30));
    return fitted(data);
  }

  NARROW.addEventListener("change", () => {
    for (const name of ["growth", "bridge"]) if (page[name] && byId(`performance-${name}`)) set(`performance-${name}`, { figure: fitted(page[name]) });
  });

  const day = (text) => new Date(`${text.slice(0, 10)}T12:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const at = (trace, index) => trace?.y?.[index] ?? null;

  /* Our own box beside the crosshair: date, own line first, then the benchmark, then active, then a flow if that day had one. */
  function hover(tries) {
    const plot = byId("performance-growth")?.querySelector(".js-plotly-plot");
    if (!plot?.on) { if (tries) setTimeout(() => hover(tries - 1), 100); return; }
    if (plot.dataset.hovers) return;
    plot.dataset.hovers = "yes";
    const tip = element("div", { class: "tip", hidden: true });
    plot.parentElement.append(tip);
    const row = (name, text, kind) => element("div", {}, element("span", { class: kind }, name), element("b", {}, text));
    plot.on("plotly_hover", (event) => {
      const [own, other, active] = plot.data, x = String(event.points[0].x).slice(0, 10), index = own.x.indexOf(x), flow = page.growth?.flows[x];
      if (index < 0) return;
      const rows = [row(own.name, format.percent(at(own, index)), "own")];
      if (other.y.length) rows.push(row(other.name, format.percent(at(other, index)), "bench"), row("Active", format.percent(at(active, index)), ""));
      if (flow) rows.push(row(page.growth.words[flow > 0 ? 0 : 1], `${format.money(flow, { signed: true, decimals: 0 })} ${page.growth.currency}`, ""));
      tip.replaceChildren(element("div", {}, day(x)), ...rows);
      const axis = plot._fullLayout.xaxis, left = axis.l2p(axis.d2l(x)) + plot._fullLayout.margin.l;
      tip.hidden = false;
      tip.style.left = `${left + 12 + tip.offsetWidth > plot.clientWidth ? left - 12 - tip.offsetWidth : left + 12}px`;
    });
    plot.on("plotly_unhover", () => { tip.hidden = true; });
  }

  /* ------------------------------------------------------------------ presses and choices */
  function onClick(event) {
    const pressed = (selector) => event.target.closest?.(`#performance-page ${selector}`);
    const by = pressed("[data-by]"), group = pressed("[data-group]"), benchmark = pressed("[data-benchmark]"), deed = pressed("[data-do]")?.dataset.do;
    if (by) query({ by: by.dataset.by === "symbol" ? null : by.dataset.by });
    else if (group) { query({ group: group.dataset.group }); window.scrollTo({ top: 0 }); }
    else if (benchmark) { window.portolan.shell.closeMenus(); query({ benchmark: benchmark.dataset.benchmark }); }
    else if (deed === "performance-range") query({ from: null, to: null });
    else if (deed === "performance-conventions") { window.portolan.shell.closeMenus(); query(Object.fromEntries(COUNTED.map((name) => [name, null]))); }
    else if (deed === "performance-defaults") { window.portolan.shell.closeMenus(); query(Object.fromEntries(CHOICES.filter((name) => name !== "by").map((name) => [name, null]))); }
  }

  function onChange(event) {
    if (!event.target.closest?.("#performance-page")) return;
    const convention = event.target.dataset.convention, name = event.target.name;
    if (convention) query({ [convention]: event.target.value });
    else if (name === "inflation") query({ inflation: event.target.value.trim().toUpperCase() });
    else if (name === "from" || name === "to") range();
  }

  /* A range counts once its beginning is a whole date; an end without a beginning waits. */
  function range() {
    const from = input("from"), to = input("to");
    if (!from.validity.valid || !to.validity.valid || (!from.value && to.value)) return;
    query({ from: from.value, to: to.value });
  }

  let typing = 0, count = 0;
  const search = (text) => set("performance-search", { data: { query: text, own: page.read?.own ?? null, n: (count += 1) } });

  function onInput(event) {
    if (event.target.name !== "benchmark-search") return;
    clearTimeout(typing);
    typing = setTimeout(() => search(event.target.value.trim()), TYPING_MS);
  }

  document.addEventListener("click", onClick);
  document.addEventListener("change", onChange);
  document.addEventListener("input", onInput);
  document.addEventListener("portolan:menu", (event) => { if (event.detail === "performance-benchmark-sheet") search(input("benchmark-search")?.value.trim() || ""); });

  /* ------------------------------------------------------------------ while the market moves */
  function watch() {
    const root = byId("performance-page"), status = window.portolan.live?.status();
    if (!root || !status) return;
    const old = status.state === "stale" || status.state === "down";
    for (const tag of root.querySelectorAll(".stale-tag")) {
      tag.hidden = !old || !page.read?.live;
      tag.closest(".panel").classList.toggle("is-stale", !tag.hidden);
      if (!tag.hidden) format.setText(tag, status.age === null ? "no feed" : `${status.state === "down" ? "no feed" : "stale"} ${format.age(status.age)}`);
    }
    const due = page.read?.live && status.state === "live" && !document.hidden && performance.now() - page.askedAt > AGAIN_MS;
    if (due && !document.querySelector(".js-plotly-plot .spikeline, #performance-page [aria-expanded=true]")) { page.askedAt = performance.now(); set("performance-retry", { data: Date.now() }); }
  }

  addEventListener("beforeprint", () => { const place = find("[data-part=printed]"); if (place) place.textContent = ` Printed ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC.`; });
  setInterval(watch, 1_000);

  return { page, address, showChoices, draw };
})();

/* ---------------------------------------------------------- called by Dash */
window.dash_clientside.performance = (() => {
  const { performance } = window.portolan, none = () => window.dash_clientside.no_update;
  const { page } = performance, now = () => window.performance.now();
  let count = 0;
  const without = (data, ...names) => JSON.stringify({ ...data, ...Object.fromEntries(names.map((name) => [name, 0])) });

  /* Whether a ledger of the scope has moved on since it was read. */
  const moved = (ledger, read) => Object.entries(ledger || {}).some(([id, revision]) => id in (read?.revisions || {}) && read.revisions[id] !== revision);

  return {
    ask(_search, scope, ledger, _retry, _changed, read, before) {
      if (!scope) return none();
      requestAnimationFrame(performance.showChoices);
      page.read = read;
      const causes = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id.split(".")[0]);
      const next = { ...scope, ...performance.address() };
      if (next.from) next.period = null;
      const same = before && without(next, "n") === without(before, "n"), only = (...names) => causes.length && causes.every((cause) => names.includes(cause));
      if (same && only("url", "scope", "ledger") && !moved(ledger, read)) return none();
      page.askedAt = now();
      return { ...next, n: (count += 1) };
    },
    askGroups(read, before) {
      page.read = read;
      if (!read) return none();
      const next = { portfolio: read.scope, revisions: read.revisions };
      return before && JSON.stringify(next) === JSON.stringify(before) ? none() : next;
    },
    chart(data) { return data ? performance.draw("growth", data) : none(); },
    bridge(data) { return data ? performance.draw("bridge", data) : none(); },
    /* The filter's choices are new: the chosen one is chosen again. */
    chosen() { requestAnimationFrame(performance.showChoices); },
  };
})();
