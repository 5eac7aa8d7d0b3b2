/* The form of a blend: parts are added and taken off, their weights summed; what is pressed in the list goes to the server. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.blends = (() => {
  const kit = (name) => (...given) => window.portolan.draw[name](...given), element = kit("element"), setValue = kit("setValue"); // it loads later
  const KINDS = [["instrument", "Instrument"], ["inflation", "Inflation"], ["rate", "Interest rate"], ["cash", "Fixed rate"]];
  const byId = (id) => document.getElementById(id), form = () => document.querySelector("[data-form=blend]");
  const part = (name) => form()?.querySelector(`[data-part=${name}]`), rows = () => [...form().querySelectorAll(".blend-part")];
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const state = { id: null, version: null, key: "" };
  const number = (text) => { const told = String(text).trim().replace(",", "."); return told === "" ? 0 : Number(told); };

  function partRow({ kind = "instrument", symbol = "", weight = 0, plus = 0, hedged = false } = {}) {
    const field = (name, value, attributes = {}) => element("input", { class: "input", name, value, autocomplete: "off", ...attributes });
    const kinds = element("select", { class: "input", name: "kind", "aria-label": "What it is" }, ...KINDS.map(([value, word]) => element("option", { value, selected: value === kind }, word)));
    const text = (value) => (value ? String(+(value * 100).toFixed(6)) : "");
    const hedge = element("label", { class: "hedge", title: "Its return in its own currency, without that currency's moves" }, element("input", { type: "checkbox", name: "hedged", checked: hedged }), " hedged");
    const made = element("div", { class: "blend-part", "data-kind": kind }, kinds, field("symbol", symbol || "", { list: "blends-names", placeholder: "Symbol", "aria-label": "Symbol" }),
      field("weight", text(weight), { inputmode: "decimal", placeholder: "0", "aria-label": "Weight in percent" }), field("plus", text(plus), { inputmode: "decimal", placeholder: "0", "aria-label": "Plus, percent a year" }),
      hedge, element("button", { type: "button", class: "tool", title: "Take this part off", "aria-label": "Take this part off", "data-blend": "drop" }, "×"));
    part("parts").append(made);
    return made;
  }

  function sum() {
    const total = rows().reduce((whole, row) => whole + (number(row.querySelector("[name=weight]").value) || 0), 0), told = part("sum");
    told.textContent = window.portolan.format.number(total, { decimals: 2, least: 0 });
    told.classList.toggle("bad", Math.abs(total - 100) > 0.005);
    return total;
  }

  function fill({ name = "", rebalancing = "monthly", components = [{ weight: 0.6 }, { weight: 0.4 }] } = {}, id = null, version = null) {
    Object.assign(state, { id, version, key: window.portolan.shell.key() });
    setValue(form().querySelector("[name=name]"), name);
    form().querySelector("[name=rebalancing]").value = rebalancing;
    part("parts").replaceChildren();
    components.forEach(partRow);
    byId("blends-form-title").textContent = id ? "Change a blend" : "New blend";
    set("blends-error", { children: [] });
    sum();
    window.portolan.shell.open("blends-form");
  }

  function read() {
    const components = rows().map((row) => {
      const value = (name) => row.querySelector(`[name=${name}]`).value.trim(), kind = value("kind");
      return { kind, symbol: kind === "cash" ? null : value("symbol").toUpperCase() || null, weight: number(value("weight")) / 100, plus: number(value("plus")) / 100, hedged: kind === "instrument" && row.querySelector("[name=hedged]").checked };
    });
    const exact = components.map((each) => ({ ...each, weight: Number.isFinite(each.weight) ? +each.weight.toFixed(10) : null, plus: Number.isFinite(each.plus) ? +each.plus.toFixed(10) : null }));
    return { name: form().querySelector("[name=name]").value.trim(), rebalancing: form().querySelector("[name=rebalancing]").value, components: exact };
  }

  /* Weights in the same proportions that add up to 100 to the hundredth, the last one taking what rounding leaves. */
  function scale() {
    const fields = rows().map((row) => row.querySelector("[name=weight]")), total = sum();
    if (!fields.length) return;
    const told = fields.map((field) => (total ? Math.round((number(field.value) / total) * 1e4) / 100 : Math.round(1e4 / fields.length) / 100));
    told[told.length - 1] += 100 - told.reduce((whole, each) => whole + each, 0);
    fields.forEach((field, index) => { field.value = String(+told[index].toFixed(2)); });
    sum();
  }

  const send = (action, more) => set("blends-action", { data: { action, key: window.portolan.shell.key(), at: Date.now(), ...more } });

  function onClick(event) {
    const button = event.target.closest?.("#benchmark-page [data-blend]"), told = button?.dataset;
    if (!button) return;
    const one = { id: told.key, version: Number(told.version), name: told.name };
    const deeds = {
      new: () => fill(), edit: () => fill(JSON.parse(told.document), told.key, Number(told.version)), add: () => { partRow().querySelector("[name=symbol]").focus(); sum(); },
      drop: () => { button.closest(".blend-part").remove(); sum(); }, scale, remove: () => send("remove", one), restore: () => send("restore", one),
      back: () => send("back", { ...one, fields: JSON.parse(told.document) }), close: () => send("close", {}),
    };
    deeds[told.blend]?.();
  }

  function onSubmit(event) {
    if (event.target.dataset.form !== "blend") return;
    event.preventDefault();
    event.target.querySelector("[type=submit]").disabled = true;
    set("blends-action", { data: { action: state.id ? "change" : "create", id: state.id, version: state.version, fields: read(), key: state.key, at: Date.now() } });
  }

  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("input", (event) => { if (event.target.closest?.("[data-form=blend]")) sum(); });
  document.addEventListener("change", (event) => { const row = event.target.name === "kind" && event.target.closest?.(".blend-part"); if (row) row.dataset.kind = event.target.value; });

  return { form, state };
})();

window.dash_clientside.blends = {
  done(result) {
    const form = window.portolan.blends.form(), submit = form?.querySelector("[type=submit]");
    if (submit) submit.disabled = false;
    window.portolan.blends.state.key = window.portolan.shell.key(); // what is sent next is another request
    if (result?.ok && ["create", "change"].includes(result.action)) window.portolan.shell.close("blends-form");
  },
};
