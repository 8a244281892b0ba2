// Cases are linked, merged and split, by keyboard too; what cannot be done is said in Chinese, the service's words below.
import { asked, assert, button, fits, give, look, onward, signInAs, step, story } from "./browser.mjs";

const [first, second, third] = JSON.parse(asked.cases);
const expected = [/status of (422|404|403|409)/, /EventSource/];
const card = (page) => page.getByRole("region", { name: "并案、关联与拆分" });
const send = (form) => form.getByRole("button", { name: /提\s?交/ }).click();
const at = (page, one) => page.waitForURL(`**/cases/${one.id}`);

await story(
  async (page, _, another) => {
    await signInAs(page, "relations-1", "customer_relations@sh-minhang", `/cases/${first.id}`);
    await card(page).getByText("没有关联的投诉。").waitFor();

    // linked, with the keyboard alone
    await card(page).getByRole("button", { name: "关联其他投诉" }).focus();
    await page.keyboard.press("Enter");
    const link = page.getByRole("form", { name: "关联其他投诉" });
    await link.getByLabel("关联的投诉编号").waitFor();
    assert.ok(await link.getByLabel("关联的投诉编号").evaluate((one) => one === document.activeElement));
    await page.keyboard.type(third.number);
    await page.keyboard.press("Enter");
    await link.getByText("第三件: 空调不制冷").waitFor();
    await look(page, "linking");
    await onward(page); // the button that finds
    await onward(page);
    await page.keyboard.press("Space");
    await onward(page);
    await page.keyboard.type("同一位客户");
    await page.keyboard.press("Control+Enter");
    await card(page).getByRole("link", { name: third.number }).waitFor();

    // merged: not into itself, not into what is not there
    await page.goto(`/cases/${second.id}`);
    await card(page).getByRole("button", { name: "并入其他投诉" }).click();
    const merge = page.getByRole("form", { name: "并入其他投诉" });
    const number = merge.getByLabel("并入的投诉编号");
    await number.fill(second.number);
    await number.press("Enter");
    await merge.getByText("这就是本投诉，请输入另一个投诉的编号。").waitFor();
    await give(page, merge, "并案理由", "同");
    await send(merge);
    await merge.getByText("请先按编号查到投诉").waitFor();
    await number.fill(first.number);
    await number.press("Enter");
    await merge.getByText("第一件: 变速箱抖动").waitFor();
    await card(page).scrollIntoViewIfNeeded();
    await look(page, "merging");
    await send(merge);
    // what is wrong with a field is said in Chinese, under its name
    await merge.getByRole("alert").filter({ hasText: "有字段需要更正，请按标注修改后重新提交。" }).getByText("并案理由 至少 2 个字符").waitFor();
    await give(page, merge, "并案理由", "同一事项来电两次");
    await send(merge);
    await at(page, first);
    await page.getByText("您打开的投诉已并入本投诉，请在此办理。").waitFor();
    await card(page).getByText(`已并入本投诉： ${second.number}`).waitFor();
    await look(page, "merged");
    // whoever comes to the one that went is led to the one that stayed
    await page.goto(`/cases/${second.id}`);
    await at(page, first);
    await page.getByRole("heading", { name: new RegExp(first.number) }).waitFor();

    // refused: the one that is further on stays
    await step(page, "判定投诉是否成立", { 投诉理由成立: "是", 客户要求成立: "是", 判定意见: "检查属实", 被投诉部门: "after_sales" });
    await card(page).getByRole("button", { name: "并入其他投诉" }).click();
    await number.fill(third.number);
    await number.press("Enter");
    await merge.getByText("第三件: 空调不制冷").waitFor();
    await give(page, merge, "并案理由", "同一事项");
    await send(merge);
    const refused = merge.getByRole("alert").filter({ hasText: "本投诉的办理比所选投诉更进一步，应予保留。请打开所选投诉，从那里并入本投诉。" });
    await refused.locator("[lang=en]").getByText(`${first.number} is further on its way.`).waitFor();
    await refused.scrollIntoViewIfNeeded();
    await look(page, "refused-in-chinese");
    await button(page, "English").click();
    const english = page.getByRole("alert").filter({ hasText: "The present state does not allow this." });
    await english.getByText(`${first.number} is further on its way.`).waitFor();
    assert.equal(await english.locator("[lang=en]").count(), 0);
    await button(page, "中文").click();

    // split: numbered, with a page of its own, and both say so
    await card(page).getByRole("button", { name: "拆分投诉" }).click();
    const split = page.getByRole("form", { name: "拆分投诉" });
    assert.equal(await split.getByLabel("留在本投诉的内容").inputValue(), "第一件: 变速箱抖动, 另外销售承诺的脚垫未给");
    await give(page, split, "留在本投诉的内容", "变速箱抖动");
    await give(page, split, "拆出为新投诉的内容", "销售承诺的脚垫未给");
    await give(page, split, "拆分理由", "两件事由");
    await card(page).scrollIntoViewIfNeeded();
    await look(page, "splitting");
    await send(split);
    const part = card(page).getByRole("status").getByRole("link");
    const partNumber = await part.textContent();
    await card(page).locator("li").filter({ hasText: "拆分" }).getByRole("link", { name: partNumber }).waitFor();
    await look(page, "split");
    await part.click();
    await page.getByRole("heading", { name: new RegExp(partNumber) }).waitFor();
    await page.getByRole("region", { name: "投诉内容" }).getByText("销售承诺的脚垫未给").waitFor();
    await card(page).locator("li").filter({ hasText: "由拆分产生" }).getByRole("link", { name: first.number }).waitFor();

    // what an approval holds says so, and who may not arrange cases is told whose it is
    await page.goto(`/cases/${third.id}`);
    await step(page, "提出赔偿补偿", { 赔偿方式: "慰问补偿", 金额: "500", 理由: "等候三小时" });
    await card(page).getByText(/有待签的审批，并案或拆分前须先签署或撤回： 赔偿补偿/).waitFor();
    assert.ok(await card(page).getByRole("button", { name: "并入其他投诉" }).isDisabled());
    await card(page).scrollIntoViewIfNeeded();
    await look(page, "held-from-merging");
    const finance = await another();
    await signInAs(finance, "gm-1", "general_manager@sh-minhang", `/cases/${third.id}`);
    await card(finance).getByText(/由以下岗位办理： .*客户关系/).waitFor();
    assert.equal(await card(finance).getByRole("button").count(), 0);
  },
  { expected },
);

await story(
  async (page) => {
    await signInAs(page, "relations-1", "customer_relations@sh-minhang", `/cases/${first.id}`);
    for (const [name, what] of [["merging", "并入其他投诉"], ["splitting", "拆分投诉"]]) {
      await card(page).getByRole("button", { name: what }).click();
      await page.getByRole("form", { name: what }).waitFor();
      await card(page).scrollIntoViewIfNeeded();
      await look(page, `phone-${name}`);
      assert.deepEqual(await fits(page), [], name);
    }
    // what the pointer rests on is as readable
    await card(page).getByRole("link").first().hover();
    assert.deepEqual(await fits(page), [], "a link under the pointer");
  },
  { viewport: { width: 390, height: 844 }, expected },
);
