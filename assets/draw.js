/* Small kit of elements: HTML, inputs that React holds, and SVG with token colours, so that a change of theme repaints nothing. */
window.portolan = window.portolan || {};

window.portolan.draw = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function svg(tag, attributes, parent, text) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  /* An HTML element with attributes and children; what is null or false is left out. */
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
    return made;
  }

  /* React keeps the value of its inputs: it has to hear of a change as if it was typed. */
  function setValue(field, value) {
    if (!field || field.value === String(value ?? "")) return;
    const own = field instanceof HTMLSelectElement ? HTMLSelectElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(own.prototype, "value").set.call(field, value ?? "");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  const put = (node, attributes) => { for (const [name, value] of Object.entries(attributes)) if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value); };
  const path = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const tone = (value) => (value > 0 ? "var(--gain)" : value < 0 ? "var(--loss)" : "var(--text-2)");

  /* Squarified: rows of tiles along the shorter side, each row closed when one more would make its tiles longer. */
  function squarify(items, x, y, width, height) {
    const out = [], total = items.reduce((sum, item) => sum + item.size, 0), area = width * height / total;
    let rest = [...items].sort((a, b) => b.size - a.size);
    while (rest.length && width > 0 && height > 0) {
      const short = Math.min(width, height), count = rowLength(rest, area, short), row = rest.slice(0, count);
      const thick = row.reduce((sum, item) => sum + item.size, 0) * area / short;
      let along = 0;
      for (const item of row) {
        const length = item.size * area / thick;
        out.push(width >= height ? { ...item, x, y: y + along, width: thick, height: length } : { ...item, x: x + along, y, width: length, height: thick });
        along += length;
      }
      if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
      rest = rest.slice(count);
    }
    return out;
  }

  function rowLength(items, area, short) {
    let sum = 0, best = Infinity, count = 0;
    for (const item of items) {
      const next = sum + item.size * area, largest = items[0].size * area, smallest = item.size * area;
      const ratio = Math.max(short * short * largest / (next * next), next * next / (short * short * smallest));
      if (ratio > best) break;
      [best, sum, count] = [ratio, next, count + 1];
    }
    return Math.max(1, count);
  }

  /* <span class="spark" data-y="1 2 3">: a line and a dotted one at its first value. */
  function spark(element) {
    const values = element.dataset.y.split(" ").filter(Boolean).map(Number);
    element.replaceChildren();
    if (values.length < 2) return;
    const low = Math.min(...values), span = Math.max(...values) - low || 1, y = (value) => 18 - 16 * (value - low) / span;
    const box = svg("svg", { viewBox: "0 0 76 20", width: "100%", height: 20, preserveAspectRatio: "none", "aria-hidden": "true" }, element);
    svg("path", { class: "base", d: `M0 ${y(values[0]).toFixed(1)}H76`, "vector-effect": "non-scaling-stroke" }, box);
    svg("path", { d: path(values.map((value, index) => [index * 76 / (values.length - 1), y(value)])), "vector-effect": "non-scaling-stroke" }, box);
  }

  /* What the server writes into the page is finished here: sparklines, and numbers for readers of another locale. */
  function finish(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    if (node.matches("span.spark[data-y]")) spark(node);
    for (const each of node.querySelectorAll("span.spark[data-y]")) if (!each.firstChild) spark(each);
    if (window.portolan.format?.neutral === false) window.portolan.format.localise(node);
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") spark(change.target);
      else change.addedNodes.forEach(finish);
    }
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-y"] });

  /* Call `paint` with the size of a box now and whenever it changes. */
  function sized(box, paint) {
    const observer = new ResizeObserver(() => { if (box.clientWidth && box.clientHeight) paint(box.clientWidth, box.clientHeight); });
    observer.observe(box);
    return observer;
  }

  /* React puts a page in place a moment after the callback that brought its data. */
  function whenThere(ids, then, tries = 20) {
    if (ids.every((id) => document.getElementById(id))) then();
    else if (tries) requestAnimationFrame(() => whenThere(ids, then, tries - 1));
  }

  return { svg, element, setValue, whenThere, put, path, tone, squarify, sized };
})();
