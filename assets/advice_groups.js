/* Limits of groups in the forms of the Recommendations page: one row a group with the least and the most it may weigh, in percent. */
window.portolan = window.portolan || {};

window.portolan.adviceGroups = (() => {
  const element = (...given) => window.portolan.draw.element(...given), forms = () => window.portolan.adviceForms; // they load later
  const LISTS = "advice-groups-of-";

  function row(groupings, { by = groupings[1][0], key = "", least = "", most = "" } = {}) {
    const cell = (name, value, more) => element("input", { class: "input", name, value, autocomplete: "off", ...more }), numbers = { inputmode: "decimal" };
    const choice = element("select", { class: "input", name: "group_by", "aria-label": "Kind of group" }, ...groupings.map(([value, word]) => element("option", { value, selected: value === by }, word)));
    const cells = [choice, cell("group_key", key, { list: LISTS + by, "aria-label": "Group" }), cell("group_least", least, { ...numbers, "aria-label": "Least in percent", placeholder: "least" }), cell("group_most", most, { ...numbers, "aria-label": "Most in percent", placeholder: "most" }),
      forms().press("×", "quiet", { "data-groups": "drop", "aria-label": "Take this limit off" })];
    return element("div", { class: "target-row group-row field" }, ...cells, element("span", { class: "hint" }));
  }

  /* Rows are named by their place, as errors name them; each offers the groups of its kind. */
  function name(editor) {
    [...editor.querySelectorAll(".group-row:not(.heads)")].forEach((each, place) => { each.dataset.field = `${editor.dataset.groupsOf}[${place}]`; each.querySelector("[name=group_key]").setAttribute("list", LISTS + each.querySelector("[name=group_by]").value); });
    editor.querySelector(".heads").hidden = !editor.querySelector(".group-row:not(.heads)");
  }

  function editor({ name: field, rows, groupings, keys }) {
    const heads = element("div", { class: "target-row group-row heads" }, ...["Of", "Group", "Least %", "Most %", ""].map((word) => element("span", { class: "soft" }, word)));
    const lists = groupings.map(([by]) => element("datalist", { id: LISTS + by }, ...(keys[by] || []).filter((key) => key !== "cash").map((key) => element("option", { value: key }))));
    const own = element("div", { class: "groups-of wide", "data-groups-of": field }, heads, element("div", { class: "target-rows" }, ...rows.map((each) => row(groupings, each))), element("div", { class: "acts" }, forms().press("Add a limit of a group", "quiet", { "data-groups": "add" })), element("div", { class: "field", "data-field": field }, element("span", { class: "hint" })), ...lists);
    own.groupings = groupings;
    name(own);
    return own;
  }

  function read(root) {
    const cell = (each, own) => each.querySelector(`[name=group_${own}]`), percent = (each, own) => forms().value("percent", cell(each, own));
    const rows = [...root.querySelectorAll(".groups-of .target-rows .group-row")].map((each) => ({ by: cell(each, "by").value, key: cell(each, "key").value.trim() || null, least: percent(each, "least"), most: percent(each, "most") }));
    return rows.filter((each) => each.key || each.least !== null || each.most !== null).map((each) => Object.fromEntries(Object.entries(each).filter(([, value]) => value !== null)));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-groups]"), own = button?.closest(".groups-of");
    if (!own) return;
    if (button.dataset.groups === "drop") button.closest(".group-row").remove();
    else own.querySelector(".target-rows").appendChild(row(own.groupings)).querySelector("[name=group_key]").focus();
    name(own);
    own.dispatchEvent(new Event("input", { bubbles: true }));
  });
  document.addEventListener("input", (event) => { const own = event.target.closest?.(".groups-of"); if (own) name(own); });

  return { editor, read };
})();
