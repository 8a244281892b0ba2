// An account: the limit day by day, the exposure down to the entries of a document, ageing; both languages.
import { asked, assert, look, signInAs, story, untranslated } from "./browser.mjs";

await story(
  async (page) => {
    const path = `/credit/accounts/${asked.account}`;
    await signInAs(page, asked.sales, "", path);
    const chart = page.getByRole("slider", { name: "授信额逐日变化" });
    await chart.waitFor();
    const said = page.locator(".chart-said");
    const first = await said.textContent();
    // by keyboard: a day further, and why the limit moves there
    await chart.focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((before) => document.querySelector(".chart-said").textContent !== before, first);
    assert.match(await said.textContent(), /预计/);
    for (let n = 0; n < 31 && !/移出统计期/.test(await said.textContent()); n++) await page.keyboard.press("ArrowRight");
    assert.match(await said.textContent(), /出货移出统计期 \(.*\) −¥/s);
    assert.match(await chart.getAttribute("aria-valuetext"), /授信额/);
    assert.ok((await chart.locator("path.limit.ahead").getAttribute("d")).length > 50, "the days ahead are drawn");
    await look(page, "credit-account");
    await page.getByText("逐日列表").click();
    assert.ok(await page.getByRole("region", { name: "逐日列表" }).getByRole("row").count() > 30);
    await page.getByText("逐日列表").click();

    // each part opens, its lines add up to it, a document opens into its entries
    await page.getByRole("button", { name: /应收净额/ }).click();
    const lines = page.getByRole("list", { name: "应收净额 明细" });
    await lines.waitFor();
    const cents = (text) => Number(text.replace(/[¥,\s\u00a0]/g, "").replace("−", "-").replace(".", ""));
    const counted = await lines.locator(".ledger-line > :last-child").allTextContents();
    const whole = await page.getByRole("button", { name: /应收净额/ }).locator(".amount").textContent();
    assert.equal(counted.map(cents).reduce((a, b) => a + b, 0), cents(whole));
    await lines.getByRole("button", { name: /发票/ }).first().click();
    await page.getByText("应收账款").first().waitFor();
    await page.getByText("销售收入").first().waitFor();
    await page.getByRole("button", { name: /逾期 31–60 天/ }).click();
    await page.getByRole("list", { name: "逾期 31–60 天" }).waitFor();
    await page.getByRole("heading", { name: /占用额的构成/ }).evaluate((one) => one.scrollIntoView());
    await page.evaluate(() => window.scrollBy(0, -60));
    await look(page, "credit-exposure");

    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: /Account/ }).waitFor();
    await page.getByRole("slider", { name: "The limit day by day" }).waitFor();
    await page.getByText("31–60 days over").first().waitFor();
    await page.evaluate(() => window.scrollTo(0, 0));
    await look(page, "credit-account-english");
    const left = await untranslated(page);
    assert.deepEqual(left, null, "no Chinese is left on the English page");
    await page.getByRole("button", { name: "中文" }).click();

    // an account that lacks papers says which, and has no credit
    await page.goto(`/credit/accounts/${asked.bare}`);
    await page.getByText("授信资格缺少").waitFor();
    assert.match(await page.getByRole("alert").textContent(), /缺开户人身份证件复印件.*P11\.1.*缺业务合同/s);
    await look(page, "credit-no-papers");
  },
  { expected: [/status of (404|403|503)/, /EventSource/] },
);
