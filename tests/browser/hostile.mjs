// Opens every page that shows hostile data (hostile_data.mjs) and proves that the data stays data.
//
//   node hostile.mjs SITE_FOLDER
//
// Fails if anything of it runs, asks or requests; if the structure of a page is not the product's own; if a bidirectional
// control of it acts outside of the element that isolates it; if a page does not show it as it is; and if summary.md holds
// HTML, a link or a mention made by it.

import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ATTACKS, VERSIONS } from "./hostile_data.mjs";
import { Problems, comparisons, htmlFiles, isPointer, launch, nameIn, watch } from "./site.mjs";

const site = realpathSync(process.argv[2]);
const files = `${pathToFileURL(site).href}/`;
const hostile = (path) => /^cases\.(hostile|media)/.test(nameIn(site, path));
const pages = [join(site, "index.html"), ...htmlFiles(site).filter((path) => hostile(path) && !isPointer(path))];
const problems = new Problems();

/** Runs in the page: what of its structure is not ours. */
function structure(site) {
  const wrong = [];
  const of = (selector) => [...document.querySelectorAll(selector)];
  const say = (what, elements) => elements.length > 0 && wrong.push(`${what}: ${elements[0].outerHTML.slice(0, 120)}`);
  if (window.pwned !== undefined) wrong.push("data was run");
  if (document.title.trim() === "") wrong.push("no title");
  const body = [...document.body.children].map((one) => one.localName).join(" ");
  if (!/^a (header main footer|main script)$/.test(body)) wrong.push(`the body holds ${body}`);
  if (of("h1").length !== 1 || !document.querySelector("main h1")) wrong.push(`${of("h1").length} headings of the first level`);
  say("an element that the product never makes", of("iframe, object, embed, base, textarea, video, source, math, template"));
  const ofReport = (one) => /^\.\.\/media\/[0-9a-f]{64}\.(png|jpg|gif|webp|wav|mp3|ogg|flac)$/.test(one.getAttribute("src"));
  say("a sound that is no file of the report", of("audio").filter((one) => !ofReport(one)));
  say("a form", of("form, select").filter((one) => !one.closest("main > form.filters")));
  const ours = (script) => (script.src ? /\/assets\/report-[0-9a-f]+\.js$/.test(script.src) : script.parentElement === document.body);
  say("a script of its own", of("script").filter((one, i) => i > 0 || !ours(one)));
  say("an image", of("img, picture, image").filter((one) => !/^data:image\//.test(one.getAttribute("src") ?? "") && !(one.localName === "img" && ofReport(one))));
  say("a handler", of("*").filter((one) => [...one.attributes].some(({ name }) => /^on/.test(name))));
  say("inline style", of("[style]"));
  say("a drawing", of("svg").filter((one) => !one.matches(".bar, .chart, .trend svg")));
  say("a link that leads elsewhere", of("a[href], area[href]").filter((link) => !new URL(link.getAttribute("href"), location.href).href.startsWith(site)));
  return wrong;
}

/**
 * Runs in the page: texts with bidirectional controls that nothing isolates from what stands beside them. Queries have to keep
 * them, being copied: they act up to the end of their line.
 */
function leaks() {
  const controls = /[\u202a-\u202e\u2066-\u2069]/;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!controls.test(node.data)) continue;
    const shelter = node.parentElement.closest('bdi, [dir="auto"], pre.query, option, svg text, svg title, svg desc');
    const isolated = shelter && (shelter.closest("svg, option") || /isolate|plaintext/.test(getComputedStyle(shelter).unicodeBidi));
    if (!isolated) found.push(node.parentElement.outerHTML.slice(0, 120));
  }
  return found;
}

/** Runs in the page: uses every control that the script adds. */
function useControls(words) {
  for (const button of document.querySelectorAll("button")) button.click();
  for (const input of document.querySelectorAll("input[type=search]")) {
    input.value = words;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.value = "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

const texts = () => [...document.querySelectorAll("main bdi, main .payload")].map((one) => one.textContent);

/** A text as pages show it: control characters as their pictures. */
function shown(text) {
  const picture = (c) => (c <= "\u001f" ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : c === "\u007f" ? "\u2421" : "\ufffd");
  return text.replace(/[\0-\u0008\u000b-\u001f\u007f-\u009f]/g, picture);
}

async function openAll(browser) {
  const page = await browser.newPage();
  const seen = new Set();
  let name = "";
  watch(page, files, (text) => problems.add(name, text));
  for (const path of pages) {
    name = nameIn(site, path);
    await page.goto(files + name, { waitUntil: "load" });
    await page.evaluate(useControls, ATTACKS[0]);
    for (const what of await page.evaluate(structure, files)) problems.add(name, what);
    for (const what of await page.evaluate(leaks)) problems.add(name, `a bidirectional control leaks from ${what}`);
    for (const text of await page.evaluate(texts)) seen.add(text);
  }
  for (const text of [...ATTACKS, ...Object.values(VERSIONS)].map(shown)) {
    if (!seen.has(text)) problems.add("the report", `shows nowhere as it is: ${JSON.stringify(text)}`);
  }
}

/** What a host would make of a comment: only the tags that the product writes, and nothing to link or mention. */
function checkSummary(path) {
  const text = readFileSync(path, "utf8");
  const rest = text.replace(/<\/?(code|details|summary)>/g, "");
  const bad = {
    HTML: /</,
    "a link": /\]\(|:\/\/|\bwww\./,
    "a mention": /@/,
    "a reference": /[^&]#\d/,
    "a control": /[\0-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
  };
  for (const [what, pattern] of Object.entries(bad)) {
    const found = pattern.exec(rest);
    if (found) problems.add(nameIn(site, path), `${what} made by data: ${JSON.stringify(rest.slice(found.index, found.index + 60))}`);
  }
}

if (pages.length < 50) problems.add("the site", `only ${pages.length} pages with hostile data`);
const browser = await launch();
try {
  await openAll(browser);
} finally {
  await browser.close();
}
for (const folder of comparisons(site).filter(hostile)) checkSummary(join(folder, "summary.md"));
problems.end(`${pages.length} pages with hostile data`);
