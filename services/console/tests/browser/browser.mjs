// A real Chromium at the console: what goes wrong in a page fails the script.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { basename } from "node:path";
import assert from "node:assert/strict";
import { chromium as playwright } from "playwright-core";

export const asked = JSON.parse(process.argv[2]);
const SYSTEM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
  "--js-flags=--no-opt --no-maglev", // a page lives for seconds: to optimise it takes longer than to run it
];

/** Where a Chromium is: the machine's, else the one of the packages, with the libraries that the machine lacks. */
async function executable() {
  const found = SYSTEM.find((path) => existsSync(path));
  if (found) return { executablePath: found, args: QUIET };
  mkdirSync(asked.temporary, { recursive: true });
  process.env.TMPDIR = asked.temporary;
  let libraries = "";
  try {
    libraries = execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" });
  } catch {
    // no ldconfig: bring the libraries along
  }
  if (!libraries.includes("libnss3.so") || !libraries.includes("libnspr4.so")) process.env.AWS_LAMBDA_JS_RUNTIME = "nodejs22.x";
  const { default: packed } = await import("@sparticuz/chromium");
  // in one process the people of a story would share their cookies; what guards a page stays on
  const unwanted = ["--headless", "--user-data-dir", "--single-process", "--incognito", "--disable-web-security", "--disable-site-isolation-trials"];
  const args = packed.args.filter((one) => !unwanted.some((name) => one.startsWith(name)));
  return { executablePath: await packed.executablePath(), args: [...args, ...QUIET] };
}

/** answers come up to so many milliseconds late, each by another time: what a story takes for granted shows */
const SLOWEST = Number(process.env.KEHU_TEST_SLOWEST ?? 0);

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Run the story in a fresh browser; fails on any script error, refused resource or unexpected console error. */
export async function story(tell, { viewport = { width: 1366, height: 768 }, expected = [] } = {}) {
  const browser = await playwright.launch({ ...(await executable()), headless: true });
  const wrong = [];
  const usual = [/status of 401/, ...expected]; // a page that nobody has signed in at asks once
  const open = async () => {
    const context = await browser.newContext({ viewport, locale: "zh-CN", timezoneId: "Asia/Shanghai", baseURL: asked.console });
    context.setDefaultTimeout(30_000);
    if (SLOWEST) {
      await context.route((url) => url.origin === asked.console && url.pathname.startsWith("/api/"), async (route) => {
        await new Promise((goOn) => setTimeout(goOn, Math.random() * SLOWEST));
        await route.continue().catch(() => {}); // the page has left meanwhile
      });
    }
    const page = await context.newPage();
    page.on("pageerror", (error) => wrong.push(`error in the page: ${error.message}`));
    page.on("console", (said) => {
      if (said.type() === "error" && !usual.some((one) => one.test(said.text()))) wrong.push(`console: ${said.text()}`);
    });
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && ![asked.console, asked.issuer].includes(url.origin)) wrong.push(`elsewhere: ${url.origin}`);
      const said = (url.pathname + url.search).replaceAll(UUID, ""); // an id may look like a phone by chance
      if (/1[3-9]\d{9}|1420777|%E/.test(said) && url.origin === asked.console) wrong.push(`in an address: ${url}`);
    });
    return [page, context];
  };
  try {
    const [page, context] = await open();
    try {
      await tell(page, context, async () => (await open())[0]);
    } catch (error) {
      const pages = browser.contexts().flatMap((one) => one.pages());
      for (const [nth, one] of pages.entries()) await one.screenshot({ path: `${asked.screenshots}/failed-${basename(process.argv[1], ".mjs")}-${nth}.png`, fullPage: true }).catch(() => {});
      throw error;
    }
    assert.deepEqual(wrong, []);
  } finally {
    await browser.close();
  }
}

/** Choose somebody at the provider, in its page, and be back at the page that was wanted. */
export async function signInByHand(page, who, path = "/work") {
  await page.goto(path);
  await page.getByRole("button", { name: new RegExp(`^${who} `) }).click();
  await page.waitForURL(`**${path}`);
  await page.locator("#main .card").first().waitFor();
}

/** Come as somebody whom the provider offers; its page is not drawn. */
export async function signIn(page, who, path = "/work") {
  const found = new RegExp(`name="grants" value="([^"]*)"><button name="sub" value="${who}"`);
  await arrive(page, who, (offered) => found.exec(offered)[1], path);
}

/** Come as somebody whom the provider does not offer, with these grants. */
export async function signInAs(page, who, grants, path = "/work") {
  await arrive(page, who, () => grants, path);
}

/** The way through the provider and back by which a page would come, without drawing three of them: most stories begin after it. */
async function arrive(page, who, grantsOf, path) {
  const asking = page.context().request;
  const offered = await asking.get("/auth/sign-in?to=/work");
  const chosen = new URL(offered.url());
  chosen.searchParams.set("sub", who);
  chosen.searchParams.set("grants", grantsOf(await offered.text()));
  const back = await asking.get(chosen.href);
  assert.equal(new URL(back.url()).origin, asked.console, await back.text());
  await page.goto(path);
  await page.locator("#main .card").first().waitFor();
}

/** A button by its words; between two characters the library puts a space. */
export function button(page, name) {
  return page.getByRole("button", name.length === 2 ? { name: new RegExp(`^${name[0]}\\s?${name[1]}$`) } : { name, exact: true });
}

