"use strict";
// Sorting. Without this script every row is there, in the order of the tables.
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    const button = header.querySelector("button");
    button.disabled = false;
    button.addEventListener("click", () => {
      const up = header.getAttribute("aria-sort") !== "ascending";
      for (const other of headers) other.setAttribute("aria-sort", "none");
      header.setAttribute("aria-sort", up ? "ascending" : "descending");
      const text = (row) => row.cells[column].textContent.trim();
      const body = table.tBodies[0];
      const rows = [...body.rows];
      const blank = (value) => value === "–" || value === "";
      const numeric = rows.every((row) => blank(text(row)) || !Number.isNaN(Number(text(row))));
      rows.sort((a, b) => {
        const [x, y] = [text(a), text(b)];
        if (blank(x) || blank(y)) return blank(x) - blank(y); // the undefined go last, either way
        return (up ? 1 : -1) * (numeric ? x - y : x.localeCompare(y, "en"));
      });
      body.append(...rows);
    });
  });
}
