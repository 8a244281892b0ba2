// A complaint is marked as serious; who must know is told in the inbox, live, and confirms; the crisis group meets; the proof is saved.
import { readFileSync } from "node:fs";
import { asked, assert, give, look, signInAs, step, story } from "./browser.mjs";

const CASE = `/cases/${asked.case_id}`;

await story(
  async (relations, _, another) => {
    const manager = await another();
    await signInAs(manager, "gm-1", "general_manager@sh-minhang", "/inbox");
    await signInAs(relations, "relations-1", "customer_relations@sh-minhang", CASE);
    await step(relations, "标为重大投诉", { 重大情形: "堵门", 理由: "客户堵住展厅大门" });
    await relations.getByText("待确认").first().waitFor();
    await relations.getByText("工作日", { exact: false }).first().waitFor();

    // nobody has to reload: the notice is there, and its badge
    const notice = manager.locator("li.notice").filter({ hasText: `请确认: 重大投诉 ${asked.number}` });
    await notice.waitFor();
    await manager.getByRole("link", { name: /通知/ }).getByText(/\d/).first().waitFor();
    await notice.locator("button.line").click();
    await notice.getByRole("link", { name: "打开投诉单" }).waitFor();
    await look(manager, "serious-notice");
    await notice.getByRole("button", { name: "确认收到" }).click();
    await notice.getByText("已确认").waitFor();

    // and the ladder says so to whoever has it open
    const told = relations.locator(".rungs > li").filter({ hasText: "gm-1" }).filter({ hasText: /已确认/ });
    await told.first().waitFor();
    await relations.locator("#ladder-title").scrollIntoViewIfNeeded();
    await look(relations, "ladder");
    const [kept] = await Promise.all([relations.waitForEvent("download"), relations.getByRole("button", { name: /下载告知证明/ }).click()]);
    const proof = readFileSync(await kept.path());
    assert.equal(proof.subarray(0, 5).toString(), "%PDF-");
    assert.ok(proof.subarray(-1024).toString("latin1").includes("%%EOF"));

    // the general manager convenes the group
    await notice.getByRole("link", { name: "打开投诉单" }).click();
    await manager.waitForURL(`**${CASE}`);
    await step(manager, "召集小组", { 小组成员: "head-1" });
  },
  { expected: [/status of (422|404|403)/, /EventSource/] },
);
