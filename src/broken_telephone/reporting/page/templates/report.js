// Sorts and filters tables from their CSV, and draws chains from the data beside this script. Text from a model, a
// data set or a file is always set as text, never as HTML.
"use strict";

const MORE_ROWS = 200;
const MORE_CHAINS = 6;
// Browsers limit the data addresses of downloads to two million characters.
const LONGEST_LINK = 1500000;

for (const part of document.querySelectorAll(".scripted")) part.hidden = false;

// Load all images before printing, also those that were not scrolled to.
window.addEventListener("beforeprint", () => {
  for (const image of document.images) image.loading = "eager";
});

function made(tag, text, attributes) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  return element;
}

function plural(number, what) {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

// --- Tables ---

function csvOf(link) {
  const content = link.getAttribute("href").split(",")[1];
  return new TextDecoder().decode(Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)));
}

// Removes the apostrophe that keeps a text from being a formula, as spreadsheet.py does.
function unguarded(cell) {
  return cell.replace(/^'(?='*(?:[\t\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]))/, "");
}

function parsed(text) {
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  for (let place = 0; place < text.length; place += 1) {
    const letter = text[place];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[place + 1] === '"') {
        cell += letter;
        place += 1;
      } else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === "," || letter === "\n") {
      row.push(unguarded(cell));
      cell = "";
      if (letter === "\n") {
        rows.push(row);
        row = [];
      }
    } else cell += letter;
  }
  return rows;
}

// Formats a cell as shown_tables.py does.
function written(value, kind) {
  if (value === "") return "–";
  if (kind === "text") return value;
  if (kind === "chance" && Number(value) < 0.001) return "< 0.001";
  if (value === "inf" || value === "-inf") return value.replace("inf", "∞").replace("-", "−");
  const digits = Number(value).toFixed(kind === "count" ? 0 : 3);
  return Number(digits) === 0 ? digits.replace("-", "") : digits.replace("-", "−");
}

const inOrder = new Intl.Collator("en", { numeric: true });

function compared(one, other, kind) {
  return kind === "text" ? inOrder.compare(one, other) : Number(one) - Number(other);
}

function prepareTable(section) {
  const link = section.querySelector("a[download]");
  if (!link) return;
  const total = Number(section.dataset.total);
  const first = Number(section.dataset.first);
  const heads = [...section.querySelectorAll("th")];
  const filter = section.querySelector(".filter");
  const more = section.querySelector(".more");
  let rows = null;
  let most = first;
  let sorted = null;

  function draw() {
    rows = rows || parsed(csvOf(link)).slice(1);
    const words = filter.value.toLowerCase().replaceAll("−", "-").split(/\s+/).filter(Boolean);
    const fitting = rows.filter((row) => {
      const text = ` ${row.join(" ").toLowerCase()}`;
      // A match starts at the beginning of a word: "male" does not match "female".
      return words.every((word) => text.includes(` ${word}`) || text.includes(`(${word}`));
    });
    if (sorted) {
      const { place, kind } = sorted.head.dataset;
      fitting.sort((one, other) => {
        // Cells without a value come last in both orders.
        if (one[place] === "" || other[place] === "") return (one[place] === "") - (other[place] === "");
        return sorted.sign * compared(one[place], other[place], kind);
      });
    }
    const body = document.createDocumentFragment();
    for (const row of fitting.slice(0, most)) {
      const line = made("tr");
      for (const { dataset } of heads) {
        const { kind, place } = dataset;
        line.append(made("td", written(row[place], kind), { class: kind, dir: "auto" }));
      }
      body.append(line);
    }
    section.querySelector("tbody").replaceChildren(body);
    const shown = Math.min(most, fitting.length);
    const of = words.length ? `${plural(fitting.length, "row")} that match, of ${total.toLocaleString("en")}` : plural(total, "row");
    section.querySelector(".status").textContent = shown < fitting.length ? `The first ${shown} of ${of}` : of;
    more.hidden = shown >= fitting.length;
  }

  more.hidden = first >= total;
  more.addEventListener("click", () => {
    most += MORE_ROWS;
    draw();
  });
  filter.addEventListener("input", draw);
  for (const head of heads) {
    const button = made("button", head.textContent, { type: "button" });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const again = sorted && sorted.head === head;
      for (const other of heads) other.removeAttribute("aria-sort");
      sorted = { head, sign: again ? -sorted.sign : 1 };
      head.setAttribute("aria-sort", sorted.sign > 0 ? "ascending" : "descending");
      draw();
    });
  }
  link.addEventListener("click", () => {
    if (link.getAttribute("href").length < LONGEST_LINK || link.dataset.whole) return;
    rows = rows || parsed(csvOf(link)).slice(1);
    link.dataset.whole = "yes";
    link.href = URL.createObjectURL(new Blob([csvOf(link)], { type: "text/csv" }));
  });
}

