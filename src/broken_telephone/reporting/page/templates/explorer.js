// Draws the shares of one attribute and label from image to image, from the tables of this page.
const SVG = "http://www.w3.org/2000/svg";
const HIGH = 300;
const DATA_SET = "data set";
const TOO_FEW = "not enough data to tell";
const SIGNS = { rise: "▲", fall: "▼", [TOO_FEW]: "·" };
const SHAPES = [
  "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
  "M-4,-4h8v8h-8z",
  "M0,-5l5,9h-10z",
  "M0,-5l5,5l-5,5l-5,-5z",
  "M0,5l5,-9h-10z",
  "M-5,-2h3v-3h4v3h3v4h-3v3h-4v-3h-3z",
];

const explorer = document.getElementById("explore");
// Shows an attribute, label, start and category; a link to the explorer calls it.
let explore = () => {};
if (explorer) prepareExplorer(explorer, pageData);

function drawn(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Rounds halves to even, as the sentences do.
function digitsOf(value, digits) {
  const scaled = value * 10 ** digits;
  const below = Math.floor(scaled);
  const whole = scaled - below === 0.5 ? below + (below % 2 ? 1 : 0) : null;
  const text = whole === null ? value.toFixed(digits) : (whole / 10 ** digits).toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

function percentOf(share) {
  const near = (share >= 0.0005 && share < 0.0095) || (share > 0.9905 && share < 0.9995);
  return `${digitsOf(100 * share, near ? 1 : 0)} %`;
}

function imageName(iteration) {
  return iteration === 0 ? "original" : `image ${iteration}`;
}

function prepareExplorer(section, { colours, changes: writtenChanges }) {
  const shares = rowsOf("shares").filter((row) => row.annotator !== DATA_SET && row.share !== "");
  const writtenOf = (row) => writtenChanges[row.start]?.[row.label]?.[row.attribute]?.[row.category];
  // Interim looks may have judged a change that the table leaves open.
  const changes = rowsOf("findings")
    .filter((row) => row.family === "shares")
    .map((row) => ({ ...row, verdict: writtenOf(row)?.[3] ?? row.verdict }));
  const { attribute, label, start } = section.querySelector("form").elements;
  const plot = section.querySelector(".plot");
  const reading = section.querySelector(".reading");
  const body = section.querySelector("tbody");
  const link = section.querySelector(".to-chains");
  let lines = [];
  let marks = [];
  let active = null;

  function fill(select, values, text) {
    const before = select.value;
    select.replaceChildren(...values.map((value) => made("option", text(value), { value })));
    if (values.includes(before)) select.value = before;
    select.closest("label").hidden = values.length < 2;
  }

  function fits(row) {
    return row.attribute === attribute.value && row.label === label.value && row.start === start.value;
  }

  // Labels with too few starts stand apart, at the end.
  function fillLabels() {
    const names = [...new Set(shares.filter((row) => row.start === start.value).map((row) => row.label))];
    names.sort((one, other) => (other === "(all)") - (one === "(all)"));
    const judged = (name) => changes.filter((row) => row.start === start.value && row.label === name);
    const isDecided = (name) => judged(name).some((row) => row.verdict !== TOO_FEW);
    const groups = [names.filter(isDecided), names.filter((name) => !isDecided(name))];
    fill(label, groups.flat(), spoken);
    if (!groups[0].length || !groups[1].length) return;
    const apart = made("optgroup", undefined, { label: TOO_FEW });
    apart.append(...[...label.options].slice(groups[0].length));
    label.append(apart);
  }

  function cell(text, kind) {
    return made("td", text, { class: kind, dir: "auto" });
  }

  function tableRow(line) {
    const row = made("tr");
    const head = made("th", undefined, { scope: "row" });
    const key = drawn("svg", { width: 14, height: 12, viewBox: "-7 -6 14 12", "aria-hidden": "true" });
    key.append(drawn("path", { d: line.shape, fill: line.colour, stroke: "currentColor", "stroke-width": 0.5 }));
    head.append(key, " ", made("bdi", spoken(line.category)));
    const change = changes.find((one) => fits(one) && one.category === line.category);
    const { points } = line;
    const [before, after] = change && change.before !== "" ? [change.before, change.after] : [points[0].share, points.at(-1).share];
    const percentages = [before, after].map((share) => (share === "" ? "–" : percentOf(Number(share))));
    const written = writtenChanges[start.value]?.[label.value]?.[attribute.value]?.[line.category] || ["", "", "–"];
    // The shares that belong to the change are rounded together with it.
    const [first, last] = written[0] ? written : percentages;
    row.append(head, cell(first, "number"), cell(last, "number"), cell(written[2], "number"));
    row.append(cell(change ? `${SIGNS[change.verdict] || "○"} ${change.verdict}` : "–", "text"));
    row.addEventListener("pointerenter", () => light(line));
    row.addEventListener("pointerleave", () => light(active && active.line));
    return row;
  }

  function light(line) {
    for (const one of lines) one.group.classList.toggle("dim", Boolean(line) && one !== line);
    for (const one of lines) one.band.style.display = !line || one === line ? "" : "none";
  }

  function read(mark) {
    active = mark;
    for (const one of marks) one.element.classList.toggle("active", one === mark);
    light(mark && mark.line);
    if (!mark) return;
    const { share, low, high, n, iteration } = mark.point;
    const interval = Number.isNaN(low) ? "no interval" : `95 % interval ${percentOf(low).replace(" %", "")} to ${percentOf(high)}`;
    reading.textContent = `${spoken(mark.line.category)}, ${imageName(iteration)}: ${percentOf(share)} (${interval}), ${plural(n, "chain")}`;
  }

  function linesOf() {
    const own = shares.filter(fits);
    const names = Object.keys(colours[attribute.value]).filter((name) => own.some((row) => row.category === name));
    return names.map((category, index) => {
      const points = own
        .filter((row) => row.category === category)
        .map((row) => ({
          iteration: Number(row.iteration),
          share: Number(row.share),
          low: row.ci_low === "" ? NaN : Number(row.ci_low),
          high: row.ci_high === "" ? NaN : Number(row.ci_high),
          n: Number(row.n),
        }));
      return { category, points, colour: colours[attribute.value][category], shape: SHAPES[index % SHAPES.length] };
    });
  }

  function draw() {
    lines = linesOf();
    marks = [];
    active = null;
    const width = Math.max(plot.clientWidth, 280);
    const times = [...new Set(lines.flatMap((line) => line.points.map((point) => point.iteration)))].sort((a, b) => a - b);
    const room = Math.min(150, 22 + 7 * Math.max(...lines.map((line) => spoken(line.category).length), 1));
    const box = { left: 44, right: width - room, top: 12, bottom: HIGH - 30 };
    const span = Math.max(times.at(-1) - times[0], 1);
    const x = (time) => box.left + 10 + ((time - times[0]) / span) * (box.right - box.left - 20);
    const y = (share) => box.bottom - share * (box.bottom - box.top);
    const chart = drawn("svg", { width, height: HIGH, viewBox: `0 0 ${width} ${HIGH}`, tabindex: 0, role: "application" });
    chart.setAttribute("aria-label", `Shares of ${spoken(attribute.value)}, ${spoken(label.value)}. Arrow keys move from mark to mark.`);
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      chart.append(drawn("line", { x1: box.left, x2: box.right, y1: y(share), y2: y(share), class: "rule" }));
      chart.append(drawn("text", { x: box.left - 6, y: y(share) + 4, "text-anchor": "end" }, percentOf(share)));
    }
    const step = Math.max(1, Math.ceil((times.length * 62) / (box.right - box.left)));
    times.forEach((time, index) => {
      if (index % step && index !== times.length - 1) return;
      if (index !== times.length - 1 && index % step === 0 && times.length - 1 - index < step && index) return;
      chart.append(drawn("text", { x: x(time), y: HIGH - 10, "text-anchor": "middle" }, imageName(time)));
    });
    for (const line of lines) drawLine(chart, line, x, y);
    nameLines(chart, box, y);
    chart.addEventListener("pointermove", (event) => {
      const [left, top] = [event.offsetX, event.offsetY];
      const far = (mark) => (mark.x - left) ** 2 + (mark.y - top) ** 2;
      const next = marks.reduce((best, mark) => (far(mark) < far(best) ? mark : best), marks[0]);
      if (next && far(next) < 2500) read(next);
    });
    chart.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      const move = steps[event.key];
      if (!move || !marks.length) return;
      event.preventDefault();
      const row = active ? lines.indexOf(active.line) : 0;
      const column = active ? active.line.points.indexOf(active.point) : -1;
      const line = lines[(row + move[0] + lines.length) % lines.length];
      const next = Math.min(Math.max(column + move[1], 0), line.points.length - 1);
      read(marks.find((mark) => mark.line === line && mark.point === line.points[next]));
    });
    plot.replaceChildren(chart);
    body.replaceChildren(...lines.map(tableRow));
    Object.assign(link.dataset, { label: label.value === "(all)" ? "" : label.value, changed: attribute.value, start: start.value });
    link.textContent = `Chains of ${spoken(label.value)} whose ${spoken(attribute.value)} changed`;
  }

  function drawLine(chart, line, x, y) {
    line.group = drawn("g", {});
    const known = line.points.filter((point) => !Number.isNaN(point.low));
    const edge = [...known.map((point) => [x(point.iteration), y(point.high)]), ...known.reverse().map((point) => [x(point.iteration), y(point.low)])];
    line.band = drawn("polygon", { points: edge.join(" "), fill: line.colour, class: "band" });
    const positions = line.points.map((point) => [x(point.iteration), y(point.share)]);
    line.group.append(line.band, drawn("polyline", { points: positions.join(" "), stroke: line.colour, class: "line" }));
    line.points.forEach((point, index) => {
      const [left, top] = positions[index];
      const element = drawn("path", { d: line.shape, fill: line.colour, class: "mark", transform: `translate(${left},${top})` });
      line.group.append(element);
      marks.push({ line, point, element, x: left, y: top });
    });
    chart.append(line.group);
  }

  // Names stand at the ends of the lines, moved apart where they would overlap.
  function nameLines(chart, box, y) {
    const names = lines.map((line) => ({ line, at: y(line.points.at(-1).share) })).sort((one, other) => one.at - other.at);
    names.forEach((name, index) => {
      if (index) name.at = Math.max(name.at, names[index - 1].at + 15);
    });
    let lowest = box.bottom;
    for (const name of [...names].reverse()) {
      name.at = Math.min(name.at, lowest);
      lowest = name.at - 15;
    }
    for (const { line, at } of names) {
      const text = spoken(line.category);
      const short = text.length > 18 ? `${text.slice(0, 17)}…` : text;
      line.group.append(drawn("text", { x: box.right + 4, y: at + 4 }, short));
    }
  }

  // The surest change is shown first: that whose interval stays farthest from zero.
  function surest() {
    const near = (row) => Math.min(Math.abs(Number(row.ci_low)), Math.abs(Number(row.ci_high)));
    const claims = changes.filter((row) => row.verdict in SIGNS && row.verdict !== TOO_FEW && row.ci_low !== "");
    return claims.reduce((best, row) => (best && near(best) >= near(row) ? best : row), undefined);
  }

  function set(select, value) {
    if ([...select.options].some((option) => option.value === value)) select.value = value;
  }

  const starts = [...new Set(shares.map((row) => row.start))];
  const attributes = Object.keys(colours).filter((name) => shares.some((row) => row.attribute === name));
  fill(start, starts, (value) => `from ${value}s`);
  fill(attribute, attributes, spoken);
  const first = surest() || {};
  set(start, first.start);
  set(attribute, first.attribute);
  fillLabels();
  set(label, first.label);
  section.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  attribute.addEventListener("change", draw);
  label.addEventListener("change", draw);
  start.addEventListener("change", () => {
    fillLabels();
    draw();
  });
  let widthBefore = 0;
  new ResizeObserver(() => {
    if (plot.clientWidth === widthBefore) return;
    widthBefore = plot.clientWidth;
    draw();
  }).observe(plot);

  explore = (wanted) => {
    set(start, wanted.start);
    fillLabels();
    set(attribute, wanted.attribute);
    set(label, wanted.label);
    draw();
    const line = lines.find((one) => one.category === wanted.category);
    if (line) read(marks.find((mark) => mark.line === line && mark.point === line.points.at(-1)));
  };
}
