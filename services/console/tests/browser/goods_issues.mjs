// The warehouse's list: its dry run names the cases it would raise, with amount and why; then it is taken and raises them.
import { asked, assert, button, fits, look, signInAs, story, untranslated } from "./browser.mjs";

const number = (id) => id.slice(0, 18).toUpperCase();
const HEADINGS = "出库单号,行号,出库日期,发货单,品种,批号,数量,金额";
const list = (name, lines) => ({ name, mimeType: "text/csv", buffer: Buffer.from(`\ufeff${[HEADINGS, ...lines].join("\r\n")}\r\n`) });

await story(
  async (page, context, another) => {
    await signInAs(page, asked.keeper, "", "/credit");
    assert.equal(await page.getByRole("link", { name: "导入银行与 ERP 文件" }).count(), 0, "who books is another");
    await page.getByRole("link", { name: "发货清单" }).click();
    await page.getByText("您还没有交过清单").waitFor();
    assert.ok(await button(page, "正式提交").isDisabled(), "it is tried first");
    const lines = [
      `CK-1,1,${asked.today},${asked.released},GPS-T200,B-2026-11,1,`,
      `CK-2,1,${asked.today},${asked.held},GPS-T200,B-2026-11,1,`,
      `CK-3,1,${asked.today},手工-7,GPS-T200,B-2026-11,2,800.00`,
      `CK-3,2,${asked.today},手工-7,GPS-T200,B-2026-11,1,400.50`,
      `CK-4,1,${asked.later},${asked.released},GPS-T200,B-2026-11,1,`,
    ];
    await page.getByLabel("选择文件").setInputFiles(list("ck.csv", lines));
    await button(page, "试算").click();
    await page.getByText("试算完成，未登记").waitFor();

    // each case with its amount and why, before anything is one
    const cases = page.getByRole("region", { name: "将立的案件" }).last();
    const held = cases.getByRole("row").filter({ hasText: number(asked.held) });
    assert.match((await held.textContent()).replace(/\s/g, " "), /将立案核查.*未放行先出库.*CK-2.*¥ 543,210\.00.*未放行.*P11\.11.*1 自行 3/);
    const slip = cases.getByRole("row").filter({ hasText: "CK-3" });
    assert.match((await slip.textContent()).replace(/\s/g, " "), /¥ 1,200\.50.*没有对应发货单.*2 自行 4/);
    assert.equal(await cases.getByRole("row").count(), 1 + 2);
    const rows = page.getByRole("region", { name: /试算结果/ }).last();
    await rows.getByRole("row", { name: /^3 登记 将立案核查：未放行/ }).waitFor();
    // what is wrong is said at the column as the list calls it
    await rows.getByRole("row", { name: /^6 被拒.*出库日期/ }).waitFor();
    assert.equal(await rows.getByText("/issued_on").count(), 0);
    await page.getByText("没有出库行").waitFor();
    await page.evaluate(() => document.activeElement.blur());
    await look(page, "credit-issues-tried");

    await page.getByRole("button", { name: "正式提交 (4)" }).click();
    await page.getByText("登记完成，正与放行核对").waitFor();
    const past = page.getByRole("list", { name: "我交过的清单" });
    await past.getByRole("listitem").filter({ hasText: "正式" }).filter({ hasText: "已完成" }).waitFor();
    await past.getByRole("listitem").filter({ hasText: "试算" }).getByText("被拒 1").waitFor();
    const found = page.getByRole("region", { name: "出库行与核对结果" }).last();
    await found.getByRole("row").filter({ hasText: "CK-1" }).getByText("相符").waitFor();
    await found.getByRole("row").filter({ hasText: "CK-2" }).getByText("未放行先出库").waitFor();
    await found.getByRole("row").filter({ hasText: "CK-2" }).getByText("已立案").waitFor();
    assert.equal(await found.getByRole("link", { name: "打开案件" }).count(), 0, "who is in the case does not open it");
    await page.getByRole("heading", { name: "我交过的清单" }).evaluate((one) => one.scrollIntoView());
    await look(page, "credit-issues");

    // the dry run is found again, with the cases it foretold; on a phone, in English
    await past.getByRole("listitem").filter({ hasText: "试算" }).getByRole("button", { name: "查看逐行结果" }).click();
    await page.getByRole("heading", { name: "将立的案件" }).waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await look(page, "phone-credit-issues");
    assert.deepEqual(await fits(page), [], "a list on a phone");
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "Cases it would raise" }).waitFor();
    const left = await untranslated(page);
    assert.deepEqual([...new Set(left)].filter((one) => one !== "手工"), [], "no Chinese is left on the English page, but of the slip");

    // finance sees the case that it has become
    const finance = await another();
    await signInAs(finance, asked.finance, "", "/credit/issues?state=unauthorised");
    await finance.getByRole("row").filter({ hasText: "CK-2" }).getByRole("link", { name: "打开案件" }).click();
    await finance.waitForURL("**/credit/losses/*");
    await finance.getByText("货物未经放行即出库").waitFor();
    await finance.getByText("CK-2").first().waitFor();
    await look(finance, "credit-issues-case");

    // finance takes a wrong line back: it is in its case no more
    await finance.goto("/credit/issues");
    const wrong = () => finance.getByRole("row").filter({ hasText: "CK-3 / 2" });
    await button(wrong(), "撤销此行").click();
    await wrong().getByLabel("错在哪里").click();
    await finance.getByTitle("数量有误").click();
    await look(finance, "credit-issues-withdraw");
    await button(wrong(), "提交").click();
    await wrong().getByText("已撤销").waitFor();
    await wrong().getByText("数量有误").waitFor();
    assert.equal(await wrong().getByRole("button").count(), 0);
    await finance.getByRole("row").filter({ hasText: "CK-3 / 1" }).getByRole("link", { name: "打开案件" }).click();
    await finance.getByText("¥ 800.00").first().waitFor();

    const sales = await another();
    await signInAs(sales, asked.sales, "", "/credit");
    assert.equal(await sales.getByRole("link", { name: "发货清单" }).count(), 0, "the menu shows what one may do");
    await sales.goto("/credit/issues");
    await sales.getByText("您的岗位不能提交发货清单").waitFor();
  },
  { expected: [/status of (403|404|409|503)/, /EventSource/] },
);
