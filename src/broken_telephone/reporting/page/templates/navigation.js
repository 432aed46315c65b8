// Opens sections, chooses figures, and marks the part of the page that is read.

// Opens everything that hides an element.
function reveal(element) {
  if (element.matches(".question")) element.querySelector("details.body").open = true;
  for (let part = element.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  const figure = element.closest(".choices > figure");
  if (figure && figure.hidden) choose(figure.parentElement, figure.dataset.choice);
}

function targetOf(hash) {
  return hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
}

document.addEventListener("click", (event) => {
  // The browser opens the link in a new tab or window.
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest('a[href^="#"]');
  // A link to one share leads to the explorer. Without the explorer, it leads to a figure.
  const explorer = link && link.matches('[data-category]:not([href="#chains"])') && document.getElementById("explore");
  if (explorer && !explorer.hidden) {
    event.preventDefault();
    reveal(explorer);
    explore(link.dataset);
    history.pushState(null, "", "#explore");
    explorer.scrollIntoView();
    return;
  }
  const target = link && targetOf(link.getAttribute("href"));
  if (!target) return;
  reveal(target);
  if (target.id !== "chains" || !Object.keys(link.dataset).length) return;
  if (link.dataset.chain) {
    // The page scrolls to the chain. A change of the address would scroll to the head of its section.
    event.preventDefault();
    history.pushState(null, "", "#chains");
  }
  showChains(link.dataset);
});

// The menu of further parts closes with a click anywhere, and with Escape.
const rest = document.querySelector("nav .rest");
if (rest) {
  document.addEventListener("click", (event) => {
    if (!event.target.closest("nav .rest summary")) rest.open = false;
  });
  rest.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    rest.open = false;
    rest.querySelector("summary").focus();
  });
}

function follow() {
  const target = targetOf(location.hash);
  if (!target) return;
  reveal(target);
  target.scrollIntoView();
}

window.addEventListener("hashchange", follow);

// --- Figures of one kind: one at a time, and the same choice everywhere ---

const MOST_BUTTONS = 8;

function choicesOf(group) {
  return [...group.querySelectorAll("figure")].map((figure) => figure.dataset.choice);
}

function choose(group, choice) {
  for (const figure of group.querySelectorAll("figure")) figure.hidden = figure.dataset.choice !== choice;
  for (const button of group.querySelectorAll(".chooser button")) {
    button.setAttribute("aria-pressed", String(button.textContent === choice));
  }
  for (const select of group.querySelectorAll(".chooser select")) select.value = choice;
}

function chooseEverywhere(choice) {
  for (const group of document.querySelectorAll(".choices.several")) if (choicesOf(group).includes(choice)) choose(group, choice);
}

function prepareChoices(group) {
  const choices = choicesOf(group);
  if (choices.length < 2 || new Set(choices).size < choices.length) return;
  const bar = made("div", undefined, { class: "chooser", role: "group", "aria-label": `Choose a figure: ${group.dataset.title}` });
  if (choices.length > MOST_BUTTONS) {
    const label = made("label", "Figure ");
    const select = made("select");
    select.append(...choices.map((choice) => made("option", choice, { value: choice })));
    select.addEventListener("change", () => chooseEverywhere(select.value));
    label.append(select);
    bar.append(label);
  } else {
    for (const choice of choices) {
      const button = made("button", choice, { type: "button" });
      button.addEventListener("click", () => chooseEverywhere(choice));
      bar.append(button);
    }
  }
  group.classList.add("several");
  group.prepend(bar);
  group.append(made("p", "This print has the chosen figure. The study's folder of figures has all of them.", { class: "on-paper" }));
  choose(group, choices[0]);
}

for (const group of document.querySelectorAll(".choices")) prepareChoices(group);

// --- Open all, and the part that is read ---

const bodies = [...document.querySelectorAll("details.body")];
const all = document.getElementById("all");
all.addEventListener("click", () => {
  const isOpen = all.getAttribute("aria-pressed") === "false";
  for (const part of bodies) part.open = isOpen;
  all.setAttribute("aria-pressed", String(isOpen));
  all.textContent = isOpen ? "Close all" : "Open all";
});

const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.getAttribute("href").slice(1), link]));
const parts = [...document.querySelectorAll(".question")].filter((section) => links.has(section.id));
const inView = new Set();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) inView.add(target.id);
      else inView.delete(target.id);
    }
    const first = parts.find(({ id }) => inView.has(id))?.id;
    for (const [name, link] of links) {
      if (name !== first) link.removeAttribute("aria-current");
      else {
        link.setAttribute("aria-current", "true");
        const list = link.closest("ul");
        list.scrollLeft = link.offsetLeft - list.clientWidth / 3;
      }
    }
  },
  { rootMargin: "-15% 0px -80% 0px" },
);
for (const section of parts) watcher.observe(section);

// --- What is wider than its place shows that it goes on ---

function watchWidth(part) {
  const show = () => part.classList.toggle("goes-on", part.scrollLeft + part.clientWidth < part.scrollWidth - 4);
  part.addEventListener("scroll", show, { passive: true });
  new ResizeObserver(show).observe(part);
  // A figure that is loaded later makes it wider.
  for (const image of part.querySelectorAll("img")) image.addEventListener("load", show);
}

for (const part of document.querySelectorAll("nav ul, .scroll")) watchWidth(part);

// Prints whole sections. Images that were not scrolled to are loaded first.
let closed = [];
window.addEventListener("beforeprint", () => {
  for (const image of document.images) image.loading = "eager";
  closed = bodies.filter((part) => !part.open);
  for (const part of closed) part.open = true;
});
window.addEventListener("afterprint", () => {
  for (const part of closed) part.open = false;
});

follow();
