/* The Overview's two lines: today, which grows with every tick, and value with contributions over a period (Plotly draws that). */
window.portolan = window.portolan || {};

window.portolan.lines = (() => {
  const { svg, element, put, path, tone, sized, whenThere } = window.portolan.draw;
  const format = window.portolan.format;
  const BUCKET_MS = 60_000, GROWTH_PAUSE_MS = 5_000;
  const byId = (id) => document.getElementById(id);

  /* ----------------------------------------------------------------- the line of today */
  let today = null;

  /* `model` gives the scope and totals of the moment: the line can come before or after them. */
  function loadToday(data, model) {
    whenThere(["overview-today-chart"], () => {
      today?.observer.disconnect();
      const box = byId("overview-today-chart");
      today = { scope: data?.scope, points: data?.points || [], box };
      today.observer = sized(box, () => drawToday(model()));
      drawToday(model());
    });
  }

  function growToday(model, ts) {
    const value = model.totals.value;
    if (!today || today.scope !== model.scope || !today.points.length || !ts || value === null) return;
    const last = today.points.at(-1);
    if (ts - last[0] < 0) return;
    if (today.open && ts - today.open < BUCKET_MS) { last[0] = ts; last[1] = value; } else { today.points.push([ts, value]); today.open = ts; }
    drawToday(model);
  }

  function frameToday() {
    const { box } = today, width = box.clientWidth, height = box.clientHeight, key = `${width}x${height}`;
    if (today.key === key) return today.parts;
    box.replaceChildren();
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" }, box), small = width < 480;
    today.key = key;
    today.parts = { root, width, height, right: small ? 6 : 66, area: svg("path", { "fill-opacity": "var(--fill-alpha)" }, root), base: svg("line", { class: "base-line" }, root),
      label: small ? null : svg("text", { x: width - 60 }, root, "prev. close"), line: svg("path", { fill: "none", class: "today-line" }, root),
      halo: svg("circle", { r: 7, "fill-opacity": 0.2 }, root), dot: svg("circle", { r: 3 }, root), axis: svg("g", {}, root) };
    return today.parts;
  }

  function drawToday(model) {
    if (!today) return;
    const { points } = today, totals = model?.totals;
    if (!totals || model.scope !== today.scope || points.length < 2) { today.box.replaceChildren(); today.key = null; return; }
    const parts = frameToday(), previous = totals.value - totals.day_pnl, bottom = parts.height - 18, top = 8;
    const values = points.map((point) => point[1]), low = Math.min(...values, previous), span = Math.max(...values, previous) - low || 1;
    const first = points[0][0], length = points.at(-1)[0] - first || 1;
    const X = (ts) => 2 + (parts.width - 2 - parts.right - 8) * (ts - first) / length, Y = (value) => top + (bottom - top) * (1 - (value - low) / span);
    const line = path(points.map(([ts, value]) => [X(ts), Y(value)])), y = Math.round(Y(previous)) + 0.5, end = points.at(-1), colour = tone(totals.day_pnl);
    put(parts.line, { d: line, stroke: colour });
    put(parts.area, { d: `${line}L${X(end[0]).toFixed(1)} ${y}L${X(first).toFixed(1)} ${y}Z`, fill: colour });
    put(parts.base, { x1: 2, x2: parts.width - parts.right, y1: y, y2: y });
    if (parts.label) put(parts.label, { y: y + 4 });
    for (const circle of [parts.halo, parts.dot]) put(circle, { cx: X(end[0]).toFixed(1), cy: Y(end[1]).toFixed(1), fill: colour });
    hours(parts, first, first + length, X);
    parts.root.setAttribute("aria-label", `Value today from ${clock(first)} to ${clock(end[0])}: ${format.money(values[0], { decimals: 0 })} to ${format.money(end[1], { decimals: 0 })} ${model.currency}`);
  }

  const clock = (ts) => new Date(ts).toLocaleTimeString(format.locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  /* Whole hours of the reader's day, about 90 px apart; drawn again only when they change. */
  function hours(parts, from, to, X) {
    const step = [0.25, 0.5, 1, 2, 3, 4, 6, 12].find((each) => (to - from) / (each * 3.6e6) * 90 <= parts.width) ?? 24, pitch = step * 3.6e6;
    const offset = new Date(from).getTimezoneOffset() * 60_000, marks = [];
    for (let ts = Math.ceil((from - offset) / pitch) * pitch + offset; ts <= to; ts += pitch) marks.push(ts);
    const key = marks.join();
    if (parts.marks !== key) { parts.marks = key; parts.axis.replaceChildren(...marks.map((ts) => svg("text", { y: parts.height - 3 }, null, clock(ts)))); }
    [...parts.axis.children].forEach((node, index) => { const x = X(marks[index]); put(node, { x: x.toFixed(1), "text-anchor": x < 16 ? "start" : x > parts.width - 18 ? "end" : "middle" }); });
  }

  /* ------------------------------------------------------------------- growth */
  const NARROW = matchMedia("(max-width: 720px)");
  let growth = null;

  /* The figure as the server drew it, with the changes for a narrow screen, and instants in the reader's own time. */
  function fitted(data) {
    const figure = structuredClone(data.figure), { layout } = figure, narrow = layout.meta.narrow;
    if (NARROW.matches) {
      Object.assign(layout, { margin: narrow.margin, annotations: narrow.annotations, xaxis: { ...layout.xaxis, ...narrow.xaxis } });
      for (const trace of figure.data) if (trace.mode === "markers+text") trace.mode = "markers";
    }
    if (String(figure.data[0].x[0]).includes("T")) local(figure);
    return figure;
  }

  const ownTime = (text) => { const at = new Date(text); return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19); };

  function local({ data, layout }) {
    for (const trace of data) trace.x = trace.x.map(ownTime);
    for (const note of layout.annotations) note.x = ownTime(note.x);
    Object.assign(layout.xaxis, { range: layout.xaxis.range.map(ownTime), tickmode: "auto", nticks: NARROW.matches ? 5 : 10, tickformat: "%H:%M", tickvals: null, ticktext: null });
  }

  function drawGrowth(data) {
    growth = data;
    byId("overview-growth-body")?.setAttribute("aria-label", data.label);
    requestAnimationFrame(() => hover(20));
    return fitted(data);
  }

  NARROW.addEventListener("change", () => { if (growth && byId("overview-growth")) window.dash_clientside.set_props("overview-growth", { figure: fitted(growth) }); });

  /* Our own box beside the crosshair: date, own line first, then contributions, then a flow of that day. */
  function hover(tries) {
    const plot = byId("overview-growth")?.querySelector(".js-plotly-plot");
    if (!plot?.on) { if (tries) setTimeout(() => hover(tries - 1), 100); return; }
    if (plot.dataset.hovers) return;
    plot.dataset.hovers = "yes";
    const tip = element("div", { class: "tip", hidden: true });
    plot.parentElement.append(tip);
    plot.on("plotly_hover", (event) => {
      const index = event.points[0].pointIndex, [paid, value] = plot.data, x = value.x[index], flow = index ? paid.y[index] - paid.y[index - 1] : 0;
      const row = (name, text, dot) => element("div", {}, element("span", { class: dot }, name), element("b", {}, text));
      const when = x.includes("T") ? new Date(x).toLocaleTimeString(format.locale, { hour: "2-digit", minute: "2-digit" }) : new Date(`${x}T12:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
      tip.replaceChildren(element("div", {}, when), row(value.name, format.money(value.y[index]), "own"), row("Contributed", format.money(paid.y[index]), "paid"),
        row("Difference", format.money(value.y[index] - paid.y[index], { signed: true }), ""), ...(Math.abs(flow) >= 0.01 ? [row("Flow", format.money(flow, { signed: true }), "")] : []));
      const left = event.points[0].xaxis.l2p(event.points[0].xaxis.d2l(x)) + plot._fullLayout.margin.l;
      tip.hidden = false;
      tip.style.left = `${left + 12 + tip.offsetWidth > plot.clientWidth ? left - 12 - tip.offsetWidth : left + 12}px`;
    });
    plot.on("plotly_unhover", () => { tip.hidden = true; });
  }

  /* The end of the line is the value of now: its label with every tick, the line itself at most every five seconds. */
  let grownAt = 0;

  function growGrowth(model) {
    const plot = byId("overview-growth")?.querySelector(".js-plotly-plot"), value = model.totals.value, now = performance.now();
    if (!plot?.data?.[1]?.x?.length || !window.Plotly || growth?.scope !== model.scope || value === null) return;
    const note = plot.layout.annotations[0], shown = NARROW.matches ? format.compact(value) : format.money(value, { decimals: 0 });
    const text = note.text.replace(/<b>.*?<\/b>/, `<b>${shown}</b>`), label = plot.querySelector('.annotation[data-index="0"] tspan[style*="bold"]');
    if (now - grownAt > GROWTH_PAUSE_MS) {
      grownAt = now;
      window.Plotly.update(plot, { y: [[...plot.data[1].y.slice(0, -1), value]] }, { "annotations[0].y": value, "annotations[0].text": text }, [1]);
    } else if (label?.firstChild && label.textContent !== shown) {
      format.setText(label, shown);
    }
  }

  return { loadToday, growToday, drawToday, drawGrowth, growGrowth };
})();
