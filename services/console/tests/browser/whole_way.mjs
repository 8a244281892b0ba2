// A complaint of a dealership from judging to the end, by three people, each in a browser of their own.
import { asked, assert, look, signInAs, step, story } from "./browser.mjs";

const CASE = `/cases/${asked.case_id}`;

await story(
  async (relations, _, another) => {
    await signInAs(relations, "relations-1", "customer_relations@sh-minhang", CASE);
    await step(relations, "判定投诉是否成立", { 判定意见: "检查属实", "被投诉部门（代码）": "after_sales" }, [
      ["投诉理由成立", "是"], ["客户要求成立", "是"],
    ]);
    await step(relations, "移交责任部门", { 移交说明: "请今日联系客户" });
    await step(relations, "开始调查");
    // what is sent incomplete is refused at the field, and nothing is lost
    await relations.getByRole("button", { name: "提交调查报告" }).click();
    await relations.getByLabel("发生原因").fill("拧紧力矩不足");
    await relations.getByRole("button", { name: /提\s?交$/ }).click();
    await relations.getByText("必填").first().waitFor();
    assert.equal(await relations.getByLabel("发生原因").inputValue(), "拧紧力矩不足");
    await relations.getByRole("button", { name: "提交调查报告" }).click();
    await step(relations, "提交调查报告", { 发生原因: "拧紧力矩不足", 具体经过: "三次检查", 责任说明: "班组未复检", 结论: "成立" });
    await step(relations, "提出处理方案", { 处理方案: "免费更换轮毂螺栓", 如何回应客户要求: "道歉并更换" });

    // compensation holds the answer until the manager has signed what the digest says
    await step(relations, "提出赔偿补偿", { 金额: "1800.00", 理由: "三次维修未解决" }, [["赔偿方式", "免费维修"]]);
    await relations.getByText("1800.00 CNY").waitFor();
    await relations.getByText("等待审批").first().waitFor();
    assert.equal(await relations.getByRole("button", { name: "答复客户", exact: true }).count(), 0);
    await look(relations, "case-held");
    const manager = await another();
    await signInAs(manager, "manager-1", "relations_manager@sh-minhang", "/work?list=approvals");
    await manager.locator(`a[href="${CASE}"]`).first().click();
    const offer = manager.getByRole("article", { name: "赔偿补偿" });
    await offer.getByText("免费维修 1800.00").waitFor();
    await look(manager, "approval");
    await offer.getByRole("button", { name: /同\s?意/ }).first().click();
    await offer.getByText("已同意").waitFor();

    // the handler sees it without asking for it
    await relations.getByRole("button", { name: "答复客户", exact: true }).waitFor();
    await step(relations, "答复客户", { 答复内容: "已为您免费更换" }, [["答复方式", "口头"]]);
    await step(relations, "记录客户反馈", { 客户说明: "满意" }, [["客户接受", "是"]]);
    await step(relations, "向集团反馈结果", { 处理结果: "已更换, 客户接受" });

    const group = await another();
    await signInAs(group, "group-1", "group_customer_service@group", CASE);
    await group.getByRole("button", { name: "回访客户" }).click();
    await group.locator("form.step .ant-rate-star").nth(4).click();
    for (const [label, text] of Object.entries({
      最终处理结果: "已更换", 处理过程概述: "三日内完成", 评价: "及时", 客户最终意见: "满意", 服务改进建议: "交车前复检",
    })) await group.getByLabel(label, { exact: true }).fill(text);
    await look(group, "calling-back");
    await group.getByRole("button", { name: /提\s?交/ }).click();
    await group.getByText("已回访").first().waitFor();

    await relations.getByRole("button", { name: "结案", exact: true }).waitFor();
    await step(relations, "结案");
    await relations.getByText("已结案").first().waitFor();
    const entries = relations.locator("ol.timeline > li");
    for (const said of ["检查属实", "拧紧力矩不足", "免费更换轮毂螺栓", "已为您免费更换", "交车前复检"]) {
      assert.equal(await entries.filter({ hasText: said }).count(), 1, said);
    }
    await relations.evaluate(() => window.scrollTo(0, 0));
    await look(relations, "closed");
  },
  { expected: [/status of (422|404|403)/, /EventSource/] },
);
