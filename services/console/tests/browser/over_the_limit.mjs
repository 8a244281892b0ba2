// Goods over the limit: foreseen while they are entered, held with reasons, asked for, signed at the desk, released.
import { asked, assert, look, signInAs, story } from "./browser.mjs";

await story(
  async (page, context, another) => {
    const number = (id) => id.slice(0, 18).toUpperCase();
    await signInAs(page, asked.sales, "", "/credit");
    await page.getByRole("link", { name: "发货申请" }).first().click();
    await page.getByLabel("授信账户编号").fill(number(asked.account));
    await page.getByLabel("收货地（代码）").fill("nj-depot-2");
    await page.getByLabel("产品").fill("GPS-T300");
    await page.getByLabel("批次").fill("B-2026-12");
    await page.getByLabel("数量").fill("1");
    // as one types: little may go, too much may not, and it is said when and how it could
    await page.getByLabel("单价").fill("5.00");
    await page.getByText("✓ 今天可以发货").waitFor();
    await page.getByLabel("单价").fill(asked.amount);
    await page.getByText("✕ 今天不能发货").waitFor();
    const beside = page.getByRole("complementary");
    assert.match(await beside.textContent(), /超出授信额.*P11\.6.*为本单先汇款.*P11\.9.*首次超额，提请签发.*区域经理.*P11\.7/s);
    await look(page, "credit-request");
    await page.getByRole("button", { name: "提交申请" }).click();

    // held, with every reason and way out
    await page.waitForURL("**/credit/shipments/*");
    const path = new URL(page.url()).pathname;
    await page.getByText("暂扣原因").waitFor();
    assert.match(await page.getByRole("list", { name: "放行办法" }).textContent(), /首次超额，提请签发.*¥/s);
    await look(page, "credit-held");
    await page.getByRole("button", { name: "提请签发" }).click();
    await page.getByText("已提请签发，等待区域经理").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "提请签发" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: /^签发/ }).count(), 0, "who asks does not sign");

    // the area manager finds it at the desk, sees what it is for, and signs
    const manager = await another();
    await signInAs(manager, asked.area, "", "/credit");
    await manager.getByText(number(path.split("/").pop())).first().waitFor();
    await look(manager, "credit-desk");
    assert.equal(await manager.getByRole("link", { name: "发货申请" }).count(), 0, "the menu shows what one may do");
    await manager.getByRole("tab", { name: /待我签发/ }).click();
    const paper = manager.getByRole("article", { name: "超授信额签发" }).filter({ hasText: number(path.split("/").pop()) });
    await paper.waitFor();
    const money = Number(asked.amount).toLocaleString("en-US", { minimumFractionDigits: 2 });
    assert.match((await paper.textContent()).replace(/\s/g, " "), new RegExp(`签发金额 ¥ ${money.replace(/[.]/g, "\\.")} · 签发之后有效 3 个工作日`));
    await look(manager, "credit-sign");
    await paper.getByRole("button", { name: /^签发/ }).click();
    await paper.waitFor({ state: "detached" });

    // whoever asked sees it by themselves: signed for this amount, and released
    await page.getByText("首次超额，已签发").waitFor();
    await page.getByText("已放行").first().waitFor();
    const region = page.getByRole("region", { name: "签发" });
    await region.filter({ hasText: /已签 \S+/ }).filter({ hasNotText: asked.area }).waitFor(); // asked for apart, and names again
    const signed = await region.textContent();
    const [, signer] = /已签 (\S+)/.exec(signed);
    assert.ok(signed.includes(`签发人 ${signer}`), "who signed is a person, as beside the paper itself");
    await look(page, "credit-released");
  },
  { expected: [/status of (404|403|409|503)/, /EventSource/] },
);
