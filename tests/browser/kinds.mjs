// Makes a site with a report of every kind: each golden case, repeated trials in clusters, single runs, and hostile data.
//
//   node kinds.mjs EVALDIFF GOLDEN_CASES FOLDER
//
// The site is FOLDER/site, the table's warehouse lies beside it.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ARGUMENTS, GOLDEN, VERSIONS, writeHostile } from "./hostile_data.mjs";

const [evaldiff, cases, folder] = process.argv.slice(2).map((path) => resolve(path));
const SINGLE = ["slice-regression", "numeric", "scored-text", "binary-probability", "media"];
const NOT_COMPARABLE = "no-match";

function run(args, code = 0) {
  const { status, stderr } = spawnSync(evaldiff, ["--quiet", ...args], { cwd: folder, encoding: "utf8" });
  if (status !== code) throw new Error(`exit code ${status} of evaldiff ${args.map((arg) => arg.slice(0, 80)).join(" ")}\n${stderr}`);
}

/** The arguments of a golden case; its `args` are written as JSON would have them. */
function caseArguments(name) {
  const text = readFileSync(join(cases, name, "case.toml"), "utf8");
  return JSON.parse(/^args = (\[.*\])$/m.exec(text)[1]);
}

const table = (name) => ["--table", `cases.${name.replaceAll("-", "_")}`];

function goldenCase(name) {
  const named = join(cases, name, "files"); // what samples name is looked for in the working folder
  if (existsSync(named)) cpSync(named, join(folder, "files"), { recursive: true });
  const files = ["baseline.csv", "candidate.csv"].map((file) => join(cases, name, file));
  run(["diff", ...files, ...table(name), ...caseArguments(name)], name === NOT_COMPARABLE ? 3 : 0);
  if (SINGLE.includes(name)) run(["report", "candidate", ...table(name)]);
}

/** Three trials of each sample, some of them flaky, four samples to a document, with latencies and costs. */
function repeatsInClusters() {
  const name = "slice-regression";
  for (const version of ["baseline", "candidate"]) {
    const [header, ...rows] = readFileSync(join(cases, name, `${version}.csv`), "utf8").trim().split("\n");
    const flaky = (row) => row.replace(/,(accept|reject|review),0\./, ",unsure,0.");
    const trials = rows.flatMap((row, i) =>
      [0, 1, 2].map((trial) => `${trial === 2 && i % 5 === 0 ? flaky(row) : row},${trial},doc-${i >> 2},${20 + ((i * 7 + trial) % 90)},${i % 11 ? (version.length * (i + trial)) / 1e6 : ""}`),
    );
    writeFileSync(join(folder, `${version}.csv`), [`${header},trial,document,latency_ms,usd`, ...trials, ""].join("\n"));
  }
  const columns = ["--repeat", "trial", "--cluster", "document", "--latency", "latency_ms", "--cost", "usd"];
  run(["diff", "baseline.csv", "candidate.csv", ...table("trials-in-clusters"), ...columns, ...caseArguments(name)]);
}

function hostile() {
  const { attacks, long } = writeHostile(folder);
  const versions = [VERSIONS.baseline, VERSIONS.candidate];
  versions.forEach((version, i) => run(["import", attacks[i], "--model-version", version, ...table("hostile"), ...GOLDEN, ...ARGUMENTS]));
  run(["diff", ...versions, ...table("hostile")]);
  run(["report", VERSIONS.candidate, ...table("hostile")]);
  run(["diff", ...long, ...table("hostile-long"), ...ARGUMENTS]);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const folders = readdirSync(cases, { withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const { name } of folders) goldenCase(name);
repeatsInClusters();
hostile();
