/* The form of a transaction: it shows each kind its fields, tells the server what is typed after a short pause (`DRAFT`) and shows what
   comes back under the fields. A save carries a key made here: the same draft sent twice is recorded once. `transactions.js` opens it. */
window.portolan.transactionForm = (() => {
  const FORM = "transactions-form", SHEET = "transactions-form-sheet", PAUSE_MS = 250;
  const kit = window.portolan.grid, { setValue } = window.portolan.draw, shell = () => window.portolan.shell;
  const form = { open: false, scope: "all", editing: null, number: 0, touched: new Set(), errors: [], key: null, sent: "", from: null, busy: false, timer: 0, draft: {}, portfolios: [], instruments: [] };
  const byId = (id) => document.getElementById(id);
  const clear = (id) => window.dash_clientside.set_props(id, { children: [] }); // its children are React's: taken out by hand they would be missed
  const none = () => window.dash_clientside.no_update;

  const kinds = () => (form.kinds ||= JSON.parse(byId(FORM).dataset.kinds));
  const input = (name) => byId(FORM)?.elements.namedItem(name);
  const field = (name) => byId(FORM)?.querySelector(`[data-field="${name}"]`);
  const shownFields = () => [...byId(FORM).querySelectorAll(".fields [data-field]:not([hidden])")].map((label) => label.dataset.field).filter((name) => !name.startsWith("instrument_"));

  /* `scope` is what the table shows: its portfolio is the first choice. */
  function open(values = {}, editing = null, scope = "all") {
    const sheet = byId(SHEET);
    if (!sheet) return;
    Object.assign(form, { open: true, scope, editing, touched: new Set(), errors: [], key: null, sent: "", from: document.activeElement, busy: false });
    form.wanted = values.portfolio || (scope !== "all" ? scope : null) || form.portfolio || null;
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

  function close() {
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

  /* What became of a save: the form closes, or says what is wrong with it. */
  function saved(result) {
    if (byId(SHEET)) busy(false);
    if (result.ok) {
      form.key = null;
      close();
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
  }

  /* Both versions are on the screen: take the one that was saved meanwhile, or save this one over it. */
  function settle(mine) {
    const theirs = form.conflict;
    if (!theirs) return;
    form.conflict = null;
    clear("transactions-conflict");
    if (mine) save(theirs.version);
    else open(theirs, { id: theirs.id, version: theirs.version }, form.scope);
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
      setValue(input("instrument_currency"), input("currency").value || form.portfolios.find((each) => each.id === input("portfolio").value)?.currency || "USD");
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
    form.instruments.push([result.symbol, result.name]);
    window.dash_clientside.set_props("directory-changed", { data: Date.now() });
    shell().announce(`${result.symbol} was added`);
    input("quantity")?.focus();
    typed(0);
    return none();
  }

  /* What the form can suggest: portfolios and instruments that the server named; accounts come from the rows of the table. */
  function offer() {
    const select = input("portfolio"), known = (id) => form.portfolios.some((each) => each.id === id);
    const chosen = [form.wanted, select.value].find(known) || form.portfolios[0]?.id || "";
    select.replaceChildren(...form.portfolios.map((each) => new Option(each.name, each.id)));
    select.value = chosen;
    offerTargets();
    fill("symbols", form.instruments);
  }

  /* Where a transfer can lead: any other portfolio, or another account of this one. */
  function offerTargets() {
    const select = input("to_portfolio"), before = select.value, here = input("portfolio").value;
    const others = form.portfolios.filter((each) => each.id !== here).map((each) => new Option(each.name, each.id));
    select.replaceChildren(new Option("This one", ""), ...others);
    select.value = others.some((option) => option.value === before) ? before : "";
  }

  function fill(name, options) {
    byId(`${FORM}-${name}`)?.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
  }

  document.addEventListener("input", ({ target }) => {
    if (!form.open || !target.closest?.(`#${FORM}`)) return;
    if (target.name === "kind") showKind();
    if (target.name === "portfolio") { form.wanted = target.value; offerTargets(); }
    if (!target.name.startsWith("instrument_")) typed();
  });

  document.addEventListener("focusout", ({ target }) => {
    if (!form.open || !target.closest?.(`#${FORM}`) || !target.value) return;
    form.touched.add(target.name);
    paintErrors();
    offerInstrument();
  });

  document.addEventListener("submit", (event) => { if (event.target.id === FORM) event.preventDefault(); });

  return { added, addInstrument, checked, close, fill, form, offer, open, plainNumber, save, saved, settle, typed };
})();
