// A table of people: tried first, then kept; what was handed in before is found again.
import { asked, assert, button, fits, look, signInAs, story, untranslated } from "./browser.mjs";

const file = (lines) => ({ name: "人员.csv", mimeType: "text/csv", buffer: Buffer.from(`\ufeff${["账号,姓名,分支,手机,岗位", ...lines].join("\r\n")}\r\n`) });

await story(
  async (page, _, another) => {
    await signInAs(page, asked.admin, "", "/work");
    await page.keyboard.press("Alt+Digit7");
    await page.getByText("您还没有交过清单").waitFor();
    await page.getByLabel("选择文件").setInputFiles(file([
      `temp-1,高洁,${asked.branch},142 0777 0071,finance`,
      `temp-2,何平,${asked.branch},,厨师`,
      `${asked.sales},,${asked.branch},,`,
    ]));
    await button(page, "试算").click();
    await page.getByText("试算完成，未登记").waitFor();
    await page.getByRole("row", { name: /^2 新增/ }).waitFor();
    await page.getByRole("row", { name: /^3 被拒.*岗位 /s }).waitFor();
    await page.getByRole("row", { name: /^4 被拒.*姓名 /s }).waitFor();
    await page.getByRole("button", { name: "正式登记 (1)" }).click();
    await page.getByText("登记完成").waitFor();
    const past = page.getByRole("list", { name: "我交过的清单" });
    for (const which of ["试算", "正式"]) {
      const one = past.getByRole("listitem").filter({ hasText: which });
      await one.getByText("已完成").waitFor();
      await one.getByText("新增 1").waitFor();
      await one.getByText("被拒 2").waitFor();
    }
    await look(page, "import-people");
    await page.setViewportSize({ width: 390, height: 844 });
    assert.deepEqual(await fits(page), [], "a table on a phone");
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "Import people" }).waitFor();
    assert.deepEqual(await untranslated(page), null);

    const sales = await another();
    await signInAs(sales, asked.sales, "", "/credit");
    assert.equal(await sales.getByRole("link", { name: "导入人员" }).count(), 0, "the menu shows what one may do");
    await sales.goto("/people/imports");
    await sales.getByText("您的岗位不能导入人员").waitFor();
  },
  { expected: [/status of (403|404|422|503)/, /EventSource/] },
);
