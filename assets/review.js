/* The Checks page: findings and what is done about them, and the statement that a ledger is compared with. The server draws
   findings; here are presses, keys, the tab in the address, and the small table that a statement is typed or pasted into. */
window.portolan.review = (() => {
  const PAGE = "checks-page", FORM = "checks-statement", ROWS = 6, MOST = 2000, BYTES = 1_000_000;
  const COLUMNS = [["symbol", "Symbol, ISIN or currency"], ["quantity", "Quantity or amount"], ["cost", "Cost, if told"]];
  const shell = () => window.portolan.shell, kit = window.portolan.grid, { element } = window.portolan.draw;
  const byId = (id) => document.getElementById(id), none = () => window.dash_clientside.no_update;
  const page = { at: 0, keyed: false, portfolio: null, key: null, sent: "" };
  const cards = () => [...document.querySelectorAll(`#${PAGE} .view-of:not([hidden]) .finding`)];

  /* ------------------------------------------------------------------------------------------------------------ findings */
  function query(scope, retry, ledger, result, before) {
    if (!scope) return none();
    paintTab();
    const done = result && result.action !== "close" ? result.at : before?.done ?? null;
    const asked = { scope: scope.portfolio, retry, done, ledger: JSON.stringify(ledger || {}) };
    return JSON.stringify(asked) === JSON.stringify(before) ? none() : asked;
  }

  const tab = () => (new URLSearchParams(location.search).get("tab") === "reconcile" ? "reconcile" : "findings");

  function paintTab() {
    if (!byId(PAGE)) return;
    const now = tab();
    for (const part of document.querySelectorAll(`#${PAGE} .view-of`)) part.hidden = part.dataset.of !== now;
    for (const button of document.querySelectorAll(`#${PAGE} [data-tab]`)) button.setAttribute("aria-pressed", String(button.dataset.tab === now));
  }

  function drawn() {
    requestAnimationFrame(() => {
      paintTab();
      if (page.keyed) focusCard(page.at);
    });
    return none();
  }

  function acted(result) {
    if (result?.ok && result.action !== "close") window.dash_clientside.set_props("directory-changed", { data: Date.now() });
    if (result?.ok && result.action === "undo" && tab() === "reconcile") reopen();
    for (const button of document.querySelectorAll(`#${PAGE} [data-busy]`)) { button.disabled = false; delete button.dataset.busy; }
  }

  function focusCard(at) {
    const found = cards();
    if (!found.length) return;
    page.at = Math.max(0, Math.min(at, found.length - 1));
    found[page.at].focus({ preventScroll: true });
    found[page.at].scrollIntoView({ block: "nearest" });
  }

  function act(action, data = {}) {
    kit.setStore("checks-action", { action, ...data, key: shell().key(), at: Date.now() });
  }

  function busy(button) {
    button.disabled = true;
    button.dataset.busy = "";
  }

  const ofButton = (button) => ({ finding: button.dataset.finding, portfolio: button.dataset.portfolioOf, fix: button.dataset.fix });
  const deeds = {
    apply: (button) => { busy(button); act("apply", ofButton(button)); },
    dismiss: (button) => { busy(button); act("dismiss", ofButton(button)); },
    restore: (button) => { busy(button); act("restore", ofButton(button)); },
    undo: (button) => {
      if (byId(PAGE)) { busy(button); act("undo", { entry: button.dataset.entry }); }
      else window.portolan.audit.undo(button.dataset.entry);
    },
    close: () => { if (byId(PAGE)) act("close"); else window.portolan.audit.close(); },
    open: (button) => ask("open", { statement: button.dataset.statement }),
    forget: (button) => { busy(button); ask("forget", { statement: button.dataset.statement }); },
    accept: (button) => { busy(button); ask("accept", { statement: button.dataset.statement, fix: button.dataset.fix, key: shell().key() }); },
    rows: () => addRows(ROWS),
    clear: () => { byId(`${FORM}-rows`).querySelector("tbody").replaceChildren(); addRows(ROWS); },
  };

  document.addEventListener("click", (event) => {
    const chosen = event.target.closest?.(`#${PAGE} [data-tab]`);
    if (chosen) { shell().query({ tab: chosen.dataset.tab === "reconcile" ? "reconcile" : null }); setTimeout(paintTab); return; }
    const button = event.target.closest?.("[data-review]");
    if (!button || button.disabled) return;
    page.keyed = false;
    deeds[button.dataset.review]?.(button);
  });

  const press = (selector) => { const button = cards()[page.at]?.querySelector(selector); if (button && !button.disabled) button.click(); return Boolean(button); };
  const keys = {
    j: () => focusCard(document.activeElement?.classList.contains("finding") ? page.at + 1 : page.at),
    k: () => focusCard(page.at - 1),
    a: () => press(".fixes [data-review]"),
    d: () => press('[data-review="dismiss"]'),
    u: () => document.querySelector('#checks-done [data-review="undo"]')?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (!byId(PAGE) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, textarea, select") || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    page.keyed = true;
  });

  document.addEventListener("focusin", ({ target }) => { const at = target.classList?.contains("finding") ? cards().indexOf(target) : -1; if (at >= 0) page.at = at; });

  /* --------------------------------------------------------------------------------------------------------- a statement */
  const form = () => byId(FORM);
  const select = () => form()?.querySelector("select[name=portfolio]");

  /* Portfolios to choose from; the one of the address is chosen. */
  function portfolios(directory, scope) {
    if (!form() || !directory || !scope) return none();
    build();
    const known = directory.portfolios || [], before = select().value;
    select().replaceChildren(...known.map((each) => element("option", { value: each.id }, each.name)));
    select().value = scope.portfolio !== "all" ? scope.portfolio : known.some((each) => each.id === before) ? before : known[0]?.id || "";
    relist();
    return none();
  }

  function relist() {
    if (!select()?.value || page.portfolio === select().value) return;
    page.portfolio = select().value;
    ask("list");
  }

  /* The parts that Dash has no element for are made once. */
  function build() {
    const box = byId(`${FORM}-rows`);
    if (box.firstChild) return;
    page.portfolio = null;
    const head = element("thead", {}, element("tr", {}, ...COLUMNS.map(([, label]) => element("th", { class: "l" }, label))));
    box.append(element("table", { class: "typed-rows" }, head, element("tbody")));
    addRows(ROWS);
    const day = form().querySelector("[name=date]"), month = new Date();
    if (!day.value) put(day, new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), 0)).toISOString().slice(0, 10)); // the last month's end
    const file = element("input", { type: "file", accept: ".csv,.tsv,.txt,.xlsx,text/csv,text/plain", class: "sr", "aria-label": "Choose a file" });
    file.addEventListener("change", () => readFile(file));
    form().querySelector("[data-part=file]").append(element("label", { class: "ctl" }, "Choose a file", file));
    form().querySelector("[data-part=partial]").append(element("label", { class: "tick soft" }, element("input", { type: "checkbox", name: "partial" }), "Only what is named"));
  }

  /* A Dash input holds its own value: it is told the way a reader would, so that both agree. */
  function put(target, value) {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(target, value);
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function addRows(count) {
    const body = byId(`${FORM}-rows`).querySelector("tbody");
    for (let made = 0; made < count; made += 1) {
      const place = body.children.length + 1;
      body.append(element("tr", {}, ...COLUMNS.map(([name, label]) => element("td", {}, element("input", { "data-cell": name, "aria-label": `${label}, row ${place}`, autocomplete: "off", spellcheck: "false" })))));
    }
  }

  const lines = () => [...byId(`${FORM}-rows`).querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input")].map((cell) => cell.value.trim()));

  /* A table pasted into a cell fills the cells from there on. */
  function spread(target, text) {
    const body = byId(`${FORM}-rows`).querySelector("tbody"), row = target.closest("tr"), from = [...body.children].indexOf(row);
    const first = [...row.querySelectorAll("input")].indexOf(target);
    const table = parted(text).slice(0, MOST), missing = from + table.length - body.children.length;
    if (missing > 0) addRows(missing);
    table.forEach((cells, place) => {
      const inputs = body.children[from + place].querySelectorAll("input");
      cells.forEach((cell, column) => { if (inputs[first + column]) inputs[first + column].value = cell; });
    });
  }

  function parted(text) {
    const rows = text.replace(/\r\n?/g, "\n").split("\n").filter((line) => line.trim());
    const sign = rows.some((line) => line.includes("\t")) ? "\t" : rows.some((line) => line.includes(";")) ? ";" : ",";
    const cells = rows.map((line) => line.split(sign).map((cell) => cell.trim().replace(/^"|"$/g, "")));
    return cells.length && cells[0].length > 1 && /\D/.test(cells[0][1]) && !/\d/.test(cells[0][1]) ? cells.slice(1) : cells; // a heading
  }

  async function readFile(file) {
    const chosen = file.files[0];
    file.value = "";
    if (!chosen) return;
    if (chosen.size > BYTES) { refuse(`${chosen.name} is larger than 1 MB: a statement is a short table.`); return; }
    const bytes = new Uint8Array(await chosen.arrayBuffer()), content = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    ask("compare", { ...head(), file: { name: chosen.name, content } });
  }

  const refuse = (text) => window.dash_clientside.set_props("checks-refused", { children: text });
  const head = () => ({ date: form().querySelector("[name=date]").value, account: form().querySelector("[name=account]").value.trim() || null, complete: !form().querySelector("[name=partial]").checked });

  /* Without a heading: symbol, quantity, cost, as the server reads them; empty lines keep their number, so that a refusal names the row. */
  const typed = () => lines().map((cells) => cells.join("\t").trim()).join("\n").replace(/\n+$/, "");

  function ask(action, data = {}) {
    if (!select()?.value) return;
    kit.setStore("checks-asked", { action, portfolio: select().value, ...data, at: Date.now() });
  }

  function compare() {
    const text = typed();
    if (!head().date) { refuse("Say the day: the statement is compared with the ledger at its close."); form().querySelector("[name=date]").focus(); return; }
    if (!text) { refuse("Type at least one line: a symbol and its quantity, or a currency and its amount."); return; }
    const sent = JSON.stringify([select().value, head(), text]);
    if (sent !== page.sent) page.key = shell().key(); // the same statement sent twice is kept once
    page.sent = sent;
    busy(form().querySelector("[type=submit]"));
    ask("compare", { ...head(), text, key: page.key });
  }

  function compared(answer) {
    if (!answer || !form()) return;
    for (const button of document.querySelectorAll(`#${PAGE} [data-busy]`)) { button.disabled = false; delete button.dataset.busy; }
    for (const row of form().querySelectorAll("tr.bad")) row.classList.remove("bad");
    if (answer.row) form().querySelectorAll("tbody tr")[answer.row - 1]?.classList.add("bad");
    if (!answer.ok) page.sent = "";
    if (!answer.ok) return;
    if (answer.action !== "list") page.statement = answer.statement;
    if (answer.action === "accept") window.dash_clientside.set_props("directory-changed", { data: Date.now() });
    byId(`${FORM}-accounts`)?.replaceChildren(...answer.accounts.map((name) => element("option", { value: name })));
  }

  function reopen() {
    if (page.statement) ask("open", { statement: page.statement });
  }

  document.addEventListener("change", ({ target }) => { if (target === select()) relist(); });
  document.addEventListener("submit", (event) => { if (event.target.id === FORM) { event.preventDefault(); compare(); } });
  document.addEventListener("paste", (event) => {
    const cell = event.target.closest?.(`#${FORM} [data-cell]`), text = event.clipboardData?.getData("text") || "";
    if (!cell || !/[\t\n;]/.test(text.trim())) return;
    event.preventDefault();
    spread(cell, text);
  });

  window.dash_clientside = Object.assign(window.dash_clientside || {}, { review: { query, drawn, acted, portfolios, compared } });
  return { page, parted };
})();
