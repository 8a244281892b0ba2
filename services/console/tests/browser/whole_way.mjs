// A complaint of a dealership from the call to the end, each step by whose it is, each person in a browser of their own.
import { readFileSync } from "node:fs";
import { asked, assert, button, fill, fits, give, look, saved, signIn, signInAs, step, story } from "./browser.mjs";

const actions = (page) => page.getByRole("region", { name: "可办理事项" });
const waitsFor = (page, name, whom) => actions(page).locator("li.waiting").filter({ hasText: name }).filter({ hasText: whom }).waitFor();

await story(
  async (agent, _, another) => {
    // by phone
    await signIn(agent, "agent-7", "/call");
    await fill(agent, { phone: asked.phone, name: "何静", branch: "sh-minhang", brand: "上汽大众", text: "轮毂螺栓松动, 高速抖动" });
    await agent.locator(".ant-segmented-item-selected").filter({ hasText: "集团呼叫中心" }).waitFor();
    await agent.getByTestId("save").click();
    await saved(agent).waitFor();
    await agent.getByRole("link", { name: "打开投诉单" }).click();
    await agent.waitForURL("**/cases/*");
    const path = new URL(agent.url()).pathname;
    // whose step it is, when it is not yours
    await waitsFor(agent, "判定投诉是否成立", "客户关系部");
    await agent.getByText("目前没有可由您办理的事项").waitFor();
    await look(agent, "case-of-another");

    // judged, with both answers; handed to the head of the department
    const relations = await another();
    await signInAs(relations, "relations-1", "customer_relations@sh-minhang", "/work");
    await relations.locator(`a[href="${path}"]`).first().click();
    await step(relations, "判定投诉是否成立", { 投诉理由成立: "是", 客户要求成立: "是", 判定意见: "检查属实", 被投诉部门: "after_sales" });
    await relations.getByRole("button", { name: "移交受理部门", exact: true }).click();
    const over = relations.getByRole("form", { name: "移交受理部门" });
    await give(relations, over, "处理人", "head-1");
    await relations.locator(".ant-select-item-option").filter({ hasText: "head-1 · 部门负责人" }).waitFor();
    await look(relations, "handing-over");
    await relations.keyboard.press("Escape");
    await give(relations, over, "移交说明", "请今日联系客户");
    await over.getByRole("button", { name: /提\s?交/ }).click();
    await over.waitFor({ state: "detached" });
    await waitsFor(relations, "开始调查", "周强");

    // investigated and reported; what is incomplete is refused at its field, and nothing is lost
    const head = await another();
    await signInAs(head, "head-1", "department_head@sh-minhang/after_sales", "/work");
    await head.locator(`a[href="${path}"]`).first().click();
    await step(head, "开始调查");
    await head.getByRole("button", { name: "提交调查报告", exact: true }).click();
    const report = head.getByRole("form", { name: "提交调查报告" });
    await give(head, report, "具体经过", "三次检查, 力矩不足");
    await report.getByRole("button", { name: /提\s?交/ }).click();
    await head.getByText("必填").first().waitFor();
    assert.equal(await report.getByLabel("具体经过").inputValue(), "三次检查, 力矩不足");
    await give(head, report, "责任说明", "班组未复检");
    await give(head, report, "结论", "成立");
    await report.getByRole("button", { name: /添加防范措施/ }).click();
    await give(head, report, "措施内容", "交车前力矩复检");
    const inDays = (days) => new Date(Date.now() + days * 86_400_000);
    await give(head, report, "完成日期", inDays(2).toISOString().slice(0, 10));
    await look(head, "reporting");
    await report.getByRole("button", { name: /提\s?交/ }).click();
    await report.waitFor({ state: "detached" });
    await head.getByRole("heading", { name: "措施" }).waitFor();
    await head.getByText("交车前力矩复检").first().waitFor();
    // a measure that is still open after its last day says so
    const measures = (page) => page.getByRole("region", { name: "措施" }).getByRole("listitem").filter({ hasText: "交车前力矩复检" });
    assert.equal(await measures(head).getByText("逾期").count(), 0);
    const later = await head.context().newPage();
    await later.clock.setFixedTime(inDays(4));
    await later.goto(path);
    await measures(later).getByText("逾期").waitFor();
    await later.close();
    await step(head, "提出处理方案", { 处理方案: "免费更换轮毂螺栓", 如何回应客户要求: "道歉并更换" });

    // an amount is signed by another person, who signs in, before anything is answered
    await step(head, "提出赔偿补偿", { 赔偿方式: "免费维修", 金额: "1800.00", 理由: "三次维修未解决" });
    const held = actions(head).locator("li.waiting").filter({ hasText: "答复客户" });
    await held.getByText(/等待审批：赔偿补偿.*客户关系部经理/).waitFor();
    assert.equal(await head.getByRole("button", { name: "答复客户", exact: true }).count(), 0);
    await look(head, "case-held");
    const manager = await another();
    await signInAs(manager, "manager-1", "relations_manager@sh-minhang", "/work?list=approvals");
    await manager.locator(`a[href="${path}"]`).first().click();
    const offer = manager.getByRole("article", { name: "赔偿补偿" });
    await offer.getByText("免费维修 1800.00").waitFor();
    await look(manager, "approval");
    await offer.getByRole("button", { name: /^不\s?同\s?意/ }).first().hover();
    assert.deepEqual(await fits(manager), [], "what refuses, under the pointer");
    await offer.getByRole("button", { name: /^同\s?意/ }).first().click();
    await offer.getByText("已同意").waitFor();

    // the handler sees it without asking for it, answers, and the clocks stand while the customer thinks
    await head.getByRole("button", { name: "答复客户", exact: true }).waitFor();
    await step(head, "答复客户", { 答复方式: "口头", 答复内容: "已为您免费更换" });
    await step(head, "记录客户反馈", { 客户接受: "是", 客户说明: "满意" });
    await waitsFor(head, "向集团反馈结果", "客户关系部");

    // the branch returns the result, the group calls back
    await relations.getByRole("button", { name: "向集团反馈结果", exact: true }).waitFor();
    await step(relations, "向集团反馈结果", { 处理结果: "已更换, 客户接受" });
    const group = await another();
    await signInAs(group, "group-1", "group_customer_service@group", path);
    await group.getByRole("button", { name: "回访客户", exact: true }).click();
    const call = group.getByRole("form", { name: "回访客户" });
    for (const [label, text] of Object.entries({
      最终处理结果: "已更换", 处理过程概述: "三日内完成", 评价: "及时", 客户最终意见: "满意", 服务改进建议: "交车前复检",
    })) await give(group, call, label, text);
    await call.getByRole("button", { name: /提\s?交/ }).click();
    await group.getByText("必填").first().waitFor(); // a dealership asks how satisfied the customer is
    await call.locator(".ant-rate-star").nth(4).click();
    await look(group, "calling-back");
    await call.getByRole("button", { name: /提\s?交/ }).click();
    await group.getByText("已回访").first().waitFor();

    await button(relations, "结案").waitFor();
    await step(relations, "结案");
    await relations.getByText("已结案").first().waitFor();
    const entries = relations.locator("ol.timeline > li");
    for (const said of ["检查属实", "力矩不足", "免费更换轮毂螺栓", "已为您免费更换", "三日内完成"]) {
      assert.equal(await entries.filter({ hasText: said }).count(), 1, said);
    }
    const gates = relations.getByRole("list", { name: "办理关卡" }).getByRole("listitem");
    assert.equal(await gates.count(), await gates.and(relations.locator(".passed")).count());
    assert.ok(!/[a-z]{4,}_[a-z]+/.test(await relations.locator("main").innerText()), "a code is shown");
    for (const form of ["客户投诉记录表 (PDF)", "投诉调查报告 (PDF)"]) {
      const [kept] = await Promise.all([relations.waitForEvent("download"), relations.getByRole("button", { name: form }).click()]);
      assert.equal(readFileSync(await kept.path()).subarray(0, 5).toString(), "%PDF-");
    }
    await relations.evaluate(() => window.scrollTo(0, 0));
    await look(relations, "closed");
    // the manufacturer of nothing else: the group sees the same end without reloading
    await group.getByText("已结案").first().waitFor();
  },
  { expected: [/status of (422|404|403)/, /EventSource/] },
);
