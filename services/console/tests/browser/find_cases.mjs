// A case is found by number, phone, plate and words; the board says what is due; nothing said is in an address.
import { readFileSync } from "node:fs";
import { asked, assert, fits, look, signInAs, story } from "./browser.mjs";

const expected = [/status of (422|404|403)/, /EventSource/];

await story(
  async (page) => {
    await signInAs(page, "relations-1", "customer_relations@sh-minhang", "/work");
    await page.keyboard.press("Alt+Digit4");
    const field = page.getByLabel(/投诉编号、电话/);
    await field.waitFor();
    const hit = page.locator(`a[href="/cases/${asked.case_id}"]`);
    await hit.waitFor(); // the newest, before anything is said
    for (const said of [asked.number, "142-0777 0009", "（１４２）０７７７０００９", "沪A50009", "滬Ａ５０００９", "制冷不足"]) {
      await field.fill("无此内容甲乙丙");
      await page.keyboard.press("Enter");
      await page.getByText("没有找到您可以查看的投诉。").waitFor();
      await field.fill(said);
      // words are found a moment after the case was taken: asking once more is asking anew
      for (let times = 0; times < 30 && (await hit.count()) === 0; times++) {
        await Promise.all([page.waitForResponse("**/complaints/search?*"), page.keyboard.press("Enter")]);
        await page.locator(".empty").or(hit).first().waitFor();
      }
      await hit.waitFor();
    }
    await look(page, "find");
    assert.ok(!/0009|%E/.test(page.url()));
    await page.getByLabel("只看重大").check();
    await hit.waitFor({ state: "detached" });

    // who comes back from a case finds the list as it was left; from the menu it begins anew
    await page.getByLabel("只看重大").uncheck();
    await hit.click();
    await page.getByRole("heading", { name: /投诉单/ }).waitFor();
    await page.goBack();
    await hit.waitFor();
    assert.equal(await field.inputValue(), "制冷不足");
    await page.getByRole("link", { name: /我的工作/ }).click();
    await page.getByRole("link", { name: /投诉查询/ }).click();
    await hit.waitFor();
    assert.equal(await field.inputValue(), "");
    const [kept] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /导出列表/ }).click()]);
    assert.equal(readFileSync(await kept.path()).subarray(0, 2).toString(), "PK");

    await page.getByRole("tab", { name: "投诉到期看板" }).click();
    const clock = page.getByRole("list", { name: "投诉到期看板" }).locator(`a[href="/cases/${asked.case_id}"]`);
    await clock.first().waitFor();
    assert.match(await clock.first().textContent(), /判定投诉是否成立/);
    await look(page, "due");
    await page.getByLabel("我处理的").check();
    await clock.first().waitFor({ state: "detached" });
    await page.getByLabel("我处理的").uncheck();
    await clock.first().click();
    await page.waitForURL(`**/cases/${asked.case_id}`);
  },
  { expected },
);

await story(
  async (page) => {
    await signInAs(page, "relations-1", "customer_relations@sh-minhang", "/cases");
    for (const [name, path] of [["find", "/cases"], ["due", "/cases?list=due"], ["whole-case", `/cases/${asked.case_id}`]]) {
      await page.goto(path);
      await page.locator("#main .card").first().waitFor();
      await page.locator("#main .line, #main .term").first().waitFor();
      await look(page, `phone-${name}`);
      assert.deepEqual(await fits(page), [], name);
    }
  },
  { viewport: { width: 390, height: 844 }, expected },
);
