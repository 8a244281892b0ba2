// Losses: a bad debt is declared and held for want of proportions; goods gone without a release are borne.
import { asked, assert, button, fits, look, signInAs, story, untranslated } from "./browser.mjs";

await story(
  async (page, context, another) => {
    await signInAs(page, asked.sales, "", "/credit");
    assert.equal(await page.getByRole("tab", { name: "损失" }).count(), 0, "who sells does not see who bears losses");

    const finance = await another();
    await signInAs(finance, asked.finance, "", `/credit/accounts/${asked.account}`);
    const documents = finance.getByRole("list", { name: "已入账单据" });
    await documents.getByRole("button", { name: /发票.*987,654\.32/ }).first().click();
    await finance.getByRole("button", { name: "报为坏账" }).click();
    await finance.getByRole("form", { name: "报为坏账" }).getByRole("button", { name: "报为坏账" }).click();
    await finance.waitForURL("**/credit/losses/*");
    await finance.getByText("分担比例未定，损失暂不分担").waitFor();
    await finance.getByText(/坏账: 规则未写明比例.*P11\.15/s).first().waitFor();
    assert.equal(await finance.getByRole("button", { name: "提请审批分担" }).count(), 0);
    await look(finance, "credit-loss-held");

    // goods that left without a release: verified, and the shares asked for with who bears them
    await finance.goto("/credit?list=losses");
    await finance.getByRole("list", { name: "损失" }).getByRole("link", { name: /未放行先出库/ }).first().waitFor();
    await look(finance, "credit-losses");
    await finance.getByRole("link", { name: /未放行先出库/ }).first().click();
    await button(finance, "查实").click();
    const verify = finance.getByRole("form", { name: "查实" });
    await verify.getByText("属实", { exact: true }).click();
    await verify.getByRole("button", { name: /提\s?交/ }).click();
    await button(finance, "提请审批分担").click();
    const asks = finance.getByRole("form", { name: "提请审批分担" });
    for (const [post, person] of [["物流专员", asked.logistics], ["库管", asked.keeper], ["市场部部长", asked.head]]) await asks.getByLabel(new RegExp(post)).fill(person);
    await finance.keyboard.press("Escape");
    await look(finance, "credit-loss-shares");
    await asks.getByRole("button", { name: /提\s?交/ }).click();
    await finance.getByText("分担待审批").first().waitFor();
    const path = new URL(finance.url()).pathname;

    // the general manager finds it at the desk with who bears what, and signs
    const chief = await another();
    await signInAs(chief, asked.chief, "", "/credit?list=sign");
    const paper = chief.getByRole("article", { name: "损失分担" });
    await paper.getByRole("list", { name: "分担" }).getByRole("listitem").filter({ hasText: /^库管: 员工\d+ · 份数 1$/ }).waitFor();
    await look(chief, "credit-loss-sign");
    await paper.getByRole("link", { name: /损失/ }).click();
    await chief.waitForURL(`**${path}`);
    await chief.getByRole("button", { name: /^签发/ }).click();
    await chief.getByRole("status").getByText("已分担").waitFor();
    const shares = chief.getByRole("list", { name: "分担" });
    await shares.getByText("¥\u00a0333.33").first().waitFor();
    await look(chief, "credit-loss");

    await chief.setViewportSize({ width: 390, height: 844 });
    for (const [name, where] of [["losses", "/credit?list=losses"], ["loss", path]]) {
      await chief.goto(where);
      await chief.locator("#main .card").first().waitFor();
      await chief.waitForFunction(() => !document.querySelector("#main .ant-skeleton, #main .ant-spin"));
      await look(chief, `phone-credit-${name}`);
      assert.deepEqual(await fits(chief), [], name);
      await chief.getByRole("button", { name: "English" }).click();
      await chief.getByRole("button", { name: "中文" }).waitFor();
      const left = await untranslated(chief);
      assert.deepEqual(left, null, "no Chinese is left on the English page");
      await chief.getByRole("button", { name: "中文" }).click();
    }
  },
  { expected: [/status of (403|404|409|422|503)/, /EventSource/] },
);