/** To the next field: one Tab, whatever is suggested. */
export async function onward(page) {
  const here = await page.evaluateHandle(() => document.activeElement);
  await page.keyboard.press("Tab");
  assert.ok(!(await here.evaluate((one) => one === document.activeElement)), "one Tab leaves the field");
}

/** By Tab alone to what is meant; at every stop on the way it is seen where the focus is. */
export async function tabTo(page, meant) {
  await meant.waitFor();
  for (let stops = 0; stops < 80; stops += 1) {
    await page.keyboard.press("Tab");
    const [here, seen, what] = await page.evaluate((one) => {
      const at = document.activeElement;
      const shown = at.closest(".ant-radio-wrapper, .ant-checkbox-wrapper, .ant-input-affix-wrapper, .ant-select, .ant-upload") ?? at;
      const styles = [at, shown, ...shown.querySelectorAll("*")].map((each) => getComputedStyle(each));
      const ring = styles.some(({ outlineStyle, outlineWidth, boxShadow }) => (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none");
      return [at === one, ring || at === document.body, at.outerHTML.slice(0, 160)];
    }, await meant.elementHandle());
    assert.ok(seen, `where the focus is must be seen: ${what}`);
    if (here) return;
  }
  assert.fail("Tab does not lead there");
}

/** Take a step of a case by its form: what is given by the label of its field, choices by the words of the answer. */
export async function step(page, name, said = {}) {
  await button(page, name).click();
  const form = page.getByRole("form", { name, exact: true }).or(page.locator("form.step")).first();
  await form.waitFor();
  for (const [label, value] of Object.entries(said)) await give(page, form, label, value);
  await form.getByRole("button", { name: /提\s?交/ }).click();
  await form.waitFor({ state: "detached" });
}

/** Give a value to a field: text is typed, one of a few answers is ticked, one of a list is chosen. */
export async function give(page, form, label, value) {
  const field = form.getByLabel(label, { exact: true }).first();
  const role = await field.getAttribute("role");
  const group = role === "radiogroup" || (await field.evaluate((one) => one.matches(".ant-checkbox-group, .ant-radio-group")));
  if (group) return field.getByText(value, { exact: true }).click();
  const list = role === "combobox" && (await field.evaluate((one) => one.closest(".ant-select") && !one.closest(".ant-select-auto-complete")));
  if (!list) return field.fill(value);
  await field.click();
  if (await field.isEditable().catch(() => false)) await field.pressSequentially(value);
  await page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option").filter({ hasText: value }).first().click();
  await field.press("Escape");
}

/** The Chinese that a page in English has left, but masked names, what the staff service calls places and people, and what was said. */
export async function untranslated(page, ...said) {
  const data = [/[\u4e00-\u9fff]*\*+[\u4e00-\u9fff]*/g, /南京江宁分销公司|上海浦东门店|上海闵行4S店|员工\d+/g, ...said];
  const text = await page.locator("main").innerText();
  return data.reduce((left, one) => left.replaceAll(one, ""), text).match(/[\u4e00-\u9fff、，。；：（）]+/g);
}

export async function look(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `${asked.screenshots}/${name}.png` });
}

/** The fields of a call. */
export async function fill(page, { phone, plate, name, branch = "sh-pudong", brand, text }) {
  await page.getByLabel("来电号码").fill(phone);
  if (plate) await page.getByLabel("车牌").fill(plate);
  await page.getByLabel("投诉人姓名").fill(name);
  await page.getByLabel("被投诉门店").fill(branch);
  await page.getByLabel("品牌").fill(brand);
  await page.getByLabel("投诉内容").fill(text);
}

/** What keeps a page from fitting a phone and every reader: cut off, too faint, a control without a name. */
export async function fits(page) {
  const over = await page.evaluate(tooWide);
  const faint = await page.evaluate(unreadable);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("button, a[href], input:not([type=hidden])")]
      .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !(one.ariaLabel || one.textContent.trim() || one.labels?.length || one.title || one.getAttribute("aria-labelledby")))
      .map((one) => one.outerHTML.slice(0, 100)),
  );
  return [...over, ...faint.map((one) => `not enough contrast: ${one}`), ...nameless.map((one) => `nameless: ${one}`)];
}

/** By how much the page is too wide, and what reaches beyond its edge; runs in the page. */
function tooWide() {
  const edge = document.documentElement.clientWidth;
  const over = document.documentElement.scrollWidth - edge;
  if (over <= 0) return [];
  const beyond = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > edge + 0.5);
  return [`${over} pixels too wide: ${beyond.slice(0, 12).map((one) => `${one.tagName.toLowerCase()}.${one.className}`).join(" > ")}`];
}

/** Texts whose contrast is below WCAG AA, with their ratio; runs in the page. */
function unreadable() {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const numbers = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(at).backgroundColor);
      if (a > 0.9) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || one.closest("[disabled], .ant-btn-disabled, .ant-badge, noscript, script, .skip")) continue;
    const style = getComputedStyle(one);
    const [a, b] = [light(numbers(style.color)), light(ground(one))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && +style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) found.push(`${walk.currentNode.data.trim().slice(0, 30)} ${ratio.toFixed(2)} ${style.color}`);
  }
  return found;
}

export const saved = (page) => page.locator("output.big-number");
export { assert };
