// An account is opened, reviewed, and asked the longer term for; documents are booked on it, and one is taken back.
import { asked, assert, button, fits, look, signInAs, story, untranslated } from "./browser.mjs";

const number = (id) => id.slice(0, 18).toUpperCase();

await story(
  async (page, context, another) => {
    // one for two that share it, by keyboard: found by phone, shown masked
    const opener = await another();
    await signInAs(opener, asked.sales, "", "/credit");
    await opener.getByRole("link", { name: "开立账户" }).click();
    const seek = opener.getByLabel("客户（共用此账户的都选）");
    await seek.waitFor();
    const typed = async (text) => {
      assert.ok(await seek.evaluate((one) => one === document.activeElement), "one goes on where one types");
      await opener.keyboard.type(text);
      await opener.keyboard.press("Enter");
    };
    await typed("扬州头桥");
    await opener.getByText("姓名加密保存，不能查找").waitFor();
    await opener.keyboard.press("ControlOrMeta+A");
    await typed("0514-77709999");
    await opener.getByText("您的查看范围内没有这个客户").waitFor();
    await opener.keyboard.press("ControlOrMeta+A");
    await typed(asked.phone);
    const chosen = opener.getByRole("list", { name: "已选客户" }).getByRole("listitem");
    await chosen.first().waitFor();
    assert.match(await chosen.first().textContent(), /\*.*南京江宁分销公司/s);
    assert.ok(!/头桥汽配/.test(await opener.locator("main").textContent()), "the name is masked");
    await typed(asked.shared);
    const several = opener.getByRole("list", { name: "有多个客户，请选择：" });
    await several.waitFor();
    assert.equal(await opener.getByText("请先按回车查找所输入的客户").count(), 0, "nothing is called wrong while one types");
    assert.equal(await several.getByRole("button").count(), 2);
    await look(opener, "credit-open-several");
    await opener.keyboard.press("Tab");
    await opener.keyboard.press("Enter");
    await chosen.nth(1).waitFor();
    await typed(asked.phone);
    await opener.getByText("此客户已选").waitFor();
    assert.equal(await chosen.count(), 2);
    // what is typed and not found is not lost unseen; one that was chosen goes again
    await opener.keyboard.type("0514");
    await button(opener, "开立").click();
    await opener.getByText("请先按回车查找所输入的客户").waitFor();
    await seek.fill("");
    await opener.getByText("请先按回车查找所输入的客户").waitFor({ state: "detached" });
    await chosen.nth(1).getByRole("button").click();
    await chosen.nth(1).waitFor({ state: "detached" });
    await typed(asked.shared);
    await several.getByRole("button").last().click();
    await chosen.nth(1).waitFor();
    await look(opener, "credit-open-shared");
    assert.deepEqual(await fits(opener), [], "customers that share an account");
    await opener.setViewportSize({ width: 390, height: 844 });
    await look(opener, "phone-credit-open");
    assert.deepEqual(await fits(opener), [], "customers that share an account, on a phone");
    await button(opener, "开立").click();
    await opener.waitForURL(/\/credit\/accounts\/[0-9a-f-]{36}$/);

    // by the id, under which contract and term
    await signInAs(page, asked.sales, "", "/credit");
    await page.getByRole("link", { name: "开立账户" }).click();
    const ids = page.getByLabel("客户（共用此账户的都选）");
    await ids.fill(asked.customer);
    await ids.press("Enter");
    await page.getByRole("list", { name: "已选客户" }).getByText(/\*/).first().waitFor(); // the name, masked
    await page.getByLabel("款期 (天)").fill("60");
    await look(page, "credit-open-account");
    assert.deepEqual(await fits(page), [], "opening an account");
    await button(page, "开立").click();
    await page.waitForURL(/\/credit\/accounts\/[0-9a-f-]{36}$/);
    const account = new URL(page.url()).pathname;
    await page.getByText("授信资格缺少").waitFor();
    assert.equal(await page.getByRole("button", { name: "登记单据" }).count(), 0, "finance books");

    // the review is noted, and credit asked for at the longer term
    await button(page, "年审").click();
    await page.getByRole("button", { name: "已核对，仍然有效" }).click();
    await page.getByRole("button", { name: "已核对，仍然有效" }).waitFor({ state: "detached" });
    await page.getByText("超期款期，以销售批准的金额为限").waitFor();
    await button(page, "申请超期款期").click();
    await page.getByLabel("可欠金额").fill("80000.00");
    await page.getByLabel("批准有效至").fill(asked.until);
    await look(page, "credit-terms");
    await page.getByRole("form", { name: "申请超期款期" }).getByRole("button", { name: /提\s?交/ }).click();
    await page.getByRole("article", { name: "超三十天款期授信" }).waitFor();
    assert.ok(await page.getByRole("button", { name: "申请超期款期" }).evaluate((one) => one === document.activeElement), "the focus comes back");

    // another contract waits while sales is asked; one more customer shares the account and leaves it
    await button(page, "变更合同").click();
    const contract = page.getByRole("form", { name: "变更合同" });
    await contract.getByText("直销合同").click();
    await contract.getByRole("button", { name: /登\s?记/ }).click();
    await contract.getByText("此操作须等待审批").first().waitFor();
    await contract.getByRole("button", { name: /取\s?消/ }).click();
    await button(page, "加入客户").click();
    const sharer = page.getByRole("form", { name: "加入客户" });
    await sharer.locator("input").first().fill(asked.another);
    await page.keyboard.press("Enter");
    await sharer.getByRole("list", { name: "已选客户" }).getByText(/\*/).first().waitFor();
    await sharer.getByRole("button", { name: /登\s?记/ }).click();
    await button(page, "移出客户").waitFor();
    await button(page, "移出客户").click();
    const leaver = page.getByRole("form", { name: "移出客户" });
    await leaver.getByRole("radio").nth(1).check();
    await look(page, "credit-remove-customer");
    await leaver.getByRole("button", { name: /登\s?记/ }).click();
    await page.getByRole("button", { name: "移出客户" }).waitFor({ state: "detached" });

    // finance books an invoice and a payment that names it, by keyboard
    const finance = await another();
    await signInAs(finance, asked.finance, "", account);
    const book = finance.getByRole("button", { name: "登记单据" });
    await book.focus();
    await finance.keyboard.press("Enter");
    const form = finance.getByRole("form", { name: "登记单据" });
    await form.getByText("发票", { exact: true }).click();
    await form.getByLabel("金额").fill("0.00");
    await form.getByLabel("ERP 单号").fill("FP-2026-0001");
    await finance.keyboard.press("Enter");
    await finance.getByText("大于 0，最多两位小数").waitFor();
    await form.getByLabel("金额").fill("1200.10");
    await finance.keyboard.press("Enter");
    await form.waitFor({ state: "detached" });
    const documents = finance.getByRole("list", { name: "已入账单据" });
    await documents.getByText("FP-2026-0001").waitFor();
    await finance.keyboard.press("Enter"); // the focus is on the button again
    await form.getByLabel("金额").fill("200.05");
    await form.getByLabel("银行流水号").fill("ICBC-778");
    await form.getByLabel("指定核销单据").click();
    await finance.locator(".ant-select-item-option").filter({ hasText: "FP-2026-0001" }).click();
    await finance.keyboard.press("Escape");
    await form.evaluate((one) => one.scrollIntoView({ block: "center" }));
    await look(finance, "credit-book");
    await form.getByLabel("银行流水号").press("Enter");
    await form.waitFor({ state: "detached" });
    await documents.getByText(/未结.*1,000\.05/).waitFor();

    // the payment bounced: finance says why, and what it had paid is open again
    await documents.getByRole("button", { name: /来款 ICBC-778/ }).click();
    await finance.getByRole("button", { name: "冲销此单据" }).click();
    const back = finance.getByRole("form", { name: "冲销此单据" });
    await back.getByRole("button", { name: "确定冲销" }).click();
    await back.getByText("必填").waitFor();
    await back.getByLabel("冲销原因").fill("汇票被银行退回");
    await look(finance, "credit-reverse");
    await back.getByRole("button", { name: "确定冲销" }).click();
    const reversal = documents.getByRole("button", { name: /^冲销.*200\.05/ });
    await reversal.waitFor();
    await documents.getByText("汇票被银行退回").waitFor(); // at what was taken back
    await documents.getByRole("button", { name: /来款 ICBC-778/ }).click();
    await reversal.click();
    await documents.getByText("汇票被银行退回").waitFor(); // and at what took it back
    await reversal.click();
    await documents.getByText(/未结.*1,200\.10/).waitFor();
    await documents.evaluate((one) => one.scrollIntoView());
    await look(finance, "credit-documents");

    // a phone shows it; in English nothing Chinese is left
    await finance.setViewportSize({ width: 390, height: 844 });
    await finance.evaluate(() => window.scrollTo(0, 0));
    await book.click();
    await form.waitFor();
    await look(finance, "phone-credit-book");
    assert.deepEqual(await fits(finance), [], "booking on a phone");
    await finance.getByRole("button", { name: "English" }).click();
    await finance.getByRole("form", { name: "Book a document" }).waitFor();
    const left = await untranslated(finance);
    assert.deepEqual(left, null, "no Chinese is left on the English page");
  },
  { expected: [/status of (403|404|409|422|503)/, /EventSource/] },
);
