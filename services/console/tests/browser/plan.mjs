// A collection plan: what is missing is named as it is typed, payments keep its instalments, a new one takes its place.
import { asked, assert, button, fits, look, signInAs, story, untranslated } from "./browser.mjs";

await story(
  async (page, context, another) => {
    const path = `/credit/accounts/${asked.account}`;
    await signInAs(page, asked.sales, "", path);
    await page.getByText("尚无执行中的回笼计划").waitFor();
    await button(page, "制定回笼计划").click();
    const form = page.getByRole("form", { name: "制定回笼计划" });
    assert.match(await form.getByRole("status").textContent(), /须回款合计.*3,000\.30.*计划尚缺.*3,000\.30/s);
    await form.getByLabel("承诺日期").fill(asked.first);
    await form.getByLabel("金额").fill("1000.10");
    await form.getByRole("status").getByText("¥\u00a02,000.20").waitFor();
    await page.keyboard.press("Enter"); // too little is not sent
    await form.getByRole("alert").getByText("计划尚缺 ¥ 2000.20").waitFor();
    await form.getByRole("button", { name: /增加一期/ }).click();
    await form.getByLabel("承诺日期").nth(1).fill(asked.first);
    await form.getByText("须晚于上一期").waitFor();
    await form.getByLabel("承诺日期").nth(1).fill(asked.second);
    await form.getByRole("button", { name: /补入本期/ }).click();
    await form.getByText("已覆盖全部欠款").waitFor();
    assert.equal(await form.getByLabel("金额").nth(1).inputValue(), "2000.20");
    await form.evaluate((one) => one.scrollIntoView({ block: "center" }));
    await look(page, "credit-plan-form");
    await form.getByLabel("金额").nth(1).press("Enter");
    await form.waitFor({ state: "detached" });
    const kept = page.getByRole("list", { name: "各期回款" });
    await kept.getByText("未到期").nth(1).waitFor();

    // money comes in: the first instalment is kept
    const finance = await another();
    await signInAs(finance, asked.finance, "", path);
    assert.equal(await finance.getByRole("button", { name: /制定/ }).count(), 0, "who sells agrees plans");
    await finance.getByRole("button", { name: "登记单据" }).click();
    const book = finance.getByRole("form", { name: "登记单据" });
    await book.getByLabel("金额").fill("1500.00");
    await book.getByLabel("银行流水号").fill("ICBC-PLAN-1");
    await book.getByLabel("银行流水号").press("Enter");
    await finance.getByRole("list", { name: "各期回款" }).getByText(/已履行/).waitFor();
    await finance.getByRole("heading", { name: "货款回笼计划" }).evaluate((one) => one.scrollIntoView());
    await look(finance, "credit-plan");

    // another plan for what is left
    await button(page, "重新制定计划").click();
    await form.getByText("新计划取代现行计划").waitFor();
    await form.getByLabel("承诺日期").fill(asked.second);
    await form.getByRole("button", { name: /补入本期.*1,500\.30/ }).click();
    await form.getByText("已覆盖全部欠款").waitFor();
    await form.getByLabel("金额").press("Enter");
    await form.waitFor({ state: "detached" });
    await page.getByText("以前的计划 (1)").click();
    await page.getByText("已取代").waitFor();

    await page.setViewportSize({ width: 390, height: 844 });
    await button(page, "重新制定计划").click();
    await form.evaluate((one) => one.scrollIntoView({ block: "center" }));
    await look(page, "phone-credit-plan");
    assert.deepEqual(await fits(page), [], "a plan on a phone");
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("form", { name: "Make a plan" }).waitFor();
    const left = await untranslated(page);
    assert.deepEqual(left, null, "no Chinese is left on the English page");
  },
  { expected: [/status of (403|404|409|422|503)/, /EventSource/] },
);
