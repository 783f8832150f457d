// Small makers of elements; text is always set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const ICONS = {
  air: "M3 9h11a3 3 0 1 0-3-3M3 13h15a3 3 0 1 1-3 3M3 17h7a2.500 2.500 0 1 1-2.500 2.500",
  noise: "M4 10v4h3l5 4V6L7 10H4ZM16 9a4.500 4.500 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11",
  weather: "M12 4V2.500M5.500 6.500l-1-1M4 12H2.500M18.500 6.500l1-1M12 7a4.500 4.500 0 0 0-4.300 5.800A3.800 3.800 0 0 0 8.500 20H17a3.500 3.500 0 0 0 .5-7A4.500 4.500 0 0 0 12 7Z",
  traffic: "M4 16v-3l2-5.500h12l2 5.500v3M4 16h16v2.500h-3V16M4 16v2.500h3V16M4.500 12.500h15M7.500 14.500h.01M16.500 14.500h.01",
  parking: "M5 3.500h14v17H5ZM9.500 16.500v-9h3.200a2.700 2.700 0 0 1 0 5.400H9.500",
  river: "M3 8c2-2 4-2 6 0s4 2 6 0 4-2 6 0M3 13c2-2 4-2 6 0s4 2 6 0 4-2 6 0M3 18c2-2 4-2 6 0s4 2 6 0 4-2 6 0",
  else: "M12 4a6 6 0 0 1 6 6c0 4.500-6 10-6 10s-6-5.500-6-10a6 6 0 0 1 6-6ZM12 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z",
  all: "M4 4h6v6H4ZM14 4h6v6h-6ZM4 14h6v6H4ZM14 14h6v6h-6Z",
};

export function icon(name) {
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}
