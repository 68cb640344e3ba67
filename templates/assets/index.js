// Filters the list of reports. The page is complete without it.
"use strict";
(function () {
  const list = document.querySelector(".reports");
  const entries = list ? Array.from(list.children) : [];
  if (entries.length < 2) return;
  const form = document.createElement("form");
  form.className = "filters";
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  status.className = "dim";
  const chosen = {};
  function values(entry, name) {
    return name === "version" ? JSON.parse(entry.dataset.versions) : [entry.dataset[name]];
  }
  function show() {
    let shown = 0;
    for (const entry of entries) {
      const fits = Object.keys(chosen).every(function (name) { return !chosen[name] || values(entry, name).includes(chosen[name]); });
      entry.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    status.textContent = shown + " of " + entries.length + " reports";
  }
  for (const name of ["table", "version", "verdict"]) {
    const all = new Set();
    for (const entry of entries) for (const value of values(entry, name)) if (value) all.add(value);
    if (all.size < 2) continue;
    const label = document.createElement("label");
    const select = document.createElement("select");
    label.append(name[0].toUpperCase() + name.slice(1) + " ", select);
    select.append(new Option("all", ""));
    for (const value of Array.from(all).sort()) select.append(new Option(value, value));
    select.addEventListener("change", function () { chosen[name] = select.value; show(); });
    form.append(label);
  }
  if (!form.children.length) return;
  list.before(form, status);
  show();
})();
