// Lists of complaints: tried first, then taken; each row with its reason, what was handed in before, and the case it became.
import { readFileSync } from "node:fs";
import { asked, assert, button, fits, look, signIn, signInAs, story, untranslated } from "./browser.mjs";

const HEADINGS = "来源,来源编号,分支,受理时间,客户姓名,电话,品牌,投诉内容,结案时间,是否成立";
const LINES = [
  "old-crm,TS-1,sh-pudong,2025/3/2 9:30,郑敏,142 0777 0061,东风日产,天窗异响两次未修好,,",
  "old-crm,TS-2,sh-minhang,2024-05-06 10:00,吴强,,长安福特,交车延期,2024-05-09,是",
  "old-crm,TS-3,sh-minhang,昨天,吴强,,长安福特,交车延期,,",
  "old-crm,TS-4,sh-minhang,2024-05-06 10:00,吴强,12,长安福特,交车延期,2024-05-01,否",
];
const file = { name: "历年投诉.csv", mimeType: "text/csv", buffer: Buffer.from(`\ufeff${[HEADINGS, ...LINES].join("\r\n")}\r\n`) };

await story(
  async (page, _, another) => {
    await signIn(page, "agent-7", "/cases");
    await page.getByRole("link", { name: "导入投诉清单" }).click();
    await page.getByText("您还没有交过清单").waitFor();
    const [template] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "下载模板 (XLSX)" }).click()]);
    assert.equal(readFileSync(await template.path()).subarray(0, 2).toString(), "PK");
    assert.ok(await button(page, "正式受理").isDisabled(), "it is tried first");
    await page.getByLabel("选择文件").setInputFiles(file);
    await button(page, "试算").click();
    await page.getByText("试算完成，未受理").waitFor();
    await page.getByRole("row", { name: /^2 受理/ }).waitFor();
    await page.getByRole("row", { name: /^4 被拒.*受理时间 /s }).waitFor();
    await page.getByRole("row", { name: /^5 被拒.*电话 /s }).waitFor();
    assert.equal(await page.getByRole("link", { name: "打开投诉单" }).count(), 0, "nothing is taken yet");
    await look(page, "import-cases-tried");
    await page.getByRole("button", { name: "正式受理 (2)" }).click();
    await page.getByText("受理完成").waitFor();

    // what was handed in is found again, with its counts; and the rows of the one that was only tried
    const past = page.getByRole("list", { name: "我交过的清单" });
    const tried = past.getByRole("listitem").filter({ hasText: "试算" });
    const taken = past.getByRole("listitem").filter({ hasText: "正式" });
    for (const one of [tried, taken]) {
      await one.getByText("已完成").waitFor();
      assert.match((await one.textContent()).replace(/\s+/g, " "), /4 \/ 4 行.*受理 2.*被拒 2|4 \/ 4 行.*被拒 2.*受理 2/);
    }
    await look(page, "import-cases");
    await tried.getByRole("button", { name: "查看逐行结果" }).click();
    await page.getByRole("heading", { name: /^试算结果/ }).waitFor();
    await page.getByRole("row", { name: /^4 被拒.*受理时间 /s }).waitFor();

    // the same list once more takes nothing; on a phone, in English
    await page.reload();
    await page.getByLabel("选择文件").setInputFiles(file);
    await button(page, "试算").click();
    await page.getByText("没有可受理的新行").waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await look(page, "phone-import-cases");
    assert.deepEqual(await fits(page), [], "a list on a phone");
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "Lists of complaints" }).waitFor();
    assert.deepEqual(await untranslated(page), null);
    await page.getByRole("button", { name: "中文" }).click();
    await page.setViewportSize({ width: 1366, height: 768 });

    // a row leads to its case
    await taken.getByRole("button", { name: "查看逐行结果" }).click();
    await page.getByRole("row", { name: /^3 受理/ }).getByRole("link", { name: "打开投诉单" }).click();
    await page.locator(".case-head").getByText("已结案").waitFor();
    await page.getByText("交车延期").first().waitFor();

    // who takes no complaints hands none in
    const manager = await another();
    await signInAs(manager, "gm-1", "general_manager@sh-minhang", "/cases");
    assert.equal(await manager.getByRole("link", { name: "导入投诉清单" }).count(), 0, "the menu shows what one may do");
    await manager.goto("/cases/imports");
    await manager.getByText("您的岗位不能导入投诉").waitFor();
  },
  { expected: [/status of (403|404|422|503)/, /EventSource/] },
);
