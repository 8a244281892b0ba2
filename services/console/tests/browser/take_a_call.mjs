// Taking calls: a known caller at once, once for two clicks, once over a network that fails before or after.
import { asked, assert, fill, look, saved, signInByHand, story } from "./browser.mjs";

const SEND = "**/api/complaint/v1/complaints";

await story(
  async (page, context) => {
    await signInByHand(page, "agent-7", "/call");
    await page.getByLabel("来电号码").fill(asked.known_phone);
    await page.getByText("已建档客户").waitFor();
    assert.equal(await page.getByText("王*").count(), 1);
    assert.equal(await page.getByLabel("被投诉门店").inputValue(), "上海浦东门店");

    // a branch that there is not is said before anything is sent
    await page.getByLabel("被投诉门店").fill("浦西");
    await page.getByLabel("投诉人姓名").click();
    await page.getByText("没有这个门店，或不止一个符合。请从列表中选择。").waitFor();
    await page.getByLabel("被投诉门店").fill("浦东");
    await page.getByLabel("投诉人姓名").click();
    assert.equal(await page.getByLabel("被投诉门店").inputValue(), "上海浦东门店");
    await page.getByText("没有这个门店").waitFor({ state: "detached" });

    // two clicks are one complaint
    await fill(page, { phone: asked.known_phone, plate: "沪A53001", name: "王芳", brand: "东风日产", text: "王芳来电, 发动机冷车异响, 两次检查没有结果" });
    // what the rules ask for besides: the model, through whom it came, whom it is about
    await page.getByLabel("车型").fill("2020款");
    await page.getByLabel("来源人员").fill("relations-1");
    await page.getByLabel("被投诉人").fill("adviser-9");
    await page.getByText("客户关系专员", { exact: true }).first().click();
    await look(page, "take-a-call");
    const [sent] = await Promise.all([page.waitForRequest(SEND), page.getByTestId("save").dblclick()]);
    const { channel, vehicle, source, respondent } = sent.postDataJSON();
    assert.deepEqual([channel, vehicle.model, source, respondent], ["relations_specialist", "2020款", "relations-1", "adviser-9"]);
    const first = (await saved(page).textContent()).replace(/\s/g, "");
    assert.ok(!(await page.locator("blockquote").textContent()).includes("王芳"));
    await look(page, "taken");

    // the next caller: the form is empty, the earlier case is shown, the network is gone for a while
    await page.getByRole("button", { name: "受理下一个来电" }).click();
    await page.waitForTimeout(600); // as long as what was typed before would be looked up
    for (const field of ["投诉人姓名", "被投诉门店"]) assert.equal(await page.getByLabel(field).inputValue(), "", field);
    await fill(page, { phone: asked.known_phone, name: "王芳", brand: "东风日产", text: "冷车异响仍未解决" });
    await page.getByText("注意：该客户已有投诉").waitFor();
    assert.equal(await page.getByText(first).count(), 1);
    await look(page, "repeat-warning");
    await context.setOffline(true);
    await page.getByTestId("save").click();
    await page.getByText("尚未保存，正在自动重试").waitFor();
    await look(page, "offline");
    assert.equal(await page.getByLabel("投诉内容").inputValue(), "冷车异响仍未解决");
    await context.setOffline(false);
    await saved(page).waitFor();

    // the answer is lost on its way back: the same key is sent again
    await page.getByRole("button", { name: "受理下一个来电" }).click();
    await fill(page, { phone: asked.other_phone, name: "李伟", brand: "上汽大众", text: "变速箱顿挫" });
    const keys = [];
    let lost = 0;
    await page.route(SEND, async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      const answer = await route.fetch({ headers: { ...route.request().headers(), origin: asked.console } });
      if (lost++ === 0) await route.abort("connectionreset");
      else await route.fulfill({ response: answer });
    });
    await page.keyboard.press("Control+Enter");
    await page.getByText("尚未保存，正在自动重试").waitFor();
    await page.getByRole("button", { name: "立即重试" }).click();
    await saved(page).waitFor();
    assert.equal(new Set(keys).size, 1);

    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    for (const personal of [asked.known_phone, asked.other_phone, "王芳", "eyJ"]) assert.ok(!kept.includes(personal), kept);

    // who is about to say the branch is not interrupted by what is found meanwhile
    await page.getByRole("button", { name: "受理下一个来电" }).click();
    await page.getByLabel("来电号码").fill(asked.known_phone);
    await page.getByLabel("被投诉门店").focus();
    await page.getByText("已建档客户").waitFor();
    await page.keyboard.type("sh-pudong");
    assert.equal(await page.getByLabel("被投诉门店").inputValue(), "sh-pudong");
    await fill(page, { phone: asked.known_phone, name: "王芳", brand: "东风日产", text: "询问进度" });
    await page.getByTestId("save").click();
    await saved(page).waitFor();

    // somebody else calls about the known car: the plate is sought too, whatever the phone leads to
    await page.unroute(SEND);
    await page.getByRole("button", { name: "受理下一个来电" }).click();
    await page.getByLabel("来电号码").fill("14207770099");
    await page.getByText("档案中没有这个号码或车牌。").waitFor();
    await page.getByLabel("车牌").fill("沪A53001");
    await page.getByText("已建档客户").waitFor();
    await page.getByText("注意：该客户已有投诉").waitFor();
    await page.getByText(first).waitFor();
    await fill(page, { phone: asked.other_phone, plate: "沪A53001", name: "李伟", brand: "上汽大众", text: "代车主来电" });
    await page.getByTestId("save").click();
    await saved(page).waitFor();

    // what is refused is said at its field
    await page.getByRole("button", { name: "受理下一个来电" }).click();
    await fill(page, { phone: "12", name: "李伟", brand: "上汽大众", text: "变速箱顿挫" });
    await page.getByTestId("save").click();
    await page.getByText("有字段需要更正").waitFor();
    assert.ok(await page.locator(".ant-form-item-has-error").count() > 0);
    await look(page, "refused");
  },
  { expected: [/net::ERR_INTERNET_DISCONNECTED/, /net::ERR_CONNECTION_RESET/, /status of (422|404|403)/, /EventSource/] },
);
