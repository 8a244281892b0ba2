// A call taken and a case judged with the keyboard alone, and every page at a phone's width without anything cut off.
import { asked, assert, fits, look, onward, saved, signIn, story, tabTo } from "./browser.mjs";

const expected = [/status of (422|404|403|503)/, /EventSource/];

await story(
  async (page) => {
    await signIn(page, "agent-7");
    await page.keyboard.press("Alt+Digit1");
    await page.getByLabel("来电号码").waitFor();
    assert.ok(await page.getByLabel("来电号码").evaluate((one) => one === document.activeElement));
    const at = (name) => page.getByLabel(name).evaluate((one) => one === document.activeElement);
    const type = async (text) => {
      await page.keyboard.type(text);
      await onward(page);
    };
    await type("14207770777");
    await type("沪A54321");
    await type("陈静");
    // what is suggested takes no Tab, shown or written in full; arrows and Enter choose, and choosing saves nothing
    const branch = page.getByLabel("被投诉门店");
    const suggested = page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option");
    await page.keyboard.type("sh-pudong");
    await suggested.filter({ hasText: "上海浦东门店" }).waitFor(); // found by its code too
    await onward(page);
    assert.ok(await at("品牌"), "one Tab goes on");
    await suggested.first().waitFor({ state: "detached" });
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("sh-");
    await suggested.nth(1).waitFor();
    await look(page, "suggested");
    await page.keyboard.press("ArrowDown");
    const marked = await page.locator(".ant-select-item-option-active").textContent();
    await page.keyboard.press("Enter");
    assert.equal(await branch.inputValue(), marked);
    assert.ok(await at("被投诉门店"), "choosing stays in the field");
    await page.keyboard.press("Shift+Tab");
    assert.ok(await at("投诉人姓名"), "and so does the way back");
    await onward(page);
    await page.keyboard.press("ControlOrMeta+A");
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
    await page.getByRole("heading", { name: "我的工作" }).waitFor(); // the address changes first, then the page
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement !== document.body));
  },
  { expected },
);

await story(
  async (page) => {
    await signIn(page, "hr-admin-manager-sh-pudong-1", "/inbox");
    await page.keyboard.press("Alt+Digit2");
    await tabTo(page, page.locator(`a[href="/cases/${asked.case_id}"]`).first());
    await page.keyboard.press("Enter");
    await tabTo(page, page.getByRole("button", { name: "判定投诉是否成立" }));
    await page.keyboard.press("Enter");
    for (const name of ["投诉理由成立", "客户要求成立"]) {
      await tabTo(page, page.getByRole("radiogroup", { name }).getByRole("radio").first());
      await page.keyboard.press("Space");
    }
    await tabTo(page, page.getByLabel("判定意见"));
    await page.keyboard.type("等候三小时属实");
    await look(page, "judging-by-keyboard");
    await page.keyboard.press("Control+Enter");
    await page.locator(".case-head").getByText("已判定").waitFor();
    await page.keyboard.press("Alt+Digit3");
    await page.waitForURL("**/inbox");
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
      assert.deepEqual(await fits(page), [], name);
    }
  },
  { viewport: { width: 390, height: 844 }, expected },
);
