/* The text of a rule of one's own: names are completed as one types, what is wrong is underlined where it stands, and a trial is drawn. */
window.portolan = window.portolan || {};

window.portolan.adviceRulesText = (() => {
  const GROUPS = ["holding", "sector", "country", "region", "currency", "asset_class", "tag"], SCOPES = ["portfolio", "benchmark", "cash"], JOINING = ["and", "or", "of"], MOST = 9, HEIGHT = 168, TOP = 8, FOOT = 20, LEFT = 48;
  const element = (...given) => window.portolan.draw.element(...given), svg = (...given) => window.portolan.draw.svg(...given); // it loads later
  const format = () => window.portolan.format, kit = () => window.portolan.grid;
  const known = { words: [], names: {} };
  const quoted = (name) => `"${name}"`;
  const hit = (text, note) => ({ text, note });

  /* ------------------------------------------------------------------------------------------------------------ completion */
  /* What may stand at the caret: {from, hits} where `from` is the place that the chosen one is put at. */
  function completions(text, { asked = false } = {}) {
    const quote = openQuote(text);
    if (quote >= 0) return { from: quote, hits: namesFor(text.slice(0, quote), text.slice(quote + 1)) };
    const part = text.match(/[A-Za-z_][A-Za-z0-9_]*$/)?.[0] || "", from = text.length - part.length, before = text.slice(0, from).trimEnd();
    const begins = ({ text: word }) => word.toLowerCase().replace(/^"/, "").startsWith(part.toLowerCase()) && word !== part;
    const group = before.match(/\b([a-z_]+)$/i)?.[1]?.toLowerCase();
    if (group === "of") return { from, hits: scopes().filter(begins) };
    if (group === "any") return { from, hits: GROUPS.map((each) => hit(each, `each ${each} for itself`)).filter(begins) };
    if (GROUPS.includes(group) && /\bof\s+[a-z_]+$/i.test(before)) return { from, hits: namesFor(`${before} `, part) };
    if (/[\w%)"']$/.test(before) && !["and", "or", "not"].includes(group)) return { from, hits: part ? JOINING.map((each) => hit(each, "")).filter(begins) : [] };
    return { from, hits: part || asked ? [...spelled(["metric", "function"]), hit("not", "the opposite")].filter(begins) : [] };
  }

  const spelled = (kinds) => known.words.filter((word) => kinds.includes(word.kind)).map((word) => hit(word.name, word.meaning));
  const scopes = () => [...known.words.filter((word) => SCOPES.includes(word.name) && word.kind === "scope").map((word) => hit(word.name, word.meaning)), ...GROUPS.map((each) => hit(`any ${each}`, `each ${each} for itself`)),
    ...(known.names.holding || []).map((each) => hit(quoted(each), "holding")), ...GROUPS.slice(1).map((each) => hit(each, `one ${each}, by its name in quotes`))];

  function openQuote(text) {
    let at = -1, mark = "";
    for (let place = 0; place < text.length; place += 1) {
      const letter = text[place];
      if (at < 0 && (letter === '"' || letter === "'")) [at, mark] = [place, letter]; else if (letter === mark) [at, mark] = [-1, ""];
    }
    return at;
  }

  function namesFor(before, part) {
    const group = before.trimEnd().match(/\b([a-z_]+)$/i)?.[1]?.toLowerCase(), kind = GROUPS.includes(group) ? group : "holding", typed = part.replace(/^["']/, "").toLowerCase();
    return (known.names[kind] || []).filter((name) => name.toLowerCase().includes(typed)).map((name) => hit(quoted(name), kind));
  }

  /* ---------------------------------------------------------------------------------------------------------- the text field */
  function field(name, value) {
    const area = element("textarea", { name, class: "text-input code", rows: 3, spellcheck: "false", autocapitalize: "off", autocomplete: "off", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "rule-hits", "aria-describedby": "rule-wrong", placeholder: "weight of any holding > 20 % and volatility(60) > 25 %" });
    area.value = value;
    return element("div", { class: "code-field" }, element("div", { class: "mirror code", "aria-hidden": "true" }), area, element("ul", { class: "hits", id: "rule-hits", role: "listbox", "aria-label": "Names that fit", hidden: true }));
  }

  const partsOf = (area) => { const root = area.closest(".code-field"); return { mirror: root.querySelector(".mirror"), list: root.querySelector(".hits") }; };

  /* Underline a place of the text; without one nothing is underlined. */
  function mark(area, at = null, length = 1) {
    const { mirror } = partsOf(area), text = area.value;
    area.setAttribute("aria-invalid", String(at !== null));
    if (at === null) { mirror.replaceChildren(); return; }
    const from = Math.min(at, Math.max(text.length - 1, 0)), bad = text.slice(from, from + Math.max(length, 1)) || " ";
    mirror.replaceChildren(text.slice(0, from), element("mark", {}, bad), text.slice(from + bad.length));
    mirror.scrollTop = area.scrollTop;
  }

  function close(area) {
    const { list } = partsOf(area);
    list.hidden = true;
    area.setAttribute("aria-expanded", "false");
    area.removeAttribute("aria-activedescendant");
  }

  function suggest(area, options = {}) {
    const { list } = partsOf(area), { from, hits } = area.selectionStart === area.selectionEnd ? completions(area.value.slice(0, area.selectionStart), options) : { hits: [] };
    if (!hits.length) { close(area); return; }
    list.replaceChildren(...hits.slice(0, MOST).map((each, index) => element("li", { role: "option", id: `rule-hit-${index}`, "aria-selected": String(index === 0), "data-hit-text": each.text, "data-from": from }, element("b", {}, each.text), element("span", { class: "soft" }, each.note))));
    list.hidden = false;
    area.setAttribute("aria-expanded", "true");
    area.setAttribute("aria-activedescendant", "rule-hit-0");
    place(area, from);
  }

  /* The list stands under the word that is typed: a copy of the text tells where that is. */
  function place(area, from) {
    const { list } = partsOf(area), copy = element("div", { class: "mirror code measure" }, area.value.slice(0, from)), spot = element("span", {}, "\u200b");
    copy.append(spot);
    area.parentElement.append(copy);
    const left = Math.min(spot.offsetLeft, Math.max(area.clientWidth - list.offsetWidth, 0));
    list.style.insetInlineStart = `${left}px`;
    list.style.insetBlockStart = `${spot.offsetTop + spot.offsetHeight - area.scrollTop + 4}px`;
    copy.remove();
  }

  function move(area, by) {
    const { list } = partsOf(area), every = [...list.children], now = every.findIndex((each) => each.getAttribute("aria-selected") === "true"), next = (now + by + every.length) % every.length;
    every.forEach((each, index) => each.setAttribute("aria-selected", String(index === next)));
    area.setAttribute("aria-activedescendant", `rule-hit-${next}`);
    every[next].scrollIntoView({ block: "nearest" });
  }

  /* Put a word into the text, in place of what is marked, with room around it. */
  function insert(area, word, from = area.selectionStart, to = area.selectionEnd) {
    const before = area.value.slice(0, from), after = area.value.slice(to), gap = before && !/[\s(]$/.test(before) ? " " : "", next = /^[\s)(,]/.test(after) || !after ? "" : " ";
    area.value = before + gap + word + next + after;
    const at = (before + gap + word).length;
    area.focus();
    area.setSelectionRange(at, at);
    close(area);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    close(area);
  }

  function take(area, option) {
    const from = Number(option.dataset.from);
    let to = area.selectionStart;
    if (area.value[to] === '"' && option.dataset.hitText.startsWith('"')) to += 1; // a quote that was closed already
    insert(area, option.dataset.hitText, from, to);
  }

  function onKey(event) {
    const area = event.target.closest?.("textarea.code");
    if (!area) return;
    const { list } = partsOf(area), chosen = list.querySelector('[aria-selected="true"]');
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); area.form.requestSubmit(); return; }
    if (event.ctrlKey && event.key === " ") { event.preventDefault(); suggest(area, { asked: true }); return; }
    if (list.hidden || !chosen) { if (event.key === "Enter") event.preventDefault(); return; } // a rule is one line, however long
    const deeds = { ArrowDown: () => move(area, 1), ArrowUp: () => move(area, -1), Enter: () => take(area, chosen), Tab: () => take(area, chosen), Escape: () => close(area) };
    if (!deeds[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    deeds[event.key]();
  }

  document.addEventListener("keydown", onKey, true);
  document.addEventListener("pointerdown", (event) => { const option = event.target.closest?.(".code-field .hits li"); if (option) { event.preventDefault(); take(option.closest(".code-field").querySelector("textarea"), option); } });
  document.addEventListener("focusout", (event) => { if (event.target.matches?.("textarea.code")) close(event.target); });
  document.addEventListener("scroll", (event) => { if (event.target.matches?.("textarea.code")) partsOf(event.target).mirror.scrollTop = event.target.scrollTop; }, true);

  /* ----------------------------------------------------------------------------------------------------------------- trial */
  const amount = (value, unit) => (value === null || value === undefined ? format().UNKNOWN : unit === "fraction" ? format().percent(value, { signed: false, decimals: 1 }) : unit === "money" ? format().money(value, { decimals: 0 }) : unit === "days" ? `${format().number(value, { decimals: 0 })} days` : format().number(value, { decimals: 2, least: 0 }));
  const sayDay = (text) => kit().date(text);

  /* What was compared, in brass, against its limit, dashed; grey where it was true. */
  function chart(told, box) {
    const { days, numbers: values, limits, unit } = told.chart, width = Math.max(box.clientWidth, 240), times = days.map((day) => Date.parse(day)), every = [...values, ...limits].filter((each) => each !== null);
    const low = Math.min(...every), span = (Math.max(...every) - low) || Math.abs(low) || 1, first = times[0], length = (times.at(-1) - first) || 1;
    const X = (time) => LEFT + (width - LEFT - 8) * (time - first) / length, Y = (value) => TOP + (HEIGHT - TOP - FOOT) * (1 - (value - low) / span);
    const root = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": `${told.chart.label} against ${told.chart.against} from ${sayDay(days[0])} to ${sayDay(days.at(-1))}. ${told.sentence}` });
    for (const [from, to] of told.spans) { const x = X(Math.max(Date.parse(from), first)); svg("rect", { class: "true", x: x.toFixed(1), y: TOP, width: Math.max(X(Date.parse(to)) - x, 1.5).toFixed(1), height: HEIGHT - TOP - FOOT }, root); }
    for (const value of [low, low + span / 2, low + span]) {
      svg("line", { class: "grid", x1: LEFT, x2: width - 8, y1: Math.round(Y(value)) + 0.5, y2: Math.round(Y(value)) + 0.5 }, root);
      svg("text", { x: LEFT - 6, y: Y(value) + 4, "text-anchor": "end" }, root, axis(value, unit));
    }
    for (const [list, name] of [[limits, "limit"], [values, "line"]]) svg("path", { class: name, d: drawn(list, times, X, Y) }, root);
    ends(root, times, X, width);
    box.replaceChildren(root, hover(told, times, X, box, root));
  }

  const axis = (value, unit) => (unit === "fraction" ? format().percent(value, { signed: false, decimals: Math.abs(value) < 0.1 ? 1 : 0 }) : Math.abs(value) >= 1000 ? format().compact(value) : format().number(value, { decimals: 2, least: 0 }));

  function drawn(list, times, X, Y) {
    let text = "", pen = "M";
    list.forEach((value, at) => { if (value === null) pen = "M"; else { text += `${pen}${X(times[at]).toFixed(1)} ${Y(value).toFixed(1)}`; pen = "L"; } });
    return text;
  }

  /* Years where there are several, months else. */
  function ends(root, times, X, width) {
    const first = new Date(times[0]), last = new Date(times.at(-1)), years = last.getUTCFullYear() - first.getUTCFullYear(), stride = Math.ceil((years + 1) / Math.max(Math.floor((width - LEFT) / 56), 1));
    const marks = years > 1 ? Array.from({ length: Math.ceil(years / stride) }, (_, at) => first.getUTCFullYear() + 1 + at * stride).map((year) => [Date.UTC(year, 0, 1), String(year)]) : [times[0], times.at(-1)].map((time) => [time, sayDay(new Date(time).toISOString().slice(0, 10))]);
    marks.forEach(([time, word], at) => { const x = X(time); if (x <= width) svg("text", { x: x.toFixed(1), y: HEIGHT - 4, "text-anchor": years > 1 ? "middle" : at ? "end" : "start" }, root, word); });
  }

  function hover(told, times, X, box, root) {
    const { chart: { numbers: values, limits, unit, subjects, days } } = told, tip = element("div", { class: "tip", hidden: true }), cross = svg("line", { class: "cross", y1: TOP, y2: HEIGHT - FOOT, visibility: "hidden" }, root);
    const row = (name, text) => element("div", {}, element("span", {}, name), element("b", {}, text));
    root.addEventListener("pointermove", (event) => {
      const spot = event.clientX - root.getBoundingClientRect().left;
      let near = 0;
      times.forEach((time, at) => { if (Math.abs(X(time) - spot) < Math.abs(X(times[near]) - spot)) near = at; });
      const x = X(times[near]);
      for (const [name, value] of [["x1", x], ["x2", x], ["visibility", "visible"]]) cross.setAttribute(name, value);
      tip.replaceChildren(element("div", {}, sayDay(days[near])), row(subjects[near] || "Compared", amount(values[near], unit)), row("Limit", amount(limits[near], unit)));
      tip.hidden = false;
      tip.style.left = `${x + 12 + tip.offsetWidth > box.clientWidth ? x - 12 - tip.offsetWidth : x + 12}px`;
    });
    root.addEventListener("pointerleave", () => { tip.hidden = true; cross.setAttribute("visibility", "hidden"); });
    return tip;
  }

  function trial(told, box) {
    const fired = told.fired.slice(-60).reverse().map((each) => element("span", {}, sayDay(each.date), element("em", {}, each.subjects.length ? each.subjects.join(", ") : amount(Object.values(each.values)[0], told.chart?.unit))));
    const now = told.now === null ? "Not known now." : told.now ? "It is true now." : "It is not true now.", plot = element("div", { class: "rule-chart" });
    const legend = told.chart ? element("div", { class: "legend" }, element("span", {}, element("i", { class: "line" }), told.chart.label), element("span", {}, element("i", { class: "dash" }), `${told.chart.sign} ${told.chart.against.replace(/^0\.\d+$/, (text) => amount(Number(text), told.chart.unit))}`), element("span", {}, element("i", { class: "box" }), "true")) : null;
    box.replaceChildren(element("b", {}, told.sentence), element("span", { class: "soft" }, `${now} Read as `, element("code", {}, told.meaning)), ...(told.chart ? [legend, plot] : []), ...(fired.length ? [element("div", { class: "days", tabindex: "0", "aria-label": "Days on which it would have fired, the newest first" }, ...fired)] : []));
    if (told.chart) window.portolan.draw.sized(plot, () => chart(told, plot));
  }

  return { known, completions, field, insert, mark, suggest, close, trial, amount };
})();
