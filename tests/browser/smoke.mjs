// Opens every page of a site of reports from file:// in headless Chromium.
//
//   node smoke.mjs SITE_FOLDER SCREENSHOT_FOLDER
//
// Fails on a console message of level error or warning, an exception, a request that leaves the folder or fails, a link
// that leads nowhere (fragments included), a page wider than its window, and a page that is empty without JavaScript.
// Every page that is linked from another one and every HTML file of the folder is opened. CHROMIUM names the browser.

import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const [siteArg, shotsArg] = process.argv.slice(2);
if (!siteArg || !shotsArg) {
  console.error("usage: node smoke.mjs SITE_FOLDER SCREENSHOT_FOLDER");
  process.exit(2);
}
const site = realpathSync(siteArg);
const shots = resolve(shotsArg);
mkdirSync(shots, { recursive: true });

const problems = [];
const problem = (page, text) => problems.push(`${page}: ${text}`);
const name = (path) => relative(site, path).split(sep).join("/");

function htmlFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return htmlFiles(path);
    return entry.name.endsWith(".html") ? [path] : [];
  });
}

const inside = (path) => path === site || path.startsWith(site + sep);

/** Reports what a page says on the console, throws or requests. */
function watch(page, current) {
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problem(current(), `console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problem(current(), `exception: ${error.message}`));
  page.on("requestfailed", (request) => problem(current(), `failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on("request", (request) => {
    const url = request.url();
    if (url.startsWith("data:") || url === "about:blank") return;
    if (!url.startsWith("file:")) return problem(current(), `request leaves the folder: ${url}`);
    if (!inside(fileURLToPath(url.split(/[?#]/)[0]))) problem(current(), `request leaves the folder: ${url}`);
  });
}

/** What a page links to and loads, resolved, with its fragment. */
const collect = () => ({
  // A link within SVG holds its address as it is written.
  links: [...document.querySelectorAll("a[href], area[href]")].map((a) =>
    a.href.baseVal === undefined ? a.href : new URL(a.href.baseVal, document.baseURI).href,
  ),
  assets: [...document.querySelectorAll("link[href], script[src], img[src], source[src], use[href]")].map(
    (e) => e.href?.baseVal ?? e.href ?? e.src,
  ),
  ids: [...document.querySelectorAll("[id]")].map((e) => e.id),
  title: document.title,
  headings: document.querySelectorAll("h1").length,
  length: document.body.innerText.trim().length,
  overflow: document.documentElement.scrollWidth - window.innerWidth,
});

const executablePath = process.env.CHROMIUM || BROWSERS.find(existsSync);
if (!executablePath) {
  console.error("no Chromium: install it (apt-get install chromium) or name it with CHROMIUM");
  process.exit(2);
}
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

/** A page that sends its reader on: it has to arrive at another page of the site, and to hold a link as well. */
async function followPointer(page, path, text, known) {
  const url = pathToFileURL(path).href;
  const links = [...text.matchAll(/<a [^>]*href="([^"]*)"/g)].map((match) => new URL(match[1], url).href);
  if (links.length === 0) problem(name(path), "sends on without a link");
  await page.goto(url, { waitUntil: "commit" });
  await page.waitForURL((now) => now.href !== url, { timeout: 5000 }).then(
    () => links.includes(page.url()) || problem(name(path), `sends on to ${page.url()}`),
    () => problem(name(path), "does not send on"),
  );
  known?.set(path, { links, assets: [], ids: [] });
}

async function visitAll(viewport, javaScriptEnabled, pages, known) {
  const context = await browser.newContext({ viewport, javaScriptEnabled, colorScheme: "light", reducedMotion: "reduce" });
  const page = await context.newPage();
  let path = "";
  watch(page, () => name(path));
  for (path of pages) {
    const text = readFileSync(path, "utf8");
    if (text.includes('http-equiv="refresh"')) {
      await followPointer(page, path, text, known);
      continue;
    }
    await page.goto(pathToFileURL(path).href, { waitUntil: "load" });
    const found = await page.evaluate(collect);
    if (!found.title) problem(name(path), "no title");
    if (found.headings !== 1) problem(name(path), `${found.headings} headings of the first level`);
    if (found.length < 20) problem(name(path), "empty page");
    if (found.overflow > 1) problem(name(path), `${found.overflow} pixels wider than a window of ${viewport.width}`);
    known?.set(path, found);
  }
  await context.close();
}

/** Follows links inside the site and checks that each leads to a file, and to an id of it. */
function checkLinks(known) {
  let count = 0;
  for (const [path, page] of known) {
    for (const url of [...page.links, ...page.assets]) {
      count += 1;
      if (url.startsWith("data:")) continue;
      if (!url.startsWith("file:")) {
        problem(name(path), `leads out of the folder: ${url}`);
        continue;
      }
      const [bare, fragment] = url.split("#");
      const target = fileURLToPath(bare.split("?")[0]);
      if (!inside(target)) problem(name(path), `leads out of the folder: ${url}`);
      else if (!existsSync(target)) problem(name(path), `leads nowhere: ${name(target)}`);
      else if (statSync(target).isDirectory()) problem(name(path), `leads to a folder, which file:// cannot show: ${name(target)}`);
      else if (fragment && known.has(target) && !known.get(target).ids.includes(decodeURIComponent(fragment)))
        problem(name(path), `leads to no such place: ${name(target)}#${fragment}`);
    }
  }
  return count;
}

/** Pages that can be reached from the index. */
function reachable(known) {
  const start = join(site, "index.html");
  const seen = new Set();
  const queue = [start];
  while (queue.length > 0) {
    const path = queue.pop();
    if (seen.has(path) || !known.has(path)) continue;
    seen.add(path);
    for (const url of known.get(path).links) {
      if (url.startsWith("file:")) queue.push(fileURLToPath(url.split(/[?#]/)[0]));
    }
  }
  return seen;
}

/** Follows a list's first link: samples share a page, and the one that was asked for is shown alone. */
async function openSample(page, list) {
  await page.goto(pathToFileURL(list).href, { waitUntil: "load" });
  await page.locator("table.samples tbody a").first().click();
  const wanted = decodeURIComponent(new URL(page.url()).hash.slice(1));
  const shown = await page.locator(".singles > article:visible").evaluateAll((all) => all.map((one) => one.id));
  if (wanted === "" || shown.length !== 1 || shown[0] !== wanted)
    problem(name(list), `its first sample ${wanted} shows ${shown.length} samples: ${shown.slice(0, 3)}`);
}

async function screenshots(pages) {
  const diff = pages.filter((path) => existsSync(join(dirname(path), "data", "comparison.json")));
  const report = diff.find((path) => path.endsWith(`${sep}index.html`));
  if (!report) return problem("the site", "no comparison to take pictures of");
  const folder = dirname(report);
  const first = (part) => pages.find((path) => path.startsWith(join(folder, part) + sep));
  const wanted = { site: join(site, "index.html"), index: report, slice: first("slices"), list: first("samples"), sample: first("sample") };
  for (const [what, path] of Object.entries(wanted)) {
    if (!path || !existsSync(path)) {
      problem(name(folder), `no ${what} page to take a picture of`);
      continue;
    }
    for (const [device, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      const context = await browser.newContext({ viewport, colorScheme: "light" });
      const page = await context.newPage();
      await page.goto(pathToFileURL(path).href, { waitUntil: "load" });
      if (what === "sample") await openSample(page, wanted.list);
      await page.screenshot({ path: join(shots, `${what}-${device}.png`), fullPage: true });
      await context.close();
    }
  }
}

try {
  const pages = htmlFiles(site).sort();
  if (pages.length < 4) problem("the site", `only ${pages.length} pages`);
  for (const path of pages) {
    if (!readFileSync(path, "utf8").includes("Content-Security-Policy")) problem(name(path), "no Content-Security-Policy");
  }
  const known = new Map();
  await visitAll(DESKTOP, true, pages, known);
  const links = checkLinks(known);
  const reached = reachable(known);
  const pointer = (path) => known.get(path).title === undefined; // for bookmarks: nothing links to it
  const lost = pages.filter((path) => !reached.has(path) && !pointer(path));
  if (lost.length > 0) problem("index.html", `leads to none of ${lost.length} pages, such as ${name(lost[0])}`);
  // Widths and plain HTML on one page of each kind: all samples are made by one template.
  const kinds = new Map(pages.map((path) => [name(path).replace(/[^/]*$/, (leaf) => (leaf === "index.html" ? leaf : "")), path]));
  await visitAll(PHONE, true, [...kinds.values()], null);
  await visitAll(DESKTOP, false, [...kinds.values()], null).catch((error) => problem("without JavaScript", error.message));
  await screenshots(pages);
  console.log(`${pages.length} pages, ${links} links, screenshots in ${shots}`);
} finally {
  await browser.close();
}
if (problems.length > 0) {
  console.error(`${problems.length} problems:`);
  for (const text of [...new Set(problems)].slice(0, 60)) console.error(`  ${text}`);
  process.exit(1);
}
