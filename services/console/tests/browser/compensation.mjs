// Compensation is offered, and changed before it is signed: it is asked anew.
import { asked, give, look, signInAs, step, story } from "./browser.mjs";

const CASE = `/cases/${asked.case_id}`;

await story(
  async (relations) => {
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
  },
  { expected: [/status of (422|404|403)/, /EventSource/] },
);
