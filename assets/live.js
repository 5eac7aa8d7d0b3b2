/* The live stream in the browser. dash-extensions' WebSocket component holds the socket; this file tells it when to open (by its
   `url`), keeps the newest state of what the page shows, and paints it.

   What that component does, and what follows from it:
   - It opens a socket when `url` changes and at no other time, so a reconnect is a new `url` (`?line=2`).
   - It hands on what arrives as the property `message`. Dash runs at most twelve callbacks at once, so while a page waits for slow
     answers a callback on it starves for seconds, and of two messages that arrive meanwhile only the second is seen. Prices must
     not wait for charts: what opens on our address is therefore heard and spoken to at the socket itself (`Tapped`).
   - All the same a gap in `seq` asks for the whole state again, and a hidden page, whose timers are slow, pauses the stream.

   `data-scope="<portfolio id|all>"` on an element says what the page follows; `live_figures.js` paints the figures in it. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.live = (() => {
  const PATH = "/api/v1/stream", CONNECTING = 0, OPEN = 1, CLOSED = 3;
  const FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 10_000, HANDSHAKE_MS = 8_000, SILENCE_MS = 25_000, FAILURES_BEFORE_POLL = 3;
  const RESYNC_PAUSE_MS = 1_000, LATENCIES = 500;
  const SNAPSHOT_MS = 1_500, REFUSED_PAUSE_MS = 5_000, POLL_SILENCE_MS = 6_000, SETTLE_MS = 1_000;

  const state = { portfolios: {}, quotes: {}, ledger: {}, ts: 0, offset: 0, degraded: false, offline: false, live: false, polling: false };
  const stats = { paints: 0, lastSeq: null, gaps: 0, reconnects: 0, latencies: [] };
  const line = { socket: null, attempt: 0, failures: 0, readyState: CLOSED, since: 0, heardAt: 0, toldAt: 0, timer: 0, started: false, resyncAt: 0, askedAt: 0 };
  const wanted = { portfolios: [], symbols: [], risk: false, extra: new Map() };

  const part = (name) => document.getElementById("live-line")?.dataset[name];
  const set = (name, props) => part(name) && window.dash_clientside.set_props?.(part(name), props);

  /* ------------------------------------------------------------------------------------------------------------- the line */

  function address() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    return `${scheme}//${location.host}${PATH}?line=${(line.attempt += 1)}`;
  }

  function connect() {
    clearTimeout(line.timer);
    Object.assign(line, { timer: 0, readyState: CONNECTING, since: Date.now(), heardAt: Date.now() });
    set("socket", { url: address() });
  }

  function reconnect() {
    if (line.timer) return;
    line.socket = null; // whatever it still says is not heard
    line.failures += 1;
    stats.reconnects += 1;
    line.readyState = CLOSED;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (line.failures - 1));
    line.timer = setTimeout(connect, pause * (0.5 + Math.random() / 2));
    if (line.failures >= FAILURES_BEFORE_POLL) poll(true);
  }

  /* The component's own sockets, heard without a detour. Of two, the one that was opened last counts. */
  const Native = window.WebSocket;

  class Tapped extends Native {
    constructor(where, protocols) {
      super(where, protocols);
      if (new URL(where, location.href).pathname === PATH) attach(this);
    }
  }

  function attach(socket) {
    line.socket = socket;
    const ours = (work) => (event) => { if (line.socket === socket) work(event); };
    socket.addEventListener("open", ours(opened));
    socket.addEventListener("message", ours((event) => receive(JSON.parse(event.data))));
    socket.addEventListener("close", ours(reconnect));
  }

  function opened() {
    line.readyState = OPEN;
    line.heardAt = Date.now();
    stats.lastSeq = null;
    subscribe();
    if (document.hidden) send({ op: "pause" });
  }

  function watchdog() {
    const now = Date.now();
    if (line.readyState === CONNECTING && now - line.since > HANDSHAKE_MS) reconnect();
    if (line.readyState === OPEN && now - line.heardAt > SILENCE_MS) reconnect();
    if (line.readyState === CLOSED && !line.timer) reconnect();
    if (line.readyState === OPEN && line.askedAt && now - line.askedAt > SNAPSHOT_MS && !document.hidden) resync();
  }

  function poll(on) {
    if (state.polling === on) return;
    state.polling = on;
    set("poll", { disabled: !on });
  }

  function send(message) {
    if (line.socket?.readyState === OPEN) line.socket.send(JSON.stringify(message));
  }

  function subscribe() {
    const { portfolios, symbols, risk } = wanted;
    set("wanted", { data: { portfolios, symbols, risk } });
    line.askedAt = Date.now();
    send({ op: "subscribe", portfolios, symbols, risk, replace: true });
  }

  function resync() {
    const now = Date.now();
    if (now - line.resyncAt < RESYNC_PAUSE_MS) {
      if (!line.resyncTimer) line.resyncTimer = setTimeout(() => { line.resyncTimer = 0; resync(); }, RESYNC_PAUSE_MS);
      return;
    }
    line.resyncAt = line.askedAt = now;
    send({ op: "resync" });
  }

  /* ---------------------------------------------------------------------------------------------------- what the page follows */

  /* Scopes of the page as it stands, and what code asked for by `watch(name, {portfolios, symbols})`. */
  function look() {
    const portfolios = new Set(), symbols = new Set();
    for (const element of document.querySelectorAll("[data-scope]")) if (element.dataset.scope) portfolios.add(element.dataset.scope);
    for (const asked of wanted.extra.values()) {
      for (const name of asked.portfolios || []) portfolios.add(name);
      for (const name of asked.symbols || []) symbols.add(name);
    }
    if (!portfolios.size) portfolios.add("all"); // every page has the light, and hears of ledgers that change
    const risk = Boolean(document.querySelector("[data-live-risk]"));
    const next = { portfolios: [...portfolios].slice(0, 20).sort(), symbols: [...symbols].slice(0, 500).sort(), risk };
    const same = next.portfolios.join() === wanted.portfolios.join() && next.symbols.join() === wanted.symbols.join() && next.risk === wanted.risk;
    Object.assign(wanted, next);
    if (!same) forget();
    if (!same && line.readyState === OPEN) subscribe();
    window.portolan.liveFigures.paint(state);
  }

  /* What is no longer followed grows old: it must not be painted as if it were new. */
  function forget() {
    for (const id of Object.keys(state.portfolios)) if (!wanted.portfolios.includes(id)) delete state.portfolios[id];
  }

  function watch(name, asked) {
    if (asked) wanted.extra.set(name, asked);
    else wanted.extra.delete(name);
    lookSoon();
  }

  let looking = 0;
  function lookSoon() {
    if (!looking) looking = setTimeout(() => { looking = 0; start(); if (line.started) look(); }, 50);
  }

  /* ------------------------------------------------------------------------------------------------------------- what arrives */

  function polled(message) {
    if (message && line.readyState !== OPEN) receive(message);
    return window.dash_clientside.no_update;
  }

  function receive(message) {
    line.heardAt = line.toldAt = Date.now();
    if (message.ts) clock(message.ts);
    if ("degraded" in message) [state.degraded, state.offline] = [message.degraded, Boolean(message.offline)];
    if (message.type === "snapshot") snapshot(message);
    else if (message.type === "tick") tick(message);
    else if (message.type === "error") refused(message);
    else if (message.type === "alert" || message.type === "alerts") document.dispatchEvent(new CustomEvent("portolan:alert", { detail: message }));
    light();
  }

  /* A portfolio that is not there (yet): what else was asked for is followed; ask again in a while. */
  function refused(message) {
    document.dispatchEvent(new CustomEvent("portolan:refused", { detail: message }));
    line.askedAt = 0;
    if (message.portfolio && !line.refusedTimer) line.refusedTimer = setTimeout(() => { line.refusedTimer = 0; if (line.readyState === OPEN) subscribe(); }, REFUSED_PAUSE_MS);
  }

  function snapshot(message) {
    if (!state.polling || line.readyState === OPEN) {
      line.failures = 0;
      poll(false);
    }
    stats.lastSeq = message.seq ?? null;
    line.askedAt = 0;
    state.live = true;
    merge(message);
    document.dispatchEvent(new CustomEvent("portolan:connected"));
  }

  function tick(message) {
    const expected = stats.lastSeq === null ? null : stats.lastSeq + 1;
    if (expected !== null) merge(message);
    stats.lastSeq = message.seq;
    if (message.seq === expected) return;
    stats.gaps += 1;
    resync();
  }

  /* The server's clock minus ours: the smallest seen, because a message that waited looks older. */
  function clock(ts) {
    const now = Date.now(), offset = ts - now;
    state.offset = state.ts && now - state.offsetAt < 60_000 ? Math.max(state.offset, offset) : offset;
    if (state.offset === offset) state.offsetAt = now;
    state.ts = Math.max(state.ts, ts);
  }

  const pending = { portfolios: new Map(), symbols: new Map() };

  function merge(message) {
    for (const [symbol, quote] of Object.entries(message.quotes || {})) {
      const before = state.quotes[symbol];
      pending.symbols.set(symbol, pending.symbols.has(symbol) ? pending.symbols.get(symbol) : before?.price);
      state.quotes[symbol] = quote;
    }
    for (const [id, news] of Object.entries(message.portfolios || {})) {
      const held = state.portfolios[id], whole = news.full || !held;
      const known = pending.portfolios.get(id) || new Set();
      for (const key of Object.keys(news.holdings || {})) known.add(key);
      pending.portfolios.set(id, known);
      state.portfolios[id] = whole ? news : { ...held, ...news, holdings: { ...held.holdings, ...news.holdings } };
    }
    ledger(message.ledger);
    schedule();
  }

  /* Tables read their rows again when a ledger moved on; `Ids.LEDGER` is what they listen to. Counts and names in the frame come after them. */
  let settling = 0;
  function ledger(revisions) {
    const news = Object.entries(revisions || {}).filter(([id, revision]) => state.ledger[id] !== revision);
    if (!news.length) return;
    state.ledger = { ...state.ledger, ...Object.fromEntries(news) };
    set("ledger", { data: state.ledger });
    clearTimeout(settling);
    settling = setTimeout(() => set("settled", { data: state.ledger }), SETTLE_MS);
  }

  /* ---------------------------------------------------------------------------------------------------------------- painting */

  let frame = 0;
  function schedule() {
    if (!frame && !document.hidden) frame = requestAnimationFrame(paint);
  }

  /* Everything of one message in one frame: figures here, rows and charts by those who listen to `portolan:tick`. */
  function paint() {
    frame = 0;
    const portfolios = Object.fromEntries([...pending.portfolios].map(([id, keys]) => [id, { keys: [...keys] }]));
    const quotes = new Map(pending.symbols);
    pending.portfolios.clear();
    pending.symbols.clear();
    const detail = { ts: state.ts, changed: { portfolios, symbols: [...quotes.keys()] }, portfolios: pick(state.portfolios, Object.keys(portfolios)),
      quotes: pick(state.quotes, [...quotes.keys()]), state };
    window.portolan.liveFigures.paint(state);
    document.dispatchEvent(new CustomEvent("portolan:tick", { detail }));
    measure(quotes);
    document.dispatchEvent(new CustomEvent("portolan:painted", { detail }));
  }

  const pick = (from, keys) => Object.fromEntries(keys.filter((key) => key in from).map((key) => [key, from[key]]));

  function measure(quotes) {
    stats.paints += 1;
    const now = Date.now();
    for (const [symbol, before] of quotes) {
      const quote = state.quotes[symbol];
      if (before === undefined || !quote?.received || quote.price === before) continue;
      stats.latencies.push(now - quote.received);
    }
    if (stats.latencies.length > LATENCIES) stats.latencies.splice(0, stats.latencies.length - LATENCIES);
  }

  /* ------------------------------------------------------------------------------------------------------------ the status light */

  const WORDS = { live: "Live", delayed: "Delayed", stale: "Stale", closed: "Closed", down: "No feed", connecting: "Connecting" };

  function now() {
    return Date.now() + (state.offset || 0);
  }

  /* The best state of any price decides; the age is that of the newest quote. Without a line there is no feed. */
  function status() {
    const quotes = Object.values(state.quotes), counts = {};
    for (const quote of quotes) counts[quote.state] = (counts[quote.state] || 0) + 1;
    const newest = Math.max(0, ...quotes.map((quote) => quote.received || quote.ts || 0));
    const linked = line.readyState === OPEN || (state.polling && Date.now() - line.toldAt < POLL_SILENCE_MS);
    const word = !linked && line.failures > 0 ? "down" : !state.live ? "connecting" : best(counts);
    return { state: word, counts, age: newest ? Math.max(0, (now() - newest) / 1000) : null, polling: state.polling, degraded: state.degraded };
  }

  const best = (counts) => ["live", "delayed", "closed", "stale"].find((word) => counts[word] && !(word === "closed" && counts.stale > counts.closed)) || "down";

  /* What is not as it should be stands in a line of its own under the bar for as long as it is so. */
  function condition() {
    const told = document.getElementById("condition-line");
    if (!told) return;
    const away = line.readyState !== OPEN && line.failures > 2 && !(state.polling && Date.now() - line.toldAt < POLL_SILENCE_MS);
    const words = away ? "The server does not answer: what you see may be old, and nothing can be saved until it is back."
      : state.offline ? "The database does not answer: what you see may be old, and nothing can be saved until it is back."
      : state.degraded ? "News comes late: the bus is lost, and the database is asked every few seconds." : "";
    window.portolan.format.setText(told, words);
    told.hidden = !words;
  }

  function light() {
    condition();
    const button = document.getElementById(part("status") || "");
    if (!button) return;
    const seen = status(), format = window.portolan.format;
    const shown = seen.state === "connecting" ? "closed" : seen.state;
    if (button.dataset.state !== shown) button.dataset.state = shown;
    format.setText(document.getElementById(`${button.id}-word`) || button, WORDS[seen.state]);
    const age = document.getElementById(`${button.id}-age`);
    if (age) format.setText(age, seen.age === null ? "" : format.age(seen.age));
    const title = describe(seen, format);
    if (button.title !== title) button.title = title;
  }

  function describe(seen, format) {
    const total = Object.values(seen.counts).reduce((sum, count) => sum + count, 0);
    const parts = ["live", "delayed", "stale", "closed", "missing"].filter((word) => seen.counts[word]).map((word) => `${seen.counts[word]} ${word}`);
    const where = seen.polling ? " Asked every 2 seconds, because the socket cannot be had." : seen.degraded ? " The bus is lost; the database is asked." : "";
    if (seen.age === null) return `No quote yet.${where}`;
    return `Newest quote ${format.age(seen.age)} old; ${total} prices: ${parts.join(", ")}.${where}`;
  }

  /* ----------------------------------------------------------------------------------------------------------------- the start */

  /* The frame is drawn once, by Dash, some time after this file is read. */
  function start() {
    if (line.started || !document.getElementById("live-line") || !window.dash_clientside.set_props) return;
    line.started = true;
    document.addEventListener("visibilitychange", visible);
    window.addEventListener("online", hurry);
    setInterval(() => { watchdog(); if (!document.hidden) light(); }, 1_000);
    look();
    connect();
  }

  function visible() {
    send({ op: document.hidden ? "pause" : "resume" });
    if (!document.hidden) {
      schedule();
      light();
    }
  }

  function hurry() {
    if (line.readyState === OPEN) return;
    line.failures = 0;
    connect();
  }

  window.WebSocket = Tapped;
  window.dash_clientside.live = { polled };
  document.addEventListener("DOMContentLoaded", () => new MutationObserver(lookSoon).observe(document.body, { childList: true, subtree: true,
    attributes: true, attributeFilter: ["data-scope", "data-live-risk"] }));
  return { state, stats, line, receive, watch, status, now };
})();
