/* The ledger page: the table of transactions, the form that shows each kind its fields, and what can be done to one row.
   The form tells the server what is typed after a short pause (`DRAFT`) and shows what comes back under the fields. A save carries
   a key made here: the same draft sent twice is recorded once. */
window.portolan.transactions = (() => {
  const GRID = "transactions-grid", PAGE = "transactions-page", FORM = "transactions-form", SHEET = "transactions-form-sheet", HISTORY = "transactions-history";
  const FILTERS = ["kind", "symbol", "start", "end"], PAUSE_MS = 250, FIRST = 400, STEP = 1000;
  const COLUMNS = { least: ["recorded_at", "account", "note", "tax", "fee", "portfolio_name"], phone: ["symbol", "gross"] };
  const kit = window.portolan.grid, format = window.portolan.format, shell = () => window.portolan.shell;
  const page = { api: null, rows: new Map(), decimals: 2, query: null, entry: null, last: null, portfolios: [], instruments: [] };
  const form = { open: false, editing: null, number: 0, touched: new Set(), errors: [], key: null, sent: "", from: null, busy: false, timer: 0, draft: {} };
  const byId = (id) => document.getElementById(id);
  const find = (selector) => document.querySelector(`#${PAGE} ${selector}`);
  const clear = (id) => window.dash_clientside.set_props(id, { children: [] }); // its children are React's: taken out by hand they would be missed
  const none = () => window.dash_clientside.no_update;

  /* ----------------------------------------------------------------------------------------------------------- the table */
  function query(scope, retry, ledger, before) {
    if (!scope) return none();
    const address = new URLSearchParams(location.search);
    if (!before) {
      for (const name of FILTERS) setValue(filterInput(name), address.get(name) || "");
      page.query = null;
      form.open = false;
      page.entry = null;
      if (address.get("new") !== null) setTimeout(() => openForm({ kind: address.get("new"), symbol: address.get("instrument") || "" }), 60);
    }
    const asked = { scope: scope.portfolio, as_of: scope.as_of, known_at: scope.known_at, ...filters(address.get("voided") === "1"), limit: before?.scope === scope.portfolio ? before.limit : FIRST, retry, ledger: before?.ledger ?? null };
    if (page.scope === scope.portfolio && before?.scope === scope.portfolio) asked.ledger = kit.moved(scope.portfolio, ledger, page.revisions) ?? asked.ledger;
    if (JSON.stringify(asked) === JSON.stringify(before)) return none();
    page.query = asked;
    paintFilters();
    return asked;
  }

  const filterInput = (name) => find(`[data-filter=${name}] [name=${name}]`);
  const filters = (voided) => ({ ...Object.fromEntries(FILTERS.map((name) => [name, filterInput(name)?.value.trim() || null])), voided });

  let filtering = 0;
  function filterSoon(wait = PAUSE_MS) {
    clearTimeout(filtering);
    filtering = setTimeout(() => refilter(page.query?.voided), wait);
  }

  function refilter(voided) {
    if (!page.query) return;
    const asked = { ...page.query, ...filters(Boolean(voided)), limit: FIRST };
    if (JSON.stringify(asked) === JSON.stringify(page.query)) return;
    page.query = asked;
    shell().query({ kind: asked.kind, symbol: asked.symbol, start: asked.start, end: asked.end, voided: asked.voided ? "1" : null, new: null });
    paintFilters();
    kit.setStore("transactions-query", asked);
  }

  function paintFilters() {
    const any = FILTERS.some((name) => page.query[name]);
    find("[data-do=toggle-voided]").setAttribute("aria-pressed", String(page.query.voided));
    document.querySelectorAll(`#${PAGE} .toolbar [data-do=clear-filters]`).forEach((button) => { button.hidden = !any; });
  }

  function clearFilters() {
    for (const name of FILTERS) setValue(filterInput(name), "");
    refilter(page.query?.voided);
  }

  async function load(payload) {
    if (!payload) return none();
    const api = await kit.ready(GRID, PAGE);
    if (!api) return none();
    if (api !== page.api) attach(api);
    const element = byId(PAGE), rows = payload.rows || [], filtered = [...FILTERS, "as_of", "known_at"].some((name) => page.query?.[name]);
    const kept = page.rows.size && page.scope === payload.scope;
    kit.mark(element, "state", payload.error ? (kept ? "kept" : "error") : rows.length ? "full" : filtered ? "none" : "empty");
    if (payload.error) for (const place of element.querySelectorAll("[data-part=reason]")) kit.write(place, payload.error);
    else show(payload, rows);
    return none();
  }

  /* By id: a row that another tab changed changes here, and nothing else moves. */
  function show(payload, rows) {
    const fresh = page.rows.size && page.scope === payload.scope ? rows.filter((row) => !page.rows.has(row.id)).map((row) => row.id) : [];
    Object.assign(page, { scope: payload.scope, revisions: payload.revisions, portfolios: payload.portfolios, instruments: payload.instruments });
    if (form.open) { offer(); typed(0); }
    const wanted = new Map(rows.map((row) => [row.id, { ...row, fresh: row.id === page.last?.id }])), update = [], add = [], remove = [];
    page.api.forEachNode((node) => { if (!wanted.has(node.id)) remove.push(node.data); });
    const same = (row, node) => node.data.version === row.version && node.data.fresh === row.fresh && node.data.name === row.name;
    for (const row of wanted.values()) {
      const node = page.api.getRowNode(row.id);
      if (!node) add.push(row);
      else if (!same(row, node)) update.push(row);
    }
    page.rows = wanted;
    page.decimals = Math.min(4, Math.max(0, ...rows.map((row) => (String(row.quantity ?? "").split(".")[1] || "").replace(/0+$/, "").length)));
    page.api.applyTransaction({ add, update, remove });
    if (page.entry && wanted.has(page.entry.id)) { page.entry = wanted.get(page.entry.id); paintEntry(); }
    kit.redraw(page.api, [...wanted.keys()]);
    page.more = payload.more;
    const voided = rows.filter((row) => row.voided).length, count = format.number(rows.length - voided, { decimals: 0 });
    kit.write(find("[data-part=count]"), `${payload.more ? `the newest ${count}` : count}${voided ? `, and ${voided} voided` : ""}`);
    if (fresh.length === 1) page.api.ensureNodeVisible(page.api.getRowNode(fresh[0]));
    resize();
    offerAccounts();
  }

  function attach(api) {
    Object.assign(page, { api, rows: new Map(), scope: null });
    api.addEventListener("cellClicked", ({ data }) => openEntry(data));
    api.addEventListener("cellKeyDown", ({ data, event }) => { if (event?.key === "Enter" || event?.key === " ") { event.preventDefault(); openEntry(data); } });
    api.addEventListener("gridSizeChanged", resize);
    api.addEventListener("bodyScrollEnd", older);
  }

  /* Older rows come when the reader nears the end of those that are here. */
  function older() {
    if (!page.more || page.api.getLastDisplayedRowIndex() < page.api.getDisplayedRowCount() - 40) return;
    page.more = false;
    page.query = { ...page.query, limit: page.query.limit + STEP };
    kit.setStore("transactions-query", page.query);
  }

  const isPhone = () => kit.NARROW_SCREEN.matches;
  const rowHeight = () => (isPhone() ? 52 : 32);

  function resize() {
    const api = page.api, frame = byId(GRID);
    if (!api || api.isDestroyed() || !frame) return;
    frame.style.setProperty("--content", `${api.getDisplayedRowCount() * rowHeight() + 30 + 3}px`);
    if (frame.clientWidth) kit.fitColumns(api, frame.clientWidth, { ...COLUMNS, hidden: unneeded() });
  }

  /* A column that says the same in every row is left out: accounts where there are none, the portfolio where there is one. */
  function unneeded() {
    const rows = [...page.rows.values()];
    return [...(page.query?.scope === "all" ? [] : ["portfolio_name"]), ...(rows.some((row) => row.account) ? [] : ["account"])];
  }

  kit.NARROW_SCREEN.addEventListener("change", () => { if (page.api && !page.api.isDestroyed()) { page.api.resetRowHeights(); kit.redraw(page.api, [...page.rows.keys()]); resize(); } });

  const byNumber = (left, right) => Number(left ?? -Infinity) - Number(right ?? -Infinity) || 0;
  const byDate = (left, right, a, b) => (left < right ? -1 : left > right ? 1 : (a?.data.sequence ?? 0) - (b?.data.sequence ?? 0));

  /* ------------------------------------------------------------------------------------------------------------ the form */
  const kinds = () => (page.kinds ||= JSON.parse(byId(FORM).dataset.kinds));
  const input = (name) => byId(FORM)?.elements.namedItem(name);
  const field = (name) => byId(FORM)?.querySelector(`[data-field="${name}"]`);
  const shownFields = () => [...byId(FORM).querySelectorAll(".fields [data-field]:not([hidden])")].map((label) => label.dataset.field).filter((name) => !name.startsWith("instrument_"));

  /* React keeps the value of its inputs: it has to hear of a change as if it was typed. */
  function setValue(target, value) {
    if (!target || target.value === String(value ?? "")) return;
    const own = target instanceof HTMLSelectElement ? HTMLSelectElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(own.prototype, "value").set.call(target, value ?? "");
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function openForm(values = {}, editing = null) {
    closeEntry();
    const sheet = byId(SHEET);
    if (!sheet) return;
    Object.assign(form, { open: true, editing, touched: new Set(), errors: [], key: null, sent: "", from: document.activeElement, busy: false });
    form.wanted = values.portfolio || (page.query?.scope !== "all" ? page.query?.scope : null) || form.portfolio || null;
    offer();
    for (const name of [...NAMES, ...JOINT, "date", "account", "note"]) setValue(input(name), values[name] ?? "");
    setValue(input("kind"), values.kind && kinds()[values.kind] ? values.kind : "BUY");
    setValue(input("date"), values.date || new Date().toISOString().slice(0, 10));
    input("portfolio").disabled = Boolean(editing);
    for (const option of input("kind").options) option.disabled = Boolean(editing && kinds()[option.value].joint); // several records at once are no correction of one
    kit.write(sheet.querySelector("[data-part=title]"), editing ? "Correct transaction" : "New transaction");
    clear("transactions-conflict");
    clear("transactions-effect");
    showKind();
    refuse("");
    busy(false);
    sheet.classList.add("open");
    const first = Object.keys(kinds()[input("kind").value].fields).map(input).find((each) => !each.value) || input("kind");
    first.focus({ preventScroll: true });
    typed(0);
  }

  function closeForm() {
    if (!form.open) return;
    form.open = false;
    byId(SHEET)?.classList.remove("open");
    if (new URLSearchParams(location.search).has("new")) shell().query({ new: null, instrument: null });
    if (form.from?.isConnected) form.from.focus({ preventScroll: true });
  }

  const NAMES = ["symbol", "to_symbol", "quantity", "price", "amount", "ratio", "currency", "to_amount", "to_currency", "fee", "tax", "fx_rate"], JOINT = ["to_portfolio", "to_account"];

  function showKind() {
    const kind = kinds()[input("kind").value];
    if (!kind) return;
    kit.write(byId(FORM).querySelector("[data-part=effect]"), kind.effect);
    for (const name of [...NAMES, ...JOINT]) {
      const known = kind.fields[name], label = field(name);
      label.hidden = !known;
      if (!known) continue;
      label.style.order = known.order + 1;
      kit.write(label.querySelector("[data-part=label]"), known.label);
      kit.write(label.querySelector("[data-part=optional]"), known.needed ? "" : known.hint ? ` ${known.hint}` : "");
    }
    paintErrors();
  }

  /* "1,234.50", "1 234,50" and "1'234.50" are one number; what stays doubtful is left to the server to refuse. */
  function plainNumber(text) {
    const tight = text.replace(/[\s\u202f\u00a0'’]/g, "").replace(/\u2212/g, "-"), comma = tight.lastIndexOf(","), point = tight.lastIndexOf(".");
    if (comma >= 0 && point >= 0) return comma > point ? tight.replaceAll(".", "").replace(",", ".") : tight.replaceAll(",", "");
    if (comma >= 0 && tight.indexOf(",") === comma && !/,\d{3}$/.test(tight)) return tight.replace(",", ".");
    return tight;
  }

  const NUMERIC = new Set(["quantity", "price", "amount", "ratio", "to_amount", "fee", "tax", "fx_rate"]);

  function collect() {
    const draft = { kind: input("kind").value, date: input("date").value };
    for (const name of shownFields()) {
      const text = input(name).value.trim();
      if (text) draft[name] = NUMERIC.has(name) ? plainNumber(text) : /symbol|currency/.test(name) ? text.toUpperCase() : text;
      else if (form.editing) draft[name] = null; // a correction may take a value out
    }
    if (form.editing) for (const name of [...NAMES, "account", "note"]) draft[name] ??= null;
    return draft;
  }

  function typed(wait = PAUSE_MS) {
    clearTimeout(form.timer);
    form.timer = setTimeout(() => {
      if (!form.open) return;
      const draft = collect(), text = JSON.stringify(draft);
      if (text !== form.sent) form.key = null; // another draft is another transaction
      form.number += 1;
      kit.setStore("transactions-draft", { portfolio: input("portfolio").value, draft, editing: form.editing, number: form.number });
    }, wait);
  }

  function checked(answer) {
    if (!answer || answer.number !== form.number || !form.open) return none();
    form.errors = answer.errors;
    paintErrors();
    offerInstrument();
    return none();
  }

  /* An error shows where the reader has been, or everywhere once a save was tried. */
  function paintErrors() {
    if (!byId(FORM)) return;
    for (const label of byId(FORM).querySelectorAll("[data-field]")) {
      const name = label.dataset.field, error = form.errors.find((each) => each.field.split(".")[0] === name), show = error && (form.touched.has(name) || form.touched.has("*"));
      const hint = label.querySelector("[data-part=hint]"), control = label.querySelector("input, select");
      if (name.startsWith("instrument_") || !hint || !control) continue;
      kit.write(hint, show ? said(error) : "");
      kit.dress(hint, show ? "hint bad" : "hint");
      control.setAttribute("aria-invalid", String(Boolean(show)));
      label.classList.toggle("bad", Boolean(show));
    }
    const elsewhere = form.errors.filter((error) => { const label = field(error.field.split(".")[0]); return !label || label.hidden; });
    if (form.touched.has("*")) refuse(elsewhere.map(said).join(" "));
  }

  /* The server's sentence without the name of the field it stands under, and without what only programs can do. */
  function said({ field: name, code, message, hint }) {
    if (code === "unknown_symbol") return `${input(name)?.value.trim().toUpperCase()} is not known yet: add it below, or choose another.`;
    const text = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
    return [text.charAt(0).toUpperCase() + text.slice(1), hint].filter(Boolean).join(" ");
  }

  const refuse = (text) => kit.write(byId(SHEET).querySelector("footer [data-part=refused]"), text);

  function busy(on) {
    form.busy = on;
    byId(SHEET).querySelector("[data-do=save-transaction]").disabled = on;
  }

  function save(over = null) {
    if (form.busy) return;
    clearTimeout(form.timer);
    const draft = collect();
    form.touched.add("*");
    form.sent = JSON.stringify(draft);
    form.key ||= shell().key();
    if (over) form.editing = { ...form.editing, version: over };
    form.portfolio = input("portfolio").value;
    busy(true);
    refuse("");
    kit.setStore("transactions-save", { action: form.editing ? "correct" : "record", portfolio: form.portfolio, draft, editing: form.editing, key: form.key, at: Date.now() });
  }

  function saved(result) {
    if (!result) return none();
    if (byId(SHEET)) busy(false);
    if (result.ok) {
      page.last = { ...result.entry, back: { earlier: "later", later: "earlier" }[result.action] };
      form.key = null;
      closeForm();
      if (!page.last.back) closeEntry(); // one step is often followed by another
    } else if (result.action === "record" || result.action === "correct") {
      form.errors = result.errors || [];
      paintErrors();
      offerInstrument();
      if (result.message) refuse(result.message);
      form.conflict = result.conflict || null;
      if (form.conflict) setTimeout(() => byId("transactions-conflict")?.scrollIntoView({ block: "end" }), 50);
      if (!result.unanswered) form.key = null;
      byId(FORM).querySelector('[aria-invalid="true"]')?.focus();
    }
    return none();
  }

  /* Both versions are on the screen: take the one that was saved meanwhile, or save this one over it. */
  function settle(mine) {
    const theirs = form.conflict;
    if (!theirs) return;
    form.conflict = null;
    clear("transactions-conflict");
    if (mine) save(theirs.version);
    else openForm(theirs, { id: theirs.id, version: theirs.version });
  }

  /* ----------------------------------------------------------------------------------------- an instrument nobody knows */
  function offerInstrument() {
    const unknown = form.errors.find((error) => error.code === "unknown_symbol"), box = byId(FORM).querySelector("[data-part=new-instrument]");
    const symbol = unknown ? input(unknown.field)?.value.trim().toUpperCase() : "";
    const wanted = Boolean(unknown && symbol && (form.touched.has(unknown.field) || form.touched.has("*")));
    if (wanted && box.dataset.symbol !== symbol) {
      box.dataset.symbol = symbol;
      kit.write(box.querySelector("[data-part=symbol]"), symbol);
      setValue(input("instrument_name"), "");
      setValue(input("instrument_sector"), "");
      setValue(input("instrument_currency"), input("currency").value || page.portfolios.find((each) => each.id === input("portfolio").value)?.currency || "USD");
      kit.write(box.querySelector("[data-part=instrument-error]"), "");
    }
    if (!wanted) delete box.dataset.symbol;
    box.hidden = !wanted;
  }

  function addInstrument() {
    const box = byId(FORM).querySelector("[data-part=new-instrument]"), symbol = box.dataset.symbol;
    kit.setStore("transactions-instrument", { symbol, name: input("instrument_name").value.trim() || symbol, currency: input("instrument_currency").value.trim().toUpperCase(),
      asset_class: input("instrument_class").value, sector: input("instrument_sector").value.trim() || null, at: Date.now() });
  }

  function added(result) {
    if (!result || !byId(FORM)) return none();
    const box = byId(FORM).querySelector("[data-part=new-instrument]");
    kit.write(box.querySelector("[data-part=instrument-error]"), result.ok ? "" : result.message);
    if (!result.ok) return none();
    box.hidden = true;
    page.instruments.push([result.symbol, result.name]);
    window.dash_clientside.set_props("directory-changed", { data: Date.now() });
    shell().announce(`${result.symbol} was added`);
    input("quantity")?.focus();
    typed(0);
    return none();
  }

  /* What the form can suggest: portfolios and instruments that the server named, accounts from the rows. */
  function offer() {
    const select = input("portfolio"), known = (id) => page.portfolios.some((each) => each.id === id);
    const chosen = [form.wanted, select.value].find(known) || page.portfolios[0]?.id || "";
    select.replaceChildren(...page.portfolios.map((each) => new Option(each.name, each.id)));
    select.value = chosen;
    offerTargets();
    fill("symbols", page.instruments);
  }

  /* Where a transfer can lead: any other portfolio, or another account of this one. */
  function offerTargets() {
    const select = input("to_portfolio"), before = select.value, here = input("portfolio").value;
    const others = page.portfolios.filter((each) => each.id !== here).map((each) => new Option(each.name, each.id));
    select.replaceChildren(new Option("This one", ""), ...others);
    select.value = others.some((option) => option.value === before) ? before : "";
  }

  function offerAccounts() {
    fill("accounts", [...new Set([...page.rows.values()].map((row) => row.account).filter(Boolean))].map((name) => [name, ""]));
  }

  function fill(name, options) {
    byId(`${FORM}-${name}`)?.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
  }

  /* ------------------------------------------------------------------------------------------- one row and what to do to it */
  function openEntry(row) {
    if (!row) return;
    closeForm();
    const before = page.entry;
    page.entry = row;
    redraw(before, row);
    const sheet = byId(HISTORY);
    sheet.classList.add("open");
    paintEntry();
    byId("transactions-history-body").classList.add("waiting");
    kit.setStore("transactions-entry", { portfolio: row.portfolio, id: row.id, version: row.version });
    sheet.focus({ preventScroll: true });
  }

  /* Title and buttons of the sheet, for the version that the table shows now. */
  function paintEntry() {
    const sheet = byId(HISTORY), row = page.entry;
    kit.write(sheet.querySelector("[data-part=title]"), [row.kind_name, row.quantity === null ? "" : format.quantity(Number(row.quantity)), row.symbol || ""].filter(Boolean).join(" "));
    for (const [name, hidden] of [["void-entry", row.voided], ["correct-entry", row.voided], ["restore-entry", !row.voided], ["earlier-entry", !beside(row, -1)], ["later-entry", !beside(row, 1)]]) sheet.querySelector(`[data-do=${name}]`).hidden = hidden;
  }

  /* Whether the row can be booked before or after another one of its day. */
  const beside = (row, step) => !row.voided && [...page.rows.values()].some((other) => !other.voided && other.date === row.date && other.portfolio === row.portfolio && (other.sequence - row.sequence) * step > 0);

  function shift(action, step) {
    if (page.entry && beside(page.entry, step)) act(action, page.entry);
  }

  function closeEntry() {
    const row = page.entry;
    page.entry = null;
    byId(HISTORY)?.classList.remove("open");
    redraw(row);
    const node = row && page.api && !page.api.isDestroyed() && page.api.getRowNode(row.id);
    if (node) page.api.setFocusedCell(node.rowIndex, "symbol");
  }

  function redraw(...rows) {
    if (page.api && !page.api.isDestroyed()) kit.redraw(page.api, rows.filter(Boolean).map((row) => row.id));
  }

  const told = () => { byId("transactions-history-body")?.classList.remove("waiting"); };

  function act(action, entry) {
    if (entry) kit.setStore("transactions-save", { action, portfolio: entry.portfolio, editing: { id: entry.id, version: entry.version, also: entry.also }, key: shell().key(), at: Date.now() });
  }

  function askVoid() {
    const row = page.entry;
    if (!row) return;
    kit.write(byId("transactions-confirm").querySelector("[data-part=what]"), `${row.kind_name} ${row.quantity !== null ? format.quantity(Number(row.quantity)) : row.amount !== null ? format.money(Number(row.amount)) : ""} ${row.symbol || row.currency || ""}, ${kit.date(row.date)}`);
    shell().open("transactions-confirm");
  }

  const deeds = {
    "new-transaction": () => { if (byId(PAGE)) openForm(); else shell().go("/transactions", { new: "BUY" }); },
    "save-transaction": () => save(),
    "add-instrument": addInstrument,
    "void-entry": askVoid,
    "confirm-void": () => { shell().close("transactions-confirm"); act("void", page.entry); },
    "correct-entry": () => { const row = page.entry; openForm(row, { id: row.id, version: row.version }); },
    "restore-entry": () => act("undo", page.entry),
    "earlier-entry": () => shift("earlier", -1),
    "later-entry": () => shift("later", 1),
    "undo-entry": () => act(page.last?.back || "undo", page.last),
    "dismiss-done": () => kit.setStore("transactions-save", { action: "dismiss", at: Date.now() }),
    "take-theirs": () => settle(false),
    "save-mine": () => settle(true),
    "clear-filters": clearFilters,
    "toggle-voided": () => refilter(!page.query?.voided),
    "retry-transactions": () => kit.setStore("transactions-retry", Date.now()),
    [`close-${SHEET}`]: closeForm,
    [`close-${HISTORY}`]: closeEntry,
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-do]"), deed = button && deeds[button.dataset.do];
    if (!deed) return;
    event.preventDefault();
    deed(button);
  });

  document.addEventListener("input", ({ target }) => {
    if (target.closest?.(`#${PAGE} [data-filter]`)) filterSoon();
    else if (form.open && target.closest?.(`#${FORM}`)) {
      if (target.name === "kind") showKind();
      if (target.name === "portfolio") { form.wanted = target.value; offerTargets(); }
      if (!target.name.startsWith("instrument_")) typed();
    }
  });

  document.addEventListener("focusout", ({ target }) => {
    if (!form.open || !target.closest?.(`#${FORM}`) || !target.value) return;
    form.touched.add(target.name);
    paintErrors();
    offerInstrument();
  });

  document.addEventListener("submit", (event) => { if (event.target.id === FORM) event.preventDefault(); });

  /* Before the frame's own keys: n is a new transaction here, Esc closes the sheet on top. */
  document.addEventListener("keydown", (event) => {
    if (!byId(PAGE) || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest?.("input, textarea, select");
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && form.open) { event.preventDefault(); save(); }
    else if (event.key === "Escape" && (form.open || page.entry)) { event.preventDefault(); event.stopImmediatePropagation(); if (form.open) closeForm(); else closeEntry(); }
    else if (event.altKey && page.entry && (event.key === "ArrowUp" || event.key === "ArrowDown")) { event.preventDefault(); if (event.key === "ArrowUp") shift("earlier", -1); else shift("later", 1); }
    else if (event.key === "n" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); event.stopImmediatePropagation(); openForm(); }
  }, true);

  Object.assign(window.dashAgGridFunctions, { portolanLedgerHeight: rowHeight, portolanByNumber: byNumber, portolanByDate: byDate });
  window.dash_clientside = Object.assign(window.dash_clientside || {}, { transactions: { query, load, checked, saved, added, told } });
  return { page, form, openForm, plainNumber };
})();
