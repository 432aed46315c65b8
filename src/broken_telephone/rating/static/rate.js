// The desk of one rater. An answer shows at once, and with it the next question or picture, whether or not the server
// has answered: so every key answers what is seen when it is pressed. What was answered goes to the server behind that,
// in its order, and always says which picture and question it is about.
"use strict";

import "./keys.js";
import { Outbox } from "./outbox.js";
import { show as tell } from "./post.js";

const AHEAD = 3;

const session = JSON.parse(document.getElementById("session").textContent);
const [desk, end, frame] = ["desk", "end", "frame"].map((name) => document.getElementById(name));
const forms = [...document.querySelectorAll(".question")];
const comment = document.querySelector('[name="comment"]');
const outbox = new Outbox(document.getElementById("session").dataset.address);
const pictures = new Map();
const broken = new Set();
// "item attribute" -> what was answered; the latest stands last.
const given = new Map(session.given.map(([item, attribute, answer]) => [`${item} ${attribute}`, answer]));
// The picture that is seen; null at the end.
let here = session.item;

function openQuestion(item) {
  return forms.map((form) => form.dataset.name).find((name) => !given.has(`${item} ${name}`));
}

function put(item, attribute, answer) {
  given.delete(`${item} ${attribute}`);
  given.set(`${item} ${attribute}`, answer);
}

// Does here what the server does with a form.
function take(form) {
  const item = form.get("item");
  if (form.has("comment")) session.comments[item] = form.get("comment");
  if (form.has("undo")) {
    here = form.get("last_item");
    const last = `${here} ${form.get("last_attribute")}`;
    // A picture that was skipped was skipped as a whole.
    const isSkip = given.get(last) === "skipped";
    for (const [key, answer] of [...given]) {
      if (key === last || (isSkip && key.startsWith(`${here} `) && answer === "skipped")) given.delete(key);
    }
    return;
  }
  if (form.has("skip")) {
    for (let name; (name = openQuestion(item)); ) put(item, name, "skipped");
  } else if (form.has("attribute")) {
    put(item, form.get("attribute"), form.get("category"));
  } else {
    return;
  }
  if (!openQuestion(item)) here = session.order.find(openQuestion) ?? null;
}

// A picture that did not come is asked for again, unless the server says that it has none: then nobody answers about it.
async function check(item, image) {
  const answer = await fetch(image.src, { method: "HEAD" }).catch(() => null);
  if (answer && !answer.ok) {
    broken.add(item);
    image.alt = "This picture cannot be shown: skip it, or load the page again.";
    show();
  } else if (pictures.has(item)) {
    setTimeout(() => (image.src = image.src), 500);
  }
}

function picture(item) {
  if (!pictures.has(item)) {
    const image = new Image();
    image.alt = "The picture to rate";
    image.addEventListener("error", () => check(item, image));
    image.src = session.pictures.replace("ITEM", item);
    pictures.set(item, image);
  }
  return pictures.get(item);
}

function show() {
  const done = session.order.filter((item) => !openQuestion(item)).length;
  document.querySelector("progress").value = document.getElementById("done").textContent = done;
  desk.hidden = here === null;
  end.hidden = here !== null;
  // What was answered before the answers of others were shown stays.
  const own = [...given.keys()].filter((key) => !session.shown.includes(key.split(" ")[0]));
  const [item, attribute] = (own.at(-1) ?? "").split(" ");
  for (const form of document.querySelectorAll(".undo")) {
    form.hidden = !item;
    form.elements.last_item.value = item;
    form.elements.last_attribute.value = attribute ?? "";
  }
  if (here === null) return;
  if (frame.firstElementChild !== picture(here)) {
    frame.replaceChildren(picture(here));
    comment.value = comment.defaultValue = session.comments[here] ?? "";
  }
  const waiting = session.order.filter((item) => item !== here && openQuestion(item)).slice(0, AHEAD);
  waiting.forEach(picture);
  for (const item of pictures.keys()) if (item !== here && !waiting.includes(item)) pictures.delete(item);
  const open = openQuestion(here);
  const isClosed = broken.has(here) || session.shown.includes(here);
  for (const field of desk.querySelectorAll('[name="item"]')) field.value = here;
  for (const form of forms) {
    form.classList.toggle("open", form.dataset.name === open);
    const answer = given.get(`${here} ${form.dataset.name}`);
    for (const button of form.querySelectorAll("button")) {
      button.classList.toggle("given", button.value === answer);
      button.disabled = isClosed;
    }
  }
  document.getElementById("next").hidden = open !== undefined;
  // On a small screen, the question first of all.
  frame.scrollIntoView({ block: "nearest" });
  desk.querySelector(".open")?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const length = [...comment.value].length;
  if (here !== null && length > comment.dataset.longest) {
    tell(`A comment has at most ${comment.dataset.longest} characters, this one has ${length}: shorten it.`);
    return;
  }
  const form = new URLSearchParams(new FormData(event.target));
  if (event.submitter?.name) form.set(event.submitter.name, event.submitter.value);
  // A comment that was typed and not saved goes along.
  if (here !== null && comment.value !== comment.defaultValue) form.set("comment", comment.value);
  comment.defaultValue = comment.value;
  document.activeElement.blur();
  take(form);
  outbox.add(form);
  show();
});

// The second click of a double click would answer about the next picture.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("button")) event.preventDefault();
});

// What a page that was left had not sent yet counts as answered.
for (const form of outbox.waiting) take(new URLSearchParams(form));
show();
desk.classList.add("ready");
outbox.send();
