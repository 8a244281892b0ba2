// The month's statistics: HR-admin fills them in, the general manager sends them back and then reviews them; every figure
// opens into its cases; paper and workbook; the keyboard, a phone, both languages.
import { readFileSync } from "node:fs";
import { asked, assert, button, fits, look, onward, signInAs, story, untranslated } from "./browser.mjs";

const PATH = `/reports/${asked.report}`;
const [year, month] = asked.month.split("-").map(Number);
const REMARKS = "维修等候类投诉占六成, 已安排复训, 下月复查";

/** What else is counted, and corrected, where branches judge, hand over, call back: by counted thing, dimension and values. */
const COUNTED = {
  taken: {
    matter: "attitude professional_quality efficiency product other unset", demand: "price_reduction return exchange damages criticism other unset",
    claimant: "consumer agent franchisee unset", department: "after_sales service unset", level: "normal serious gravest unset", serious: "yes",
  },
  serious: { kind: "repeat to_manufacturer blocked_door disturbance return_or_exchange negative_media wide_or_vicious" },
  closed: { reaction: "accepted not_accepted settled unset", within: "30_days longer", satisfaction: "5 unset 1 3 4" },
  called_back: { satisfaction: "4 2 unset" },
  open: { state: "judged investigating resolved approved answered called_back reopened", department: "sales unset" },
  term: { met: "judge hand_over report close", missed: "hand_over" },
};
const MORE = [
  ...Object.entries(COUNTED).flatMap(([of, by]) => Object.entries(by).flatMap(([name, values]) => values.split(" ").map((value, n) => ({ figure: `${of}.${name}=${value}`, count: 3 * n + 1 })))),
  { figure: "open.serious", count: 2 }, { figure: "called_back", count: 5 }, { figure: "serious", count: 4 }, { figure: "returned", count: 1 },
];
const CHANGED = ["changed.judgement=founded→unset", "changed.level=normal→serious", "changed.department=after_sales→service", "changed.matter=product→other", "changed.serious=yes→no"];

