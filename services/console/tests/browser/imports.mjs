// Files of bank and ERP: tried first, then booked; what became of each row is on the page and in a CSV.
import { readFileSync } from "node:fs";
import { asked, assert, button, fits, look, signInAs, story, untranslated } from "./browser.mjs";

const file = (name, lines) => ({ name, mimeType: "text/csv", buffer: Buffer.from(`\ufeff${lines.join("\r\n")}\r\n`) });

await story(
  async (page, context, another) => {
    await signInAs(page, asked.finance, "", "/credit");
    await page.getByRole("link", { name: "导入银行与 ERP 文件" }).click();
    await page.getByRole("tab", { name: "ERP 单据" }).click();
    await page.getByText("单据编号、单据类型、单据日期").waitFor();
    assert.ok(await button(page, "正式入账").isDisabled(), "it is tried first");
    const account = asked.account.slice(0, 18);
    await page.getByLabel("选择文件").setInputFiles(file("erp.csv", [
      "分支,账户编号,客户编号,单据编号,单据类型,单据日期,金额",
      `nj-jiangning,${account},,FP-1,发票,${asked.today},¥1200.30`,
      `nj-jiangning,${account},,FP-2,发票,${asked.today},80.05`,
      `nj-jiangning,00000000-0000,,FP-3,发票,${asked.today},10.00`,
      `nj-jiangning,${account},,FP-4,发票,昨天,-10`,
    ]));
    await button(page, "试算").click();
    await page.getByText("试算完成，未入账").waitFor();
    const status = page.getByRole("region", { name: /试算结果/ }).first();
    await page.getByRole("status").getByText("入账 2").waitFor();
    await page.getByRole("status").getByText("被拒 2").waitFor();
    assert.equal(await status.getByRole("row").count() - 1, 4);
    // what is wrong is said at the column as the file calls it, not by a pointer
    await page.getByRole("row", { name: /^5 被拒.*单据日期 .*金额 /s }).waitFor();
    assert.ok(!/\/(dated_on|amount)/.test(await status.textContent()));
    await look(page, "credit-import-tried");
    await page.getByRole("button", { name: "正式入账 (2)" }).click();
    await page.getByText("入账完成").waitFor();
    await page.getByRole("row", { name: /4.*被拒.*不存在/s }).waitFor();
    await look(page, "credit-import");

    // the rows as a file; and the same file again books nothing
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "下载逐行结果 (CSV)" }).click()]);
    const rows = readFileSync(await saved.path(), "utf8").trim().split(/\r?\n/);
    assert.deepEqual(rows.slice(1).map((one) => one.split(",").slice(0, 2).join(" ")), ["2 新增", "3 新增", "4 被拒", "5 被拒"]);
    await button(page, "试算").click();
    await page.getByText("没有可入账的新行").waitFor();

    // what was handed in is found again: its counts, and its rows with their columns
    const past = page.getByRole("list", { name: "我交过的清单" });
    const taken = past.getByRole("listitem").filter({ hasText: "正式" });
    await taken.getByText("入账 2").waitFor();
    await taken.getByText("被拒 2").waitFor();
    await past.getByRole("listitem").filter({ hasText: "试算" }).filter({ hasText: "4 / 4 行" }).nth(1).waitFor();
    await taken.getByRole("button", { name: "查看逐行结果" }).click();
    await page.getByRole("heading", { name: /^入账结果/ }).waitFor();
    await page.getByRole("row", { name: /^5 被拒.*单据日期 .*金额 /s }).waitFor();
    await past.evaluate((one) => one.scrollIntoView());
    await look(page, "credit-import-past");

    // what is no table is said so; by keyboard, on a phone, in English
    await page.getByRole("tab", { name: "银行来款" }).click();
    await page.getByText("交易流水号、交易日期").waitFor();
    await page.getByText("您还没有交过清单").waitFor(); // a file of the bank is none of the ERP
    await page.setViewportSize({ width: 390, height: 844 });
    for (const nth of [1, 2, 3]) { // quickly refused, again and again: the button is always a button again
      await page.getByLabel("选择文件").setInputFiles(file(`bank-${nth}.csv`, ["无关,列", "1,2"]));
      await button(page, "试算").focus();
      await page.keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
    }
    await page.getByLabel("选择文件").setInputFiles(file("bank.csv", [
      "分支,账户编号,客户编号,交易流水号,交易日期,金额,对方户名", `nj-jiangning,${account},,LS-1,${asked.today},500.00,某某公司`,
    ]));
    await button(page, "试算").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "正式入账 (1)" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("入账完成").waitFor();
    await look(page, "phone-credit-import");
    assert.deepEqual(await fits(page), [], "an import on a phone");
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: /What became of it/ }).waitFor();
    const left = await untranslated(page);
    assert.deepEqual(left, null, "no Chinese is left on the English page");

    const sales = await another();
    await signInAs(sales, asked.sales, "", "/credit/imports");
    await sales.getByText("您的岗位不能导入文件").waitFor();
  },
  { expected: [/status of (400|403|404|409|413|415|422|503)/, /EventSource/] },
);
