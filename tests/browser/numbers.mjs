// Reads the pages of a site back: every number in the headline and in the tables of an overview, a slice page and a report on
// one run has to be the one in the report's data, rounded as rounding.mjs says.
//
//   node numbers.mjs SITE_FOLDER
//
// At the end one digit of each kind of table is altered in the opened page, which has to be noticed.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { COUNT, MEASURED, MILLISECONDS, MONEY, PLAIN, P_VALUE, SHARE, names, wrong } from "./rounding.mjs";
import { Problems, comparisons, launch, nameIn, runReports } from "./site.mjs";

const SHARES = /^(accuracy|exact_match|churn|(negative|positive)_flip_rate)$/;
const TITLES = {
  accuracy: "Accuracy", macro_f1: "Macro F1", weighted_f1: "Weighted F1", macro_precision: "Macro precision",
  macro_recall: "Macro recall", kappa: "Cohen's kappa", mcc: "Matthews correlation", churn: "Churn",
  negative_flip_rate: "Negative flip rate", positive_flip_rate: "Positive flip rate",
  relative_negative_flip_rate: "Relative negative flip rate", mean_confidence: "Mean confidence", brier: "Brier score",
  ece: "Expected calibration error", roc_auc: "ROC AUC", average_precision: "Average precision", mae: "Mean absolute error",
  rmse: "Root mean squared error", r2: "R²", mean_error: "Mean signed error", exact_match: "Exact match",
};
const CLASSES = {
  matched: "Matched", only_baseline: "Only in the baseline", only_candidate: "Only in the candidate", errored: "Errored",
  skipped: "Skipped", unlabelled: "Unlabelled", duplicate: "Duplicate keys", label_changed: "Label changed",
};
const OUTCOMES = { both_correct: "Both correct", regressed: "Regressed", fixed: "Fixed", both_wrong: "Both wrong", unchanged: "Unchanged" };

const title = (name) => TITLES[name] ?? `Mean ${name.replace(/^score\./, "")}`;
const MEASURES = /^(mae|rmse|mean_error|score\..*)$/;
const unitOf = (name) => (SHARES.test(name) ? SHARE : MEASURES.test(name) ? MEASURED : PLAIN);
const unitOfSlices = (roles) => (["numeric", "text"].includes(roles.kind) ? MEASURED : SHARE);
const delta = (a, b) => (a === null || b === null ? null : b - a);

/** Runs in the page: the tables of a section as texts, without drawings and small print. */
function readTables(id) {
  const text = (cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("svg, small, .info").forEach((one) => one.remove());
    const data = copy.querySelector("bdi"); // alone in a cell it is taken as it is, white space included
    return data?.textContent === copy.textContent ? data.textContent : copy.textContent.replace(/\s+/g, " ").trim();
  };
  const section = document.querySelector(`section[aria-labelledby="${id}"]`);
  return [...(section?.querySelectorAll("table") ?? [])].map((table) => ({
    caption: table.caption?.textContent ?? "",
    headers: [...table.tHead.rows[0].cells].map(text).slice(1),
    rows: [...table.querySelectorAll("tbody tr:not(.group)")].map((row) => {
      const [head, ...cells] = [...row.cells].map(text);
      return { head, cells, small: [...row.cells].slice(1).map((cell) => cell.querySelector("small")?.textContent ?? "") };
    }),
  }));
}

/** Compares cells with values and says what is wrong; knows how many it compared. */
class Reader {
  count = 0;

  constructor(page, say) {
    this.page = page;
    this.say = say;
  }

  tables(id) {
    return this.page.evaluate(readTables, id);
  }

  cell(what, text, values, unit) {
    this.count += 1;
    const problem = text === undefined ? "is not there" : wrong(text, [values].flat(), unit);
    if (problem) this.say(`${what} ${problem}`);
  }

  /** A row's cells by their columns' headers: `{header: [values, unit]}`. */
  row(what, { headers, rows }, head, wanted) {
    const row = rows.find((row) => row.head === head);
    if (!row) return this.say(`${what} has no row ${head}`);
    for (const [header, [values, unit]] of Object.entries(wanted)) {
      this.cell(`${what}, ${head}, ${header}`, row.cells[headers.findIndex((one) => one.endsWith(header))], values, unit);
    }
  }
}

