// Opens a site in headless Chromium from file:// and over HTTP under a prefix.
//
//   node pages.mjs SITE_FOLDER
//
// Fails on a violation of WCAG 2.1 A and AA or of good practice that axe finds (desktop and phone, light and dark; some pages
// of each kind), on any console message, exception, dialog, or request that fails or leaves the folder (smoke.mjs
// opens every page from file://), and on a page that reads differently without JavaScript.

import { createRequire } from "node:module";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { DESKTOP, PHONE, Problems, htmlFiles, isPointer, launch, nameIn, someOfEach, serve, watch } from "./site.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
const LOOKS = [
  { viewport: DESKTOP, colorScheme: "light" },
  { viewport: PHONE, colorScheme: "dark" },
  { viewport: DESKTOP, colorScheme: "dark" },
  { viewport: PHONE, colorScheme: "light" },
];
const MOST = 4;
/** Beyond this axe takes minutes: hostile.mjs opens the pages with words of a mebibyte. */
const LARGE = 1 << 20;

const site = realpathSync(process.argv[2]);
const pages = htmlFiles(site).filter((path) => !isPointer(path));
const kinds = someOfEach(site, pages, MOST).filter((path) => statSync(path).size < LARGE);
const few = someOfEach(site, kinds, MOST, MOST);
const problems = new Problems();
const browser = await launch();

/** Opens pages one after the other and looks at each. */
async function visit(base, options, paths, look) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  let name = "";
  watch(page, base, (text) => problems.add(name, text));
  for (const path of paths) {
    name = nameIn(site, path);
    await page.goto(base + name, { waitUntil: "load" });
    await look(page, name);
  }
  await context.close();
}

const axe = (options) => async (page, name) => {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (values) => window.axe.run(document, { runOnly: values, resultTypes: ["violations"], preload: false }),
    TAGS,
  );
  const how = `${options.viewport.width} pixels, ${options.colorScheme}`;
  for (const { id, help, nodes } of violations) problems.add(`${name}, ${how}, ${nodes[0].target}`, `${help} (axe ${id})`);
};

/** What a reader reads, without the controls that the script adds and the keys that it explains. */
const words = (page) =>
  page.evaluate(() => {
    for (const one of document.querySelectorAll(".keys, .filters, .filters + [role=status]")) one.remove();
    return document.querySelector("main").innerText.replace(/\s+/g, " ");
  });

async function readableWithoutScript(base) {
  const read = new Map();
  await visit(base, {}, kinds, async (page, name) => read.set(name, await words(page)));
  await visit(base, { javaScriptEnabled: false }, kinds, async (page, name) => {
    const [without, wanted] = [await words(page), read.get(name)];
    if (without.length < 20) problems.add(name, "empty without JavaScript");
    if (without !== wanted) problems.add(name, "reads differently without JavaScript");
  });
}

const files = `${pathToFileURL(site).href}/`;
const { base: http, close } = await serve(site);
try {
  await visit(files, LOOKS[0], kinds, axe(LOOKS[0]));
  await visit(files, LOOKS[1], few, axe(LOOKS[1]));
  for (const look of LOOKS.slice(2)) await visit(http, look, few, axe(look));
  await readableWithoutScript(files);
  await visit(http, {}, someOfEach(site, pages, 12), async () => {});
} finally {
  await browser.close();
  close();
}
problems.end(`${pages.length} pages, ${kinds.length} of them looked at by axe, ${few.length} in every way`);
