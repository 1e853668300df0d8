// Draws the facts of a run. Every text of a user goes in as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function short(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "" : String(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

function duration(facts) {
  if (!facts.started) return "";
  const end = facts.finished ? Date.parse(facts.finished) : Date.now();
  const seconds = Math.max(0, (end - Date.parse(facts.started)) / 1000);
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function head(facts) {
  const link = element("a", { href: facts.url, target: "_blank", rel: "noopener" }, "Open the run's page");
  return element(
    "div",
    { class: "head" },
    element("span", { class: "name" }, facts.name),
    element("span", { class: `status ${facts.status}`, role: "status" }, facts.status),
    element("span", { class: "dim" }, `experiment ${facts.experiment}`),
    element("span", { class: "dim duration" }, duration(facts)),
    link,
  );
}

function line(points) {
  const width = 300;
  const height = 84;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const x = (value) => 4 + ((value - left) / (right - left || 1)) * (width - 8);
  const y = (value) => height - 8 - ((value - low) / (high - low || 1)) * (height - 16);
  const steps = points.map(([a, b], place) => `${place ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`);
  svg.append(shape("path", { d: steps.join("") }));
  return svg;
}

function charts(facts) {
  const box = element("div", { class: "charts" });
  for (const metric of facts.metrics) {
    const caption = element("figcaption", {}, element("span", {}, metric.name), element("b", {}, short(metric.last)));
    const figure = element("figure", {}, caption);
    if (metric.points.length > 1) figure.append(line(metric.points));
    box.append(figure);
  }
  if (facts.more_metrics) box.append(more(facts.more_metrics));
  return box;
}

function more(count) {
  return element("div", { class: "dim" }, `and ${count} more`);
}

function children(facts) {
  const table = element("table", {}, element("tr", {}, ...["child", "status", "metrics"].map((name) => element("th", {}, name))));
  for (const child of facts.children) {
    const values = Object.entries(child.metrics).map(([name, value]) => `${name} ${short(value)}`);
    const status = element("span", { class: `status ${child.status}` }, child.status);
    table.append(
      element("tr", {}, element("td", {}, child.name), element("td", {}, status), element("td", {}, values.join(", "))),
    );
  }
  return table;
}

function draw(box, facts) {
  const old = box.querySelector("pre");
  const atEnd = !old || old.scrollTop + old.clientHeight >= old.scrollHeight - 4;
  const place = old ? old.scrollTop : 0;
  const parts = [head(facts)];
  if (facts.error) parts.push(element("div", { class: "error" }, facts.error));
  if (facts.metrics.length) parts.push(charts(facts));
  if (facts.children.length) parts.push(children(facts));
  if (facts.more_children) parts.push(more(facts.more_children));
  if (facts.log.text) parts.push(element("pre", { "aria-label": facts.log.name, tabindex: "0" }, facts.log.text));
  box.replaceChildren(...parts);
  const log = box.querySelector("pre");
  if (log) log.scrollTop = atEnd ? log.scrollHeight : place;
}

function render({ model, el }) {
  const box = element("div", { class: "stoker-run" });
  el.append(box);
  const update = () => draw(box, model.get("facts"));
  model.on("change:facts", update);
  update();
  const clock = setInterval(() => {
    const facts = model.get("facts");
    const shown = box.querySelector(".duration");
    if (shown && !facts.ended) shown.textContent = duration(facts);
  }, 1000);
  return () => {
    clearInterval(clock);
    model.off("change:facts", update);
  };
}

export default { render };
