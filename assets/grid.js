/* What both tables stand on: the theme of AG Grid in our tokens, cells that are drawn by us, spreadsheet text.
   A cell draws from its row's data and can be drawn again at any time, so one message repaints all its cells in one task:
   no frame ever shows a new price beside an old total. */
window.portolan = window.portolan || {};
window.dashAgGridFunctions = window.dashAgGridFunctions || {};

window.portolan.grid = (() => {
  const PAUSE_MS = 25, PATIENCE_MS = 60_000;
  const NARROW_SCREEN = matchMedia("(max-width: 720px)");
  const drawn = new WeakMap(); // grid api -> Map of row id -> Set of cells
  const pixels = (token) => parseFloat(getComputedStyle(document.documentElement).getPropertyValue(token));
  const token = (name) => `var(--${name})`;

  /* The grid's own parameters; grid.css does what parameters cannot. */
  function theme(agGrid) {
    return agGrid.createTheme().withParams({
      backgroundColor: token("surface"), foregroundColor: token("text"), textColor: token("text"), dataBackgroundColor: token("surface"),
      headerBackgroundColor: token("surface"), headerTextColor: token("text-3"), headerFontSize: token("text-xs"), headerFontWeight: 500,
      headerRowBorder: { width: 1, style: "solid", color: token("line-strong") }, rowBorder: { width: 1, style: "solid", color: token("line") },
      columnBorder: false, wrapperBorder: false, wrapperBorderRadius: 0, sidePanelBorder: false, headerColumnBorder: false,
      pinnedRowBorder: { width: 1, style: "solid", color: token("line-strong") }, pinnedColumnBorder: false, footerRowBorder: false,
      headerColumnResizeHandleDisplay: "none", oddRowBackgroundColor: "transparent", rowHoverColor: token("hover"), columnHoverColor: "transparent",
      selectedRowBackgroundColor: token("selected"), accentColor: token("brass"), borderColor: token("line"), borderRadius: 0,
      cellTextColor: token("text"), fontFamily: token("font-sans"), fontSize: token("text-data"), cellHorizontalPadding: 8, spacing: 8,
      rowHeight: 32, headerHeight: 30, rangeSelectionBorderColor: "transparent", iconSize: 12, focusShadow: "none", checkboxBorderRadius: 3,
    });
  }

  /* A cell class: `build` makes the elements once and returns them, `draw` writes the row into them. */
  function cell(build, draw) {
    return class {
      init(params) {
        this.node = params.node;
        this.api = params.api;
        this.column = params.column.getColId();
        this.id = this.node.rowPinned ? "total" : this.node.id;
        this.element = element("span", "cell");
        this.parts = build(this.element, this.node.data, this) || {};
        remember(this);
        this.draw();
      }

      getGui() { return this.element; }

      refresh() { this.draw(); return true; }

      draw() { if (this.node.data) draw(this.parts, this.node.data, this); }

      destroy() { drawn.get(this.api)?.get(this.id)?.delete(this); }
    };
  }

  function remember(one) {
    if (!drawn.has(one.api)) drawn.set(one.api, new Map());
    const rows = drawn.get(one.api);
    if (!rows.has(one.id)) rows.set(one.id, new Set());
    rows.get(one.id).add(one);
  }

  function redraw(api, ids) {
    const rows = drawn.get(api);
    if (rows) for (const id of ids) for (const one of rows.get(id) || []) one.draw();
  }

  function cells(api, id) {
    return drawn.get(api)?.get(id) || [];
  }

  function element(tag, className = "", text = "") {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function add(parent, tag, className, text) {
    const made = element(tag, className, text);
    parent.append(made);
    return made;
  }

  /* The row whose sheet is open. The grid's own selection is left alone: its wrapper clears it while it starts. */
  function choose(one, chosen) {
    one.element.classList.toggle("chosen", chosen);
    if (chosen) one.element.setAttribute("aria-current", "true");
    else one.element.removeAttribute("aria-current");
  }

  const write = (target, text) => { if (target.textContent !== text) target.textContent = text; };
  const dress = (target, className) => { if (target.className !== className) target.className = className; };
  const mark = (target, name, value) => { if (target.dataset[name] !== value) target.dataset[name] = value; };

  /* Words with figures in them, [text, figure]; drawn anew only where they are others, so that the focus stays. */
  function words(place, parts) {
    const key = JSON.stringify(parts.map((part) => (Array.isArray(part) ? [part[1]] : "")));
    if (!place) return;
    if (place.dataset.key !== key) {
      place.dataset.key = key;
      place.replaceChildren(...parts.map((part) => { const one = element("span"); if (part[1] && Array.isArray(part)) one.dataset.explain = part[1]; return one; }));
    }
    parts.forEach((part, index) => write(place.children[index], Array.isArray(part) ? String(part[0]) : part));
  }

  /* 280.00 of which ".00" keeps its place but is not seen; `decimals` is the column's. */
  function ghostly(parent) {
    return { seen: add(parent, "span", "num"), ghost: add(parent, "span", "ghost") };
  }

  function writeGhostly(parts, value, decimals) {
    const format = portolan.format, text = format.number(value, { decimals, least: 0 });
    const whole = text === format.UNKNOWN ? "" : format.number(value, { decimals });
    write(parts.seen, text);
    write(parts.ghost, whole.startsWith(text) ? whole.slice(text.length) : "");
  }

  const SVG = "http://www.w3.org/2000/svg";

  function sparkline(parent) {
    const svg = document.createElementNS(SVG, "svg"), base = document.createElementNS(SVG, "path"), line = document.createElementNS(SVG, "path");
    svg.setAttribute("viewBox", "0 0 76 20");
    svg.setAttribute("class", "spark");
    svg.setAttribute("aria-hidden", "true");
    base.setAttribute("class", "base");
    svg.append(base, line);
    parent.append(svg);
    return { svg, base, line };
  }

  function drawSparkline(parts, values) {
    if (parts.values === values) return;
    parts.values = values;
    if (!values || values.length < 2) {
      parts.base.removeAttribute("d");
      parts.line.removeAttribute("d");
      return;
    }
    const low = Math.min(...values), span = Math.max(...values) - low || 1;
    const y = (value) => (18 - 16 * (value - low) / span).toFixed(1), step = 76 / (values.length - 1);
    parts.base.setAttribute("d", `M0 ${y(values[0])}H76`);
    parts.line.setAttribute("d", values.map((value, index) => `${index ? "L" : "M"}${(index * step).toFixed(1)} ${y(value)}`).join(""));
  }

  /* Integer cents: sums of what is displayed are exact. Half away from zero, as the server rounds. */
  function cents(value) {
    if (value === null || value === undefined || !Number.isFinite(Number(value))) return null;
    const scaled = Math.abs(Number(value)) * 100, whole = Math.floor(scaled + 0.5 + 1e-9 * Math.max(1, scaled) * 1e-3);
    return Number(value) < 0 ? -whole : whole;
  }

  /* Whole parts that add up to `total`: what rounding left over goes to the largest. */
  function fit(parts, total) {
    const left = total - parts.reduce((sum, part) => sum + part, 0);
    if (!parts.length || !left) return parts;
    const largest = parts.reduce((best, part, index) => (Math.abs(part) > Math.abs(parts[best]) ? index : best), 0);
    return parts.map((part, index) => (index === largest ? part + left : part));
  }

  /* Shares in tenths of a percent by largest remainder: they add up to 100.0. */
  function shares(values) {
    const total = values.reduce((sum, value) => sum + value, 0);
    if (!total) return values.map(() => null);
    const exact = values.map((value) => value / total * 1000), whole = exact.map(Math.floor);
    const order = exact.map((value, index) => [value - whole[index], index]).sort((a, b) => b[0] - a[0]);
    let left = 1000 - whole.reduce((sum, value) => sum + value, 0);
    for (const [, index] of order) if (left-- > 0) whole[index] += 1;
    return whole;
  }

  /* Spreadsheets run what begins with these; a number may begin with a minus sign. */
  function csvCell(value) {
    if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
    const text = String(value ?? ""), risky = /^[=+\-@\t\r]/.test(text) && !/^-?[0-9.]+$/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(risky) ? `"${risky.replaceAll('"', '""')}"` : risky;
  }

  function download(name, rows) {
    const text = `\ufeff${rows.map((row) => row.map(csvCell).join(",")).join("\r\n")}\r\n`;
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  const STATES = { live: "Live", delayed: "Delayed", stale: "Stale", closed: "Market closed", missing: "No price" };

  /* What a hover over the age mark tells: counted when asked, not each second. */
  function ageTitle({ state, ts, source, simulated }) {
    const format = portolan.format, age = ts ? `, ${format.age((Date.now() - ts) / 1000)} old` : "";
    return `${STATES[state] || state}${age}${source ? `, from ${source}` : ""}${simulated && source !== "simulated" ? ", simulated" : ""}`;
  }

  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = (number) => String(number).padStart(2, "0");

  /* 2024-03-08 -> 8 Mar 2024 */
  function date(text) {
    const [year, month, day] = (text || "").split("-").map(Number);
    return year ? `${day} ${MONTHS[month - 1]} ${year}` : "";
  }

  /* An instant in the reader's own time: 8 Mar 2024, 15:42 */
  function moment(instant) {
    if (!instant) return "";
    const at = new Date(instant);
    return `${at.getDate()} ${MONTHS[at.getMonth()]} ${at.getFullYear()}, ${two(at.getHours())}:${two(at.getMinutes())}`;
  }

  /* Hide columns in the order given until the others fit; what the reader needs most is hidden last. */
  function fitColumns(api, width, { least, phone, hidden = [] }) {
    const columns = api.getColumns() || [], small = NARROW_SCREEN.matches;
    const shown = new Set(columns.map((column) => column.getColId()).filter((name) => (small ? phone.includes(name) : !hidden.includes(name))));
    const room = () => columns.filter((column) => shown.has(column.getColId())).reduce((sum, column) => sum + (column.getColDef().flex ? column.getColDef().context.room : column.getColDef().width), 0);
    for (const name of small ? [] : least) if (room() > width) shown.delete(name);
    for (const visible of [true, false]) {
      const names = columns.filter((column) => shown.has(column.getColId()) === visible && column.isVisible() !== visible).map((column) => column.getColId());
      if (names.length) api.setColumnsVisible(names, visible);
    }
  }

  /* The api of a grid, as soon as it stands: its code comes after the page, and rows may be here before it. Null: the page went away. */
  async function ready(grid, frame) {
    for (let waited = 0; document.getElementById(frame) && waited < PATIENCE_MS; waited += PAUSE_MS) {
      const api = alive(grid);
      if (api) return api;
      await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
    }
    return null;
  }

  function alive(grid) {
    try {
      const api = document.getElementById(grid) && window.dash_ag_grid?.getApi(grid);
      return api && !api.isDestroyed() ? api : null;
    } catch {
      return null; // it says so by throwing while the grid is not there
    }
  }

  /* The ledgers a page must read again: what moved on since it was read. Null: none. */
  function moved(scope, ledger, read) {
    const news = Object.entries(ledger || {}).filter(([id, revision]) => (scope === "all" || id === scope) && !(read?.[id] >= revision));
    return read && news.length ? Object.fromEntries(news) : null;
  }

  const setStore = (id, data) => window.dash_clientside.set_props(id, { data });

  window.dashAgGridFunctions.portolanTheme = theme;
  return { NARROW_SCREEN, STATES, add, ageTitle, cell, cells, cents, choose, csvCell, date, download, drawSparkline, dress, element, fit, fitColumns, ghostly, mark, moment, moved,
    pixels, ready, redraw, setStore, shares, sparkline, words, write, writeGhostly };
})();
