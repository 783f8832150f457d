// Renders /openapi.json as a page: operations by tag, parameters, examples, a curl line to copy.

import { el } from "./dom.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

function resolve(document, node) {
  return node?.$ref ? node.$ref.slice(2).split("/").reduce((at, part) => at[part], document) : node;
}

function render(document_) {
  window.document.getElementById("title").textContent = `${document_.info.title} API ${document_.info.version}`;
  window.document.getElementById("about").textContent = document_.info.description.replaceAll("`", "");
  const all = Object.entries(document_.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method: method.toUpperCase(), ...item[method] })));
  const contents = [];
  const chapters = [];
  for (const tag of document_.tags) {
    const operations = all.filter((operation) => operation.tags.includes(tag.name));
    if (!operations.length) continue;
    contents.push(el("h2", {}, tag.name), ...operations.map((each) => el("a", { href: `#${each.operationId}` }, each.summary)));
    chapters.push(el("h2", {}, tag.name), el("p", {}, tag.description), ...operations.map((each) => chapter(document_, each)));
  }
  window.document.getElementById("contents").replaceChildren(...contents);
  window.document.getElementById("operations").replaceChildren(...chapters);
  openNamed();
}

function chapter(document_, operation) {
  const isOpen = operation.security?.length === 0;
  const head = el("summary", {}, el("span", { class: `method ${operation.method}` }, operation.method), el("code", {}, operation.path),
    isOpen ? el("span", { class: "open" }, "no key needed") : null, el("span", { class: "what" }, operation.summary));
  const parameters = (operation.parameters ?? []).map((each) => resolve(document_, each));
  const body = example(operation.requestBody?.content);
  return el("details", { class: "card op", id: operation.operationId }, head,
    el("div", { class: "body" }, el("p", {}, plain(operation.description)), ...parameterTable(parameters),
      ...(body === undefined ? [] : [el("h3", {}, "Body"), code(body)]), ...answers(document_, operation),
      el("h3", {}, "Try it"), code(curl(operation, parameters, body, isOpen))));
}

function parameterTable(parameters) {
  if (!parameters.length) return [];
  const row = (each) => el("tr", {}, el("th", {}, el("code", {}, each.name)), el("td", {}, each.in), el("td", {}, describe(each)));
  return [el("h3", {}, "Parameters"), el("table", {}, ...parameters.map(row))];
}

const plain = (text) => (text ?? "").replaceAll("`", "");

function describe(parameter) {
  const schema = parameter.schema ?? {};
  const facts = [schema.enum && `one of ${schema.enum.join(", ")}`, schema.default !== undefined && `default ${schema.default}`, parameter.required && "required"];
  return [plain(parameter.description), ...facts].filter(Boolean).join("; ");
}

function answers(document_, operation) {
  const found = Object.entries(operation.responses).map(([status, response]) => [status, resolve(document_, response)]);
  const rows = found.map(([status, response]) => el("tr", {}, el("th", {}, status), el("td", {}, plain(response.description))));
  const shown = found.filter(([status]) => status < 400).map(([, response]) => example(response.content)).find((each) => each !== undefined);
  return [el("h3", {}, "Answers"), el("table", {}, ...rows), ...(shown === undefined ? [] : [el("h3", {}, "Example"), code(shown)])];
}

function example(content) {
  return content ? Object.values(content)[0].example : undefined;
}

function code(value) {
  return el("pre", { tabindex: "0" }, el("code", {}, typeof value === "string" ? value : JSON.stringify(value, null, 2)));
}

function curl(operation, parameters, body, isOpen) {
  const path = parameters.filter((each) => each.in === "path").reduce((text, each) => text.replace(`{${each.name}}`, encodeURIComponent(each.example)), operation.path);
  const query = operation.operationId === "queryEntities" ? "?type=AirQualityObserved&options=keyValues" : "";
  const lines = [`curl ${operation.method === "GET" ? "" : `-X ${operation.method} `}'${location.origin}${path}${query}'`];
  if (!isOpen) lines.push(`-H "Authorization: Bearer $MACHI_KEY"`);
  if (body !== undefined) lines.push(`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(body)}'`);
  return lines.join(" \\\n  ");
}

function openNamed() {
  const named = location.hash.length > 1 ? window.document.getElementById(location.hash.slice(1)) : null;
  if (!named) return;
  named.open = true;
  named.scrollIntoView();
}

addEventListener("hashchange", openNamed);
fetch("/openapi.json").then((response) => response.json()).then(render);