for (const section of document.querySelectorAll(".table")) prepareTable(section);

// --- Chains ---

const form = document.getElementById("choose");
if (form) prepareChains(JSON.parse(document.getElementById("data").textContent));

function answerText(answer) {
  return answer ? answer[0] || `(${answer[1]})` : "–";
}

function answersTable(picture, before, stated) {
  const names = Object.keys(picture.answers);
  const own = Object.keys(stated);
  const attributes = [...new Set([...own, ...names.flatMap((name) => Object.keys(picture.answers[name]))])];
  if (!attributes.length) return made("p", "No answers.", { class: "empty" });
  const table = made("table");
  table.append(made("caption", "Answers"));
  const head = made("tr");
  head.append(made("td"));
  for (const name of [...(own.length ? ["data set"] : []), ...names]) head.append(made("th", name, { scope: "col" }));
  table.append(head);
  for (const attribute of attributes) {
    const line = made("tr");
    line.append(made("th", attribute.replaceAll("_", " "), { scope: "row" }));
    if (own.length) line.append(made("td", stated[attribute] || "–", { dir: "auto" }));
    for (const name of names) {
      const answer = picture.answers[name][attribute];
      const earlier = before && before.answers[name] && before.answers[name][attribute];
      const cell = made("td", undefined, { dir: "auto" });
      const differs = answer && earlier && answer[0] !== null && earlier[0] !== null && answer[0] !== earlier[0];
      cell.append(made(differs ? "mark" : "span", answerText(answer)));
      line.append(cell);
    }
    table.append(line);
  }
  return table;
}

function tile(chain, picture, before) {
  const item = made("li");
  const what = picture.iteration ? `Image ${picture.iteration}` : "Image 0, the original";
  if (picture.lacking) {
    const why = picture.lacking === "thinned" ? "This study did not keep this image." : `Not on this page: ${chain.chain}/${picture.iteration}.png`;
    item.append(made("div", why, { class: "gone" }));
  } else if (picture.picture) {
    const shown = Object.values(picture.answers)[0] || {};
    const words = Object.entries(shown).map(([attribute, answer]) => `${attribute.replaceAll("_", " ")} ${answerText(answer)}`);
    const about = words.length ? `, shown as ${words.join(", ")}` : "";
    item.append(made("img", undefined, { src: picture.picture, alt: `${what} of ${chain.chain}${about}`, loading: "lazy" }));
  } else {
    item.append(made("div", "This image is missing.", { class: "gone", role: "img", "aria-label": `${what} is missing` }));
  }
  item.append(made("p", what, { class: "small" }));
  if (picture.iteration) {
    item.append(made("p", picture.text === null ? "(no description)" : picture.text, { class: "description", dir: "auto", tabindex: "0" }));
  }
  item.append(answersTable(picture, before, picture.iteration ? {} : chain.stated));
  return item;
}

