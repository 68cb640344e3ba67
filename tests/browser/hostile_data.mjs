// Predictions whose every text attacks the pages: texts, labels, column names, slice values, keys, error messages, versions,
// golden names and file names. Made rather than committed, because some words have a mebibyte.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

const RUN = "window.pwned=1";
export const WORD = "W".repeat(1 << 20);

export const ATTACKS = [
  `<script>${RUN}</script>`,
  `</script></style></title></textarea><script>${RUN}</script>`,
  `"><img src=x onerror=${RUN}>`,
  `' onmouseover='${RUN}' autofocus onfocus='${RUN}' x='`,
  `</bdi></td></table></main><svg onload=${RUN}><iframe srcdoc="<script>parent.${RUN}</script>">`,
  `javascript:${RUN}`,
  `--><!--]]><h1>heading</h1><base href=https://192.0.2.1/>`,
  "{{text}} {{{text}}} {{#each this}} {{> head}} {{/each}} {{!-- no --}}",
  `\${${RUN}} <%= ${RUN} %> #{${RUN}} {% raw %}`,
  "\u202eright to left\u2067 isolated\u202d and never closed",
  "nul \0 bell \u0007 back \b escape \u001b[31m delete \u007f c1 \u0085\u009f",
  "![x](https://192.0.2.1/x.png) [x](javascript:0) <https://192.0.2.1> @everyone #1 www.example.invalid | `a` |\n# b",
  "&lt;script&gt; &#60; &amp; &nbsp",
  "=HYPERLINK(\"https://192.0.2.1\")",
  "../../../etc/passwd",
];

/** Names of columns: what a header may hold is up to whoever made the file. */
export const COLUMNS = {
  key: `id<script>${RUN}</script>`,
  truth: `"truth" onclick="${RUN}`,
  answer: "{{answer}}{{{answer}}}",
  slice: `</script><svg/onload=${RUN}>`,
  text: "\u202etxet' x='",
  error: "<b>error</b>",
};

/** Versions, with everything that a file name cannot hold too. */
export const VERSIONS = { baseline: `</script>"'><img src=x onerror=${RUN}>{{v}}`, candidate: "\u202ev2</title>\u0007{{{v}}}&amp;@all" };

/** A golden dataset's name and version, and arguments that name the columns. */
export const GOLDEN = ["--golden-name", `<script>${RUN}</script>`, "--golden-version", "\u202e{{3}}"];
export const ARGUMENTS = [
  ...["--id", COLUMNS.key, "--truth", COLUMNS.truth, "--pred", COLUMNS.answer, "--slice", COLUMNS.slice],
  ...["--show", COLUMNS.text, "--error", COLUMNS.error],
];

/** Samples with an attack: enough for slices of the first ones to be tested and to get a page. */
const rows = (attack) => (ATTACKS.indexOf(attack) < 5 ? 32 : 4);

/** Of each slice the first answers regress, some are fixed, and one fails. */
function answer(version, attack, i) {
  const [right, wrong] = [attack, ATTACKS[(ATTACKS.indexOf(attack) + 1) % ATTACKS.length]];
  if (i % 4 < 2) return version === "baseline" ? right : wrong;
  if (i % 8 === 2) return version === "baseline" ? wrong : right;
  return right;
}

function row(version, attack, i) {
  const failed = version === "candidate" && i === rows(attack) - 1;
  return {
    [COLUMNS.key]: `${attack} ${i}`,
    [COLUMNS.truth]: attack,
    [COLUMNS.answer]: failed ? null : answer(version, attack, i),
    [COLUMNS.slice]: attack,
    [COLUMNS.text]: `${attack} ${version} ${i % 2 ? attack : ""}`,
    [COLUMNS.error]: failed ? attack : null,
    confidence: 0.5 + i / 100,
    status: failed ? "error" : "ok",
  };
}

/** Samples with a word of a mebibyte as text, as slice value, as key and as the candidate's answer, among plain ones. */
function long(version) {
  const all = Array.from({ length: 12 }, (_, i) => ({ ...row(version, ATTACKS[i % 2], i), [COLUMNS.key]: `long ${i}` }));
  [COLUMNS.text, COLUMNS.slice, COLUMNS.key].forEach((name, i) => (all[i][name] = WORD));
  if (version === "candidate") all[3][COLUMNS.answer] = WORD;
  return all;
}

const attacks = (version) => ATTACKS.flatMap((attack) => Array.from({ length: rows(attack) }, (_, i) => row(version, attack, i)));

/** Writes both runs of attacks and of long words, as JSONL files whose names attack as well: `{attacks, long}`. */
export function writeHostile(folder) {
  const names = { baseline: `"><img src=x onerror=${RUN}>`, candidate: "{{{file}}}' x='" };
  const write = (kind, made) =>
    Object.entries(names).map(([version, name]) => {
      const path = join(folder, `${name} ${kind}.jsonl`);
      writeFileSync(path, made(version).map((row) => `${JSON.stringify(row)}\n`).join(""));
      return path;
    });
  return { attacks: write("attacks", attacks), long: write("long", long) };
}
