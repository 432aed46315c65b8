// Keys press the buttons that show them. Answers are sent again until the server has them, so that none is lost when it
// goes away for a while; what is sent twice is saved once.
"use strict";

let sending = false;

async function send(form, button) {
  if (sending) return;
  sending = true;
  const body = new URLSearchParams(new FormData(form));
  if (button && button.name) body.set(button.name, button.value);
  // A comment that was typed and not saved goes along.
  const comment = document.querySelector('[name="comment"]');
  if (comment && comment.value !== comment.defaultValue) body.set("comment", comment.value);
  const trouble = document.getElementById("trouble");
  for (;;) {
    try {
      const answer = await fetch(form.action, { method: "POST", body });
      if (answer.ok) {
        location.assign(answer.url);
        return;
      }
      if (answer.status < 500) {
        trouble.textContent = `Not saved: ${(await answer.text()).replace(/<[^>]*>/g, " ")}`;
        trouble.hidden = false;
        sending = false;
        return;
      }
    } catch (error) {
      // No server: try again below.
    }
    trouble.textContent = "Not saved yet: the server does not answer. Trying again …";
    trouble.hidden = false;
    await new Promise((done) => setTimeout(done, 500));
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  event.preventDefault();
  send(event.target, event.submitter);
});

document.addEventListener("keydown", (event) => {
  // A key that is held answers once.
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.tagName === "INPUT") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const field = document.querySelector(`[data-focus="${CSS.escape(event.key)}"]`);
  if (field) {
    event.preventDefault();
    field.focus();
    return;
  }
  const key = `[data-key="${CSS.escape(event.key)}"]`;
  const place = /^[0-9]$/.test(event.key) ? document.querySelector(".question.open") : document;
  const pressed = place && place.querySelector(key);
  if (pressed) {
    event.preventDefault();
    pressed.click();
  }
});