function card(chain) {
  const article = made("article", undefined, { class: "chain", tabindex: "-1" });
  const head = made("h3");
  head.append(made("bdi", chain.label), " · ", made("bdi", chain.chain));
  if (chain.file !== null) head.append(" · ", made("bdi", chain.file));
  article.append(head);
  const changed = made("p");
  changed.append(chain.changed.length ? "Changed: " : "No change, or not enough answers to tell.");
  chain.changed.forEach(([attribute, first, last], place) => {
    changed.append(place ? ", " : "", `${attribute.replaceAll("_", " ")} `, made("bdi", first), " → ", made("bdi", last));
  });
  article.append(changed);
  if (chain.prompt !== null) {
    const prompt = made("p", "From the prompt: ");
    prompt.append(made("bdi", chain.prompt));
    article.append(prompt);
  }
  const strip = made("ol", undefined, { class: "strip", tabindex: "0", "aria-label": "Images of the chain" });
  const some = chain.pictures.filter((picture) => !picture.lacking);
  function fill(pictures) {
    let before;
    const tiles = pictures.map((picture) => {
      const item = tile(chain, picture, before);
      if (Object.keys(picture.answers).length) before = picture;
      return item;
    });
    strip.replaceChildren(...tiles);
  }
  fill(some);
  if (some.length < chain.pictures.length) {
    const label = (isWhole) => (isWhole ? `Show ${some.length} iterations` : `Show all ${chain.pictures.length} iterations`);
    const button = made("button", label(false), { type: "button", "aria-pressed": "false" });
    button.addEventListener("click", () => {
      const isWhole = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(isWhole));
      button.textContent = label(isWhole);
      fill(isWhole ? chain.pictures : some);
    });
    article.append(button);
  }
  article.append(strip);
  return article;
}

function prepareChains({ chains, total }) {
  const place = document.getElementById("shown");
  const further = document.getElementById("further");
  const add = (name, value, text) => form.elements[name].append(made("option", text || value, { value }));
  for (const label of new Set(chains.map((chain) => chain.label))) add("label", label);
  for (const start of new Set(chains.map((chain) => chain.start))) add("start", start, `from ${start}s`);
  for (const attribute of new Set(chains.flatMap((chain) => chain.changed.map(([name]) => name)))) {
    add("changed", `=${attribute}`, attribute.replaceAll("_", " "));
  }
  add("changed", "nothing");
  let fitting = [];

  function draw(most) {
    for (const chain of fitting.slice(place.childElementCount, most)) place.append(card(chain));
    further.parentElement.hidden = place.childElementCount >= fitting.length;
  }

  function choose() {
    const [label, changed, start] = ["label", "changed", "start"].map((name) => form.elements[name].value);
    fitting = chains.filter(
      (chain) =>
        (!label || chain.label === label) &&
        (!start || chain.start === start) &&
        (!changed ||
          (changed === "nothing" ? !chain.changed.length : chain.changed.some(([name]) => `=${name}` === changed))),
    );
    const count = `${plural(fitting.length, "chain")} of ${chains.length} here, ${total.toLocaleString("en")} in the study`;
    form.querySelector(".status").textContent = count;
    place.replaceChildren();
    draw(MORE_CHAINS);
  }

  form.addEventListener("change", choose);
  form.addEventListener("submit", (event) => event.preventDefault());
  further.addEventListener("click", () => draw(place.childElementCount + MORE_CHAINS));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
    if (event.key !== "j" && event.key !== "k") return;
    const cards = [...place.children];
    const now = cards.indexOf(document.activeElement.closest(".chain"));
    const next = now < 0 ? 0 : now + (event.key === "j" ? 1 : -1);
    if (next >= cards.length) draw(cards.length + MORE_CHAINS);
    const wanted = place.children[next];
    if (!wanted) return;
    wanted.focus({ preventScroll: true });
    wanted.scrollIntoView({ block: "start" });
  });
  choose();
}
