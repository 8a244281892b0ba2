// A call taken with the keyboard alone, and every page at a phone's width without anything cut off.
import { asked, assert, look, saved, signIn, story } from "./browser.mjs";

const expected = [/status of (422|404|403|503)/, /EventSource/];

await story(
  async (page) => {
    await signIn(page, "agent-7");
    await page.keyboard.press("Alt+Digit1");
    await page.getByLabel("来电号码").waitFor();
    assert.ok(await page.getByLabel("来电号码").evaluate((one) => one === document.activeElement));
    const type = async (text) => {
      await page.keyboard.type(text);
      await page.keyboard.press("Tab");
    };
    await type("14207770777");
    await type("沪A54321");
    await type("陈静");
    await type("sh-pudong");
    await type("长安福特");
    await type("蒙迪欧");
    await type("车机黑屏");
    await page.keyboard.type("更换车机");
    const ring = await page.evaluate(() => document.activeElement.matches(":focus-visible"));
    assert.ok(ring, "where the focus is must be seen");
    await page.keyboard.press("Enter");
    await saved(page).waitFor();
    // the focus is on what comes next
    await page.keyboard.press("Enter");
    await page.getByLabel("来电号码").waitFor();
    assert.equal(await page.getByLabel("来电号码").inputValue(), "");
    await page.keyboard.press("Alt+Digit2");
    await page.waitForURL("**/work");
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement !== document.body));
  },
  { expected },
);

await story(
  async (page) => {
    await signIn(page, "hr-admin-manager-sh-pudong-1");
    for (const [name, path] of [["work", "/work"], ["call", "/call"], ["case", `/cases/${asked.case_id}`], ["inbox", "/inbox"]]) {
      await page.goto(path);
      await page.locator("#main .card").first().waitFor();
      await page.waitForLoadState("load");
      await look(page, `phone-${name}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${name} is ${over} pixels too wide`);
      const faint = await page.evaluate(unreadable);
      assert.deepEqual(faint, [], `${name}: not enough contrast`);
      const nameless = await page.evaluate(() =>
        [...document.querySelectorAll("button, a[href], input:not([type=hidden])")]
          .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !(one.ariaLabel || one.textContent.trim() || one.labels?.length || one.title || one.getAttribute("aria-labelledby")))
          .map((one) => one.outerHTML.slice(0, 100)),
      );
      assert.deepEqual(nameless, [], `${name}: nameless controls`);
    }
  },
  { viewport: { width: 390, height: 844 }, expected },
);

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