await story(
  async (page, context, another) => {
    await signInAs(page, "hr-3", "hr_admin@hz-store-3");
    const work = page.locator(`a[href="${PATH}"]`);
    await work.waitFor();
    assert.match(await work.textContent(), /填报投诉统计表.*10/s);
    await look(page, "reports-work");

    // by keyboard from the menu to the month, and its remarks
    await page.keyboard.press("Alt+Digit8");
    const list = page.getByRole("table", { name: "报表" });
    const line = list.getByRole("row").filter({ has: page.locator(`a[href="${PATH}"]`) });
    await line.waitFor();
    assert.match(await line.innerText(), new RegExp(`${year}年${month}月.*杭州三店\\s+53\\s+50\\s+6\\s+0\\s+\\d+\\s+3\\s+未填报`, "s"));
    // who owes a month sees by when, and an earlier one is late; a week is owed by nobody
    const [now, earlier] = [line, list.getByRole("row").filter({ hasText: "杭州三店" }).filter({ hasText: "月报" }).last()];
    assert.match(await now.locator("time").innerText(), /^填报期限 \S*月10日/);
    assert.match(await earlier.innerText(), /未填报.*填报期限 \S*月10日 已逾期/s);
    const week = list.getByRole("row").filter({ hasText: "周" }).first();
    await week.waitFor();
    assert.deepEqual([await week.getByText("已冻结").count(), await week.locator("time").count()], [1, 0]);
    await look(page, "reports");
    await page.getByRole("combobox", { name: "周报或月报" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/reports?kind=month");
    await list.getByRole("row").filter({ hasText: "周" }).first().waitFor({ state: "detached" });
    while (!(await line.getByRole("link").evaluate((one) => one === document.activeElement))) await onward(page);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: new RegExp(`客户投诉统计表.*${year}年${month}月`) }).waitFor();
    const head = page.locator(".case-head");
    await head.getByText("由您办理").waitFor();
    await look(page, "report-to-fill-in");
    await button(page, "填报说明").focus();
    await page.keyboard.press("Enter");
    const remarks = page.getByRole("form", { name: "填报说明" }).getByLabel("说明", { exact: true });
    await remarks.waitFor();
    assert.ok(await remarks.evaluate((one) => one === document.activeElement));

    // somebody else was quicker: nothing is written over, and what is there now is shown
    const answer = await fetch(`${asked.complaint}/v1/complaints/reports/${asked.report}/fill-in`, {
      method: "POST", headers: { authorization: `Bearer ${asked.manager}`, "content-type": "application/json" }, body: JSON.stringify({ remarks: "见附表" }),
    });
    assert.equal(answer.status, 200);
    await page.keyboard.type(REMARKS);
    await page.keyboard.press("Control+Enter");
    const held = page.getByText("说明已送审，审核前不能修改。");
    await held.waitFor();
    await page.locator("blockquote").filter({ hasText: "见附表" }).waitFor();
    await page.getByText("他人已修改此记录").waitFor();
    const written = page.locator("form.step textarea");
    assert.equal(await written.inputValue(), REMARKS, "what was written is not lost");
    await look(page, "report-another-was-quicker");
    await button(page, "取消").click();
    await written.waitFor({ state: "detached" });

    // the general manager, led here by the work, sends it back
    const manager = await another();
    await signInAs(manager, "gm-3", "general_manager@hz-store-3", "/work?list=approvals");
    const sign = manager.locator(`a[href="${PATH}"]`);
    await sign.waitFor();
    await manager.keyboard.press("Alt+Digit3"); // an earlier month is late: the notice of it leads to its report, not to a case
    const late = manager.getByRole("listitem").filter({ has: manager.getByRole("button", { name: /逾期未完成.*填报投诉统计表/ }) }).first();
    await late.getByRole("button").click();
    await late.getByRole("link", { name: "打开办理" }).click();
    await manager.getByRole("heading", { name: /客户投诉统计表/ }).waitFor();
    await manager.keyboard.press("Alt+Digit3"); // that something waits for a signature leads to the list of what does
    const waits = manager.getByRole("listitem").filter({ has: manager.getByRole("button", { name: /等待您审批/ }) }).first();
    await waits.getByRole("button").click();
    await waits.getByRole("link").click();
    await manager.waitForURL("**/work?list=approvals");
    await sign.click();
    const approvals = manager.getByRole("region", { name: "待审批" });
    await approvals.getByText("本期受理").waitFor();
    await look(manager, "report-to-review");
    await button(approvals, "不同意").click();
    await approvals.getByLabel("不同意的理由").fill("请写明原因和措施");
    await button(approvals, "不同意").click();
    await approvals.getByText("请写明原因和措施").waitFor();

    // HR-admin sees it without reloading, and fills it in anew
    await held.waitFor({ state: "detached" });
    await head.getByText("由您办理").waitFor();
    await button(page, "修改说明").click();
    const again = page.getByRole("form", { name: "修改说明" }).getByLabel("说明", { exact: true });
    assert.equal(await again.inputValue(), "见附表");
    await again.fill(REMARKS);
    await page.keyboard.press("Control+Enter");
    await held.waitFor();
    await page.locator("blockquote").filter({ hasText: REMARKS }).waitFor();

    await manager.locator("blockquote").filter({ hasText: REMARKS }).waitFor();
    await button(approvals, "同意").first().click();
    for (const one of [manager, page]) await one.locator(".case-head").getByText("已审核").waitFor();
    await page.getByText("报表已审核，不能再改").waitFor();
    assert.equal(await button(page, "修改说明").count(), 0);

    // figures open into their cases, all of them; beside them the period before
    await manager.getByText("较上期 +31").first().waitFor();
    await button(manager, "本期受理 53").click();
    const cases = manager.getByRole("list", { name: "本期受理 投诉编号" });
    await cases.waitFor();
    assert.equal(await cases.getByRole("link").count(), 50);
    await button(manager, "载入更多").click();
    await manager.waitForFunction(() => document.querySelectorAll(".case-numbers a").length === 53);
    await button(manager, "本期受理 53").click();
    const channels = manager.getByRole("list", { name: "本期受理 按渠道" });
    assert.match(await channels.innerText(), /电话\s+27\s+到店\s+13\s+网络\s+13/);
    await channels.getByRole("button", { name: /网络/ }).click();
    const web = manager.getByRole("list", { name: "网络 投诉编号" });
    await web.waitFor();
    assert.equal(await web.getByRole("link").count(), 13);
    const corrected = manager.getByRole("list", { name: "更正" });
    assert.match(await corrected.innerText(), /补录的投诉，受理于 \d+年\d+月\s+3/);
    await corrected.getByRole("button").click();
    await manager.getByRole("list", { name: /^补录的投诉/ }).getByRole("link").nth(2).waitFor();
    await manager.screenshot({ path: `${asked.screenshots}/report-whole.png`, fullPage: true });
    for (const [name, begins] of [[/下载 PDF/, "%PDF"], [/下载 XLSX/, "PK"]]) {
      const [kept] = await Promise.all([manager.waitForEvent("download"), manager.getByRole("button", { name }).click()]);
      assert.equal(readFileSync(await kept.path()).subarray(0, begins.length).toString(), begins);
      assert.match(kept.suggestedFilename(), new RegExp(`^statistics-${asked.month}-hz-store-3\\.`));
    }

    await manager.getByRole("button", { name: "English" }).click();
    await manager.getByRole("heading", { name: /Complaint statistics/ }).waitFor();
    const said = [REMARKS, "请写明原因和措施", "见附表", ...["杭州三店", "何芸", "高远", "别克"]];
    assert.deepEqual(await untranslated(manager, ...said), null);
    await manager.screenshot({ path: `${asked.screenshots}/report-english.png`, fullPage: true });
    await manager.getByRole("link", { name: /Statistics/ }).first().click();
    await manager.getByRole("table", { name: "Reports" }).waitFor();
    assert.deepEqual(await untranslated(manager, ...said), null);
    await manager.getByRole("button", { name: "中文" }).click();

    // on a phone
    await manager.setViewportSize({ width: 390, height: 844 });
    await look(manager, "phone-reports");
    assert.deepEqual(await fits(manager), [], "the list on a phone");
    await manager.goto(PATH);
    await channels.waitFor();
    await manager.getByRole("region", { name: "近期走势" }).waitFor();
    await manager.screenshot({ path: `${asked.screenshots}/phone-report.png`, fullPage: true });
    assert.deepEqual(await fits(manager), [], "a report on a phone");
    await channels.getByRole("button", { name: /网络/ }).click();
    await web.getByRole("link").first().click();
    await manager.waitForURL("**/cases/*");

    // before the first period has ended it says when; who may not read them is not led there
    await page.route("**/v1/complaints/reports?*", (route) => route.fulfill({ json: { items: [], next: null } }));
    await page.goto("/reports");
    await page.getByText(/还没有报表.*首份周报 .*日，首份月报 \S*月1日 00:10 后可查看/).waitFor();
    await page.goto("/reports?kind=week");
    await page.getByText(/还没有报表.*首份周报 \S*日 00:10 后可查看/).waitFor();
    await page.unroute("**/v1/complaints/reports?*");

    // the group sees every branch and all of them together, as many at a time as are asked for: those of three periods,
    // and of what has ended meanwhile
    await context.clearCookies();
    await page.route("**/v1/complaints/reports?*", (route) => route.continue({ url: route.request().url().replace("limit=50", "limit=5") }));
    await signInAs(page, "group-1", "group_customer_service@group", "/reports");
    let shown = 0;
    for (;;) {
      await page.waitForFunction((before) => document.querySelectorAll("table.reports tbody tr").length > before, shown);
      shown = await page.locator("table.reports tbody tr").count();
      if ((await button(page, "载入更多").count()) === 0) break;
      assert.equal(shown % 5, 0, "five at a time");
      await button(page, "载入更多").click();
    }
    const links = await page.locator("table.reports tbody a").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    assert.equal(new Set(links).size, shown, "no report is shown twice");
    assert.ok(shown >= 12 && shown % 4 === 0, `each branch and the group of each period, not ${shown}`);
    await look(page, "reports-of-the-group");
    await list.getByRole("row", { name: /年\d+月 月报 集团 53/ }).getByRole("link").click();
    await button(page, "本期受理 53").click();
    assert.match(await page.getByRole("list", { name: "本期受理 投诉编号" }).getByRole("listitem").first().innerText(), /^20\d{6}-\d+-\d 杭州三店$/);
    await page.getByText("谁可以查看").click();
    await page.getByText(/负责全集团的：.*集团客服/).waitFor();
    await look(page, "report-of-the-group");

    // everything that can be counted has its words, in both languages, and fits
    await page.route("**/v1/complaints/reports/*", async (route) => {
      const answer = await route.fetch();
      const report = await answer.json();
      const corrections = [...report.corrections, ...CHANGED.map((figure) => ({ figure, count: 2 }))];
      const counted = report.figures.filter(({ figure }) => !MORE.some((one) => one.figure === figure));
      await route.fulfill({ response: answer, json: { ...report, figures: [...counted, ...MORE], corrections } });
    });
    await page.reload();
    await page.getByRole("list", { name: "更正" }).getByText("以前列报、现已变更：级别 一般 → 重大").waitFor();
    await page.getByRole("list", { name: "更正" }).getByText("以前列报、现已变更：重大 是 → 否").waitFor();
    const matters = await page.getByRole("list", { name: "本期受理 按类别" }).locator(".band > span").allInnerTexts();
    assert.deepEqual(matters, ["其他", "商品质量", "服务效率", "专业素质", "服务态度", "未设定"], "the largest first, what is not set last");
    assert.deepEqual(await page.getByRole("list", { name: "本期结案 按满意度（1–5）" }).locator(".band > span").allInnerTexts(), ["1", "3", "4", "5", "未调查"]);
    assert.equal(await page.getByRole("region", { name: "其他", exact: true }).count(), 0, "each figure has its place");
    assert.deepEqual((await page.locator("main").innerText()).match(/[a-z]+_[a-z_]+/g), null, "no code is left on the page");
    await page.screenshot({ path: `${asked.screenshots}/report-everything.png`, fullPage: true });
    await page.getByRole("button", { name: "English" }).click();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("heading", { name: /Complaint statistics/ }).waitFor();
    assert.deepEqual(await fits(page), [], "all of it on a phone, in English");
    assert.deepEqual(await untranslated(page, ...said), null);
    await page.screenshot({ path: `${asked.screenshots}/phone-report-everything.png`, fullPage: true });
    await page.getByRole("button", { name: "中文" }).click();

    await context.clearCookies();
    await signInAs(page, "finance-1", "finance@sh-minhang");
    assert.equal(await page.getByRole("link", { name: /投诉统计/ }).count(), 0, "the menu shows what one may do");
    await page.goto("/reports");
    await page.getByText("您的岗位不能查看投诉统计").waitFor();
  },
  { expected: [/status of (403|404|409|412|503)/, /EventSource/] },
);
