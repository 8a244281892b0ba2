// More shipments than fit on a screen: part by part, by state, and one of them by its number.
import { asked, assert, look, signInAs, story } from "./browser.mjs";

await story(
  async (page) => {
    await signInAs(page, asked.sales, "", "/credit");
    await page.getByRole("tab", { name: "发货单" }).click();
    await page.getByRole("combobox", { name: "状态" }).waitFor();
    const rows = page.getByRole("list", { name: "发货单" }).locator("> li");
    await rows.nth(29).waitFor();
    assert.equal(await rows.count(), 30);
    await page.getByRole("button", { name: "载入更多" }).click();
    await rows.nth(30).waitFor();
    const links = await rows.locator(".line-head a.number").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    assert.equal(new Set(links).size, links.length, "no shipment is shown twice");
    assert.ok(links.includes(`/credit/shipments/${asked.shipment}`));

    await page.getByRole("combobox", { name: "状态" }).click();
    await page.getByTitle("已取消").click();
    await page.getByText("没有符合条件的发货单").waitFor();
    await page.getByRole("tab", { name: "授信账户" }).click();
    await page.locator(`a[href="/credit/accounts/${asked.account}"]`).waitFor();
    await look(page, "credit-accounts");

    const find = page.getByRole("search").getByRole("searchbox");
    await find.fill("019");
    await find.press("Enter");
    await page.getByText("至少输入前 8 位").waitFor();
    await find.fill("00000000");
    await find.press("Enter");
    await page.getByText("没有这个编号").waitFor();
    await find.fill(asked.shipment.slice(0, 18).toUpperCase());
    await find.press("Enter");
    await page.waitForURL(`**/credit/shipments/${asked.shipment}`);
    await page.getByText("FIRST-ONE").waitFor();

    // what is not wanted after all: asked once more in its place, by keyboard, and kept where one thinks better of it
    const cancel = page.getByRole("button", { name: "取消发货" });
    const sure = page.getByRole("form", { name: "取消发货" });
    await cancel.focus();
    await page.keyboard.press("Enter");
    await sure.getByText("确定取消这批发货？占用的额度即释放。").waitFor();
    await look(page, "credit-cancel");
    await sure.getByRole("button", { name: "不取消" }).click();
    await sure.waitFor({ state: "detached" });
    assert.ok(await cancel.evaluate((one) => one === document.activeElement), "the focus comes back");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("已取消").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "取消发货" }).count(), 0);
  },
  { expected: [/status of (404|403|503)/, /EventSource/] },
);
