// Parts that the scripts of the page share. Text from a model, a data set or a file is always set as text, never as HTML.
"use strict";

const dataElement = document.getElementById("data");
const pageData = dataElement ? JSON.parse(dataElement.textContent) : {};

for (const part of document.querySelectorAll(".scripted")) part.hidden = false;

function made(tag, text, attributes) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  return element;
}

function plural(number, what) {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

function spoken(name) {
  return name === "(all)" ? "all labels" : name.replaceAll("_", " ");
}

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
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[index + 1] === '"') {
        cell += letter;
        index += 1;
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

// Returns the rows of a table of this page as objects; none if the page does not have the table.
function rowsOf(name) {
  const link = document.querySelector(`#table-${name} a[download]`);
  if (!link) return [];
  const [heads, ...rows] = parsed(csvOf(link));
  return rows.map((row) => Object.fromEntries(heads.map((head, index) => [head, row[index]])));
}
