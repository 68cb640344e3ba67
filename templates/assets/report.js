// Sorting, filtering and keyboard moves. Everything is readable without it.
"use strict";
(function () {
  function number(text) {
    const found = /-?\d[\d,]*(\.\d+)?/.exec(text);
    return found ? parseFloat(found[0].replace(/,/g, "")) : NaN;
  }
  function compare(a, b, numeric) {
    if (!numeric) return a.localeCompare(b);
    const x = number(a), y = number(b);
    if (isNaN(x) || isNaN(y)) return (isNaN(x) ? 1 : 0) - (isNaN(y) ? 1 : 0);
    return x - y;
  }
  function sort(table, column, header) {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const numeric = header.classList.contains("num");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, function (row, i) { return { row: row, i: i, text: row.cells[column].textContent.trim() }; });
    rows.sort(function (a, b) {
      const missing = numeric && (isNaN(number(a.text)) || isNaN(number(b.text)));
      const order = compare(a.text, b.text, numeric);
      return (down && !missing ? -order : order) || a.i - b.i;
    });
    for (const entry of rows) body.appendChild(entry.row);
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    Array.from(table.tHead.rows[0].cells).forEach(function (header, column) {
      if (header.hasAttribute("data-nosort")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      // A link cannot stand in a button.
      button.append(...Array.from(header.childNodes).filter(function (node) { return !(node.classList && node.classList.contains("info")); }));
      header.prepend(button, " ");
      button.addEventListener("click", function () { sort(table, column, header); });
    });
  }
  for (const table of document.querySelectorAll("table.filterable")) {
    if (table.tBodies[0].rows.length < 8) continue;
    const input = document.createElement("input");
    input.type = "search";
    input.className = "filter";
    input.placeholder = "Filter rows";
    input.setAttribute("aria-label", "Filter rows");
    table.parentNode.parentNode.insertBefore(input, table.parentNode);
    input.addEventListener("input", function () {
      const wanted = input.value.toLowerCase();
      for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }
  const MOVES = { j: "next", ArrowRight: "next", k: "prev", ArrowLeft: "prev" };
  for (const hint of document.querySelectorAll(".keys")) hint.hidden = !document.querySelector('a[rel="next"], a[rel="prev"]');
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    // Arrows scroll a wide table that has the focus.
    if (event.key.startsWith("Arrow") && event.target.closest(".scroll, audio")) return;
    const rel = MOVES[event.key];
    const shown = document.querySelector(".singles > :target") || document;
    const link = rel && shown.querySelector('a[rel="' + rel + '"]');
    if (link) window.location.href = link.href;
  });
})();
