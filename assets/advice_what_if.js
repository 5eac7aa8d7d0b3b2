/* What-if on the Recommendations page: weights by slider and number, trades, new money. One question is under way at a time; what is changed
   meanwhile is asked for with the next one, so the newest wins. The draft stands in the address. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.adviceWhatIf = (() => {
  const BODY = "what-if-body", PAUSE_MS = 60, SETTLE_MS = 400, PATIENCE_MS = 15_000, MOST_COMPARED = 6;
  const RATES = { tax_short: 100, tax_long: 100, level: 100 }, PLAIN = { cost_bps: 10, tax_short: 0, tax_long: 0, level: 0.95, new_money: 0 };
  const byId = (id) => document.getElementById(id), none = () => window.dash_clientside.no_update;
  const element = (...given) => window.portolan.draw.element(...given), shell = () => window.portolan.shell;
  const store = (id, data) => window.portolan.grid.setStore(id, data), part = (name) => byId(BODY)?.querySelector(`[data-part="${name}"]`);
  const empty = () => ({ weights: {}, trades: [] });
  const state = { root: null, query: "", kept: "", touched: false, text: null, id: null, n: 0, flying: 0, waiting: false, draft: empty(), scope: "all", told: null, symbols: "", timer: 0, settle: 0, guard: 0 };
  const address = () => new URLSearchParams(location.search);
  const chosen = () => (address().get("compare") || "").split(",").filter(Boolean);
  const plain = (value) => String(Number(Number(value).toPrecision(10)));

  function write(draft) {
    const weights = Object.entries(draft.weights || {}).map(([symbol, weight]) => `w.${symbol}=${plain(weight)}`);
    const trades = (draft.trades || []).map((each) => (each.quantity !== undefined ? `q.${each.symbol}=${plain(each.quantity)}` : `m.${each.symbol}=${plain(each.money)}`));
    const rest = Object.keys(PLAIN).filter((name) => draft[name] !== undefined && draft[name] !== PLAIN[name]).map((name) => `${name}=${plain(draft[name])}`);
    const words = ["benchmark", "base_currency"].filter((name) => draft[name]).map((name) => `${name}=${draft[name]}`);
    return [...weights, ...trades, ...rest, ...words].join(",");
  }

  /* ------------------------------------------------------------------ asking */
  function question(text, id = null) {
    state.flying = state.n += 1;
    clearTimeout(state.guard);
    state.guard = setTimeout(() => { state.flying = 0; if (!state.told) refuse({ words: "The server did not answer.", hint: "" }); }, PATIENCE_MS);
    return { n: state.n, scope: state.scope, text, id };
  }

  /* The page was opened, or its address or its scope changed. */
  function ask(query) {
    const root = byId(BODY);
    if (!root || query?.show !== "what-if") return none();
    if (state.root !== root) Object.assign(state, { root, query: "", kept: "", text: null, id: null, told: null, symbols: "", touched: false, draft: empty() });
    const now = address(), text = now.get("what_if") || "", id = now.get("what_if_id"), asked = JSON.stringify(query);
    const kept = JSON.stringify([query, chosen()]), moved = text !== state.text || id !== state.id;
    if (kept !== state.kept) { state.kept = kept; act("list"); }
    if (!moved && asked === state.query) return none();
    if (moved) state.touched = false;
    Object.assign(state, { query: asked, text, id, scope: query.scope, waiting: false });
    clearTimeout(state.timer);
    return state.touched ? question(write(state.draft)) : question(text, id);
  }

  function send() {
    if (state.flying) { state.waiting = true; return; }
    state.waiting = false;
    store("what-if-asked", question(write(state.draft)));
  }

  function changed(pause = PAUSE_MS) {
    clearTimeout(state.timer);
    state.timer = setTimeout(send, pause);
  }

  function told(answer) {
    if (!answer || answer.n !== state.n || !byId(BODY)) return;
    state.flying = 0;
    clearTimeout(state.guard);
    if (answer.ok) show(answer); else refuse(answer);
    if (state.waiting) send(); else if (answer.ok) settle();
  }

  /* The address follows when the hand rests. */
  function settle() {
    clearTimeout(state.settle);
    state.settle = setTimeout(() => {
      const text = write(state.draft);
      if (state.flying || state.root !== byId(BODY) || !state.touched || (text === state.text && !state.id)) return;
      Object.assign(state, { text, id: null });
      shell().query({ what_if: text || null, what_if_id: null });
    }, SETTLE_MS);
  }

  /* ------------------------------------------------------------------ drawing */
  const panel = (title, name, note, ...more) => element("section", { class: "panel", "aria-label": title }, element("header", {}, element("h2", {}, title), element("span", { class: "note", "data-part": `${name}-note` }, note), ...more), element("div", { class: "body", "data-part": name }));
  const press = (word, deed, look = "", more = {}) => element("button", { type: "button", class: `ctl ${look}`, "data-what-if": deed, ...more }, word);
  const number = (name, label, unit, more = {}) => element("label", { class: "field" }, element("span", { class: "soft" }, label, unit ? element("span", { class: "unit" }, unit) : null), element("input", { class: "text-input num", type: "number", step: "any", name, "data-field": name, ...more }));

  function frame(currency) {
    const tools = element("div", { class: "tools" }, press("Start over", "reset", "quiet"), press("Copy link", "share", "quiet"));
    const weights = panel("Weights", "weights", "of the value with new money; cash is what remains", tools);
    weights.querySelector(".body").className = "flush";
    const unit = element("select", { class: "input", name: "unit", "aria-label": "Unit" }, element("option", { value: "quantity" }, "shares"), element("option", { value: "money" }, currency));
    const trade = element("form", { class: "trial-line", "data-form": "trade" }, element("input", { class: "text-input", name: "symbol", placeholder: "Symbol", "aria-label": "Symbol", autocomplete: "off", "data-field": "symbol" }),
      element("input", { class: "text-input num", type: "number", step: "any", name: "amount", placeholder: "Buy, or − to sell", "aria-label": "How much", "data-field": "quantity" }), unit, element("button", { type: "submit", class: "ctl" }, "Add trade"));
    const terms = element("div", { class: "trial-fields" }, number("new_money", "New money", currency), number("cost_bps", "Cost of trading", "bp", { min: 0, max: 1000, placeholder: "10" }),
      number("tax_short", "Tax, held up to a year", "%", { min: 0, max: 100, placeholder: "0" }), number("tax_long", "Tax, held longer", "%", { min: 0, max: 100, placeholder: "0" }), number("level", "VaR level", "%", { min: 50, max: 99.9, placeholder: "95" }));
    weights.append(element("div", { class: "trial-more" }, element("div", { "data-part": "said" }), trade, element("ul", { class: "trial-chips", "data-part": "chips" }), terms), element("footer", { "data-part": "conventions" }));
    const save = element("form", { class: "trial-line", "data-form": "save" }, element("input", { class: "text-input", name: "name", maxlength: "80", placeholder: "Name", "aria-label": "Name of this what-if", autocomplete: "off", "data-field": "name", required: true }), element("button", { type: "submit", class: "ctl primary" }, "Save"));
    const saved = panel("Saved", "saved", "tick to compare");
    saved.querySelector(".body").before(save);
    saved.append(element("div", { class: "done", "data-part": "done", role: "status" }));
    byId(BODY).replaceChildren(element("div", { class: "cols" }, element("div", { class: "c8 stacked" }, weights, element("div", { "data-part": "compared", hidden: true })),
      element("div", { class: "c4 stacked beside" }, panel("Before and after", "figures", ""), panel("Stress", "stress", "what would be lost"), saved)));
    state.symbols = "";
  }

  const waits = (on) => { const bones = byId(BODY)?.parentElement.querySelector('[data-part="waits"]'); if (bones) bones.hidden = !on; };
  const blank = (title, text, failed) => element("section", { class: "panel" }, element("div", { class: `blank ${failed ? "failed" : ""}`, role: failed ? "alert" : null }, element("b", {}, title), element("p", {}, text), failed ? element("div", { class: "acts" }, element("button", { type: "button", class: "ctl", "data-do": "retry" }, "Try again"), press("Start over", "reset", "quiet")) : null));

  function refuse(answer) {
    waits(false);
    const words = [answer.words, answer.hint].filter(Boolean).join(" ");
    if (!part("weights")) { state.told = null; byId(BODY)?.replaceChildren(blank("The what-if could not be tried", words, true)); return; }
    showTerms();
    part("said").replaceChildren(element("div", { class: "notice crit", role: "alert" }, element("b", {}, "Not tried."), ` ${words}`));
    const symbol = (answer.field || "").replace("weights.", "");
    for (const field of byId(BODY).querySelectorAll("[data-field]")) if ([answer.field, symbol].includes(field.dataset.field)) field.setAttribute("aria-invalid", "true");
  }

  function show(answer) {
    waits(false);
    state.told = answer;
    if (!state.waiting) state.draft = { ...empty(), ...answer.draft };
    if (answer.empty && !answer.rows.length && !write(state.draft)) { byId(BODY).replaceChildren(blank("Nothing is held yet", "With the first holdings their weights can be moved here, to see what it would do to risk, stress and tax.")); return; }
    if (!part("weights")) frame(answer.currency);
    for (const field of byId(BODY).querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    part("said").replaceChildren(...answer.findings.map((text) => element("div", { class: "notice warn" }, text)));
    showRows(answer);
    showTerms();
    const change = (each) => [element("dt", {}, each.label || each.name), element("dd", {}, element("s", {}, each.before), element("em", {}, "→"), each.after, each.unit ? element("span", { class: "unit" }, each.unit) : null)];
    part("figures").replaceChildren(element("dl", { class: "kv", "data-part": "sides" }, ...answer.figures.flatMap(change), ...answer.sums.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text, element("span", { class: "unit" }, answer.currency))])));
    part("figures-note").textContent = answer.note;
    part("stress").replaceChildren(answer.stress.length ? element("dl", { class: "kv" }, ...answer.stress.flatMap(change)) : element("p", { class: "soft" }, "No scenario could be worked out: the history of what is held is too short."));
    part("conventions").textContent = `${answer.conventions.slice(0, 3).join(". ")}.`;
  }

  /* ------------------------------------------------------------------ the grid */
  const HEADS = [["Holding", "l"], ["Now", "hide-s"], ["Weight", ""], ["Trade", "hide-s"], ["Amount", ""], ["Share of risk", "hide-s"], ["", ""]];

  function row(each, most) {
    const slider = element("input", { type: "range", min: 0, max: most, step: "0.1", "data-weight": each.symbol, "aria-label": `Weight of ${each.symbol}` });
    const typed = element("input", { class: "text-input num", type: "number", step: "any", "data-weight": each.symbol, "data-field": each.symbol, "aria-label": `Weight of ${each.symbol} in percent` });
    const cell = (name, look = "") => element("td", { class: look, "data-cell": name });
    return element("tr", { "data-symbol": each.symbol }, element("td", { class: "l" }, element("div", { class: "inst" }, element("b", {}, each.symbol), element("span", { class: "hide-s" }, each.name))), cell("before", "hide-s"),
      element("td", {}, element("div", { class: "weigh" }, slider, typed, element("span", { class: "unit" }, "%"))), cell("quantity", "hide-s"), cell("money"), cell("risk", "hide-s"),
      element("td", {}, element("button", { type: "button", class: "tool", "data-what-if": "free", "data-of": each.symbol, "aria-label": `Leave ${each.symbol} as it is`, title: "Leave as it is" }, "×")));
  }

  /* Rows are made once for a set of holdings; a field that is being used keeps what is in it. */
  function showRows(answer) {
    const symbols = answer.rows.map((each) => each.symbol).join(" "), largest = Math.max(10, ...answer.rows.map((each) => each.weight || 0));
    if (symbols !== state.symbols || !part("grid")) {
      state.symbols = symbols;
      const most = Math.min(100, Math.ceil(largest / 5) * 10), head = element("tr", {}, ...HEADS.map(([text, look]) => element("th", { class: look }, text)));
      const cash = element("tr", {}, element("td", { class: "l" }, "Cash"), element("td", { class: "hide-s", "data-part": "cash-before" }), element("td", { "data-part": "cash-after" }), element("td", { class: "hide-s" }), element("td", { "data-part": "cash-money" }), element("td", { class: "hide-s" }), element("td", {}));
      part("weights").replaceChildren(element("div", { class: "scroll" }, element("table", { class: "grid-t what-if-grid" }, element("thead", {}, head), element("tbody", { "data-part": "grid" }, ...answer.rows.map((each) => row(each, most))), element("tfoot", {}, cash))));
    }
    [...part("grid").children].forEach((line, place) => fill(line, answer.rows[place]));
    ["before", "after", "money"].forEach((name, place) => { part(`cash-${name}`).textContent = answer.cash[place]; });
  }

  function fill(line, each) {
    const own = state.draft.weights[each.symbol], value = own === undefined ? each.weight : own * 100;
    line.classList.toggle("sel", own !== undefined || each.moves);
    line.querySelector("[data-what-if]").style.visibility = own === undefined ? "hidden" : "";
    for (const name of ["before", "quantity", "money"]) line.querySelector(`[data-cell="${name}"]`).textContent = each[name];
    line.querySelector('[data-cell="risk"]').replaceChildren(element("span", { class: "dim" }, `${each.risk[0]} → `), each.risk[1]);
    for (const field of line.querySelectorAll("input")) {
      if (field === document.activeElement || value === null) continue;
      if (field.type === "range") { field.min = Math.min(Number(field.min), Math.floor(value)); field.max = Math.max(Number(field.max), Math.ceil(value)); }
      field.value = Number(value.toFixed(field.type === "range" ? 1 : 2));
    }
  }

  function showTerms() {
    for (const [name, usual] of Object.entries(PLAIN)) {
      const field = byId(BODY).querySelector(`[name="${name}"]`), value = state.draft[name];
      if (field !== document.activeElement) field.value = value === undefined || value === usual ? "" : Number((value * (RATES[name] || 1)).toPrecision(10));
    }
    const format = window.portolan.format;
    part("chips").replaceChildren(...state.draft.trades.map((each, place) => element("li", { class: "tag" }, `${each.symbol} ${each.quantity !== undefined ? `${format.number(each.quantity, { decimals: 4, least: 0, signed: true })} shares` : format.money(each.money, { signed: true })}`,
      element("button", { type: "button", "data-what-if": "drop", "data-of": place, "aria-label": `Leave out the trade in ${each.symbol}` }, "×"))));
  }

  /* ------------------------------------------------------------------ what is kept */
  function act(action, more = {}) {
    store("what-if-action", { action, scope: shell().scope().portfolio, compare: chosen(), text: write(state.draft), once: shell().key(), at: Date.now(), ...more });
  }

  function done(result, tries = 40) {
    if (!result || !byId(BODY)) return;
    if (!part("saved")) { if (tries) setTimeout(() => done(result, tries - 1), 250); return; }
    const compare = chosen(), line = (each) => {
      const box = element("input", { type: "checkbox", "data-compare": each.id, "aria-label": `Compare ${each.name}` });
      box.checked = compare.includes(each.id);
      return element("li", {}, box, element("span", { class: "words" }, element("b", {}, each.name), element("span", { class: "soft" }, each.note || each.when)),
        press("Open", "open", "quiet", { "data-of": each.text }), press("Remove", "remove", "quiet", { "data-of": each.id, "data-version": each.version, "aria-label": `Remove ${each.name}` }));
    };
    part("saved").replaceChildren(result.saved.length ? element("ul", { class: "rows trial-saved" }, ...result.saved.map(line)) : element("p", { class: "soft" }, "What you save under a name stands here, to open, compare and share."));
    if (result.words) part("done").replaceChildren(element("span", { class: result.ok ? "" : "notice crit" }, result.words), ...(result.undo ? [press("Undo", "undo", "quiet", { "data-of": result.undo })] : []));
    if (result.ok && result.action === "save") byId(BODY).querySelector('[data-form="save"]').reset();
    const place = part("compared"), table = result.compared;
    place.hidden = !table;
    place.replaceChildren(...(table ? [compared(table)] : []));
  }

  function compared({ heads, rows }) {
    const head = element("tr", {}, ...heads.map((text, place) => element("th", { class: place ? "" : "l" }, text)));
    const body = rows.map((cells) => element("tr", {}, ...cells.map((text, place) => element("td", { class: place ? "" : "l" }, text))));
    return element("section", { class: "panel", "aria-label": "Compared" }, element("header", {}, element("h2", {}, "Compared"), element("span", { class: "note" }, "each on what is held now")),
      element("div", { class: "flush" }, element("div", { class: "scroll" }, element("table", { class: "grid-t" }, element("thead", {}, head), element("tbody", {}, ...body)))));
  }

  /* ------------------------------------------------------------------ presses and typing */
  const open = (draft) => { state.draft = draft; state.touched = true; changed(0); };
  const deeds = {
    reset: () => { if (state.told) open(empty()); else shell().query({ what_if: null, what_if_id: null }); },
    share: () => { shell().query({ what_if: write(state.draft) || null, what_if_id: null }); setTimeout(() => navigator.clipboard?.writeText(location.href).then(() => shell().announce("Link copied"), () => {}), 0); },
    free: ({ dataset }) => { const weights = { ...state.draft.weights }; delete weights[dataset.of]; open({ ...state.draft, weights }); },
    drop: ({ dataset }) => open({ ...state.draft, trades: state.draft.trades.filter((_, place) => place !== Number(dataset.of)) }),
    open: ({ dataset }) => shell().query({ what_if: decodeURIComponent(dataset.of) || null, what_if_id: null }),
    remove: ({ dataset }) => act("remove", { id: dataset.of, version: dataset.version }),
    undo: ({ dataset }) => { part("done").replaceChildren(); act("undo", { id: dataset.of }); },
  };

  function weigh(field) {
    const symbol = field.dataset.weight, value = field.value === "" ? null : Number(field.value), weights = { ...state.draft.weights };
    if (value === null) delete weights[symbol]; else weights[symbol] = Number((value / 100).toPrecision(8));
    for (const other of field.closest(".weigh").querySelectorAll("input")) if (other !== field && value !== null) { if (other.type === "range") other.max = Math.max(Number(other.max), value); other.value = value; }
    Object.assign(state.draft, { weights });
    state.touched = true;
    changed();
  }

  function term({ name, value }) {
    const told = value.trim() === "" ? PLAIN[name] : Number(value) / (RATES[name] || 1);
    if (!Number.isFinite(told)) return;
    Object.assign(state.draft, { [name]: told });
    state.touched = true;
    changed(200);
  }

  document.addEventListener("input", ({ target }) => {
    if (!target.closest?.(`#${BODY}`)) return;
    if (target.dataset.weight) weigh(target); else if (target.name in PLAIN) term(target);
  });
  document.addEventListener("change", ({ target }) => {
    const key = target.closest?.(`#${BODY}`) && target.dataset.compare;
    if (!key) return;
    const list = target.checked ? [...chosen(), key] : chosen().filter((each) => each !== key);
    if (list.length > MOST_COMPARED) { target.checked = false; shell().announce(`At most ${MOST_COMPARED} at once`); return; }
    shell().query({ compare: list.join(",") || null });
  });
  document.addEventListener("click", ({ target }) => { const button = target.closest?.(`#${BODY} [data-what-if]`); if (button) deeds[button.dataset.whatIf](button); });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.(`#${BODY} form`);
    if (!form) return;
    event.preventDefault();
    const field = (name) => form.querySelector(`[name="${name}"]`);
    if (form.dataset.form === "save") { act("save", { name: field("name").value.trim() }); return; }
    const symbol = field("symbol").value.trim().toUpperCase(), amount = Number(field("amount").value);
    if (!symbol || !amount) { (symbol ? field("amount") : field("symbol")).focus(); return; }
    open({ ...state.draft, trades: [...state.draft.trades, { symbol, [field("unit").value]: amount }] });
    form.reset();
  });

  Object.assign(window.dash_clientside, { advice_what_if: { ask, told, done } });
  return { state, write };
})();
