// Lighthouse on one page of each kind, over HTTP under a prefix: at least 98 for performance, accessibility and best practices.
//
//   node lighthouse.mjs SITE_FOLDER

import { realpathSync } from "node:fs";
import { join } from "node:path";
import { launch as launchChrome } from "chrome-launcher";
import lighthouse from "lighthouse";
import { FLAGS, Problems, chromiumPath, comparisons, htmlFiles, nameIn, runReports, serve } from "./site.mjs";

const LEAST = 98;
const CATEGORIES = ["performance", "accessibility", "best-practices"];

const site = realpathSync(process.argv[2]);
const problems = new Problems();

/** The index, and of the first comparison that has them all its overview, a slice, a list, and the report on one run where the site has one. */
function pages() {
  const first = (folder, part) => htmlFiles(folder).find((path) => path.startsWith(join(folder, part, "/")));
  const comparison = comparisons(site).find((folder) => first(folder, "slices") && first(folder, "samples"));
  const front = (folder) => join(folder, "index.html");
  const list = [site, comparison, ...runReports(site).slice(0, 1)].map(front);
  return [...list, first(comparison, "slices"), first(comparison, "samples")];
}

/** Scores of a page. A busy machine can only lower them: the better of two counts. */
async function scores(url, port) {
  const best = new Map();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const { lhr } = await lighthouse(url, { port, logLevel: "error", onlyCategories: CATEGORIES, output: "json" });
    for (const category of CATEGORIES) {
      const score = Math.round(lhr.categories[category].score * 100);
      if (!(score < best.get(category)?.score)) best.set(category, { score, failed: failed(lhr, category) });
    }
    if ([...best.values()].every(({ score }) => score >= LEAST)) break;
  }
  return best;
}

function failed(lhr, category) {
  const audits = lhr.categories[category].auditRefs.filter(({ id, weight }) => weight > 0 && lhr.audits[id].score < 1);
  const first = (audit) => audit.details?.items?.[0]?.node?.snippet ?? "";
  return audits.map(({ id }) => `${id} ${lhr.audits[id].displayValue ?? ""} ${first(lhr.audits[id])}`.trim()).join(", ");
}

const { base, close } = await serve(site);
const chrome = await launchChrome({ chromePath: chromiumPath(), chromeFlags: ["--headless=new", ...FLAGS] });
try {
  for (const path of pages()) {
    const name = nameIn(site, path);
    for (const [category, { score, failed }] of await scores(base + name, chrome.port)) {
      if (!(score >= LEAST)) problems.add(name, `Lighthouse gives ${category} ${score}: ${failed}`);
    }
  }
} finally {
  chrome.kill();
  close();
}
problems.end(`Lighthouse: at least ${LEAST} in ${CATEGORIES.join(", ")}`);
