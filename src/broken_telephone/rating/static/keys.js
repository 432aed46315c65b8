// Keys press the buttons that show them: digits those of the open question, letters any that is seen.
"use strict";

function seen(selector) {
  return [...document.querySelectorAll(selector)].find((element) => element.offsetParent !== null);
}

document.addEventListener("keydown", (event) => {
  // A key that is held answers once.
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.tagName === "INPUT") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const name = CSS.escape(event.key);
  const field = seen(`[data-focus="${name}"]`);
  if (field) {
    event.preventDefault();
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    return;
  }
  const pressed = seen(`${/^[0-9]$/.test(event.key) ? ".question.open " : ""}[data-key="${name}"]`);
  if (pressed) {
    event.preventDefault();
    pressed.click();
  }
});
