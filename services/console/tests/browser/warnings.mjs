// After a night an account that is long overdue has a warning and a dunning letter: acted on, closed, handed over.
import { readFileSync } from "node:fs";
import { asked, assert, button, fits, give, look, signInAs, story, untranslated } from "./browser.mjs";

await story(
  async (page, context, another) => {
    await signInAs(page, asked.sales, "", "/credit?list=warnings");
    const line = page.getByRole("list", { name: "风险预警" }).getByRole("link", { name: new RegExp(`账龄过长.*${asked.account.slice(0, 18).toUpperCase()}`, "s") });
    await line.waitFor();
    await look(page, "credit-warnings");
    await line.click();
    await page.getByText("逾期已久的占比达到政策阈值").waitFor();
    const oldest = page.getByRole("row", { name: /最长逾期天数/ }).getByRole("cell");
    assert.match(await oldest.first().textContent(), new RegExp(`^${asked.over}\\b`), "as it was raised");
    assert.equal(await page.getByRole("button", { name: "关闭预警" }).count(), 0, "who sells does not close it");
    await page.getByRole("list", { name: "相关单据" }).getByRole("button").first().click();
    await page.getByText("应收账款").first().waitFor();
    await look(page, "credit-warning");
    await button(page, "登记措施").click();
    const act = page.getByRole("form", { name: "登记措施" });
    await give(page, act, "措施", "已上门");
    await give(page, act, "说明", "客户承诺月底前付清");
    await act.getByRole("button", { name: /提\s?交/ }).click();
    await act.waitFor({ state: "detached" });
    await page.getByRole("status").getByText("处理中").waitFor();
    await page.getByText("客户承诺月底前付清").waitFor();
    const warning = new URL(page.url()).pathname;

    const finance = await another();
    await signInAs(finance, asked.finance, "", warning);
    await finance.getByRole("button", { name: "关闭预警" }).focus();
    await finance.keyboard.press("Enter");
    const close = finance.getByRole("form", { name: "关闭预警" });
    await give(finance, close, "理由", "已有担保");
    await give(finance, close, "说明", "总部出具保函");
    await look(finance, "credit-warning-close");
    await close.getByRole("button", { name: /提\s?交/ }).click();
    await finance.getByRole("status").getByText("已关闭").waitFor();
    assert.equal(await finance.getByRole("button", { name: "登记措施" }).count(), 0);

    // the letter: signed where its level says so, its PDF is opened, and it is said when the customer got it
    const director = await another();
    await signInAs(director, asked.director, "", `/credit/letters/${asked.letter}`);
    await director.getByRole("button", { name: /^签发/ }).click();
    await director.getByRole("status").getByText("待送达").waitFor();
    await page.goto("/credit?list=letters");
    await page.getByRole("list", { name: "催款函" }).getByRole("link").first().waitFor();
    await look(page, "credit-letters");
    await page.goto(`/credit/letters/${asked.letter}`);
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "催款函 (PDF)" }).click()]);
    assert.equal(readFileSync(await saved.path()).subarray(0, 5).toString(), "%PDF-");
    await button(page, "登记送达").click();
    const hand = page.getByRole("form", { name: "登记送达" });
    await give(page, hand, "送达方式", "快递");
    await look(page, "credit-letter");
    await hand.getByLabel("送达日期").press("Enter");
    await hand.waitFor({ state: "detached" });
    await page.getByRole("status").getByText("已送达").waitFor();
    assert.equal(await page.getByRole("button", { name: "登记送达" }).count(), 0);

    await page.setViewportSize({ width: 390, height: 844 });
    for (const [name, where] of [["warnings", "/credit?list=warnings"], ["warning", warning], ["letters", "/credit?list=letters"], ["letter", `/credit/letters/${asked.letter}`]]) {
      await page.goto(where);
      await page.locator("#main .card").first().waitFor();
      await page.waitForFunction(() => !document.querySelector("#main .ant-skeleton, #main .ant-spin"));
      await look(page, `phone-credit-${name}`);
      assert.deepEqual(await fits(page), [], name);
      await page.getByRole("button", { name: "English" }).click();
      await page.getByRole("button", { name: "中文" }).waitFor();
      const left = await untranslated(page, /客户承诺月底前付清|总部出具保函/g);
      assert.deepEqual(left, null, "no Chinese is left on the English page");
      await page.getByRole("button", { name: "中文" }).click();
    }
  },
  { expected: [/status of (403|404|409|422|503)/, /EventSource/] },
);
