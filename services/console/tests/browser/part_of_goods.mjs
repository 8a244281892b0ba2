// Goods that are held go in two parts, the smaller one at once; goods that went out come back in part.
import { asked, assert, button, fits, look, signInAs, story, untranslated } from "./browser.mjs";

await story(
  async (page, context, another) => {
    await signInAs(page, asked.sales, "", `/credit/shipments/${asked.held}`);
    await button(page, "拆单").click();
    const split = page.getByRole("form", { name: "拆单" });
    const quantity = split.getByLabel(/GPS-T200/);
    assert.ok(await quantity.evaluate((one) => one === document.activeElement), "one begins where one types");
    await page.keyboard.press("Enter");
    await page.getByText("请至少填写一行的数量").waitFor();
    await page.keyboard.type("101");
    await page.getByText("至多 100").waitFor();
    await quantity.fill("100");
    await page.keyboard.press("Enter");
    await page.getByText("不能全部拆出").waitFor();
    await quantity.fill("0.001");
    await page.getByText("数量×单价须为整分").waitFor();
    await quantity.fill("1.5");
    await split.locator("output").filter({ hasText: "7,500.15" }).waitFor();
    await look(page, "credit-split");
    await page.keyboard.press("Enter");
    await page.waitForFunction((held) => !location.pathname.endsWith(held), asked.held);
    await page.getByText(/由此单拆出/).waitFor();
    await page.getByText("额度内放行").waitFor();
    await page.getByText("¥\u00a07,500.15").first().waitFor();
    // what a change would be told counts the goods once, though they are released
    const foreseen = page.waitForResponse((answer) => answer.url().includes("/what-if?") && answer.url().includes("shipment_id="));
    await page.getByRole("link", { name: "改单" }).click();
    assert.equal((await (await foreseen).json()).decision.amount, "7500.15");
    await page.getByText("✓ 今天可以发货").waitFor();

    // what was already out comes back by line and batch
    const keeper = await another();
    await signInAs(keeper, asked.keeper, "", `/credit/shipments/${asked.out}`);
    assert.equal(await button(keeper, "拆单").count(), 0);
    await button(keeper, "退货").click();
    const back = keeper.getByRole("form", { name: "退货" });
    await back.getByLabel(/GPS-T200.*B-2026-11/).fill("2");
    await back.getByLabel("退货单号").fill("TH-2026-019");
    await back.getByText("本单尚可退").waitFor();
    await look(keeper, "credit-return");
    await keeper.setViewportSize({ width: 390, height: 844 });
    assert.deepEqual(await fits(keeper), [], "a return on a phone");
    await look(keeper, "phone-credit-return");
    await keeper.setViewportSize({ width: 1366, height: 768 });
    await back.getByLabel("退货单号").press("Enter");
    await back.waitFor({ state: "detached" });
    await keeper.locator(".pairs").getByText("¥\u00a0200.00").waitFor();
    await keeper.getByText("已退 2.000").waitFor();

    // less than its worth is booked with a reason, and no more comes back than went out
    await button(keeper, "退货").click();
    await back.getByLabel(/GPS-T200.*B-2026-11/).fill("8.5");
    await back.getByText("至多 8", { exact: true }).waitFor();
    await back.getByLabel(/GPS-T200.*B-2026-11/).fill("1");
    await back.getByLabel("退货单号").fill("TH-2026-020");
    await back.getByLabel(/实际登记金额/).fill("100.01");
    await back.getByLabel("退货单号").press("Enter");
    await back.getByText("不得超过退回货值").waitFor();
    await back.getByLabel(/实际登记金额/).fill("");
    await back.getByLabel(/实际登记金额/).focus();
    await keeper.keyboard.type("60.00"); // the reason is asked for meanwhile, and leaves the focus where it is
    await back.getByLabel("少记原因").fill("外箱已拆封");
    await look(keeper, "credit-return-lower");
    await back.getByLabel("退货单号").press("Enter");
    await back.waitFor({ state: "detached" });
    await keeper.locator(".pairs").getByText("¥\u00a0260.00").waitFor();

    await keeper.getByRole("button", { name: "English" }).click();
    await keeper.getByRole("button", { name: "Take goods back" }).click();
    await keeper.getByRole("form", { name: "Take goods back" }).waitFor();
    const left = await untranslated(keeper);
    assert.deepEqual(left, null, "no Chinese is left on the English page");
  },
  { expected: [/status of (403|404|409|422|503)/, /EventSource/] },
);