async function metrics(reader, all, single) {
  const [table] = await reader.tables("metrics");
  if (table.rows.length !== all.length) reader.say(`lists ${table.rows.length} of ${all.length} metrics`);
  for (const m of all) {
    const unit = unitOf(m.name);
    const versions = single ? { Value: [m.candidate, unit] } : { Baseline: [m.baseline, unit], Candidate: [m.candidate, unit], Difference: [m.delta, unit], "p-value": [m.p_value, P_VALUE] };
    // One version on its own has the column only where there is an interval to show.
    const interval = single && all.every((one) => one.ci_low === null) ? {} : { interval: [[m.ci_low, m.ci_high], unit] };
    reader.row("metrics", table, title(m.name), { ...versions, ...interval });
  }
}

/** The outcome square, or the list of outcomes where answers are not right or wrong; and the accounting. */
async function outcomes(reader, { outcomes, accounting }) {
  const [first, table] = await reader.tables("outcomes");
  const cells = first.rows.flatMap(({ head, cells, small }) => cells.map((cell, i) => ({ head, cell, share: small[i] })));
  const total = accounting.matched;
  for (const [name, label] of Object.entries(OUTCOMES)) {
    const found = cells.find(({ cell }) => cell.endsWith(` ${label}`));
    if (found) {
      reader.cell(label, found.cell, outcomes[name], COUNT);
      reader.cell(`share of ${label}`, found.share, total ? outcomes[name] / total : null, SHARE);
    } else if (outcomes[name]) reader.row("outcomes", first, label, { Samples: [outcomes[name], COUNT], Share: [outcomes[name] / total, SHARE] });
  }
  const keys = Object.keys(CLASSES).reduce((sum, name) => sum + accounting[name], 0);
  for (const [name, label] of Object.entries(CLASSES)) {
    if (accounting[name]) reader.row("accounting", table, label, { Samples: [accounting[name], COUNT], Share: [accounting[name] / keys, SHARE] });
  }
}

/** A slice as pages name it. */
const named = ({ predicates }) => predicates.map(({ column, value }) => (value === null ? `${column} is missing` : `${column} = ${value || '""'}`)).join(" and ");
/** White space and control characters are a matter of hostile.mjs. */
const tame = (text) => text.length <= 120 && !/[\0-\u001f\u007f-\u009f]|^ | $| {2}/.test(text);

async function slices(reader, { slices, roles }) {
  const unit = unitOfSlices(roles);
  const tables = await reader.tables("slices");
  const rows = tables.flatMap(({ rows }) => rows);
  if (rows.length !== Math.min(rows.length || slices.length, slices.length)) reader.say("lists more slices than there are");
  for (const slice of slices.filter((slice) => tame(named(slice)))) {
    const table = tables.find(({ rows }) => rows.some(({ head }) => head === named(slice)));
    if (!table) {
      if (rows.length === slices.length || slice.verdict === "regressed") reader.say(`slices: no row ${named(slice)}`);
      continue;
    }
    reader.row("slices", table, named(slice), {
      Samples: [slice.n, COUNT], Baseline: [slice.baseline, unit], Candidate: [slice.candidate, unit], Difference: [slice.delta, unit],
      nterval: [[slice.ci_low, slice.ci_high], unit], Regressed: [slice.regressed, COUNT], Fixed: [slice.fixed, COUNT],
      Harm: [slice.harm, COUNT], Detectable: [slice.detectable, unit], "q-value": [slice.q_value, P_VALUE],
    });
  }
}

