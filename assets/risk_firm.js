/* Firm-wide runs on the Risk page: begun, followed and stopped by REST. Which run is shown, by which figures and in which order stands in the
   address; the table comes from the server. */
window.portolan = window.portolan || {};

window.portolan.riskFirm = (() => {
  const API = "/api/v1/risk/runs", EVERY_MS = 800;
  const PHASES = { waiting: "waits for its turn", reading: "reads portfolios", computing: "works figures out", done: "is done" };
  const format = window.portolan.format;
  const find = (selector) => document.querySelector(`#risk-page ${selector}`);
  const query = (changes) => window.portolan.shell.query(changes);
  const state = { follows: null, drawn: 0, count: Date.now() };

  const again = () => window.dash_clientside.set_props("risk-retry", { data: (state.count += 1) });

  async function ask(path, options = {}) {
    const headers = options.method ? { "Content-Type": "application/json", "Idempotency-Key": window.portolan.shell.key() } : {};
    let answer;
    try { answer = await fetch(API + path, { ...options, headers }); } catch { throw new Error("The server does not answer. Try again in a moment."); }
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error([told.detail, told.context?.hint].filter(Boolean).join(" ") || "Something went wrong on our side.");
    return told;
  }

  function say(text) {
    window.portolan.shell.announce(text);
    const words = find("[data-part=firm-words]");
    if (words) words.textContent = text;
  }

  async function begin(button) {
    button.disabled = true;
    try {
      const run = await ask("", { method: "POST", body: button.dataset.body });
      query({ run: run.id });
      again();
    } catch (error) { say(error.message); const acts = find(".firm-acts"); if (acts && !find("[data-part=firm-words]")) acts.append(window.portolan.draw.element("span", { class: "loss" }, error.message)); } finally { button.disabled = false; }
  }

  async function cancel(button) {
    button.disabled = true;
    try { await ask(`/${button.dataset.run}/cancel`, { method: "POST" }); again(); } catch (error) { say(error.message); button.disabled = false; }
  }

  /* While a run is at work its bar moves; the table is drawn again as portfolios come, and once it has ended. */
  async function follow() {
    const bar = find("[data-part=firm-progress][data-status=running]");
    if (!bar || state.follows) return;
    state.follows = bar.dataset.run;
    try {
      const run = await ask(`/${bar.dataset.run}`), share = run.total ? run.done / run.total : 0, here = find("[data-part=firm-progress]");
      if (here?.dataset.run !== run.id) return;
      if (here.querySelector("progress")) here.querySelector("progress").value = 100 * share;
      here.querySelector("[data-part=firm-words]").textContent = `${PHASES[run.phase] || run.phase}, ${format.number(run.done, { decimals: 0 })} of ${format.number(run.total, { decimals: 0 })}`;
      if (run.status !== "running" || run.portfolios >= state.drawn + 50) { state.drawn = run.portfolios; again(); }
      if (run.status !== "running") window.portolan.shell.announce(`The run is ${run.status}`);
    } catch (error) { say(error.message); } finally { state.follows = null; }
  }

  document.addEventListener("click", (event) => {
    const pressed = (selector) => event.target.closest?.(`#risk-page ${selector}`);
    const start = pressed("[data-do=firm-begin]"), stop = pressed("[data-do=firm-cancel]"), sort = pressed("[data-firm-sort]");
    if (start) begin(start);
    else if (stop) cancel(stop);
    else if (sort) query({ sort: sort.dataset.firmSort === "name" ? null : sort.dataset.firmSort });
  });
  document.addEventListener("change", (event) => { if (event.target.matches?.("#risk-page select[name=run]")) query({ run: event.target.value || null }); });
  setInterval(follow, EVERY_MS);
  return { follow };
})();
