// Released goods go out step by step, each by whose step it is; held ones are freed by money for them alone.
import { asked, assert, look, signInAs, story } from "./browser.mjs";

await story(
  async (page, context, another) => {
    await signInAs(page, asked.finance, "", `/credit/shipments/${asked.released}`);
    assert.equal(await page.getByRole("button", { name: /出\s?库/ }).count(), 0);
    await page.getByRole("button", { name: /开\s?票/ }).click();
    await page.getByText("已开票").first().waitFor();
    assert.equal(await page.getByRole("button", { name: /取消发货|提请签发/ }).count(), 0);

    // money for held goods: the amount stands there already, and they are free without anybody asking
    await page.goto(`/credit/shipments/${asked.held}`);
    await page.getByRole("button", { name: "登记本单汇款" }).click();
    assert.equal(await page.getByLabel("金额").inputValue(), asked.amount);
    await page.getByLabel("银行流水号").fill("ICBC-20261128-0042");
    await look(page, "credit-remittance");
    await page.getByRole("button", { name: /登\s?记$/ }).click();
    await page.getByText("已为本单付款").waitFor();
    await page.getByText("额度内放行").waitFor();

    const keeper = await another();
    await signInAs(keeper, asked.keeper, "", `/credit/shipments/${asked.released}`);
    await keeper.getByRole("button", { name: /出\s?库/ }).click();
    await keeper.getByText("已出库").first().waitFor();
    await keeper.getByRole("button", { name: "确认送达" }).click();
    await keeper.getByText("已送达").first().waitFor();
  },
  { expected: [/status of (404|403|409|503)/, /EventSource/] },
);