/** Three scores per label: of both versions with their difference, or of one. */
async function classes(reader, all) {
  const [table] = await reader.tables("classes");
  for (const { label, support, baseline, candidate, ...single } of all.filter(({ label }) => tame(label))) {
    const row = table?.rows.find((row) => row.head === (label || '""'));
    if (!row) return table?.rows.length === all.length && reader.say(`labels: no row ${label}`);
    const sides = (name) => (baseline ? [baseline[name], candidate[name], delta(baseline[name], candidate[name])] : [single[name]]);
    reader.cell(`${label}, samples`, row.cells[0], support, COUNT);
    ["precision", "recall", "f1"].flatMap(sides).forEach((value, i) => reader.cell(`${label}, ${table.headers[i + 1]}`, row.cells[i + 1], value, PLAIN));
  }
}

/** Matrices of both versions and of their difference, or of one version. */
async function confusion(reader, labels, matrices) {
  const tables = (await reader.tables("confusion")).filter(({ headers, rows }) => headers.length === labels.length && rows.length === labels.length);
  const differences = matrices.length > 1 ? [matrices[0].map((row, i) => row.map((n, j) => matrices[1][i][j] - n))] : [];
  if (!labels.every(tame) || tables.length < matrices.length) return;
  [...matrices, ...differences].forEach((matrix, which) => {
    const { headers, rows, caption } = tables[which] ?? { rows: [] };
    matrix.forEach((row, i) => row.forEach((n, j) => reader.cell(`${caption}, ${labels[i]} as ${labels[j]}`, rows[labels.indexOf(labels[i])]?.cells[headers.indexOf(labels[j] || '""')] || "0", n, COUNT)));
  });
}

async function calibration(reader, { baseline, candidate }, single) {
  const sides = (i) => (single ? [candidate[i]] : [baseline[i], candidate[i]]);
  const bins = baseline.map((_, i) => i).filter((i) => sides(i).some(({ n }) => n > 0));
  const [table] = await reader.tables("calibration");
  if (table.rows.length !== bins.length) reader.say(`calibration has ${table.rows.length} rows for ${bins.length} bins`);
  bins.forEach((bin, i) => {
    const { head, cells } = table.rows[i];
    reader.cell("the bin", head, [baseline[bin].low, baseline[bin].high], PLAIN);
    sides(bin).forEach(({ n, confidence, accuracy }, side) => {
      const gap = delta(confidence, accuracy);
      [[n, COUNT], [confidence, SHARE], [accuracy, SHARE], [gap, SHARE]].forEach(([value, unit], column) => reader.cell(`calibration ${head}`, cells[4 * side + column], value, unit));
    });
  });
}

async function latency(reader, sides) {
  const [table] = await reader.tables("latency");
  const rows = { Median: ["p50", MILLISECONDS], "95th percentile": ["p95", MILLISECONDS], "99th percentile": ["p99", MILLISECONDS], "Measured on": ["n", COUNT] };
  for (const [head, [name, unit]] of Object.entries(rows)) {
    const row = table.rows.find((row) => row.head === head);
    sides.forEach((side, i) => reader.cell(`latency, ${head}`, row?.cells[i], side?.[name] ?? null, unit));
  }
}

/** Numbers of a range, which are powers of two or multiples: written in full, or with two digits. */
function range(reader, what, text, values) {
  const written = (text.match(/[+-]?\d+(\.\d+)?(e-?\d+)?/g) ?? []).map(Number);
  const near = (one, value) => Math.abs(one - value) <= 0.05 * Math.abs(value) && (Math.abs(value) >= 1e7 || Math.abs(value) < 1e-4 || Math.abs(one - value) <= 5e-7);
  reader.count += values.length;
  if (written.length !== values.length || !written.every((one, i) => near(one, values[i]))) reader.say(`${what} shows ${text} for ${values.join(" to ")}`);
}

async function sentence(reader, id, values) {
  const text = await reader.page.locator(`section[aria-labelledby="${id}"] .note`).innerText();
  for (const value of values.filter((value) => value > 0)) if (!names(text, value, COUNT)) reader.say(`${id} does not name ${value}: ${text}`);
}

