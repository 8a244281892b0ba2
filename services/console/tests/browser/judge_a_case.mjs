// From my work, live, to the case: what is due and why, judged with two answers, in both languages.
import { asked, assert, look, signIn, story, untranslated } from "./browser.mjs";

await story(
  async (page) => {
    await page.addInitScript(() => {
      window.told = [];
      const Plain = window.EventSource;
      window.EventSource = class extends Plain {
        constructor(...all) {
          super(...all);
          this.addEventListener("changed", (event) => window.told.push(event.data));
        }
      };
    });
    await signIn(page, "hr-admin-manager-sh-pudong-1");
    const line = page.locator(`a[href="/cases/${asked.case_id}"]`);
    await line.waitFor();
    assert.match(await line.textContent(), /判定投诉是否成立.*1 个工作日/s);
    const before = await page.getByRole("listitem").filter({ has: page.locator("a.line") }).count();
    // a complaint that is taken elsewhere is here without anybody reloading
    const answer = await fetch(`${asked.complaint}/v1/complaints`, {
      method: "POST",
      headers: { authorization: `Bearer ${asked.token}`, "content-type": "application/json" },
      body: JSON.stringify({
        branch: "sh-pudong", channel: "store", caller: { name: "赵敏" }, vehicle: { brand: "广汽丰田" }, text: "交车延期",
      }),
    });
    const { id } = await answer.json();
    await page.locator(`a[href="/cases/${id}"]`).waitFor();
    assert.equal(await page.getByRole("listitem").filter({ has: page.locator("a.line") }).count(), before + 1);
    await look(page, "my-work");

    await line.click();
    await page.getByRole("heading", { name: /投诉单/ }).waitFor();
    await page.getByText("期限与依据").waitFor();
    await page.getByText(/1 个工作日/).first().waitFor();
    await look(page, "case");
    await page.getByRole("button", { name: "判定投诉是否成立" }).click();
    await page.getByRole("radiogroup", { name: "投诉理由成立" }).getByText("是").click();
    await page.getByRole("radiogroup", { name: "客户要求成立" }).getByText("否").click();
    await page.getByLabel("判定意见").fill("检查属实, 要求过高");
    await look(page, "judging");
    // the step asks each part of the case once, also when the stream tells of it a moment later
    const times = new Map();
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (request.method() === "GET" && pathname.startsWith("/api/complaint/")) times.set(pathname, (times.get(pathname) ?? 0) + 1);
    });
    const heard = await page.evaluate((about) => window.told.filter((one) => one.includes(about)).length, asked.case_id);
    await page.getByRole("button", { name: /提\s?交/ }).click();
    await page.getByText("已判定").first().waitFor();
    await page.waitForFunction(([about, many]) => window.told.filter((one) => one.includes(about)).length > many, [asked.case_id, heard]);
    await page.waitForTimeout(1500); // whatever it would ask for has gone out
    const base = `/api/complaint/v1/complaints/${asked.case_id}`;
    const parts = [...["", "/actions", "/timeline", "/serious", "/attachments", "/links", "/measures"].map((part) => base + part),
      ...["obligations", "approvals", "compensations"].map((part) => `/api/complaint/v1/${part}`)];
    assert.deepEqual([...times].filter(([, many]) => many > 1), [], "each part at most once");
    assert.deepEqual(parts.filter((one) => !times.has(one)), [], "and none is left out");
    // what somebody else does meanwhile is read all the same
    const waits = await fetch(`${asked.complaint}/v1/complaints/${asked.case_id}/wait`, {
      method: "POST", headers: { authorization: `Bearer ${asked.other}`, "content-type": "application/json" }, body: JSON.stringify({ words: "等客户寄回保修手册" }),
    });
    assert.ok(waits.ok, await waits.text());
    await page.getByText("等客户寄回保修手册").waitFor();
    await page.getByRole("button", { name: "客户已答复（恢复计时）" }).waitFor();
    assert.equal(times.get(`${base}/timeline`), 2);
    await page.getByText("不成立").first().waitFor();
    await look(page, "judged");

    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: /Case/ }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    const said = [/轮胎螺丝没有拧紧|检查属实, 要求过高|等客户寄回保修手册|道歉|孙杰|长安福特|蒙迪欧|沪A?50009/g, /广汽丰田|交车延期/g];
    assert.deepEqual(await untranslated(page, ...said), null);
    await look(page, "english");
    await page.getByRole("link", { name: /My work/ }).click();
    await page.locator(`a[href="/cases/${id}"]`).waitFor();
    await page.getByRole("tab", { name: "What is due" }).click();
    await look(page, "board");
    // what the cases are about was said in Chinese
    await page.evaluate(() => document.querySelectorAll(".line-about").forEach((one) => { one.style.display = "none"; }));
    assert.deepEqual(await untranslated(page, ...said), null);
    await page.getByRole("link", { name: /Inbox/ }).click();
    await page.getByRole("heading", { name: "Inbox" }).waitFor();
    await look(page, "inbox");
    assert.deepEqual(await untranslated(page), null);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You are signed out").waitFor();
    await page.goto("/work");
    await page.waitForURL(`${asked.issuer}/**`);
  },
  { expected: [/status of (422|404|403|401|503)/, /EventSource/] },
);
