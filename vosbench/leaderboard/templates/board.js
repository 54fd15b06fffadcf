"use strict";
// Sorting and filtering. Without this script every row is there, in order of rank.

function key(row, column) {
  const text = row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
  return { text, number: text === "" ? NaN : Number(text) };
}

function sort(table, column, direction) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, ...key(row, column) }));
  const numeric = rows.every((r) => r.text === "" || !Number.isNaN(r.number));
  rows.sort((a, b) => {
    if (a.text === "" || b.text === "") return (a.text === "") - (b.text === ""); // the unknown go last, either way
    return direction * (numeric ? a.number - b.number : a.text.localeCompare(b.text, "en"));
  });
  body.append(...rows.map((r) => r.row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    const button = header.querySelector("button");
    button.disabled = false;
    button.addEventListener("click", () => {
      const bestFirst = header.classList.contains("n") && column > 0 && !button.textContent.includes("↓");
      const previous = header.getAttribute("aria-sort");
      const first = bestFirst || header.classList.contains("flag") ? "descending" : "ascending";
      const next = previous === "none" ? first : previous === "ascending" ? "descending" : "ascending";
      for (const other of headers) other.setAttribute("aria-sort", "none");
      header.setAttribute("aria-sort", next);
      sort(table, column, next === "ascending" ? 1 : -1);
    });
  });
}

function matches(row, wanted) {
  const { year, task, online } = row.dataset;
  return (
    row.textContent.toLowerCase().includes(wanted.find.toLowerCase().trim()) &&
    (!wanted.online || online === wanted.online) &&
    (!wanted.task || task === wanted.task) &&
    (!wanted.from || (year !== "" && Number(year) >= Number(wanted.from))) &&
    (!wanted.to || (year !== "" && Number(year) <= Number(wanted.to)))
  );
}

const form = document.querySelector("form.filters");
if (form) {
  const rows = [...document.querySelectorAll("table.sortable tbody tr")];
  const fields = [...form.elements].filter((field) => field.name);
  const apply = () => {
    const wanted = { from: "", to: "", ...Object.fromEntries(fields.map((field) => [field.name, field.value])) };
    for (const row of rows) row.hidden = !matches(row, wanted);
    const shown = rows.filter((row) => !row.hidden).length;
    form.querySelector("[role=status]").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} results`;
    const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value)).toString();
    try {
      history.replaceState(null, "", (query ? `?${query}` : location.pathname) + location.hash);
    } catch { /* some browsers keep the address of a local file as it is */ }
  };
  const given = new URLSearchParams(location.search);
  for (const field of fields) if (given.has(field.name)) field.value = given.get(field.name);
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  if (given.size) apply();
}

const find = document.querySelector("#find");
if (find) {
  const items = [...document.getElementById(find.dataset.for).children];
  find.closest(".filters").hidden = false;
  find.addEventListener("input", () => {
    for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(find.value.toLowerCase().trim());
    const shown = items.filter((item) => !item.hidden).length;
    find.closest(".filters").querySelector("[role=status]").textContent = shown === items.length ? "" : `${shown} of ${items.length}`;
  });
}
