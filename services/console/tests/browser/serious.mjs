// A complaint is marked as serious; who must know is told in the inbox, live, and confirms; the crisis group meets; the proof is saved.
import { readFileSync } from "node:fs";
import { asked, assert, give, look, signInAs, step, story, tabTo } from "./browser.mjs";

const CASE = `/cases/${asked.case_id}`;

await story(
  async (relations, _, another) => {
    const manager = await another();
    await signInAs(manager, "gm-1", "general_manager@sh-minhang", "/inbox");
    await signInAs(relations, "relations-1", "customer_relations@sh-minhang", CASE);
    await step(relations, "标为重大投诉", { 重大情形: "堵门", 理由: "客户堵住展厅大门" });
    await relations.getByText("待确认").first().waitFor();
    await relations.getByText("工作日", { exact: false }).first().waitFor();

    // work bears the names that the services declare, and the number of its case; what is to be confirmed leads there
    await manager.getByRole("link", { name: /我的工作/ }).click();
    const work = manager.locator("#main a.line");
    await work.filter({ hasText: /重大投诉:确认已获通知/ }).filter({ hasText: asked.number }).filter({ hasText: "上海闵行4S店" }).first().waitFor();
    await work.filter({ hasText: "确认收到通知" }).first().click();
    await manager.waitForURL("**/inbox");

    // nobody has to reload: the notice is there, and its badge
    const notice = manager.locator("li.notice").filter({ hasText: `请确认: 重大投诉 ${asked.number}` });
    await notice.waitFor();
    await manager.getByRole("link", { name: /通知/ }).getByText(/\d/).first().waitFor();
    await tabTo(manager, notice.locator("button.line"));
    await manager.keyboard.press("Enter");
    await notice.getByRole("link", { name: "打开投诉单" }).waitFor();
    await look(manager, "serious-notice");
    await tabTo(manager, notice.getByRole("button", { name: "确认收到" }));
    await manager.keyboard.press("Enter");
    await notice.getByText("已确认").waitFor();

    // and the ladder says so to whoever has it open
    const told = relations.locator(".rungs > li").filter({ hasText: "沈洁" }).filter({ hasText: /已确认/ });
    await told.first().waitFor();
    await relations.locator("#ladder-title").scrollIntoViewIfNeeded();
    await look(relations, "ladder");
    const [kept] = await Promise.all([relations.waitForEvent("download"), relations.getByRole("button", { name: /下载告知证明/ }).click()]);
    const proof = readFileSync(await kept.path());
    assert.equal(proof.subarray(0, 5).toString(), "%PDF-");
    assert.ok(proof.subarray(-1024).toString("latin1").includes("%%EOF"));

    // a warning by telephone is recorded with the time at which it was given, now where nothing else is said
    const chief = await another();
    await signInAs(chief, "chief-9", "relations_manager@sh-minhang", CASE);
    await chief.getByRole("button", { name: "登记已人工告知" }).first().click();
    const byHand = chief.getByRole("form", { name: "登记已人工告知" });
    assert.match(await byHand.getByLabel("通知时间").inputValue(), /^\d{4}-\d\d-\d\dT\d\d:\d\d$/);
    await give(chief, byHand, "通知方式", "电话");
    await give(chief, byHand, "通知情况", "已电话告知值班经理");
    await byHand.getByRole("button", { name: /提\s?交/ }).click();
    await byHand.waitFor({ state: "detached" });

    // the general manager convenes the group, and its meeting gives tasks
    await notice.getByRole("link", { name: "打开投诉单" }).click();
    await manager.waitForURL(`**${CASE}`);
    await step(manager, "召集小组", { 小组成员: "head-1" });
    await manager.getByRole("button", { name: "登记会议" }).click();
    const form = manager.getByRole("form", { name: "登记会议" });
    await form.getByLabel("会议时间").fill(now());
    await give(manager, form, "会议纪要", "讨论客户诉求与应对口径");
    await form.getByRole("button", { name: /添加决定/ }).click();
    await give(manager, form, "决定内容", "免费更换变速箱");
    await form.getByRole("button", { name: /添加交办事项/ }).click();
    await give(manager, form, "负责人", "head-1");
    await give(manager, form, "事项", "当面致歉");
    await give(manager, form, "时限", "1 个工作日");
    await look(manager, "meeting");
    await form.getByRole("button", { name: /提\s?交/ }).click();
    await form.waitFor({ state: "detached" });
    await manager.getByText("免费更换变速箱").waitFor();
    const head = await another();
    await signInAs(head, "head-1", "department_head@sh-minhang/after_sales", CASE);
    await head.getByRole("heading", { name: "危机处理小组" }).waitFor();
    await look(head, "crisis-group");
    await head.getByRole("button", { name: "已办完" }).click();
    await head.getByText(/已完成/).first().waitFor();

    // who is told without handling it sees the ladder, and nothing of the caller
    const legal = await another();
    await signInAs(legal, "legal-1", "legal@group", CASE);
    await legal.getByRole("heading", { name: "重大投诉上报" }).waitFor();
    assert.ok(!(await legal.locator("main").textContent()).includes("孙杰"));
    await look(legal, "ladder-without-caller");

    // a hasty mark is taken back, with its reason
    await step(relations, "撤销重大认定", { 重大情形: "堵门", 理由: "现场确认并无堵门" });
    await relations.getByText(/撤销认定 苏敏/).waitFor();
  },
  { expected: [/status of (422|404|403)/, /EventSource/] },
);

/** This minute on the desk's clock, as its field takes it. */
function now() {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short" }).format(new Date()).replace(" ", "T");
}
