/* Alerts: the bell with its list on every page, what is said when a rule fires, and the Alerts page. Rules, events and channels come and go
   by REST; the stream says that something fired (`portolan:alert`), and after a gap in it the list is asked for again. */
window.portolan = window.portolan || {};

window.portolan.alerts = (() => {
  const API = "/api/v1/alerts", PAGE = "alerts-page", NOTICE_MS = 12_000, MOST_NOTICES = 3, PAUSE_MS = 350, REFRESH_MS = 60_000, STEP = 50, LISTED = 8;
  const { element } = window.portolan.draw;
  const format = window.portolan.format, kit = window.portolan.grid, shell = () => window.portolan.shell;
  const MEASURES = { price: "Price", move: "Move", value: "Value", weight: "Weight", drawdown: "Drawdown", var: "Value at risk", stale: "No new price", finding: "New finding" };
  const PERCENT = new Set(["move", "weight", "drawdown", "var"]);
  const OF_SYMBOL = new Set(["price", "weight"]), EITHER_OF = new Set(["move", "value", "drawdown", "var", "stale", "finding"]);
  const SIDES = {
    price: [["above", "rises to"], ["below", "falls to"]], move: [["either", "either way"], ["above", "up"], ["below", "down"]], value: [["below", "falls to"], ["above", "rises to"]],
    weight: [["above", "rises to"], ["below", "falls to"]], drawdown: [["below", "deeper than"]], var: [["above", "rises to"], ["below", "falls to"]], stale: [["above", "for"]], finding: [["above", "at least"]],
  };
  const COOL_DOWNS = [[0, "only when it crosses again"], [900, "every 15 minutes while it stays"], [3600, "every hour while it stays"], [86400, "every day while it stays"], [604800, "every week while it stays"]];
  const STATES = { off: ["", "Off"], new: ["", "Waiting"], armed: ["ok", "Armed"], beyond: ["warn", "Beyond"] };
  const state = { rules: null, events: [], next: null, channels: [], dead: [], unread: 0, latest: [], scope: null, directory: { portfolios: [], instruments: [] }, editing: null, turn: 0, undo: null, secret: null };
  const page = () => document.getElementById(PAGE), byId = (id) => document.getElementById(id);
  const part = (name) => page()?.querySelector(`[data-part="${name}"]`);
  const icon = (name) => element("i", { class: "ico s", "data-icon": name, "aria-hidden": "true" });
  const plural = (count, word) => `${format.number(count, { decimals: 0 })} ${word}${count === 1 ? "" : "s"}`;

  /* --------------------------------------------------------------------------------------------------------------- asking */
  async function ask(path, { method = "GET", body, version } = {}) {
    const headers = { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...(version ? { "If-Match": `"${version}"` } : {}), ...(method === "GET" ? {} : { "Idempotency-Key": shell().key() }) };
    let answer;
    try {
      answer = await fetch(API + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    } catch {
      throw new Error("The server does not answer. Try again in a moment.");
    }
    const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(sentence(told)), { problem: told });
    return { body: told, headers: answer.headers };
  }

  const sentence = (problem) => [problem.detail || "Something went wrong on our side.", problem.context?.hint].filter(Boolean).map((text) => text.replace(/\.$/, "")).join(". ") + ".";

  /* Do something that may fail; what failed is said at the head of the page. */
  async function trying(work) {
    try {
      return await work();
    } catch (error) {
      say(error.message);
      return undefined;
    }
  }

  function say(text, undo = null, word = "Undo") {
    const box = part("done");
    if (!box) { shell().announce(text); return; }
    state.undo = undo;
    const back = undo ? [element("button", { class: "ctl quiet", type: "button", "data-do": "alert-undo" }, icon("undo"), word)] : [];
    box.replaceChildren(...(text ? [element("span", {}, text), ...back, element("span", { class: "grow" }), element("button", { class: "ctl quiet", type: "button", "data-do": "alert-close" }, "Close")] : []));
    if (text) shell().announce(text);
  }

  /* ----------------------------------------------------------------------------------------------------------------- bell */
  let asking = 0;
  async function refreshBell() {
    if (asking) return;
    asking = 1;
    try {
      const { body, headers } = await ask(`/events?limit=${LISTED}`);
      state.latest = body;
      count(Number(headers.get("X-Unread")));
    } catch { /* the next time: the bell is no place for a failure of the line */ } finally { asking = 0; }
    paintBell();
  }

  function count(unread) {
    state.unread = unread;
    const badge = byId("alerts-bell-count"), bell = byId("alerts-bell"), side = byId("alerts-count"), text = unread > 99 ? "99+" : String(unread);
    if (badge) { badge.hidden = !unread; badge.textContent = text; }
    if (bell) { bell.classList.toggle("is-new", unread > 0); bell.setAttribute("aria-label", unread ? `Alerts, ${unread} not seen` : "Alerts"); }
    if (side) side.textContent = unread ? text : "";
  }

  const when = (text) => format.age(Math.max(0, (Date.now() - Date.parse(text)) / 1000));

  function eventItem(event, { deeds = false } = {}) {
    const seen = Boolean(event.acknowledged_at);
    const button = deeds && !seen ? element("button", { class: "ctl quiet", type: "button", "data-do": "event-seen", "data-event": event.id, "aria-label": `Seen: ${event.title}` }, "Seen") : null;
    return element("li", { class: seen ? "seen" : "", "data-event": event.id }, element("span", { class: "words" }, element("b", {}, event.title), element("span", { class: "what" }, rest(event))),
      element("span", { class: "when", title: kit.moment(event.at) }, when(event.at)), button);
  }

  const rest = (event) => event.message.startsWith(`${event.title}. `) ? event.message.slice(event.title.length + 2) : event.message;

  function paintBell() {
    const list = byId("alerts-bell-list");
    if (!list) return;
    const body = state.latest.length ? element("ul", { class: "rows alert-list" }, ...state.latest.map((event) => eventItem(event))) : element("p", { class: "dim" }, "Nothing has fired yet.");
    list.replaceChildren(element("h3", { class: "caps" }, state.unread ? `Alerts, ${state.unread} not seen` : "Alerts"), body,
      element("div", { class: "acts end" }, ...(state.unread ? [element("button", { class: "ctl quiet", type: "button", "data-do": "alerts-seen" }, "All seen")] : []),
        element("a", { class: "ctl", href: "/alerts", "data-nav": "/alerts" }, "Rules and channels")));
    shell().markAddress();
  }

  /* ----------------------------------------------------------------------------------------------------- what is said at once */
  function notice(event) {
    const box = byId("alerts-notices");
    if (!box || [...box.children].some((each) => each.dataset.event === event.id)) return; // told by another line already
    const made = element("div", { class: "told", role: "status", "data-event": event.id }, icon("bell"), element("div", {}, element("b", {}, event.title), element("p", {}, rest(event))),
      element("button", { class: "tool", type: "button", "data-do": "notice-close", "aria-label": "Close" }, icon("close")));
    box.append(made);
    while (box.children.length > MOST_NOTICES) box.firstElementChild.remove();
    shell().announce(event.message);
    let timer = setTimeout(() => made.remove(), NOTICE_MS);
    made.addEventListener("pointerenter", () => clearTimeout(timer));
    made.addEventListener("pointerleave", () => { timer = setTimeout(() => made.remove(), NOTICE_MS / 3); });
  }

  let soon = 0;
  function refreshSoon(pause = 300) {
    clearTimeout(soon);
    soon = setTimeout(() => { refreshBell(); if (page()?.dataset.drawn) { loadRules(); loadEvents(); loadChannels(); } }, pause);
  }

  /* ---------------------------------------------------------------------------------------------------------------- rules */
  async function loadRules() {
    try {
      const rules = [];
      let after = "";
      do {
        const { body, headers } = await ask(`?limit=500${after}`);
        rules.push(...body);
        after = headers.get("X-Next-After") ? `&after=${headers.get("X-Next-After")}` : "";
      } while (after);
      state.rules = rules;
      paintRules();
    } catch (error) {
      failed("rules", "Rules cannot be read", error.message);
    }
  }

  function failed(name, title, text) {
    part(name)?.replaceChildren(element("div", { class: "blank failed", role: "alert" }, element("b", {}, title), element("p", {}, text), element("div", { class: "acts" }, element("button", { class: "ctl", type: "button", "data-do": "alerts-again" }, "Try again"))));
  }

  const blank = (title, text, ...acts) => element("div", { class: "blank" }, element("i", { class: "compass", "data-icon": "compass" }), element("b", {}, title), element("p", {}, text), ...(acts.length ? [element("div", { class: "acts" }, ...acts)] : []));

  /* A measure in its unit, as the rest of the screen writes numbers. */
  function amount(value, unit) {
    if (value === null || value === undefined) return format.UNKNOWN;
    if (unit === "fraction") return format.percent(value, { signed: false });
    if (unit === "minutes") return format.age(value * 60);
    if (unit === "findings") return format.number(value, { decimals: 0 });
    return `${format.price(value)} ${unit}`;
  }

  function paintRules() {
    const box = part("rules"), focused = box?.querySelector(".alert-row:focus")?.dataset.rule;
    if (!box || !state.rules) return;
    const on = state.rules.filter((rule) => rule.active).length;
    part("note").textContent = state.rules.length ? `${plural(on, "rule")} on${state.rules.length > on ? `, ${state.rules.length - on} off` : ""}` : "";
    if (!state.rules.length) {
      box.replaceChildren(blank("No alert yet", "A rule watches a price, a move, a value or a weight, and tells you when it crosses a line. Try it on history before you switch it on.",
        element("button", { class: "ctl", type: "button", "data-do": "alert-new" }, icon("plus"), "New alert")));
      return;
    }
    const heads = ["Alert", "Now", "", "Last fired", "Fired", "On", ""], classes = ["l", "", "l hide-s", "hide-s", "hide-s", "l", ""];
    box.replaceChildren(element("table", { class: "grid-t" }, element("thead", {}, element("tr", {}, ...heads.map((text, index) => element("th", { class: classes[index], scope: "col" }, text)))),
      element("tbody", {}, ...state.rules.map((rule) => line(rule, classes)))));
    if (focused) box.querySelector(`[data-rule="${focused}"]`)?.focus();
  }

  function line(rule, classes) {
    const [tone, word] = STATES[rule.state] || ["", rule.state], channels = rule.channels.map((id) => state.channels.find((each) => each.id === id)?.name).filter(Boolean);
    const note = [rule.note, channels.length ? `also to ${channels.join(", ")}` : ""].filter(Boolean).join(" · ");
    const tool = (deed, name, label) => element("button", { class: "tool", type: "button", "data-do": deed, "data-rule": rule.id, title: label, "aria-label": `${label}: ${rule.title}` }, icon(name));
    const cells = [
      element("div", { class: "what-of" }, element("b", {}, rule.title), note ? element("span", {}, note) : ""),
      element("span", { title: rule.seen_at ? `at ${kit.moment(rule.seen_at)}` : "not measured yet" }, rule.active ? amount(rule.last, rule.unit) : format.UNKNOWN),
      element("span", { class: `tag ${tone}`.trim() }, word),
      rule.fired_at ? element("span", { title: kit.moment(rule.fired_at) }, `${when(rule.fired_at)} ago`) : "never",
      format.number(rule.firings, { decimals: 0 }),
      element("button", { class: "switch", type: "button", role: "switch", "aria-checked": String(rule.active), "data-do": "alert-switch", "data-rule": rule.id, "aria-label": `On: ${rule.title}` }),
      element("span", { class: "deeds" }, tool("alert-edit", "edit", "Change"), tool("alert-remove", "close", "Remove")),
    ];
    return element("tr", { class: `alert-row${rule.active ? "" : " is-off"}`, tabindex: "0", "data-rule": rule.id, "aria-label": `${rule.title}, ${word}` }, ...cells.map((cell, index) => element("td", { class: `${classes[index]}${index === 0 ? " name" : index === 5 ? " switch-cell" : ""}`.trim() }, cell)));
  }

  const ruleOf = (id) => state.rules?.find((rule) => rule.id === id);

  const turnSwitch = (id) => trying(async () => {
    const rule = ruleOf(id);
    await ask(`/${id}`, { method: "PATCH", body: { active: !rule.active }, version: rule.version });
    say(`${rule.title}: ${rule.active ? "off" : "on"}.`, id);
    await loadRules();
  });

  const remove = (id) => trying(async () => {
    const rule = ruleOf(id);
    await ask(`/${id}`, { method: "DELETE", version: rule.version });
    say(`Removed: ${rule.title}.`, id);
    await loadRules();
  });

  const undo = () => state.undo && trying(async () => {
    const id = state.undo, { body } = await ask(`/${id}/undo`, { method: "POST" });
    say(body ? `${body.title}: as it was before.` : "The new alert is gone again.", id, "Redo");
    await loadRules();
  });

  /* --------------------------------------------------------------------------------------------------------------- events */
  async function loadEvents() {
    try {
      const { body, headers } = await ask(`/events?limit=${STEP}`);
      Object.assign(state, { events: body, next: headers.get("X-Next-After") });
      paintEvents();
    } catch (error) {
      failed("events", "Events cannot be read", error.message);
    }
  }

  const moreEvents = () => trying(async () => {
    const { body, headers } = await ask(`/events?limit=${STEP}&after=${state.next}`);
    Object.assign(state, { events: [...state.events, ...body], next: headers.get("X-Next-After") });
    paintEvents();
  });

  function paintEvents() {
    const box = part("events");
    if (!box) return;
    if (!state.events.length) { box.replaceChildren(blank("Nothing has fired", "What fires stands here, with the value that was seen, until you have seen it too.")); return; }
    const more = state.next ? [element("div", { class: "more" }, element("button", { class: "ctl quiet", type: "button", "data-do": "events-more" }, "Older"))] : [];
    box.replaceChildren(element("ul", { class: "rows alert-list" }, ...state.events.map((event) => eventItem(event, { deeds: true }))), ...more);
  }

  const acknowledge = (ids = null) => trying(async () => {
    const { body } = await ask("/events/acknowledge", { method: "POST", body: ids ? { ids } : {} });
    count(body.unread);
    const at = new Date().toISOString();
    for (const event of [...state.events, ...state.latest]) if (!ids || ids.includes(event.id)) event.acknowledged_at ||= at;
    paintBell();
    paintEvents();
  });

  /* ------------------------------------------------------------------------------------------------------------- channels */
  async function loadChannels() {
    try {
      const [{ body: channels }, { body: dead }] = await Promise.all([ask("/channels"), ask("/deliveries?status=dead&limit=20")]);
      Object.assign(state, { channels, dead });
      paintChannels();
      paintRules();
    } catch (error) {
      failed("channels", "Channels cannot be read", error.message);
    }
  }

  function paintChannels() {
    const box = part("channels");
    if (!box || box.querySelector("form")) return; // somebody is typing
    const rows = state.channels.map(channelItem), dead = state.dead.map(deadItem);
    const screen = element("li", {}, element("span", { class: "words" }, element("b", {}, "This screen"), element("span", { class: "sub" }, "every open page, and the bell")), element("span", { class: "tag ok" }, "always"));
    box.replaceChildren(element("ul", { class: "rows" }, screen, ...rows, ...dead), ...(state.secret ? [secretBox(state.secret)] : []));
  }

  function channelItem(channel) {
    const told = [channel.kind === "email" ? "e-mail" : "webhook", channel.sent && `${channel.sent} sent`, channel.pending && `${channel.pending} on the way`, channel.dead && `${channel.dead} not delivered`].filter(Boolean).join(" · ");
    const act = (deed, word, label) => element("button", { class: "ctl quiet", type: "button", "data-do": deed, "data-channel": channel.id, "aria-label": `${label}: ${channel.name}` }, word);
    return element("li", { "data-channel": channel.id }, element("span", { class: "words" }, element("b", {}, channel.name), element("span", { class: "sub" }, told)), act("channel-test", "Test", "Send a test"),
      element("button", { class: "switch", type: "button", role: "switch", "aria-checked": String(channel.active), "data-do": "channel-switch", "data-channel": channel.id, "aria-label": `On: ${channel.name}` }),
      element("button", { class: "tool", type: "button", "data-do": "channel-remove", "data-channel": channel.id, title: "Remove", "aria-label": `Remove: ${channel.name}` }, icon("close")));
  }

  const deadItem = (message) => element("li", { class: "dead" }, element("span", { class: "words" }, element("b", {}, element("span", { class: "tag crit" }, "Not delivered"), ` ${message.title}`), element("span", { class: "sub" }, `${message.channel}: ${message.last_error || "gave up"}`)),
    element("button", { class: "ctl quiet", type: "button", "data-do": "message-retry", "data-message": message.id }, "Try again"));

  const secretBox = (channel) => element("div", { class: "secret-of", role: "status" }, element("b", {}, `Secret of ${channel.name}`), element("code", {}, channel.secret),
    element("p", { class: "hint" }, "Every message is signed with it. It is shown this once; copy it now."), element("div", { class: "acts end" }, element("button", { class: "ctl quiet", type: "button", "data-do": "secret-close" }, "Copied")));

  function channelForm() {
    const box = part("channels"), kind = element("select", { class: "input", name: "kind", "aria-label": "Kind" }, element("option", { value: "email" }, "E-mail"), element("option", { value: "webhook" }, "Webhook"));
    const address = element("input", { class: "text-input", name: "address", "aria-label": "Address", autocomplete: "off", placeholder: "ann@example.com" });
    kind.addEventListener("change", () => { address.placeholder = kind.value === "email" ? "ann@example.com" : "hooks.example.com/portolan"; });
    const form = element("form", { class: "channel", novalidate: true, "data-form": "channel" }, kind, address, element("p", { class: "hint bad", role: "alert" }),
      element("div", { class: "acts end" }, element("button", { class: "ctl quiet", type: "button", "data-do": "channel-cancel" }, "Cancel"), element("button", { class: "ctl primary", type: "submit" }, "Add")));
    box.querySelector("form")?.remove();
    box.append(form);
    address.focus();
  }

  /* A webhook is always asked by https: nobody needs to write it. */
  function addressOf(form) {
    const text = form.address.value.trim();
    return form.kind.value === "webhook" && text && !text.includes("://") ? `https:${"//"}${text}` : text;
  }

  async function addChannel(form) {
    try {
      const { body } = await ask("/channels", { method: "POST", body: { kind: form.kind.value, address: addressOf(form) } });
      form.remove();
      if (body.secret) state.secret = body;
      await loadChannels();
      shell().announce(`${body.name} is added.`);
    } catch (error) {
      form.querySelector(".hint.bad").textContent = error.message.replace(/^address: /, "");
    }
  }

  const channelDeed = (id, work) => trying(async () => { await work(state.channels.find((each) => each.id === id)); await loadChannels(); });

  const testChannel = (id) => channelDeed(id, async (channel) => {
    say(`A test goes to ${channel.name} …`);
    const { body } = await ask(`/channels/${id}/test`, { method: "POST" });
    say(body.status === "sent" ? `The test has arrived at ${channel.name}.` : body.status === "dead" ? `The test did not arrive: ${body.last_error}` : `The test is on its way to ${channel.name}.`);
  });

  /* ----------------------------------------------------------------------------------------------------------------- form */
  const choice = (name, label, options, value) => field(name, label, element("select", { class: "input", name }, ...options.map(([key, word]) => element("option", { value: key, selected: String(key) === String(value) }, word))));
  const typed = (name, label, value, attributes = {}, unit = null) => field(name, label, element("span", { class: "with-unit" }, element("input", { class: "text-input", name, value: value ?? "", autocomplete: "off", ...attributes }), unit ? element("span", { class: "unit" }, unit) : ""));
  const field = (name, label, control) => element("label", { class: "field", "data-field": name }, element("span", { class: "soft" }, label), control, element("span", { class: "hint bad", role: "alert" }));

  /* What is typed as percent is sent as a fraction; falls are below zero, though nobody writes the minus. */
  function sent(form) {
    const measure = form.measure.value, direction = form.direction?.value, text = form.threshold.value.trim().replace(format.MINUS, "-"), down = measure === "drawdown" || (measure === "move" && direction === "below");
    const number = Number(text.replace(",", ".")), fraction = PERCENT.has(measure) && text && Number.isFinite(number);
    const threshold = fraction ? String(Number(((down ? -Math.abs(number) : number) / 100).toFixed(12))) : text;
    const value = (name) => form[name]?.value?.trim() || null;
    return { measure, direction, threshold, scope: value("scope") || "all", symbol: value("symbol"), cool_down_seconds: Number(form.cool_down_seconds.value), note: value("note"), active: form.active.checked,
      channels: [...form.querySelectorAll("[name=channels]:checked")].map((box) => box.value), ...Object.fromEntries(["days", "lookback", "level"].filter((name) => form[name]).map((name) => [name, name === "level" ? (value(name) ? String(Number(value(name)) / 100) : null) : value(name)])) };
  }

  function shown(rule) {
    const percent = PERCENT.has(rule.measure), number = Number(rule.threshold);
    return { ...rule, threshold: percent ? String(Number((Math.abs(number) * 100).toFixed(10))) : rule.threshold, level: rule.level ? String(rule.level * 100) : null };
  }

  function paintForm(values) {
    const form = part("form"), { measure } = values, portfolios = [["all", "All portfolios"], ...state.directory.portfolios.map((each) => [each.id, each.name])];
    const about = OF_SYMBOL.has(measure) || EITHER_OF.has(measure), scoped = !OF_SYMBOL.has(measure) || measure === "weight";
    const unit = PERCENT.has(measure) ? "%" : measure === "stale" ? "minutes" : null;
    const names = { price: "Price", move: "By", value: "Amount", weight: "Weight", drawdown: "Below the peak", var: "VaR of a day", stale: "Older than", finding: "Findings" };
    form.replaceChildren(
      element("div", { class: "pair" }, choice("measure", "Tell me of", Object.entries(MEASURES), measure), about ? typed("symbol", OF_SYMBOL.has(measure) ? "Instrument" : "Instrument, or none for the whole scope", values.symbol, { list: "alert-symbols", placeholder: "AAPL", autocapitalize: "characters", spellcheck: "false" }) : "",
        scoped ? choice("scope", "Of", portfolios, values.scope) : ""),
      element("div", { class: "pair" }, choice("direction", SIDES[measure].length > 1 ? "When it" : "When it is", SIDES[measure], values.direction), typed("threshold", names[measure], values.threshold, { inputmode: "decimal" }, unit),
        measure === "move" ? typed("days", "Within trading days", values.days ?? 1, { inputmode: "numeric" }) : "",
        measure === "drawdown" ? typed("lookback", "Peak of the last days", values.lookback, { inputmode: "numeric", placeholder: "all" }) : "",
        measure === "var" ? typed("level", "Confidence", values.level ?? 95, { inputmode: "decimal" }, "%") : "", measure === "var" ? typed("lookback", "From days", values.lookback ?? 250, { inputmode: "numeric" }) : ""),
      element("div", { class: "pair" }, choice("cool_down_seconds", "Tell me again", coolDowns(values.cool_down_seconds), values.cool_down_seconds), typed("note", "Note", values.note, { maxlength: 500, placeholder: "what you want to do then" })),
      state.channels.length ? element("div", { class: "field" }, element("span", { class: "soft" }, "Also to"), element("span", { class: "told-by" }, ...state.channels.map((channel) => check("channels", channel.name, values.channels.includes(channel.id), channel.id)))) : "",
      element("div", { class: "trial", "aria-live": "polite", "data-part": "trial" }, element("span", { class: "dim" }, "What it would have done on history stands here.")),
      element("p", { class: "hint bad", role: "alert", "data-part": "refused" }),
      element("div", { class: "acts end" }, check("active", "Switched on", values.active), element("span", { class: "grow" }), element("button", { class: "ctl quiet", type: "button", "data-do": "close" }, "Cancel"), element("button", { class: "ctl primary", type: "submit" }, state.editing ? "Save" : "Add")),
      element("datalist", { id: "alert-symbols" }, ...(state.directory.instruments || []).map((each) => element("option", { value: each.symbol }, each.name))),
    );
    byId("alerts-form-title").textContent = state.editing ? "Change alert" : "New alert";
    trial();
  }

  function coolDowns(seconds) {
    return COOL_DOWNS.some(([known]) => known === Number(seconds)) ? COOL_DOWNS : [...COOL_DOWNS, [seconds, `every ${format.age(seconds)} while it stays`]];
  }

  function check(name, label, on, value = "on") {
    const box = element("input", { type: "checkbox", name, value });
    box.checked = on;
    return element("label", { class: "check" }, box, label);
  }

  const FRESH = { measure: "price", direction: "above", threshold: "", scope: "all", symbol: "", cool_down_seconds: 0, note: "", active: true, channels: [], days: null, lookback: null, level: null };

  function openForm(rule = null, given = {}) {
    state.editing = rule;
    const scope = state.directory.portfolios.some((each) => each.id === state.scope?.portfolio) ? state.scope.portfolio : "all";
    shell().open("alerts-form");
    paintForm(rule ? shown(rule) : { ...FRESH, scope, channels: state.channels.filter((each) => each.active).map((each) => each.id), ...given });
    part("form").querySelector(rule ? "[name=threshold]" : "[name=symbol], [name=threshold]")?.focus();
  }

  /* From anywhere: to the page, and there the form. */
  function create(given = {}) {
    if (page()) { openForm(null, given); return; }
    state.wanted = given;
    shell().go("/alerts");
  }

  let typing = 0;
  function trial() {
    clearTimeout(typing);
    typing = setTimeout(tryNow, PAUSE_MS);
  }

  async function tryNow() {
    const form = part("form"), box = part("trial");
    if (!form?.measure || !box) return;
    const draft = sent(form), turn = (state.turn += 1);
    mark(form, []);
    if (!draft.threshold || (OF_SYMBOL.has(draft.measure) && !draft.symbol)) return;
    box.classList.add("is-busy");
    try {
      const { body } = await ask("/try", { method: "POST", body: { ...draft, channels: [] } });
      if (turn === state.turn && box.isConnected) paintTrial(box, body);
    } catch (error) {
      if (turn === state.turn && box.isConnected) { mark(form, error.problem?.context?.errors || [], error); box.replaceChildren(element("span", { class: "dim" }, "It cannot be tried as it stands.")); }
    } finally {
      if (turn === state.turn) box.classList.remove("is-busy");
    }
  }

  function paintTrial(box, told) {
    const days = told.firings.slice(-60).reverse().map((each) => element("span", {}, kit.date(each.date), element("em", {}, amount(each.value, told.unit))));
    const known = Object.entries(told.years), most = Math.max(1, ...known.map(([, number]) => number)), first = told.start ? Number(told.start.slice(0, 4)) : 0, last = told.end ? Number(told.end.slice(0, 4)) : -1;
    const bars = known.length && last > first ? [element("div", { class: "years", role: "img", "aria-label": known.map(([year, number]) => `${year}: ${number}`).join(", ") },
      ...Array.from({ length: last - first + 1 }, (_, index) => element("i", { title: `${first + index}: ${told.years[first + index] || 0}`, style: `height:${Math.round(100 * (told.years[first + index] || 0) / most)}%` })))] : [];
    const now = told.last === null ? [] : [element("span", { class: "dim" }, `${kit.date(told.end)}: ${amount(told.last, told.unit)}${told.beyond ? ", beyond already: it fires when it has come back and crosses again" : ""}`)];
    box.replaceChildren(element("b", {}, told.sentence), ...bars, ...(days.length ? [element("div", { class: "days", tabindex: "0" }, ...days)] : []), ...now);
  }

  function mark(form, errors, error = null) {
    for (const label of form.querySelectorAll("[data-field]")) { label.classList.remove("bad"); label.querySelector(".hint").textContent = ""; }
    const refused = form.querySelector("[data-part=refused]"), rest = [];
    const all = errors.length ? errors : error ? [{ field: error.problem?.context?.field, message: error.message }] : [];
    for (const each of all) {
      const label = form.querySelector(`[data-field="${each.field}"]`), text = [each.message.replace(`${each.field}: `, ""), each.hint].filter(Boolean).join(" ");
      if (label) { label.classList.add("bad"); label.querySelector(".hint").textContent = text; } else rest.push(each.message);
    }
    refused.textContent = rest.join(" ");
  }

  async function save(form) {
    const submit = form.querySelector("[type=submit]"), editing = state.editing;
    submit.disabled = true;
    try {
      const draft = sent(form), { body } = editing ? await ask(`/${editing.id}`, { method: "PATCH", body: draft, version: editing.version }) : await ask("", { method: "POST", body: draft });
      shell().close("alerts-form");
      say(`${editing ? "Changed" : "Added"}: ${body.title}.`, body.id);
      await loadRules();
      part("rules").querySelector(`[data-rule="${body.id}"]`)?.focus();
    } catch (error) {
      mark(form, error.problem?.context?.errors || [], error);
    } finally {
      submit.disabled = false;
    }
  }

  /* ------------------------------------------------------------------------------------------------------------- the page */
  function seen(scope, directory) {
    Object.assign(state, { scope, directory: directory || state.directory });
    const frame = page();
    if (!frame || !directory || frame.dataset.drawn) return window.dash_clientside.no_update;
    frame.dataset.drawn = "true";
    Object.assign(state, { rules: null, secret: null, undo: null });
    Promise.all([loadRules(), loadEvents(), loadChannels()]).then(() => {
      const query = new URLSearchParams(location.search), wanted = state.wanted || (query.get("new") ? { symbol: query.get("symbol") || "" } : null);
      state.wanted = null;
      if (wanted) openForm(null, wanted);
    });
    return window.dash_clientside.no_update;
  }

  const deeds = {
    "alert-new": () => openForm(), "alert-edit": (button) => openForm(ruleOf(button.dataset.rule)), "alert-remove": (button) => remove(button.dataset.rule), "alert-switch": (button) => turnSwitch(button.dataset.rule),
    "alert-undo": undo, "alert-close": () => say(""), "alerts-again": () => refreshSoon(0), "alerts-seen": () => acknowledge(), "event-seen": (button) => acknowledge([button.dataset.event]), "events-more": moreEvents,
    "channel-new": channelForm, "channel-cancel": () => { part("channels").querySelector("form")?.remove(); }, "channel-test": (button) => testChannel(button.dataset.channel),
    "channel-switch": (button) => channelDeed(button.dataset.channel, (channel) => ask(`/channels/${channel.id}`, { method: "PATCH", body: { active: !channel.active }, version: channel.version })),
    "channel-remove": (button) => channelDeed(button.dataset.channel, (channel) => ask(`/channels/${channel.id}`, { method: "DELETE", version: channel.version })),
    "message-retry": (button) => trying(async () => { await ask(`/deliveries/${button.dataset.message}/retry`, { method: "POST" }); refreshSoon(3_000); await loadChannels(); }),
    "secret-close": () => { state.secret = null; paintChannels(); }, "notice-close": (button) => button.closest(".told").remove(),
  };

  function step(by) {
    const rows = [...page().querySelectorAll(".alert-row")], at = rows.indexOf(document.activeElement.closest(".alert-row"));
    rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
  }

  function onKey(event) {
    if (!page() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.target.closest?.("input, textarea, select, dialog") || document.querySelector("dialog[open]")) return;
    const row = document.activeElement.closest?.(".alert-row")?.dataset.rule, own = document.activeElement.matches?.(".alert-row");
    const keys = { a: () => openForm(), j: () => step(1), k: () => step(-1), u: undo, ...(row ? { s: () => turnSwitch(row), Delete: () => remove(row) } : {}), ...(row && own ? { Enter: () => openForm(ruleOf(row)) } : {}) };
    if (keys[event.key] && !justWent()) { event.preventDefault(); keys[event.key](); }
  }

  let went = -Infinity; // when g was pressed: the next letter names a page
  const justWent = () => performance.now() - went < 1200;

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-do]");
    if (button) deeds[button.dataset.do]?.(button);
  });
  document.addEventListener("keydown", (event) => { onKey(event); went = event.key === "g" ? performance.now() : -Infinity; });
  document.addEventListener("submit", (event) => {
    const work = { alert: save, channel: addChannel }[event.target.dataset?.form];
    if (work) { event.preventDefault(); work(event.target); }
  });
  document.addEventListener("input", ({ target }) => {
    const form = target.closest?.("[data-form=alert]");
    if (!form) return;
    if (target.name === "measure") { const values = { ...FRESH, ...shown({ ...sent(form), threshold: "" }), measure: target.value, direction: SIDES[target.value][0][0], threshold: "", days: null, lookback: null, level: null }; paintForm(values); part("form").measure.focus(); } else trial();
  });
  document.addEventListener("portolan:alert", ({ detail }) => {
    count(detail.unread);
    if (detail.event) { notice(detail.event); document.dispatchEvent(new CustomEvent("portolan:fired", { detail: detail.event })); }
    refreshSoon();
  });
  document.addEventListener("portolan:connected", () => refreshSoon()); // what fired while the line was cut
  document.addEventListener("portolan:menu", ({ detail }) => { if (detail === "alerts-sheet") refreshBell(); });
  setInterval(() => { if (!document.hidden && byId("alerts-bell")) { refreshBell(); if (page()?.dataset.drawn && !document.querySelector("dialog[open]")) loadRules(); } }, REFRESH_MS);

  window.dash_clientside = Object.assign(window.dash_clientside || {}, { alerts: { seen } });
  return { state, create, acknowledge: () => acknowledge(), refresh: refreshSoon };
})();
