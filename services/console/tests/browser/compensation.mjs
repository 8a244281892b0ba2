// Compensation is offered and changed, signed by another person, and paid by whoever pays.
import { asked, assert, give, look, signInAs, step, story } from "./browser.mjs";

const CASE = `/cases/${asked.case_id}`;

await story(
  async (relations, _, another) => {
    await signInAs(relations, "relations-1", "customer_relations@sh-minhang", CASE);
    await step(relations, "提出赔偿补偿", { 赔偿方式: "慰问补偿", 金额: "500", 理由: "等候三小时" });
    await relations.getByText("500.00 CNY").waitFor();
    // two kinds, changed before it is signed: it is asked anew
    await relations.getByRole("button", { name: "更改方案金额" }).click();
    const form = relations.getByRole("form", { name: "更改方案金额" });
    await form.getByRole("button", { name: /添加赔偿项目/ }).click();
    const second = form.locator(".entry").nth(1);
    await give(relations, second, "赔偿方式", "折价");
    await give(relations, second, "金额", "12.345");
    await relations.getByText("金额：最多两位小数").waitFor();
    await give(relations, second, "金额", "800.50");
    await give(relations, form, "理由", "追加折价");
    await look(relations, "changing-an-offer");
    await form.getByRole("button", { name: /提\s?交/ }).click();
    await relations.getByText("1300.50 CNY").waitFor();

    const finance = await another();
    await signInAs(finance, "finance-1", "finance@sh-minhang", "/cases");
    await finance.getByRole("tab", { name: /支付/ }).waitFor();
    assert.equal(await finance.locator(`a[href="${CASE}"]`).count(), 0, "nothing is paid before it is signed");
    assert.equal(await finance.getByRole("link", { name: /受理来电/ }).count(), 0, "finance takes no calls");
    await finance.keyboard.press("Alt+Digit1");
    await finance.getByText("您的岗位不能受理投诉").waitFor();
    await finance.goBack();
    const manager = await another();
    await signInAs(manager, "manager-1", "relations_manager@sh-minhang", CASE);
    const offer = manager.getByRole("article", { name: "赔偿补偿" }).filter({ hasText: "折价 800.50" });
    await offer.getByRole("button", { name: /^同\s?意/ }).click();
    await offer.getByText("已同意").waitFor();

    // finance finds what is to be paid, and sees nothing of the caller
    await finance.reload();
    await finance.locator(`a[href="${CASE}"]`).click();
    await finance.getByText("1300.50 CNY").waitFor();
    assert.ok(!(await finance.locator("main").innerText()).includes("孙杰"));
    await look(finance, "to-be-paid");
    await step(finance, "登记支付");
    await finance.getByText("已支付").first().waitFor();
    await relations.reload();
    await relations.getByText(/已支付 钱进/).waitFor();
  },
  { expected: [/status of (422|404|403)/, /EventSource/] },
);
