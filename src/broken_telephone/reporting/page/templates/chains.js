// Draws chains from the data beside this script.
const MORE_CHAINS = 6;

const form = document.getElementById("choose");
// Shows the chains with these filters; a link to chains calls it.
let showChains = () => {};
if (form) prepareChains(pageData);

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
  chain.changed.forEach(([attribute, first, last], index) => {
    changed.append(index ? ", " : "", `${attribute.replaceAll("_", " ")} `, made("bdi", first), " → ", made("bdi", last));
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
  watchWidth(strip);
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
  const section = form.closest(".question");
  const shown = document.getElementById("shown");
  const further = document.getElementById("further");
  const add = (name, value, text) => form.elements[name].append(made("option", text || value, { value }));
  for (const label of new Set(chains.map((chain) => chain.label))) add("label", label);
  for (const start of new Set(chains.map((chain) => chain.start))) add("start", start, `from ${start}s`);
  for (const attribute of new Set(chains.flatMap((chain) => chain.changed.map(([name]) => name)))) {
    add("changed", `=${attribute}`, attribute.replaceAll("_", " "));
  }
  add("changed", "nothing");
  let fitting = [];
  // Short chains stand beside each other.
  shown.classList.toggle("short", chains.every((chain) => chain.pictures.length <= 3));

  function draw(most) {
    for (const chain of fitting.slice(shown.childElementCount, most)) shown.append(card(chain));
    further.parentElement.hidden = shown.childElementCount >= fitting.length;
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
    shown.replaceChildren();
    draw(MORE_CHAINS);
  }

  form.addEventListener("change", choose);
  form.addEventListener("submit", (event) => event.preventDefault());
  further.addEventListener("click", () => draw(shown.childElementCount + MORE_CHAINS));
  // Keys of one letter work only here: elsewhere, they may be commands of the browser or of assistive technology.
  section.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
    if (event.key !== "j" && event.key !== "k") return;
    const cards = [...shown.children];
    const now = cards.indexOf(document.activeElement.closest(".chain"));
    const next = now < 0 ? 0 : now + (event.key === "j" ? 1 : -1);
    if (next >= cards.length) draw(cards.length + MORE_CHAINS);
    if (shown.children[next]) goTo(shown.children[next]);
  });
  choose();

  function goTo(wanted) {
    reveal(wanted);
    wanted.focus({ preventScroll: true });
    wanted.scrollIntoView({ block: "start" });
  }

  function set(name, value) {
    const isThere = [...form.elements[name].options].some((option) => option.value === value);
    form.elements[name].value = isThere ? value : "";
  }

  showChains = ({ label, changed, start, chain }) => {
    set("label", label || "");
    set("changed", changed ? `=${changed}` : "");
    set("start", start || "");
    choose();
    const index = fitting.findIndex((one) => one.chain === chain);
    if (index < 0) {
      reveal(shown);
      if (!chain) return;
      const status = form.querySelector(".status");
      status.textContent = `This chain is not on the page: ${chain}. ${status.textContent}`;
      section.scrollIntoView();
      return;
    }
    draw(Math.max(index + 1, MORE_CHAINS));
    // The section has opened by then.
    requestAnimationFrame(() => goTo(shown.children[index]));
  };
}
