/* The Import page. The browser keeps the file and sends it to the REST route: first to be looked at, again with every correction, at
   last to be booked, under a key made here so that it is booked once. Also the links that export. */
window.portolan.imports = (() => {
  const PAGE = "import-page", API = "/api/v1", PAUSE_MS = 350, STEP = 200, MAX_BYTES = 10 * 1024 * 1024;
  const { element } = window.portolan.draw;
  const format = window.portolan.format, columns = window.portolan.importColumns, { table, words } = columns, kit = window.portolan.grid, shell = () => window.portolan.shell;
  const WORDS = { accepted: "New", duplicate: "There already", refused: "Refused", ignored: "Left out" }, TONES = { accepted: "ok", duplicate: "", refused: "crit", ignored: "" };
  const PHASES = { waiting: "Waiting for its turn", reading: "Reading", checking: "Checking rows", comparing: "Comparing with the ledger", booking: "Booking" };
  const ENDS = { done: "Booked", taken_back: "Taken back", running: "At it", interrupted: "Interrupted, nothing booked" };
  const state = { file: null, portfolio: null, run: null, said: null, status: "", rows: [], next: null, key: null, turn: 0, portfolios: [], scope: null, busy: false };
  const page = () => document.getElementById(PAGE);
  const part = (name) => page()?.querySelector(`[data-part="${name}"]`);
  const count = (number) => format.number(number, { decimals: 0 });
  const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

  /* ------------------------------------------------------------------------------------------------------------- asking */
  async function ask(path, options = {}) {
    let answer;
    try {
      answer = await fetch(API + path, options);
    } catch {
      throw new Error("The server does not answer. Try again in a moment.");
    }
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok && body.code !== "rows_refused") throw new Error(sentence(body));
    return body;
  }

  const sentence = (problem) => [problem.detail || problem.message || "Something went wrong on our side.", problem.context?.hint].filter(Boolean).map((text) => text.replace(/\.$/, "")).join(". ") + ".";

  /* Send the file and follow its run to the end; a newer turn makes an older one's answer void. */
  async function send(fields, key) {
    const turn = (state.turn += 1), form = new FormData();
    for (const [name, value] of Object.entries({ ...fields, wait: "false" })) form.append(name, value);
    if (state.said) form.append("mapping", JSON.stringify(state.said));
    form.append("file", state.file, state.file.name);
    progress({ phase: "reading", done: 0, total: 0 });
    let run = await ask(`/portfolios/${state.portfolio}/imports`, { method: "POST", body: form, headers: key ? { "Idempotency-Key": key } : {} });
    while (run.status === "running" && turn === state.turn && page()) {
      progress(run.progress);
      await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
      run = await ask(`/imports/${run.id}`);
    }
    return turn === state.turn ? run : null;
  }

  function progress(told) {
    const box = part("progress");
    if (!box) return;
    box.hidden = !told;
    page().classList.toggle("is-busy", Boolean(told));
    if (!told) return;
    const bar = box.querySelector("progress");
    if (told.total) { bar.max = told.total; bar.value = told.done; } else bar.removeAttribute("value");
    box.querySelector("span").textContent = `${PHASES[told.phase] || "Working"}${told.total ? `, ${count(told.done)} of ${count(told.total)}` : ""}`;
  }

  function fail(text) {
    const box = part("failed");
    if (!box) return;
    box.textContent = text || "";
    box.hidden = !text;
    if (text) box.scrollIntoView({ block: "nearest" });
  }

  /* Do something that may fail, and say so in the page. */
  async function trying(work) {
    fail("");
    try {
      await work();
    } catch (error) {
      fail(error.message);
    } finally {
      progress(null);
    }
  }

  /* --------------------------------------------------------------------------------------------------------- the file */
  function choose(file) {
    if (!file) return;
    if (file.size > MAX_BYTES) { fail(`${file.name} is larger than 10 MB. Split it, or save it as XLSX, which is smaller.`); return; }
    Object.assign(state, { file, said: null, status: "", key: null });
    part("result").replaceChildren();
    check();
  }

  function check() {
    if (!state.file || !state.portfolio || state.busy) return;
    trying(async () => {
      const run = await send({ dry_run: "true" });
      if (!run) return;
      if (run.status !== "checked") { step("choose"); throw new Error(run.problem ? sentence(run.problem) : "The file could not be read."); }
      state.run = run;
      state.key = null;
      paint();
    });
  }

  function book() {
    if (!state.run || state.busy) return;
    state.busy = true;
    state.key ||= shell().key();
    const skip = part("skip").querySelector("input");
    trying(async () => {
      const run = await send({ dry_run: "false", skip_refused: String(Boolean(skip?.checked)) }, state.key);
      if (!run) return;
      if (run.status !== "done") throw new Error(run.problem ? sentence(run.problem) : "Nothing was booked.");
      told(run);
      forget();
    }).finally(() => { state.busy = false; });
  }

  function told(run) {
    const said = run.accepted ? `${plural(run.accepted, "transaction")} booked from ${run.file_name}.` : `Nothing in ${run.file_name} was new.`;
    const back = run.accepted ? element("button", { class: "ctl quiet", type: "button", "data-do": "import-back", "data-run": run.id }, icon("undo"), "Take back") : null;
    part("result").replaceChildren(element("span", {}, said), ...[back].filter(Boolean), element("a", { class: "link", href: "/transactions", "data-nav": "/transactions" }, "See the transactions"));
    shell().markAddress();
    shell().announce(said);
    part("result").scrollIntoView({ block: "nearest" });
    list();
  }

  const icon = (name) => element("i", { class: "ico s", "data-icon": name, "aria-hidden": "true" });

  function forget() {
    Object.assign(state, { file: null, run: null, said: null, rows: [], key: null });
    const input = part("drop").querySelector("input");
    if (input) input.value = "";
    step("choose");
  }

  async function back(run) {
    await trying(async () => {
      const taken = await ask(`/imports/${run}`, { method: "DELETE", headers: { "Idempotency-Key": `back-${run}` } });
      const said = `${taken.file_name} was taken back: its ${plural(taken.accepted, "transaction")} count for nothing now.`;
      part("result").replaceChildren(element("span", {}, said));
      shell().announce(said);
      list();
    });
  }

  /* ---------------------------------------------------------------------------------------------------------- painting */
  function step(name) {
    const frame = page();
    if (!frame) return;
    frame.dataset.step = name;
    for (const panel of ["columns", "rows"]) part(panel).hidden = name === "choose" || (panel === "columns" && state.run?.format === "portolan");
    part("drop-title").textContent = state.file ? state.file.name : "Drop a file here, or choose one";
    part("drop-note").hidden = Boolean(state.file);
  }

  function paint() {
    const { run } = state;
    step("checked");
    if (run.format !== "portolan") columns.paint(run, state.said);
    const read = [run.format === "portolan" ? "Portolan's own format" : run.reading.source.toUpperCase(), run.reading.encoding, run.reading.sheet && `sheet ${run.reading.sheet}`];
    part("file-note").textContent = read.filter(Boolean).join(", ");
    part("rows-note").textContent = run.instruments.length ? `new instruments: ${run.instruments.slice(0, 8).join(", ")}${run.instruments.length > 8 ? " …" : ""}` : "";
    for (const button of page().querySelectorAll("[data-import-status]")) {
      const name = button.dataset.importStatus, number = name ? run[name] : run.total;
      button.textContent = `${name ? WORDS[name] : "All"} ${count(number)}`;
      button.hidden = Boolean(name) && !number;
      button.setAttribute("aria-pressed", String(name === state.status));
    }
    paintVerdict(run);
    show(run[state.status] === 0 ? "" : state.status);
  }

  function paintVerdict(run) {
    const button = page().querySelector("[data-do=import-book]"), skip = part("skip"), skipping = Boolean(skip.querySelector("input")?.checked);
    if (!run.refused) skip.replaceChildren();
    else if (!skip.firstChild) {
      const box = element("input", { type: "checkbox", name: "skip" });
      box.addEventListener("change", () => paintVerdict(state.run));
      skip.replaceChildren(element("label", { class: "check" }, box, "Book the others, leave out the refused"));
    }
    const blocked = run.refused > 0 && !skipping;
    button.disabled = blocked || !run.accepted;
    button.textContent = run.accepted ? `Import ${plural(run.accepted, "row")}` : "Import";
    part("verdict").textContent = !run.accepted && !run.refused ? "Every row is in the ledger already." : blocked ? `${plural(run.refused, "row")} cannot be booked, so none is: mend the file or the columns.` : "";
  }

  /* ------------------------------------------------------------------------------------------------------------- rows */
  async function show(status) {
    state.status = status;
    state.rows = [];
    for (const button of page().querySelectorAll("[data-import-status]")) button.setAttribute("aria-pressed", String(button.dataset.importStatus === status));
    state.next = 0;
    await more();
  }

  async function more() {
    const run = state.run, status = state.status, after = state.next ? `&after=${state.next}` : "";
    if (!run) return;
    await trying(async () => {
      const found = await ask(`/imports/${run.id}/rows?limit=${STEP}${status ? `&status=${status}` : ""}${after}`);
      if (run !== state.run || status !== state.status) return;
      state.rows = [...state.rows, ...found];
      state.next = found.length === STEP ? found[found.length - 1].row : null;
      paintRows();
    });
  }

  function paintRows() {
    const heads = ["Row", "", "Date", "Kind", "Instrument", "Quantity", "Price", "Amount", "Currency", "What is wrong"];
    const classes = ["l", "l", "l hide-s", "l", "l", "hide-s", "hide-s", "", "l hide-s", "l"];
    part("table").replaceChildren(table(heads, state.rows.map((row) => line(row, classes)), classes));
    part("more").hidden = !state.next;
  }

  function line(row, classes) {
    const said = row.transaction, number = (text) => (text === undefined ? "" : format.number(Number(text), { decimals: 8, least: 0 }));
    const tag = element("span", { class: `tag ${TONES[row.status]}`.trim() }, WORDS[row.status]);
    const cells = [String(row.row), tag, said.date ? kit.date(said.date) : "", said.kind ? words(said.kind) : "", said.symbol || "", number(said.quantity), number(said.price), number(said.amount), said.currency || "", wrong(row)];
    return element("tr", { "data-row": row.row, "data-status": row.status }, ...cells.map((cell, index) => element("td", { class: classes[index] }, cell)));
  }

  function wrong(row) {
    if (row.status !== "refused") return element("span", { class: "dim" }, row.reason || "");
    const box = element("span", { class: "wrong" });
    for (const error of row.errors) box.append(element("span", {}, element("b", {}, error.column || words(error.field)), error.value ? ` “${error.value}” ` : " ", `${error.reason}. `, element("span", { class: "dim" }, error.hint || "")));
    return box;
  }

  /* ------------------------------------------------------------------------------------------------------------- runs */
  async function list() {
    if (!page()) return;
    const runs = await ask("/imports?limit=50").catch(() => null);
    if (!runs || !page()) return;
    const names = Object.fromEntries(state.portfolios.map((each) => [each.id, each.name]));
    const rows = runs.map((run) => element("tr", { "data-run": run.id }, element("td", { class: "l" }, kit.moment(run.created_at)), element("td", { class: "l" }, element("b", {}, run.file_name)),
      element("td", { class: "l hide-s" }, names[run.portfolio_id] || ""), element("td", { class: "hide-s" }, count(run.total)), element("td", {}, count(run.accepted)), element("td", { class: "l" }, run.status === "done" && !run.accepted ? "Nothing new" : ENDS[run.status] || run.status),
      element("td", {}, run.status === "done" && run.accepted ? element("button", { class: "ctl quiet", type: "button", "data-do": "import-back", "data-run": run.id, title: `Take back ${run.file_name}` }, "Take back") : "")));
    part("runs").replaceChildren(rows.length ? table(["When", "File", "Portfolio", "Rows", "Booked", "", ""], rows, ["l", "l", "l hide-s", "hide-s", "", "l", ""]) : element("p", { class: "dim nothing" }, "No file was imported yet."));
  }

  /* ------------------------------------------------------------------------------------------------------------ the page */
  function seen(scope, directory) {
    if (!page() || !directory) return window.dash_clientside.no_update;
    state.portfolios = directory.portfolios;
    const known = (id) => directory.portfolios.some((each) => each.id === id);
    const asked = scope?.portfolio === state.scope ? [state.portfolio, scope?.portfolio] : [scope?.portfolio, state.portfolio]; // what was chosen here stands until the top bar says another
    const wanted = asked.find(known) || directory.portfolios[0]?.id || null, moved = wanted !== state.portfolio;
    Object.assign(state, { portfolio: wanted, scope: scope?.portfolio });
    const pick = element("select", { class: "input", name: "portfolio" }, ...directory.portfolios.map((each) => element("option", { value: each.id, selected: each.id === wanted }, each.name)));
    pick.addEventListener("change", () => { state.portfolio = pick.value; state.key = null; check(); });
    part("into").replaceChildren(element("label", { class: "field" }, element("span", { class: "soft" }, "Into the portfolio"), pick));
    if (!directory.portfolios.length) part("into").replaceChildren(element("p", { class: "soft" }, "There is no portfolio yet: make one first, with n."));
    if (!part("drop").querySelector("input")) {
      const input = element("input", { type: "file", class: "sr", name: "file", accept: ".csv,.tsv,.txt,.xlsx,.json", "aria-label": "File to import" });
      input.addEventListener("change", () => choose(input.files[0]));
      part("drop").append(input);
      Object.assign(state, { file: null, run: null, said: null, turn: state.turn + 1 });
      step("choose");
      list();
    } else if (moved && !state.busy) check();
    return window.dash_clientside.no_update;
  }

  function correct() {
    state.said = columns.said(state.run);
    check();
  }

  const deeds = {
    "import-book": book, "import-drop": forget, "import-more": more,
    "import-forget": () => { state.said = {}; check(); },
    "import-back": (button) => back(button.dataset.run),
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-export]");
    if (link) link.href = `${API}/portfolios/${shell().scope().portfolio}/exports/${link.dataset.export}`;
    if (!page()) return;
    const filter = event.target.closest?.("[data-import-status]"), button = event.target.closest?.("[data-do]");
    if (filter) show(filter.dataset.importStatus);
    else if (button) deeds[button.dataset.do]?.(button);
  });

  document.addEventListener("change", ({ target }) => {
    if (!page() || !state.run) return;
    if (target.matches("[data-column]")) columns.settle(target);
    if (target.matches("[data-column], [data-kind-word], [data-style]")) correct();
  });

  for (const name of ["dragover", "drop", "dragleave"]) {
    document.addEventListener(name, (event) => {
      const frame = page();
      if (!frame || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      frame.classList.toggle("dropping", name === "dragover");
      if (name === "drop") choose(event.dataTransfer.files[0]);
    });
  }

  window.dash_clientside = Object.assign(window.dash_clientside || {}, { imports: { seen } });
  return { state, choose };
})();
