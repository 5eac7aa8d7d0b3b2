/* The frame: address, menus, dialogs, theme, keys. One listener a kind for the whole document; what a control does
   stands in its data-* attributes (components/controls.py). Other scripts use window.portolan.shell. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.shell = (() => {
  const root = document.documentElement;
  const PERIODS = ["1D", "1W", "1M", "3M", "YTD", "1Y", "3Y", "All"], THEMES = ["dark", "light", "contrast"], PALETTES = ["western", "east", "safe"];
  const CARRIED = ["portfolio", "period", "as_of", "known_at"]; // what a link to another page takes along
  const { element, setValue } = window.portolan.draw, palette = window.portolan.palette;
  const byId = (id) => document.getElementById(id);
  const set = (id, props) => window.dash_clientside.set_props(id, props);

  const icon = (name) => element("i", { class: "ico", "data-icon": name, "aria-hidden": "true" });
  const keep = (name, value) => { try { localStorage.setItem(`portolan.${name}`, value); } catch { /* the choice then lasts for this page */ } };
  const announce = (text) => { const live = byId("announce"); if (live) live.textContent = text; };

  /* ------------------------------------------------------------------ address */
  const asked = () => new URLSearchParams(location.search);

  function scope() {
    const query = asked(), period = query.get("period");
    return { portfolio: query.get("portfolio") || "all", period: PERIODS.includes(period) ? period : "1Y", ...past(query) };
  }

  /* The day one looks back to, and the instant whose records count; what is neither counts as now. */
  function past(query) {
    const day = query.get("as_of") || "", instant = query.get("known_at") || "";
    return { as_of: /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day)) ? day : null, known_at: Number.isNaN(Date.parse(instant)) ? null : new Date(instant).toISOString() };
  }

  function searchWith(changes, only = null) {
    const kept = new URLSearchParams();
    for (const [name, value] of asked()) if (!only || only.includes(name)) kept.set(name, value);
    for (const [name, value] of Object.entries(changes)) { if (value === null || value === undefined || value === "") kept.delete(name); else kept.set(name, value); }
    const text = kept.toString();
    return text ? `?${text}` : "";
  }

  /* Change the query without drawing the page again. `null` takes a key out. The address is written here, at once: left to
     Dash, a busy page writes it late, and what reads it meanwhile (the scope, the next press) would build on the old one. */
  function query(changes) {
    const search = searchWith(changes);
    if (search === location.search) return;
    history.pushState({}, "", location.pathname + search);
    set("url", { search, href: location.href });
  }

  /* To another page; portfolio and period come along, what is the page's own does not. */
  function go(path, changes = {}) {
    const target = path + searchWith(changes, CARRIED);
    if (target === location.pathname + location.search) return;
    history.pushState({}, "", target);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  function markAddress() {
    const { portfolio, period } = scope(), search = searchWith({}, CARRIED);
    for (const link of document.querySelectorAll("a[data-nav]")) {
      link.setAttribute("href", link.dataset.nav + search);
      if (link.closest(".rail ul, .tabbar")) { if (link.dataset.nav === location.pathname) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current"); }
    }
    const own = asked().has("from"); // a range of one's own stands in place of the period
    for (const button of document.querySelectorAll("[data-period]")) button.setAttribute("aria-pressed", !own && button.dataset.period === period);
    for (const button of document.querySelectorAll("[data-portfolio]")) button.setAttribute("aria-current", button.dataset.portfolio === portfolio);
    markPast();
  }

  /* ------------------------------------------------------------ looking back */
  const sayDay = (text) => new Date(`${text}T12:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const sayInstant = (text) => new Date(text).toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

  /* Pages that can look back say so (`data-looks-back`); the others show now, and the band tells. */
  function markPast() {
    const { as_of: day, known_at: instant } = scope(), band = byId("time-band"), looks = document.querySelector("[data-looks-back]");
    if (!band) return;
    band.hidden = !day && !instant;
    root.toggleAttribute("data-past", !band.hidden); // what looks back is not painted live
    byId("time").setAttribute("aria-pressed", !band.hidden);
    const told = [day ? `As of ${sayDay(day)}` : "As of now", instant ? `as known on ${sayInstant(instant)}` : ""].filter(Boolean).join(", ");
    if (!band.hidden) byId("time-text").textContent = looks ? `${told}. Nothing moves here.` : `${told}, on Overview, Holdings, Performance, Realised gains and Transactions. This page shows now.`;
  }

  function fillTime(sheet) {
    const { as_of: day, known_at: instant } = scope(), local = (at) => new Date(at - at.getTimezoneOffset() * 60_000).toISOString();
    const fields = Object.fromEntries([...sheet.querySelectorAll("input")].map((field) => [field.name, field]));
    fields.as_of.max = local(new Date()).slice(0, 10);
    setValue(fields.as_of, day || "");
    setValue(fields.known_at, instant ? local(new Date(instant)).slice(0, 16) : "");
    sheet.querySelector("details").open = Boolean(instant);
  }

  function lookBack(form) {
    const fields = Object.fromEntries([...form.querySelectorAll("input")].map((field) => [field.name, field]));
    closeMenus();
    query({ as_of: fields.as_of.value, known_at: fields.known_at.value ? new Date(fields.known_at.value).toISOString() : null });
  }

  /* -------------------------------------------------------------- theme, fold */
  function choose(name, value) {
    root.dataset[name === "theme" ? "bsTheme" : name] = value;
    keep(name, value);
    announce(`${name}: ${value}`);
    document.dispatchEvent(new CustomEvent("portolan:theme", { detail: value }));
  }
  const next = (list, value) => list[(list.indexOf(value) + 1) % list.length];
  const nextTheme = () => choose("theme", next(THEMES, root.dataset.bsTheme));
  const nextPalette = () => choose("palette", next(PALETTES, root.dataset.palette));
  const fold = () => keep("fold", root.classList.toggle("folded") ? "folded" : "open");

  /* ------------------------------------------------------- popovers, dialogs */
  function closeMenus(except = null) {
    for (const button of document.querySelectorAll('[data-menu][aria-expanded="true"]')) {
      if (button === except) continue;
      button.setAttribute("aria-expanded", "false");
      byId(button.dataset.menu).hidden = true;
    }
  }

  function toggleMenu(button) {
    const sheet = byId(button.dataset.menu), opens = sheet.hidden;
    closeMenus(button);
    button.setAttribute("aria-expanded", opens);
    sheet.hidden = !opens;
    if (!opens) return;
    place(sheet, button);
    if (button.dataset.menu === "status-sheet") set("status-opened", { data: Date.now() });
    if (button.dataset.menu === "time-sheet") fillTime(sheet);
    document.dispatchEvent(new CustomEvent("portolan:menu", { detail: button.dataset.menu }));
    (sheet.querySelector("input, select") || sheet.querySelector('[aria-current="true"]') || sheet.querySelector("button, a") || sheet).focus();
  }

  function place(sheet, button) {
    const bar = button.closest(".bar, .title").getBoundingClientRect(), box = button.getBoundingClientRect(), edge = 8;
    const width = Math.min(sheet.offsetWidth, bar.width - 2 * edge);
    const start = sheet.classList.contains("at-end") ? box.right - bar.left - width : box.left - bar.left;
    sheet.style.insetInlineStart = `${Math.max(edge, Math.min(start, bar.width - width - edge))}px`;
  }

  function open(id) {
    const dialog = byId(id);
    if (!dialog || dialog.open) return;
    closeMenus();
    dialog.showModal();
    const first = dialog.querySelector("input, select");
    if (first) first.focus();
  }
  const close = (id) => byId(id)?.close?.();

  function menuKeys(event) {
    const sheet = event.target.closest?.(".pop");
    if (!sheet || !["ArrowDown", "ArrowUp"].includes(event.key)) return false;
    const items = [...sheet.querySelectorAll("button, a")], at = items.indexOf(document.activeElement), step = event.key === "ArrowDown" ? 1 : -1;
    items[(at + step + items.length) % items.length]?.focus();
    return true;
  }

  /* ------------------------------------------------------------ portfolio menu */
  let directory = { portfolios: [], instruments: [] };

  function portfolioItem(id, name, currency, held) {
    const note = [currency, held === undefined ? null : `${held}`].filter(Boolean).join(" · ");
    return element("button", { type: "button", class: "item", "data-portfolio": id }, element("span", {}, name), element("span", { class: "dim" }, note));
  }

  function paintDirectory(data) {
    if (data) directory = data;
    const { portfolio } = scope(), chosen = directory.portfolios.find((each) => each.id === portfolio), list = byId("portfolio-menu-list");
    if (!list) return;
    const many = directory.portfolios.length !== 1;
    byId("portfolio-menu-name").textContent = chosen ? chosen.name : portfolio !== "all" && data ? "Unknown portfolio" : "All portfolios";
    byId("portfolio-menu-count").textContent = !chosen && directory.portfolios.length ? directory.portfolios.length : "";
    const held = chosen ? chosen.holdings : directory.holdings, count = byId("holdings-count");
    if (count) count.textContent = held ?? "";
    byId("simulated").hidden = !directory.simulated;
    list.replaceChildren(
      ...(many && directory.portfolios.length ? [portfolioItem("all", "All portfolios", directory.currency, directory.holdings)] : []),
      ...directory.portfolios.map((each) => portfolioItem(each.id, each.name, each.currency, each.holdings)),
      ...(chosen ? [element("button", { type: "button", class: "item add", "data-do": "portfolio-settings" }, icon("edit"), element("span", {}, "Portfolio settings"))] : []),
      element("button", { type: "button", class: "item add", "data-do": "new-portfolio" }, icon("plus"), element("span", {}, "New portfolio")),
    );
    markAddress();
  }

  /* ------------------------------------------------------------ presses, keys */
  let demoRequests = 0;
  const deeds = {
    theme: nextTheme, palette: palette.open, fold,
    keys: () => open("keys"),
    "new-portfolio": () => open("new-portfolio"),
    close: (button) => button.closest("dialog")?.close(),
    retry: () => { byId("trouble-line").hidden = true; const page = document.querySelector("[data-retry]"); if (page) set(page.dataset.retry, { data: Date.now() }); else location.reload(); },
    dismiss: () => { byId("trouble-line").hidden = true; },
    live: () => { closeMenus(); query({ as_of: null, known_at: null }); },
    demo: (button) => { button.disabled = true; button.textContent = "Loading the demo …"; set("demo-request", { data: (demoRequests += 1) }); },
    table: (button) => {
      const panel = button.closest(".panel"), on = panel.classList.toggle("as-table");
      button.setAttribute("aria-pressed", on);
      document.dispatchEvent(new CustomEvent("portolan:table", { detail: { panel, on } }));
    },
  };

  function onClick(event) {
    const at = (selector) => event.target.closest?.(selector);
    const nav = at("a[data-nav]");
    if (nav && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) { event.preventDefault(); closeMenus(); go(nav.dataset.nav); return; }
    const menu = at("[data-menu]");
    if (menu) { toggleMenu(menu); return; }
    const hit = at("[data-hit]");
    if (hit) { palette.run(Number(hit.dataset.hit)); return; }
    const portfolio = at("[data-portfolio]");
    if (portfolio) { closeMenus(); query({ portfolio: portfolio.dataset.portfolio === "all" ? null : portfolio.dataset.portfolio }); return; }
    const period = at("[data-period]");
    if (period) { query({ period: period.dataset.period, from: null, to: null }); return; } // a range of one's own ends with it
    const quarantined = at("[data-quarantine]");
    if (quarantined) { quarantined.disabled = true; set("quarantine-action", { data: { id: quarantined.dataset.quarantine, action: quarantined.dataset.action, at: Date.now() } }); return; }
    const deed = at("[data-do]");
    if (deed) { if (!deed.closest("dialog")) closeMenus(); deeds[deed.dataset.do]?.(deed); return; }
    if (event.target instanceof HTMLDialogElement) event.target.close(); // a press on the veil beside the sheet
    else if (!at(".pop")) closeMenus();
  }

  function stepPeriod(step) {
    const at = PERIODS.indexOf(scope().period) + step;
    if (PERIODS[at]) query({ period: PERIODS[at], from: null, to: null });
  }

  let went = 0; // when g was pressed
  const single = {
    "/": palette.open, "?": () => open("keys"), n: () => open("new-portfolio"), t: nextTheme, f: fold,
    "[": () => stepPeriod(-1), "]": () => stepPeriod(1),
  };
  const pages = { o: "/", h: "/holdings", p: "/performance", k: "/risk", b: "/benchmark", v: "/recommendations", r: "/gains", t: "/transactions", a: "/alerts", c: "/checks", y: "/history", m: "/markets", s: "/status" };

  function onKey(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); palette.open(); return; }
    if (palette.keys(event) || menuKeys(event)) { event.preventDefault(); return; }
    if (event.key === "Escape") { const menu = document.querySelector('[data-menu][aria-expanded="true"]'); closeMenus(); menu?.focus(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, [contenteditable], .ag-cell-inline-editing") || document.querySelector("dialog[open]")) return;
    if (performance.now() - went < 1200 && pages[event.key]) { went = 0; go(pages[event.key]); return; }
    went = event.key === "g" ? performance.now() : 0;
    if (single[event.key]) { event.preventDefault(); single[event.key](); }
  }

  function onSubmit(event) {
    if (event.target.dataset.form === "time") { event.preventDefault(); lookBack(event.target); return; }
    if (event.target.dataset.form !== "new-portfolio") return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    event.target.querySelector("[type=submit]").disabled = true;
    set("new-portfolio-draft", { data: { ...fields, key: key() } });
  }

  /* A key that makes a repeated request have one effect; randomUUID is not there on plain http. */
  const key = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("submit", onSubmit);
  addEventListener("resize", () => closeMenus());

  return { icon, announce, scope, query, go, open, close, closeMenus, choose, nextPalette, key, deeds, markAddress, paintDirectory, get directory() { return directory; } };
})();

/* ---------------------------------------------------------- called by Dash */
window.dash_clientside.shell = (() => {
  const shell = window.portolan.shell;
  let last = "";

  return {
    /* What the address means. The same answer twice is no news. */
    scope(search, pathname) {
      const now = shell.scope(), text = JSON.stringify(now);
      requestAnimationFrame(() => { shell.markAddress(); shell.paintDirectory(); });
      if (text === last) return window.dash_clientside.no_update;
      last = text;
      return now;
    },
    directory(data) {
      shell.paintDirectory(data);
    },
    /* A page was drawn: its links and periods get the address. */
    drawn() {
      requestAnimationFrame(() => shell.markAddress());
    },
    trouble(data) {
      if (data) document.getElementById("trouble-line").hidden = false;
    },
    created(portfolio, error) {
      const form = document.querySelector("[data-form=new-portfolio]"), submit = form?.querySelector("[type=submit]");
      if (submit) submit.disabled = false;
      if (!portfolio || error) return;
      form.reset();
      shell.close("new-portfolio");
      shell.query({ portfolio: portfolio.id });
    },
  };
})();
