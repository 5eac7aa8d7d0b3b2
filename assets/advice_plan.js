/* Plan on the Recommendations page: the inputs stand in the address, the answer is a fan of what may come. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.advicePlan = (() => {
  const BODY = "plan-body", PAUSE_MS = 300, PATIENCE_MS = 20_000, TOP = 10, FOOT = 22, LEFT = 46;
  /* Name, label, unit (currency where it is null), what a typed number is divided by, and what counts without one. */
  const FIELDS = [["goal", "Goal", null, 1, "no goal"], ["years", "Years", "", 1, "20"], ["value", "Begin with", null, 1, ""], ["contribution", "Paid in a month", null, 1, "0"],
    ["contribution_years", "Paid in for", "years", 1, "to the end"], ["withdrawal", "Withdrawn a month", null, 1, "0"], ["withdrawal_from", "Withdrawn from year", "", 1, "0"],
    ["inflation", "Inflation a year", "%", 100, "2"], ["fee", "Fee a year", "%", 100, "0"], ["tax", "Tax on gains", "%", 100, "0"],
    ["expected_return", "Expected return a year", "%", 100, "as the past"], ["floor", "Floor", null, 1, "none"], ["confidence", "Confidence", "%", 100, "90"]];
  const byId = (id) => document.getElementById(id), none = () => window.dash_clientside.no_update;
  const element = (...given) => window.portolan.draw.element(...given), svg = (...given) => window.portolan.draw.svg(...given);
  const shell = () => window.portolan.shell, format = () => window.portolan.format, part = (name) => byId(BODY)?.querySelector(`[data-part="${name}"]`);
  const state = { root: null, query: "", text: null, scope: "all", n: 0, flying: 0, again: false, told: null, timer: 0, guard: 0, observer: null };
  const plain = (value) => String(Number(value.toPrecision(10)));
  const ofAddress = () => new URLSearchParams(location.search).get("plan") || "";
  const parsed = (text) => Object.fromEntries(text.split(",").filter(Boolean).map((each) => each.split("=")));

  /* ------------------------------------------------------------------ asking */
  function ask(query) {
    const root = byId(BODY);
    if (!root || query?.show !== "plan") return none();
    if (state.root !== root) { Object.assign(state, { root, query: "", text: null, told: null, flying: 0 }); frame(); }
    const text = ofAddress(), asked = JSON.stringify(query);
    if (text === state.text && asked === state.query) return none();
    Object.assign(state, { text, query: asked, scope: query.scope });
    showFields();
    if (state.flying) { state.again = true; return none(); }
    return question();
  }

  function question() {
    state.again = false;
    state.flying = state.n += 1;
    clearTimeout(state.guard);
    state.guard = setTimeout(() => { state.flying = 0; refuse({ words: "The server did not answer.", hint: "" }); }, PATIENCE_MS);
    part("answer")?.classList.add("is-waiting");
    return { n: state.n, scope: state.scope, text: state.text };
  }

  function told(answer) {
    if (!answer || answer.n !== state.n || !part("answer")) return;
    state.flying = 0;
    clearTimeout(state.guard);
    if (state.again) { window.portolan.grid.setStore("plan-asked", question()); return; }
    part("answer").classList.remove("is-waiting");
    for (const field of byId(BODY).querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    if (answer.ok) show(answer); else refuse(answer);
  }

  /* ------------------------------------------------------------------ the form */
  const press = (word, deed, more = {}) => element("button", { type: "button", class: "ctl quiet", "data-plan": deed, ...more }, word);

  function frame() {
    const field = ([name, label, unit, , usual]) => element("label", { class: "field" }, element("span", { class: "soft" }, label, element("span", { class: "unit", "data-unit": unit === null ? "" : null }, unit || "")),
      element("input", { class: "text-input num", type: "number", step: "any", name, placeholder: usual, "data-field": name }));
    const nominal = element("label", { class: "check" }, element("input", { type: "checkbox", name: "nominal" }), " Money as the years come, not of today");
    const tools = element("div", { class: "tools" }, press("Start over", "reset"), press("Copy link", "share"));
    const form = element("section", { class: "panel", "aria-label": "Plan" }, element("header", {}, element("h2", {}, "Plan"), tools), element("form", { class: "trial-more plain", "data-form": "plan" }, element("div", { class: "trial-fields two" }, ...FIELDS.map(field)), nominal, element("div", { "data-part": "said" })));
    byId(BODY).replaceChildren(element("div", { class: "cols" }, element("div", { class: "c4 stacked beside" }, form), element("div", { class: "c8 stacked", "data-part": "answer" }, element("section", { class: "panel padded" }, element("div", { class: "bones", "aria-hidden": "true" }, ...["title", "row", "fill"].map((look) => element("div", { class: `bone ${look}` })))))));
    const bones = byId(BODY).parentElement.querySelector('[data-part="waits"]');
    if (bones) bones.hidden = true;
  }

  function showFields() {
    const now = parsed(state.text);
    for (const [name, , , scale] of FIELDS) {
      const field = byId(BODY).querySelector(`[name="${name}"]`);
      if (field !== document.activeElement) field.value = now[name] === undefined || now[name] === "" ? "" : Number.isFinite(Number(now[name])) ? plain(Number(now[name]) * scale) : "";
    }
    byId(BODY).querySelector('[name="nominal"]').checked = now.nominal === "1";
  }

  function typed() {
    const parts = [];
    for (const [name, , , scale] of FIELDS) {
      const { value } = byId(BODY).querySelector(`[name="${name}"]`);
      if (value.trim() !== "" && Number.isFinite(Number(value))) parts.push(`${name}=${plain(Number(value) / scale)}`);
    }
    if (byId(BODY).querySelector('[name="nominal"]').checked) parts.push("nominal=1");
    shell().query({ plan: parts.join(",") || null });
  }

  function refuse(answer) {
    const field = byId(BODY)?.querySelector(`[data-field="${answer.field || "none"}"]`), words = [answer.words, answer.hint].filter(Boolean).join(" ");
    field?.setAttribute("aria-invalid", "true");
    part("answer")?.classList.remove("is-waiting");
    part("said")?.replaceChildren(...(field ? [element("div", { class: "notice crit", role: "alert" }, element("b", {}, "Not worked out."), ` ${words}`)] : []));
    if (!state.told || !field) part("answer")?.replaceChildren(element("section", { class: "panel" }, element("div", { class: "blank failed", role: "alert" }, element("b", {}, "The plan could not be worked out"), element("p", {}, words), element("div", { class: "acts" }, element("button", { type: "button", class: "ctl", "data-do": "retry" }, "Try again")))));
    if (!field) state.told = null;
  }

  /* ------------------------------------------------------------------ the answer */
  function show(answer) {
    const asTable = Boolean(byId(BODY).querySelector(".fan.as-table"));
    state.told = answer;
    for (const unit of byId(BODY).querySelectorAll("[data-unit]")) unit.textContent = answer.currency;
    byId(BODY).querySelector('[name="value"]').placeholder = answer.value;
    part("said").replaceChildren(...answer.findings.map((text) => element("div", { class: "notice warn" }, text)));
    const kpi = (each) => element("div", { class: "kpi" }, element("dt", {}, each.label), element("dd", {}, each.text, each.unit ? element("span", { class: "unit" }, each.unit) : null), element("dd", { class: "sub" }, each.sub));
    const rest = element("dl", { class: "kv" }, ...answer.rest.flatMap(([name, text, unit]) => [element("dt", {}, name), element("dd", {}, text, unit ? element("span", { class: "unit" }, unit) : null)]));
    part("answer").replaceChildren(element("p", { class: "plan-sentence", "data-part": "sentence" }, answer.sentence), element("dl", { class: "kpis" }, ...answer.figures.map(kpi)), fan(answer, asTable),
      element("section", { class: "panel", "aria-label": "On the way" }, element("header", {}, element("h2", {}, "On the way"), element("span", { class: "note" }, "medians")), element("div", { class: "body" }, rest), element("footer", {}, `${answer.conventions.slice(0, 4).join(". ")}.`)));
    state.observer?.disconnect();
    state.observer = window.portolan.draw.sized(part("fan"), draw);
  }

  function fan(answer, asTable) {
    const key = (look, text) => element("span", {}, element("i", { class: look }), text);
    const legend = element("div", { class: "legend" }, key("", "Median"), key("box half", "Half of all draws"), key("box most", "Nine of ten"), answer.goal ? key("dash goal", "Goal") : null);
    const tool = element("button", { type: "button", class: "tool", "data-do": "table", title: "Show as table", "aria-label": "Show as table", "aria-pressed": String(asTable) });
    tool.append(shell().icon("table"));
    const cells = (row, tag) => element("tr", {}, ...row.map((text, place) => element(tag, { class: place ? "" : "l" }, text)));
    const table = element("table", { class: "grid-t" }, element("thead", {}, cells(answer.fan.heads, "th")), element("tbody", {}, ...answer.fan.rows.map((row) => cells(row, "td"))));
    return element("section", { class: `panel fan ${asTable ? "as-table" : ""}`, "aria-label": "What may come" }, element("header", {}, element("h2", {}, "What may come"), element("span", { class: "note" }, answer.note), element("div", { class: "tools" }, legend, tool)),
      element("div", { class: "body" }, element("div", { class: "as-chart chart", "data-part": "fan", role: "img", "aria-label": answer.sentence }), element("div", { class: "as-rows" }, table)));
  }

  const steps = (most) => { const rough = most / 4 || 1, ten = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 2.5, 5, 10].find((each) => each * ten >= rough) * ten; return Array.from({ length: Math.floor(most / step) + 1 }, (_, at) => at * step); };

  function draw(width, height) {
    const { fan: { days, bands }, goal } = state.told, box = part("fan"), last = days.length - 1, bottom = height - FOOT, right = width - 8;
    const most = Math.max(...bands.p95, goal || 0) || 1, X = (at) => LEFT + (right - LEFT) * at / last, Y = (value) => bottom - (bottom - TOP) * Math.max(value, 0) / (most * 1.02);
    const line = (name) => bands[name].map((value, at) => [X(at), Y(value)]), { path } = window.portolan.draw;
    const area = (low, high) => `${path(line(high))}${path(line(low).reverse()).replace("M", "L")}Z`;
    box.replaceChildren();
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}` }, box);
    for (const value of steps(most)) { svg("line", { class: value ? "grid-line" : "zero-line", x1: LEFT, x2: right, y1: Y(value), y2: Y(value) }, root); svg("text", { x: LEFT - 6, y: Y(value) + 4, "text-anchor": "end" }, root, format().compact(value)); }
    const every = Math.max(1, Math.ceil(last / 12 / (width < 480 ? 4 : 8))) * 12;
    for (let at = 0; at <= last; at += every) svg("text", { x: X(at), y: height - 4, "text-anchor": at ? "middle" : "start" }, root, days[at].slice(0, 4));
    svg("path", { class: "band most", d: area("p5", "p95") }, root);
    svg("path", { class: "band half", d: area("p25", "p75") }, root);
    svg("path", { class: "median", d: path(line("p50")) }, root);
    if (goal) svg("line", { class: "goal", x1: LEFT, x2: right, y1: Y(goal), y2: Y(goal) }, root);
    crosshair(box, root, { X, last, bottom });
  }

  function crosshair(box, root, { X, last, bottom }) {
    const { fan: { days, bands }, currency } = state.told, cross = svg("line", { class: "cross", y1: TOP, y2: bottom, visibility: "hidden" }, root), tip = element("div", { class: "tip", hidden: true });
    const row = (name, value) => element("div", {}, element("span", {}, name), element("b", {}, `${format().money(value, { decimals: 0 })} ${currency}`));
    box.append(tip);
    box.onpointermove = (event) => {
      const x = event.clientX - box.getBoundingClientRect().left, at = Math.max(0, Math.min(last, Math.round((x - X(0)) / (X(last) - X(0)) * last)));
      window.portolan.draw.put(cross, { x1: X(at), x2: X(at), visibility: "visible" });
      tip.hidden = false;
      tip.replaceChildren(element("div", {}, window.portolan.grid.date(days[at])), row("5 % above", bands.p95[at]), row("25 % above", bands.p75[at]), row("Median", bands.p50[at]), row("25 % below", bands.p25[at]), row("5 % below", bands.p5[at]));
      tip.style.left = `${X(at) + 12 + tip.offsetWidth > box.clientWidth ? Math.max(0, X(at) - 12 - tip.offsetWidth) : X(at) + 12}px`;
    };
    box.onpointerleave = () => { tip.hidden = true; cross.setAttribute("visibility", "hidden"); };
  }

  /* ------------------------------------------------------------------ presses and typing */
  const deeds = {
    reset: () => { document.activeElement?.blur(); shell().query({ plan: null }); },
    share: () => navigator.clipboard?.writeText(location.href).then(() => shell().announce("Link copied"), () => {}),
  };
  document.addEventListener("input", ({ target }) => { if (target.closest?.(`#${BODY} form`)) { clearTimeout(state.timer); state.timer = setTimeout(typed, PAUSE_MS); } });
  document.addEventListener("submit", (event) => { if (event.target.closest?.(`#${BODY} form`)) { event.preventDefault(); typed(); } });
  document.addEventListener("click", ({ target }) => { const button = target.closest?.(`#${BODY} [data-plan]`); if (button) deeds[button.dataset.plan](); });

  Object.assign(window.dash_clientside, { advice_plan: { ask, told } });
  return { state };
})();