/** Both grids in full: ranges of rows and columns, samples, means and every cell. */
async function residuals(reader, { edges, columns, beyond }) {
  const tables = await reader.tables("residuals");
  const filled = columns.filter(({ n }) => n > 0);
  ["baseline", "candidate"].forEach((version, side) => {
    const { headers, rows } = tables[side];
    headers.slice(2).forEach((header, i) => range(reader, `row ${i + 1} of the ${version}`, header, [edges[i], edges[i + 1]]));
    if (headers.length !== edges.length + 1 || rows.length !== filled.length) reader.say(`the grid of the ${version} has ${headers.length} by ${rows.length}`);
    filled.forEach((column, i) => {
      range(reader, "ground truth", rows[i].head, [column.low, column.high]);
      const [n, mean, ...cells] = rows[i].cells;
      reader.cell(`${rows[i].head}, samples`, n, column.n, COUNT);
      reader.cell(`${rows[i].head}, mean`, mean, column.means[side], MEASURED);
      cells.forEach((cell, row) => reader.cell(`${rows[i].head} of the ${version}, ${headers[row + 2]}`, cell, column[version][row], COUNT));
    });
  });
  await sentence(reader, "residuals", Object.values(beyond));
}

async function shifts(reader, { bins, ties, beyond }) {
  const [{ rows }] = await reader.tables("shifts");
  const all = bins.map(({ low, high, n }) => ({ ends: [low, high], n }));
  all.splice(bins.filter(({ low }) => low < 0).length, 0, { ends: [], n: ties });
  if (rows.length !== all.length) reader.say(`shows ${rows.length} of ${all.length} sizes of changes`);
  all.forEach(({ ends, n }, i) => {
    range(reader, "a change", rows[i].head, ends);
    reader.cell(`changes ${rows[i].head}`, rows[i].cells[0], n, COUNT);
  });
  await sentence(reader, "shifts", beyond);
}

