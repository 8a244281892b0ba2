// A complaint is marked as serious; who must know is told in the inbox, live, and confirms; the proof is saved.
import { readFileSync } from "node:fs";
import { asked, assert, look, signInAs, step, story } from "./browser.mjs";

const CASE = `/cases/${asked.case_id}`;

await story(
  async (relations, _, another) => {
    const manager = await another();
    await signInAs(manager, "gm-1", "general_manager@sh-minhang", "/inbox");
    await signInAs(relations, "relations-1", "customer_relations@sh-minhang", CASE);
    await step(relations, "标为重大投诉", { 理由: "客户堵住展厅大门" }, [["重大情形", "堵门"]]);
    await relations.getByText("待确认").first().waitFor();

    // nobody has to reload: the notice is there, and its badge
    const notice = manager.locator("li.notice").filter({ has: manager.getByRole("button", { name: /确认收到/ }) }).first();
    await notice.waitFor();
    await manager.getByRole("link", { name: /通知/ }).getByText(/\d/).first().waitFor();
    await notice.locator("button.line").click();
    await notice.getByRole("link", { name: "打开投诉单" }).waitFor();
    await look(manager, "serious-notice");
    await notice.getByRole("button", { name: "确认收到" }).click();
    await notice.getByText("已确认").waitFor();

    const told = relations.locator(".rungs > li").filter({ hasText: "gm-1" });
    await relations.waitForFunction(() => [...document.querySelectorAll(".rungs > li")].some((one) => /gm-1.*已确认/s.test(one.textContent)), null, { timeout: 15_000 })
      .catch(async () => { await relations.reload(); await told.getByText("已确认").first().waitFor(); });
    await relations.locator("#ladder-title").scrollIntoViewIfNeeded();
    await look(relations, "ladder");
    const [saved] = await Promise.all([relations.waitForEvent("download"), relations.getByRole("button", { name: /下载告知证明/ }).click()]);
    const path = await saved.path();
    assert.equal(readFileSync(path).subarray(0, 5).toString(), "%PDF-");

    // who is told without handling it sees the ladder, and nothing of the caller
    const legal = await another();
    await signInAs(legal, "legal-1", "legal@group", CASE);
    await legal.getByRole("heading", { name: "重大投诉上报" }).waitFor();
    assert.ok(!(await legal.locator("main").textContent()).includes("孙杰"));
    await look(legal, "ladder-without-caller");

    // a hasty mark is taken back, with its reason
    await step(relations, "撤销重大认定", { 理由: "现场确认并无堵门" }, [["重大情形", "堵门"]]);
    await relations.getByText(/撤销认定 relations-1/).waitFor();
  },
  { expected: [/status of (422|404|403)/, /EventSource/] },
);
