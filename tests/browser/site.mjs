// What the browser tests share: the browser, the pages of a site, a server for them, and a list of what was found wrong.

import { createServer } from "node:http";
import { createReadStream, existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
export const FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"];
export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Where Chromium is: CHROMIUM, or what is installed. */
export function chromiumPath() {
  const path = process.env.CHROMIUM || BROWSERS.find(existsSync);
  if (path) return path;
  console.error("no Chromium: install it (apt-get install chromium) or name it with CHROMIUM");
  process.exit(2);
}

export const launch = () => chromium.launch({ executablePath: chromiumPath(), args: FLAGS });

/** Collects what is wrong and where; `end` prints each kind of it once and sets the exit code. */
export class Problems {
  #places = new Map();

  add(where, text) {
    this.#places.set(text, [...(this.#places.get(text) ?? []), where]);
  }

  end(passed) {
    if (this.#places.size === 0) return console.log(passed);
    console.error(`${this.#places.size} problems:`);
    for (const [text, places] of [...this.#places].slice(0, 60)) {
      console.error(`  ${places[0]}: ${text}${places.length > 1 ? ` (and ${places.length - 1} times more)` : ""}`);
    }
    process.exitCode = 1;
  }
}

/** Every HTML file below a folder, in order. */
export function htmlFiles(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
  return files.map((name) => join(folder, name)).sort();
}

/** A page's path below the site, with slashes. */
export const nameIn = (site, path) => relative(site, path).split(sep).join("/");

/** Pages that send their reader on to the newest report. */
export const isPointer = (path) => readFileSync(path, "utf8").includes('http-equiv="refresh"');

/** Pages of every kind: the front pages of reports, all of them if not told otherwise, and up to `most` of the others. */
export function someOfEach(site, pages, most, fronts = Infinity) {
  const kinds = new Map();
  for (const path of pages) {
    const [leaf, folder] = nameIn(site, path).split("/").reverse();
    const kind = leaf === "index.html" || leaf === "method.html" ? leaf : folder;
    kinds.set(kind, [...(kinds.get(kind) ?? []), path]);
  }
  const some = ([kind, of]) => evenly(of, kind === "index.html" ? fronts : most);
  return [...kinds].flatMap(some);
}

function evenly(all, most) {
  const step = Math.max(1, (all.length - 1) / Math.max(1, most - 1));
  return all.length <= most ? all : Array.from({ length: most }, (_, i) => all[Math.round(i * step)]);
}

/** Folders of comparisons. */
export const comparisons = (site) => reports(site).filter((folder) => existsSync(join(folder, "data", "comparison.json")));

/** Folders of reports on single runs. */
export const runReports = (site) => reports(site).filter((folder) => !existsSync(join(folder, "data", "comparison.json")));

function reports(site) {
  const fronts = htmlFiles(site).filter((path) => path.endsWith(`${sep}index.html`));
  return fronts.map((path) => dirname(path)).filter((folder) => existsSync(join(folder, "data")));
}

/** Reports what a page says on the console, throws, or requests from outside of `base`. */
export function watch(page, base, problem) {
  page.on("console", (message) => problem(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => problem(`exception: ${error.message}`));
  page.on("dialog", (dialog) => {
    problem(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText;
    // A page that is left while an image of it still loads ends the request; what is not there fails otherwise.
    if (why === "net::ERR_ABORTED" && ["image", "media"].includes(request.resourceType())) return;
    problem(`failed: ${request.url()} ${why}`);
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith("data:") && !url.startsWith(base)) problem(`request leaves the folder: ${url}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) problem(`${response.status()} for ${response.url()}`);
  });
}

const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".json": "application/json" };

/** Serves a site under a prefix on a free port of this machine: `{base, close}`. */
export async function serve(site, prefix = "/some/prefix/") {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const file = join(site, path.slice(prefix.length) || "index.html");
    if (!path.startsWith(prefix) || !file.startsWith(site) || !existsSync(file) || !statSync(file).isFile()) {
      return response.writeHead(404).end();
    }
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    if (request.method === "HEAD") return response.end();
    createReadStream(file).pipe(response);
  });
  server.keepAliveTimeout = 60_000; // a connection must not end under a request that reuses it
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const base = `http://127.0.0.1:${server.address().port}${prefix}`;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { base, close };
}

/** The file behind a file: URL, without query and fragment. */
export const fileOf = (url) => fileURLToPath(url.split(/[?#]/)[0]);
