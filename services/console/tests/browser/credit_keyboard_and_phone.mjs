// Goods asked for with the keyboard alone, and every credit page at a phone's width; who has no part in it sees none.
import { asked, assert, fits, look, onward, signInAs, story } from "./browser.mjs";

const expected = [/status of (422|404|403|503)/, /EventSource/];

await story(
  async (page) => {
    await signInAs(page, asked.sales, "");
    await page.keyboard.press("Alt+Digit5");
    await page.getByRole("heading", { name: "授信台" }).waitFor();
    await page.keyboard.press("Alt+Digit6");
    const account = page.getByLabel("授信账户编号");
    await account.waitFor();
    assert.ok(await account.evaluate((one) => one === document.activeElement), "one begins where one types");
    await page.keyboard.type(asked.account.slice(0, 18));
    await page.getByText(/^南京江宁分销公司 · /).waitFor(); // the number is known: nothing is to be chosen
    const type = async (text) => {
      await page.keyboard.type(text);
      await onward(page);
    };
    await onward(page);
    await page.waitForFunction(() => document.activeElement.id === "destination");
    await type("nj-depot-2");
    for (const text of ["GPS-T200", "B-1", "2.5"]) await type(text);
    await page.keyboard.type("987.40");
    await page.keyboard.press("Alt+KeyL");
    await page.waitForFunction(() => document.activeElement.dataset.line === "1");
    for (const text of ["GPS-T300", "B-2", "0.001"]) await type(text);
    await page.keyboard.type("1.00");
    await page.getByText("数量×单价须为整分").waitFor();
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.type("0");
    await page.keyboard.press("Enter");
    await page.getByText("大于 0，最多三位小数").waitFor();
    await page.keyboard.press("ControlOrMeta+A");
    await type("1");
    await page.keyboard.type("0.00");
    await page.locator("output.total").filter({ hasText: "2,468.50" }).waitFor();
    const ring = await page.evaluate(() => document.activeElement.matches(":focus-visible"));
    assert.ok(ring, "where the focus is must be seen");
    await look(page, "credit-keyboard");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/credit/shipments/*");
    await page.getByText("¥\u00a02,468.50").first().waitFor();
    // the result is where one reads on
    await page.waitForFunction(() => document.activeElement.id === "shipment-title");
  },
  { expected },
);

const pages = [
  ["desk", "/credit"], ["shipments", "/credit?list=shipments"], ["accounts", "/credit?list=accounts"], ["request", "/credit/request"],
  ["account", `/credit/accounts/${asked.account}`], ["shipment", `/credit/shipments/${asked.shipment}`],
  ["change", `/credit/shipments/${asked.shipment}/change`],
];

await story(
  async (page) => {
    await signInAs(page, asked.sales, "");
    for (const [name, path] of pages) {
      await page.goto(path);
      await page.locator("#main .card").first().waitFor();
      await page.waitForFunction(() => !document.querySelector("#main .ant-skeleton, #main .ant-spin"));
      await look(page, `phone-credit-${name}`);
      assert.deepEqual(await fits(page), [], name);
    }
  },
  { viewport: { width: 390, height: 844 }, expected },
);

// the call centre has no part in credit: no menu entry, and a page that says what to do
await story(
  async (page) => {
    await signInAs(page, asked.clerk, "");
    assert.equal(await page.getByRole("link", { name: /授信台|发货申请/ }).count(), 0);
    await page.goto("/credit");
    await page.getByText("您的岗位不能查看授信与发货").waitFor();
    await page.goto("/credit/request");
    await page.getByText("您的岗位不能申请发货").waitFor();
  },
  { expected },
);
