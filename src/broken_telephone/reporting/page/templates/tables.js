// Sorts and filters tables from their CSV.
const MORE_ROWS = 200;
// Browsers limit the data addresses of downloads to two million characters.
const LONGEST_LINK = 1500000;

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

// The CSV writes "inf" where a script reads "Infinity".
function numberOf(value) {
  return Number(value.replace(/^(-?)inf$/, "$1Infinity"));
}

function compared(one, other, kind) {
  if (kind === "text") return inOrder.compare(one, other);
  const [first, second] = [numberOf(one), numberOf(other)];
  // The difference of two infinities is not a number.
  return first === second ? 0 : first - second;
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
      const { index, kind } = sorted.head.dataset;
      fitting.sort((one, other) => {
        // Cells without a value come last in both orders.
        if (one[index] === "" || other[index] === "") return (one[index] === "") - (other[index] === "");
        return sorted.sign * compared(one[index], other[index], kind);
      });
    }
    const body = document.createDocumentFragment();
    for (const row of fitting.slice(0, most)) {
      const line = made("tr");
      for (const { dataset } of heads) {
        const { kind, index } = dataset;
        line.append(made("td", written(row[index], kind), { class: kind, dir: "auto" }));
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
