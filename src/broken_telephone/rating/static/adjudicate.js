// Settles the disagreement that is seen. Until the next one is there, keys do nothing: each is a question of its own,
// which nobody answers before having looked.
"use strict";

import "./keys.js";
import { post } from "./post.js";

let sent = false;

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (sent) return;
  sent = true;
  const form = new URLSearchParams(new FormData(event.target));
  form.set(event.submitter.name, event.submitter.value);
  event.submitter.classList.add("given");
  const answer = await post(event.target.action, form);
  if (answer) location.assign(answer.url);
});

// A page that the browser kept and shows again has sent already.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.querySelector(".desk")?.classList.add("ready");
