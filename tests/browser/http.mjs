// Opens a published site page by page over HTTP in headless Chromium, as a reader who follows links does.
//
//   node http.mjs URL_OF_INDEX [PAGES]
//
// Fails on an answer that is not 200, a console message of level error or warning, an exception, a request that fails or
// leaves the folder of the index, and a link that leads nowhere. PAGES (default 60) are opened; every link on them is asked
// for. Prints "N pages, M links" when all is well. CHROMIUM names the browser.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const [index, most = "60"] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM || BROWSERS.find(existsSync);
if (!index || !executablePath) {
  console.error("usage: node http.mjs URL_OF_INDEX [PAGES], with Chromium installed or named by CHROMIUM");
  process.exit(2);
}
const base = index.replace(/[^/]*$/, "");
const problems = [];
let current = index;
const problem = (text) => problems.push(`${current}: ${text}`);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const page = await browser.newPage({ reducedMotion: "reduce" });
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type())) problem(`console ${message.type()}: ${message.text()}`);
});
page.on("pageerror", (error) => problem(`exception: ${error.message}`));
page.on("requestfailed", (request) => problem(`failed: ${request.url()} ${request.failure()?.errorText}`));
page.on("request", (request) => {
  if (!request.url().startsWith("data:") && !request.url().startsWith(base)) problem(`request leaves the folder: ${request.url()}`);
});
page.on("response", (response) => {
  if (response.status() !== 200 && response.status() !== 304) problem(`${response.status()} for ${response.url()}`);
});

const links = () => [...document.querySelectorAll("a[href], area[href]")].map((a) =>
  a.href.baseVal === undefined ? a.href : new URL(a.href.baseVal, document.baseURI).href,
);
const bare = (url) => url.split("#")[0];
const queue = [index];
const known = new Set(queue);
const opened = new Set();
try {
  while (queue.length > 0 && opened.size < Number(most)) {
    current = queue.shift();
    opened.add(current);
    await page.goto(current, { waitUntil: "load" });
    if ((await page.locator("h1").count()) !== 1) problem("not one heading of the first level");
    for (const link of (await page.evaluate(links)).map(bare)) {
      if (!link.startsWith(base)) problem(`leads out of the folder: ${link}`);
      else if (!known.has(link)) {
        known.add(link);
        if (/\.html$/.test(link)) queue.push(link);
      }
    }
  }
  current = index;
  for (const link of known) {
    if (opened.has(link)) continue;
    const { status } = await fetch(link, { method: "HEAD" });
    if (status !== 200) problem(`${status} for ${link}`);
  }
} finally {
  await browser.close();
}
if (problems.length > 0) {
  console.error(problems.slice(0, 20).join("\n"));
  process.exit(1);
}
console.log(`${opened.size} pages, ${known.size} links`);
