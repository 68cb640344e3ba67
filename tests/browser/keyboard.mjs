// Walks a report with the keyboard alone, from file://: overview, a slice that regressed, a regressed sample of it, the next
// sample, the overview again; and checks on these pages what a screen reader goes by.
//
//   node keyboard.mjs SITE_FOLDER
//
// Fails if a step cannot be taken with Tab, Enter, j, k and arrow keys; if a focused element is out of sight or looks as if it
// were not focused; if headings skip a level, tables have headers without a scope, landmarks are missing; and if sections,
// headings or the controls of a line are read in another order than they are seen in.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Problems, comparisons, launch } from "./site.mjs";

const MOST_STEPS = 400;
const site = realpathSync(process.argv[2]);
const problems = new Problems();

/** A comparison in which a slice with a page regressed. */
function regressedReport() {
  const regressed = ({ detail, verdict }) => detail && verdict === "regressed";
  const slices = (folder) => JSON.parse(readFileSync(join(folder, "data", "comparison.json"), "utf8")).slices;
  return comparisons(site).find((folder) => slices(folder).some(regressed) && existsSync(join(folder, "slices")));
}

/** Runs in the page: the focused element, and what is wrong with how it looks. */
function focused() {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const inSight = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const href = one.getAttribute("href");
  return {
    what: one.outerHTML.slice(0, 100),
    href: href && new URL(href, location.href).href,
    rel: one.getAttribute("rel"),
    outlined,
    inSight,
  };
}

/** Runs in the page: what a screen reader would stumble over. */
function structure() {
  const wrong = [];
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const headings = shown("h1, h2, h3, h4, h5, h6");
  headings.reduce((above, one) => {
    const level = Number(one.localName[1]);
    if (level > above + 1) wrong.push(`heading ${one.localName} after h${above}: ${one.textContent.slice(0, 60)}`);
    return level;
  }, 0);
  if (headings[0]?.localName !== "h1") wrong.push("does not begin with its h1");
  for (const landmark of ["header", "main", "footer", "nav"]) if (shown(landmark).length === 0) wrong.push(`no ${landmark}`);
  for (const th of document.querySelectorAll("th:not([scope])")) wrong.push(`a header without scope: ${th.outerHTML.slice(0, 80)}`);
  for (const table of document.querySelectorAll("table:not(:has(caption))")) wrong.push(`a table without caption: ${table.outerHTML.slice(0, 80)}`);
  if (document.querySelector('[tabindex]:not([tabindex="0"], [tabindex="-1"])')) wrong.push("a tabindex changes the order");
  const top = (one) => one.getBoundingClientRect().top;
  const blocks = shown("header.top, main > *, footer");
  for (const list of [headings, blocks]) {
    list.slice(1).forEach((one, i) => top(one) < top(list[i]) - 1 && wrong.push(`seen before what is read before it: ${one.outerHTML.slice(0, 80)}`));
  }
  for (const line of shown("nav, nav ol, table tr, .pair")) {
    const boxes = [...line.children].filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect());
    boxes.slice(1).forEach((box, i) => {
      const before = boxes[i];
      const sameLine = box.top < before.bottom - 2 && before.top < box.bottom - 2;
      if (sameLine && box.left < before.left) wrong.push(`read after what stands to its right: ${line.outerHTML.slice(0, 80)}`);
    });
  }
  return wrong;
}

const browser = await launch();
const page = await browser.newPage({ reducedMotion: "reduce", viewport: { width: 1280, height: 900 } });

async function checkStructure(what) {
  for (const text of await page.evaluate(structure)) problems.add(what, text);
}

/** Presses Tab (or Shift+Tab) until the focus is on what is wanted; each stop has to be seen. */
async function tabTo(what, wanted, key = "Tab") {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    await page.keyboard.press(key);
    const stop = await page.evaluate(focused);
    if (stop === null) continue;
    if (!stop.inSight) problems.add(what, `the focus is out of sight at ${stop.what}`);
    if (!stop.outlined) problems.add(what, `nothing shows the focus at ${stop.what}`);
    if (wanted(stop)) return stop;
  }
  throw new Error(`${what}: not reached with the keyboard in ${MOST_STEPS} steps`);
}

/** Presses a key that leads to another address. */
async function follow(what, key, wanted) {
  const before = page.url();
  await page.keyboard.press(key);
  await page.waitForURL((now) => now.href !== before, { timeout: 5000 }).catch(() => problems.add(what, `${key} leads nowhere`));
  await page.waitForLoadState("load");
  if (!wanted.test(page.url())) problems.add(what, `${key} leads to ${page.url()}`);
}

async function walk(folder) {
  const overview = pathToFileURL(join(folder, "index.html")).href;
  await page.goto(overview);
  await checkStructure("the overview");
  const skip = await tabTo("the overview", () => true);
  if (!skip.href?.endsWith("#main")) problems.add("the overview", `the first stop does not skip to the content: ${skip.what}`);
  await tabTo("the overview", ({ href }) => /\/slices\/[^#]+$/.test(href ?? ""));
  await follow("the overview", "Enter", /\/slices\//);

  await checkStructure("the slice");
  await tabTo("the slice", ({ href }) => /\/sample\//.test(href ?? ""));
  await follow("the slice", "Enter", /\/sample\/[^#]+#s-/);

  await checkStructure("the sample");
  const shown = () => page.locator(".singles > article:visible").evaluateAll((all) => all.map(({ id }) => id));
  const first = await shown();
  if (first.length !== 1) problems.add("the sample", `${first.length} samples are shown`);
  await follow("the sample", "j", /\/sample\/[^#]+#s-/);
  const second = await shown();
  if (second.length !== 1 || second[0] === first[0]) problems.add("the next sample", `shows ${second}`);
  await follow("the next sample", "k", new RegExp(`#${first[0]}$`));
  await follow("the sample", "ArrowRight", new RegExp(`#${second[0]}$`));
  await tabTo("the next sample", ({ href }) => href === overview, "Shift+Tab");
  await follow("the next sample", "Enter", /\/index\.html$/);
  if (page.url() !== overview) problems.add("the way back", `ends at ${page.url()}`);
}

try {
  const folder = regressedReport();
  if (folder) await walk(folder);
  else problems.add("the site", "no comparison with a slice that regressed");
} catch (error) {
  problems.add("the walk", error.message);
} finally {
  await browser.close();
}
problems.end("overview, slice, sample, next sample and back with the keyboard alone");
