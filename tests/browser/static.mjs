// Checks the files of a site without a browser: html-validate on every page, the W3C's validator (vnu) on some of each kind,
// linkinator from the index over HTTP under a prefix.
//
//   node static.mjs SITE_FOLDER

import { spawnSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FileSystemConfigLoader, HtmlValidate } from "html-validate";
import { LinkChecker } from "linkinator";
import { Problems, fileOf, htmlFiles, nameIn, serve, someOfEach } from "./site.mjs";

// Versions and slices have names of any length, and titles say them whole; white space that nobody sees is no error.
const RULES = { extends: ["html-validate:recommended"], rules: { "long-title": "off", "no-trailing-whitespace": "off" } };

const site = realpathSync(process.argv[2]);
const pages = htmlFiles(site);
const problems = new Problems();

async function htmlValidate() {
  const validator = new HtmlValidate(new FileSystemConfigLoader({ root: true, ...RULES }));
  for (const path of pages) {
    const report = await validator.validateString(readFileSync(path, "utf8"), path);
    for (const message of report.results.flatMap((result) => result.messages)) {
      problems.add(`${nameIn(site, path)}:${message.line}`, `${message.message} (${message.ruleId})`);
    }
  }
}

function vnu(files) {
  const jar = join(dirname(createRequire(import.meta.url).resolve("vnu-jar")), "build/dist/vnu.jar");
  const options = ["--format", "json", "--errors-only", "--exit-zero-always"];
  const run = spawnSync("java", ["-jar", jar, ...options, ...files], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(`vnu: ${run.error?.message ?? run.stderr}`);
  for (const message of JSON.parse(run.stderr).messages) {
    problems.add(`${nameIn(site, fileOf(message.url))}:${message.lastLine}`, `${message.message} (vnu)`);
  }
}

async function linkinator() {
  const { base, close } = await serve(site);
  const { links } = await new LinkChecker().check({ path: base, recurse: true, checkFragments: true, linksToSkip: ["^data:"], retryErrors: true });
  await close();
  for (const link of links) {
    if (link.state === "SKIPPED" && link.url.startsWith("data:")) continue;
    if (link.state !== "OK") problems.add(link.parent ?? "index.html", `${link.state} ${link.url} (linkinator)`);
    if (!link.url.startsWith(base)) problems.add(link.parent, `leads out of the folder: ${link.url}`);
  }
  return links.length;
}

await htmlValidate();
vnu(someOfEach(site, pages, 12));
const links = await linkinator();
if (links < pages.length) problems.add("linkinator", `followed only ${links} links in a site of ${pages.length} pages`);
problems.end(`${pages.length} pages valid, ${links} links`);