async function repeats(reader, { baseline, candidate, right }) {
  const [table, counts] = await reader.tables("repeats");
  const sides = [baseline, candidate];
  const both = (head, of, unit) => {
    const row = table.rows.find((row) => row.head === head);
    sides.forEach((side, i) => reader.cell(`repeats, ${head}`, row?.cells[i]?.replace(/ \(.*/, ""), of(side), unit));
  };
  both("Answered trials", (side) => side.trials, COUNT);
  both("Samples tried more than once", (side) => side.repeated, COUNT);
  if (!right) return;
  both("Flaky samples", (side) => side.flaky, COUNT);
  both("Flake rate", (side) => side.flake_rate, SHARE);
  for (const { k } of baseline.pass_at) both(`pass@${k}`, (side) => side.pass_at.find((at) => at.k === k)?.value ?? null, SHARE);
  if (counts.rows.length !== right.bins.length) reader.say(`shows ${counts.rows.length} of ${right.bins.length} numbers of right trials`);
  right.bins.forEach((bin, i) => {
    const { head, cells } = counts.rows[i];
    if (right.of !== null) reader.cell("right trials", head, bin.low, COUNT);
    else if (bin.low < bin.high) range(reader, "share of right trials", head, [100 * bin.low, 100 * bin.high]);
    [bin.baseline, bin.candidate].forEach((n, side) => reader.cell(`right trials ${head}`, cells[side], n, COUNT));
  });
}

async function cost(reader, sides, answers, deltas) {
  const [table] = await reader.tables("cost");
  const rows = { Total: ["total", MONEY], "Mean per answer": ["mean", MONEY], "Answers with a cost": ["n", COUNT], "Answers without one": ["missing", COUNT] };
  for (const [head, [name, unit]] of Object.entries(rows)) {
    const row = table.rows.find((row) => row.head === head);
    sides.forEach((side, i) => reader.cell(`cost, ${head}`, row?.cells[i], name === "missing" && !side ? answers[i] : side?.[name] ?? null, unit));
    if (name in deltas) reader.cell(`cost, ${head}, difference`, row?.cells[2], deltas[name], unit);
  }
}

async function labelChanges(reader, { old_truth, new_truth }) {
  const [table] = await reader.tables("label-changes");
  [old_truth, new_truth].forEach(({ n, accuracy: m, relabelled_regressed, relabelled_fixed }, i) =>
    reader.row("label changes", table, table.rows[i].head, {
      Samples: [n, COUNT], Baseline: [m.baseline, SHARE], Candidate: [m.candidate, SHARE], Difference: [m.delta, SHARE],
      interval: [[m.ci_low, m.ci_high], SHARE], "p-value": [m.p_value, P_VALUE],
      "Relabelled and regressed": [relabelled_regressed, COUNT], "Relabelled and fixed": [relabelled_fixed, COUNT],
    }),
  );
}

async function found(reader, { worse, better }) {
  const [table] = await reader.tables("search");
  for (const slice of [...worse.slices, ...better.slices].filter((slice) => tame(named(slice.slice ?? slice)))) {
    const { exploring, confirming } = slice;
    const row = table?.rows.find(({ head }) => head === named(slice.slice ?? slice));
    if (!row) continue;
    const wanted = [[exploring.n, COUNT], [exploring.delta, SHARE], [confirming.n, COUNT], [confirming.delta, SHARE], [[confirming.ci_low, confirming.ci_high], SHARE]];
    wanted.forEach(([values, unit], i) => reader.cell(`found, ${row.head}`, row.cells[i], values, unit));
    reader.cell(`found, ${row.head}, q`, row.cells[table.headers.findIndex((header) => header === "q-value")], slice.q_value, P_VALUE);
  }
}

/** The sentence at the top names the difference and its interval, wherever there is one. */
async function headline(reader, { metrics: [first], slices, verdict }) {
  const lead = await reader.page.locator(".lead").first().innerText();
  const regressed = slices.filter((slice) => slice.verdict === "regressed").length;
  const said = verdict === "improved" || verdict === "regressed" ? [first.delta, first.ci_low, first.ci_high] : [];
  for (const value of said) if (!names(lead, value, unitOf(first.name))) reader.say(`the headline does not name ${value}: ${lead}`);
  if (regressed > 0 && !names(lead, regressed, COUNT)) reader.say(`the headline does not name ${regressed} slices: ${lead}`);
  reader.count += said.length;
}

async function overview(reader, c) {
  await headline(reader, c);
  await metrics(reader, c.metrics, false);
  await outcomes(reader, c);
  await slices(reader, c);
  if (c.classes?.length) await classes(reader, c.classes);
  if (c.confusion?.labels.length) await confusion(reader, c.confusion.labels, [c.confusion.baseline, c.confusion.candidate]);
  if (c.calibration) await calibration(reader, c.calibration, false);
  if (c.latency) await latency(reader, [c.latency.baseline, c.latency.candidate]);
  if (c.residuals) await residuals(reader, c.residuals);
  if (c.shifts) await shifts(reader, c.shifts);
  if (c.repeats) await repeats(reader, c.repeats);
  if (c.cost) await cost(reader, [c.cost.baseline, c.cost.candidate], [c.baseline.rows, c.candidate.rows], { total: c.cost.total_delta, mean: c.cost.mean_delta });
  if (c.label_changes) await labelChanges(reader, c.label_changes);
  if (c.discovered) await found(reader, c.discovered);
}

/** Evidence by its place in the list, the contrast with the rest, the slice's own labels and confusion. */
async function slicePage(reader, slice, roles) {
  const unit = unitOfSlices(roles);
  const facts = await reader.page.locator('section[aria-labelledby="evidence"] dd').allInnerTexts();
  const wanted = [[slice.n, COUNT], [slice.baseline, unit], [slice.candidate, unit], [slice.delta, unit], [[slice.ci_low, slice.ci_high], unit], [slice.p_value, P_VALUE], [slice.q_value, P_VALUE]];
  wanted.forEach(([values, unit], i) => reader.cell(`evidence ${i + 1}`, facts[i], values, unit));
  const { detail } = slice;
  const [contrast] = await reader.tables("contrast");
  const rest = [detail.rest_n, detail.rest_baseline, detail.rest_candidate, detail.rest_delta];
  [[slice.n, slice.baseline, slice.candidate, slice.delta], rest].forEach((values, row) =>
    values.forEach((value, i) => reader.cell(`contrast ${row + 1}`, contrast.rows[row].cells[i], value, i === 0 ? COUNT : unit)),
  );
  if (detail.classes.length) await classes(reader, detail.classes);
  if (detail.confusion.labels.length) await confusion(reader, detail.confusion.labels, [detail.confusion.baseline, detail.confusion.candidate]);
}

async function runReport(reader, r) {
  await metrics(reader, r.metrics, true);
  if (r.perClass.length) await classes(reader, r.perClass);
  if (r.confusionMatrix.labels.length) await confusion(reader, r.confusionMatrix.labels, [r.confusionMatrix.counts]);
  if (r.calibration) await calibration(reader, r.calibration, true);
  if (r.latency) await latency(reader, [r.latency]);
  if (r.cost) await cost(reader, [r.cost], [], {});
}

const site = realpathSync(process.argv[2]);
const problems = new Problems();
const json = (folder, name) => JSON.parse(readFileSync(join(folder, "data", name), "utf8"));
const browser = await launch();
const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
let numbers = 0;

async function check(path, read) {
  if (!existsSync(path)) return problems.add(nameIn(site, path), "is not there");
  await page.goto(pathToFileURL(path).href);
  const reader = new Reader(page, (text) => problems.add(nameIn(site, path), text));
  await read(reader);
  numbers += reader.count;
}

/** Alters the first digit of one table after the other; each has to be noticed. */
async function notices(path, read, sections) {
  for (const id of sections) {
    await page.goto(pathToFileURL(path).href);
    const altered = await page.evaluate((id) => {
      const cells = [...document.querySelectorAll(`section[aria-labelledby="${id}"] tbody td`)];
      const cell = cells.flatMap((cell) => [...cell.childNodes, ...(cell.firstElementChild?.childNodes ?? [])]).find((node) => node.nodeType === 3 && /\d/.test(node.data));
      if (cell) cell.data = cell.data.replace(/\d/, (digit) => String((Number(digit) + 1) % 10));
      return Boolean(cell);
    }, id);
    let noticed = 0;
    await read(new Reader(page, () => (noticed += 1)));
    if (altered && noticed === 0) problems.add(nameIn(site, path), `an altered digit in ${id} goes unnoticed: this test is blind`);
  }
}

try {
  const large = (folder) => nameIn(site, folder).startsWith("cases.hostile_long");
  const folders = comparisons(site).filter((folder) => !large(folder));
  for (const folder of folders) {
    const c = json(folder, "comparison.json");
    await check(join(folder, "index.html"), (reader) => overview(reader, c));
    for (const slice of c.slices.filter(({ detail }) => detail)) {
      await check(join(folder, "slices", `${slice.detail.slug}.html`), (reader) => slicePage(reader, slice, c.roles));
    }
  }
  for (const folder of runReports(site)) {
    await check(join(folder, "index.html"), (reader) => runReport(reader, json(folder, "report-data.json")));
  }
  const whole = (c) => c.calibration && c.slices.some(({ detail }) => detail) && c.confusion.labels.every(tame);
  const folder = folders.find((folder) => whole(json(folder, "comparison.json")));
  const c = json(folder, "comparison.json");
  await notices(join(folder, "index.html"), (reader) => overview(reader, c), ["metrics", "outcomes", "slices", "classes", "confusion", "calibration"]);
  for (const [id, has] of Object.entries({ residuals: (c) => c.residuals, shifts: (c) => c.shifts, repeats: (c) => c.repeats?.right, cost: (c) => c.cost })) {
    const folder = folders.find((folder) => has(json(folder, "comparison.json")));
    // The demonstration has labels alone; the site of all kinds has everything.
    if (!folder && existsSync(join(site, "cases.numeric"))) problems.add("the site", `no comparison has ${id}`);
    if (folder) await notices(join(folder, "index.html"), (reader) => overview(reader, json(folder, "comparison.json")), [id]);
  }
} finally {
  await browser.close();
}
if (numbers < 500) problems.add("the site", `only ${numbers} numbers were compared`);
problems.end(`${numbers} numbers are those of the data`);
