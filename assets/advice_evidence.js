/* Evidence on the Recommendations page: begin and stop runs, see how far they are, and what came of them. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.adviceEvidence = (() => {
  const BODY = "evidence-body", LOOK_MS = 1_500, PATIENCE_MS = 30_000, KINDS = ["strategies", "models"];
  /* Name, label, unit, what a typed number is divided by, and what counts without one. */
  const FIELDS = [["window", "Looks back on", "days", 1, "504"], ["every", "Decides every", "days", 1, "21"], ["judged_days", "Judged over", "days", 1, "252"],
    ["cost_bps", "Cost of trading", "bp", 1, "10"], ["band", "Band", "%", 100, "5"], ["most_weight", "Largest weight", "%", 100, "100"]];
  const byId = (id) => document.getElementById(id), none = () => window.dash_clientside.no_update;
  const element = (...given) => window.portolan.draw.element(...given), shell = () => window.portolan.shell;
  const part = (name) => byId(BODY)?.querySelector(`[data-part="${name}"]`), address = () => new URLSearchParams(location.search);
  const state = { root: null, query: "", run: "", text: "", scope: "all", n: 0, shown: {}, acting: false, timer: 0, guard: 0 };
  const plain = (value) => String(Number(value.toPrecision(10)));
  const against = () => (address().get("against") === "equal" ? "equal" : "still");

  /* ------------------------------------------------------------------ asking */
  function ask(query) {
    const root = byId(BODY);
    if (!root || query?.show !== "evidence") { clearTimeout(state.timer); return none(); }
    if (state.root !== root) { Object.assign(state, { root, query: "", shown: {}, acting: false }); frame(); }
    const now = address(), run = now.get("run") || "", asked = JSON.stringify(query), text = now.get("evidence") || "";
    if (query.scope !== state.scope) state.shown = {};
    showFields(text);
    const same = run === state.run && asked === state.query;
    Object.assign(state, { text, run, query: asked, scope: query.scope });
    if (same) { if (state.shown.strategies) drawStrategies(); return none(); }
    if (state.acting) return none(); // its answer tells the runs too
    return question("read");
  }

  function question(action, more = {}) {
    clearTimeout(state.timer);
    clearTimeout(state.guard);
    state.n += 1;
    state.acting = action !== "read";
    state.guard = setTimeout(() => { state.acting = false; if (part("said")) said("The server did not answer.", true); look(); }, PATIENCE_MS);
    return { n: state.n, action, scope: state.scope, text: state.text, run: state.run, have: KINDS.map((kind) => state.shown[kind]?.id).filter(Boolean), ...more };
  }

  const send = (action, more) => window.portolan.grid.setStore("evidence-asked", question(action, { once: shell().key(), ...more }));
  function look() { clearTimeout(state.timer); state.timer = setTimeout(() => { if (byId(BODY) && state.root === byId(BODY) && address().get("tab") === "evidence") send("read"); }, LOOK_MS); }

  function told(answer) {
    if (!answer || answer.n !== state.n || !part("said")) return;
    clearTimeout(state.guard);
    const acted = state.acting;
    state.acting = false;
    if (acted) for (const field of byId(BODY).querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const button of byId(BODY).querySelectorAll("[data-busy]")) { button.disabled = false; delete button.dataset.busy; }
    if (!answer.ok) { byId(BODY).querySelector(`[data-field="${answer.field || "none"}"]`)?.setAttribute("aria-invalid", "true"); said(answer.words, true); } else if (acted) said("");
    if (!answer.strategies) return;
    for (const kind of KINDS) {
      const one = answer[kind];
      if (one.result) state.shown[kind] = { id: one.shown, result: one.result }; else if (!one.shown) delete state.shown[kind];
      progress(kind, one);
    }
    earlier(answer.strategies);
    drawStrategies();
    drawModels();
    if (KINDS.some((kind) => answer[kind].running.length)) look();
  }

  /* ------------------------------------------------------------------ the frame */
  const press = (word, deed, look = "", more = {}) => element("button", { type: "button", class: `ctl ${look}`, "data-evidence": deed, ...more }, word);
  const section = (title, name, ...tools) => element("section", { class: "panel", "aria-label": title }, element("header", {}, element("h2", {}, title), element("span", { class: "note", "data-part": `${name}-note` }), element("div", { class: "tools" }, ...tools)),
    element("div", { class: "run-line", "data-part": `${name}-run`, role: "status" }), element("div", { class: "flush", "data-part": name }), element("footer", { "data-part": `${name}-foot`, hidden: true }));

  function frame() {
    const field = ([name, label, unit, , usual]) => element("label", { class: "field" }, element("span", { class: "soft" }, label, element("span", { class: "unit" }, unit)), element("input", { class: "text-input num", type: "number", step: "any", name, placeholder: usual, "data-field": name }));
    const seg = element("div", { class: "seg", role: "group", "aria-label": "Against" }, ...[["still", "Against doing nothing"], ["equal", "Against 1/N"]].map(([name, word]) => element("button", { type: "button", "data-evidence": "against", "data-of": name }, word)));
    const past = element("select", { class: "input", name: "run", "aria-label": "Earlier runs", hidden: true });
    const form = element("form", { class: "trial-more plain", "data-form": "evidence" }, element("div", { class: "trial-fields" }, ...FIELDS.map(field)), element("div", { "data-part": "said" }));
    const ask = element("section", { class: "panel", "aria-label": "Try strategies" }, element("header", {}, element("h2", {}, "Try strategies on the past"), element("span", { class: "note" }, "of what is held now; each decision on what was known then"), element("div", { class: "tools" }, press("Try them", "strategies", "primary"))), form);
    byId(BODY).replaceChildren(element("div", { class: "stacked" }, ask, section("Strategies", "strategies", past, seg), section("Models", "models", press("Score the models", "models"))));
    for (const kind of KINDS) part(kind).replaceChildren(element("div", { class: "bones padded", "aria-hidden": "true" }, ...["row", "row", "row"].map((look) => element("div", { class: `bone ${look}` }))));
    const bones = byId(BODY).parentElement.querySelector('[data-part="waits"]');
    if (bones) bones.hidden = true;
  }

  function showFields(text) {
    const now = Object.fromEntries(text.split(",").filter(Boolean).map((each) => each.split("=")));
    for (const [name, , , scale] of FIELDS) {
      const field = byId(BODY).querySelector(`[name="${name}"]`), value = Number(now[name]);
      if (field !== document.activeElement) field.value = now[name] && Number.isFinite(value) ? plain(value * scale) : "";
    }
  }

  function typed() {
    const fields = FIELDS.map(([name, , , scale]) => [name, byId(BODY).querySelector(`[name="${name}"]`).value, scale]);
    state.text = fields.filter(([, value]) => value.trim() !== "" && Number.isFinite(Number(value))).map(([name, value, scale]) => `${name}=${plain(Number(value) / scale)}`).join(",");
    shell().query({ evidence: state.text || null });
  }

  function said(words, bad) { part("said").replaceChildren(...(words ? [element("div", { class: `notice ${bad ? "crit" : ""}`, role: bad ? "alert" : null }, element("b", {}, bad ? "Not begun." : ""), ` ${words}`)] : [])); }

  function progress(kind, { running, ended }) {
    const line = (run) => { const bar = element("progress", { max: run.total || 1, "aria-label": "How far it is" }); if (run.total) bar.value = run.done; return element("div", {}, bar, element("span", {}, `${run.phase}${run.total ? `, ${run.done} of ${run.total}` : ""}`), press("Stop", "cancel", "quiet", { "data-of": run.id })); };
    part(`${kind}-run`).replaceChildren(...(running.length ? running.map(line) : ended ? [element("div", { class: "soft" }, ended)] : []));
    const begin = byId(BODY).querySelector(`[data-evidence="${kind}"]`);
    begin.disabled = running.length > 0;
  }

  function earlier({ runs, shown }) {
    const select = byId(BODY).querySelector('[name="run"]');
    select.hidden = runs.length < 2;
    select.replaceChildren(...runs.map(([id, when]) => element("option", { value: id, selected: id === shown }, when)));
  }

  /* ------------------------------------------------------------------ what came of it */
  const blank = (title, text) => element("div", { class: "blank" }, element("b", {}, title), element("p", {}, text));
  const grid = (heads, left, ...bodies) => element("div", { class: "scroll" }, element("table", { class: "grid-t" }, element("thead", {}, element("tr", {}, ...heads.map((text, place) => element("th", { class: place < left ? "l" : "" }, text)))), ...bodies));
  const foot = (name, text) => { part(`${name}-foot`).hidden = !text; part(`${name}-foot`).textContent = text; };

  function drawStrategies() {
    const told = state.shown.strategies?.result, now = against();
    for (const button of byId(BODY).querySelectorAll('[data-evidence="against"]')) button.setAttribute("aria-pressed", String(button.dataset.of === now));
    part("strategies-note").textContent = told?.note || "";
    foot("strategies", told ? `${told.trials} were tried; probability that the best of the past is no better than the middle later: ${told.overfitting}. Good: helped in half of the windows and more, and more than luck gives the best of them at 95 %; thin: helped, but luck is not ruled out. ${told.conventions[0]}.` : "");
    if (!told) { part("strategies").replaceChildren(blank("Nothing was tried yet", "Every strategy is walked through the past of what is held, decided on what was known then, after costs, against doing nothing and against 1/N.")); return; }
    const row = (each) => element("tr", { title: each.sentence }, element("td", { class: "l" }, element("b", {}, each.label), element("span", { class: "dim sub hide-s" }, each.meaning)), element("td", { class: "l hide-s" }, element("span", { class: "spark", "data-y": each.line, "aria-hidden": "true" })), element("td", { class: "l" }, element("span", { class: `tag ${each.kind}` }, each.word)), ...each.cells.map((text) => element("td", {}, text)));
    const table = grid(told.heads, 3, element("tbody", {}, ...told.against[now].map(row)));
    table.querySelector("table").classList.add("tried");
    table.querySelectorAll("th")[1].classList.add("hide-s");
    part("strategies").replaceChildren(...told.findings.map((text) => element("div", { class: "notice warn in-panel" }, text)), table);
  }

  function drawModels() {
    const told = state.shown.models?.result;
    part("models-note").textContent = told?.note || "";
    foot("models", told ? `${told.conventions.slice(1).join(". ")}.` : "");
    if (!told) { part("models").replaceChildren(blank("No model was scored yet", "Forecasts of volatility and covariance, states of the market, clusters and oddities: each is scored out of sample against a naive one, and used only where it is better.")); return; }
    const row = (each) => element("tr", { title: each.sentence }, element("td", { class: "l" }, element("b", {}, each.label), element("span", { class: "dim sub hide-s" }, each.meaning)), ...each.cells.map((text) => element("td", {}, text)), element("td", {}, element("span", { class: `tag ${each.used ? "ok" : ""}` }, each.used ? "in use" : "not used")));
    const group = (each) => element("tbody", {}, element("tr", { class: "group" }, element("td", { class: "l", colspan: told.heads.length }, each.title, each.gap ? element("span", { class: "dim" }, ` ${each.gap}`) : null)), ...each.rows.map(row));
    const pairs = (rows) => element("dl", { class: "kv" }, ...rows.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));
    const line = (cells, left) => element("tr", {}, ...cells.map((text, place) => element("td", { class: place < left ? "l" : "" }, text)));
    const list = (title, heads, left, rows) => (rows.length ? [element("h3", { class: "caps" }, title), grid(heads, left, element("tbody", {}, ...rows.map((cells) => line(cells, left))))] : []);
    part("models").replaceChildren(grid(told.heads, 1, ...told.groups.map(group)), element("div", { class: "trial-more" }, ...(told.says.length ? [element("h3", { class: "caps" }, "What those in use say"), pairs(told.says)] : []),
      ...list("Clusters", ["Holdings that move together", "Weight", "Share of risk", "Correlation"], 1, told.clusters), ...list("Worth a look", ["Day", "Instrument", "What"], 3, told.odd)));
  }

  /* ------------------------------------------------------------------ presses and typing */
  const busy = (button) => { button.disabled = true; button.dataset.busy = ""; };
  const deeds = {
    strategies: (button) => { busy(button); typed(); shell().query({ run: null }); state.run = ""; send("strategies"); },
    models: (button) => { busy(button); send("models"); },
    cancel: (button) => { busy(button); send("cancel", { id: button.dataset.of }); },
    against: (button) => shell().query({ against: button.dataset.of === "equal" ? "equal" : null }),
  };
  document.addEventListener("click", ({ target }) => { const button = target.closest?.(`#${BODY} [data-evidence]`); if (button && !button.disabled) deeds[button.dataset.evidence](button); });
  document.addEventListener("change", ({ target }) => {
    if (!target.closest?.(`#${BODY}`)) return;
    if (target.name === "run") shell().query({ run: target.value }); else typed();
  });
  document.addEventListener("submit", (event) => { if (event.target.closest?.(`#${BODY} form`)) { event.preventDefault(); typed(); } });

  Object.assign(window.dash_clientside, { advice_evidence: { ask, told } });
  return { state };
})();
