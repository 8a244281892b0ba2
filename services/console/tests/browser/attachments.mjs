// Files of a case: chosen, dropped and by keyboard; refused in Chinese before and after sending; opened, saved, removed.
import { readFileSync } from "node:fs";
import { asked, assert, fits, give, look, signInAs, story } from "./browser.mjs";

const CASE = `/cases/${asked.case_id}`;
const expected = [/status of (422|404|403)/, /EventSource/];
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const PDF = Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n");
const card = (page) => page.getByRole("region", { name: "附件" });
const chosen = (page) => card(page).locator("input[type=file]");
const listed = (page, name) => card(page).getByRole("list", { name: "附件" }).locator("li").filter({ hasText: name });
const sent = (page, name) => card(page).locator(".adding li").filter({ hasText: name });

/** Drop a file of this many bytes, beginning with these. */
async function drop(page, name, bytes, beginning) {
  const carried = await page.evaluateHandle(([name, bytes, beginning]) => {
    const content = new Uint8Array(bytes);
    content.set([...beginning].map((one) => one.charCodeAt(0)));
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], name));
    return transfer;
  }, [name, bytes, beginning]);
  await card(page).getByRole("button", { name: /拖到此处/ }).dispatchEvent("drop", { dataTransfer: carried });
}

await story(
  async (relations, context, another) => {
    await signInAs(relations, "relations-1", "customer_relations@sh-minhang", CASE);
    await card(relations).getByText("尚无附件。").waitFor();
    await chosen(relations).setInputFiles({ name: "王芳投诉.png", mimeType: "image/png", buffer: PNG });
    await listed(relations, "照片 1").getByText(/PNG · \d+ B · 苏敏/).waitFor();
    await listed(relations, "照片 1").getByText("王芳投诉.png").waitFor();

    // how far it has come is seen
    const network = await context.newCDPSession(relations);
    const slow = (uploadThroughput) => network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
    await slow(400_000);
    await drop(relations, "通话.mp3", 1_500_000, "ID3");
    await sent(relations, "通话.mp3").getByText(/^[1-9]\d?%$/).waitFor();
    await card(relations).scrollIntoViewIfNeeded();
    await look(relations, "attachment-uploading");
    await slow(-1);
    await listed(relations, "录音 1").getByText(/MP3 · 1\.4 MB/).waitFor();

    // refused before it is sent, and after
    await drop(relations, "程序.exe", 10, "MZ");
    await sent(relations, "程序.exe").getByText(/不接受这种类型的文件，未上传.*JPG/).waitFor();
    await drop(relations, "录像.mp4", 100 * 1024 * 1024 + 1, "");
    await sent(relations, "录像.mp4").getByText(/文件过大，未上传.*不超过 100\.0 MB/).waitFor();
    await drop(relations, "改名.jpg", 3_000_000, "MZ");
    await sent(relations, "改名.jpg").getByText("文件类型不被接受，或内容与类型不符。请换用可接受的类型，按原始格式上传。").waitFor();
    await sent(relations, "改名.jpg").scrollIntoViewIfNeeded();
    await look(relations, "attachment-refused");
    for (let left = 3; left > 0; left -= 1) await card(relations).getByRole("button", { name: "不再显示" }).first().click();

    // by keyboard, as what it is
    await card(relations).getByText("信函", { exact: true }).click();
    const [chooser] = await Promise.all([relations.waitForEvent("filechooser"), card(relations).getByRole("button", { name: /拖到此处/ }).press("Enter")]);
    await chooser.setFiles({ name: "来信 (王芳's).pdf", mimeType: "application/pdf", buffer: PDF });
    await listed(relations, "信函 1").waitFor();

    // opened on the page, saved as it was sent
    await card(relations).getByRole("button", { name: "打开 照片 1" }).press("Enter");
    const photo = relations.getByRole("dialog").getByRole("img", { name: "照片 1" });
    await photo.waitFor();
    await relations.waitForFunction((one) => one.naturalWidth === 1, await photo.elementHandle());
    await look(relations, "attachment-opened");
    await relations.keyboard.press("Escape");
    await relations.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal(await relations.evaluate(() => document.activeElement.ariaLabel), "打开 照片 1");
    const [kept] = await Promise.all([relations.waitForEvent("download"), card(relations).getByRole("button", { name: "下载 信函 1" }).click()]);
    assert.equal(kept.suggestedFilename(), "来信 (王芳's).pdf");
    assert.deepEqual(readFileSync(await kept.path()), PDF);

    // who neither judges, handles nor added it does not remove it
    const manager = await another();
    await signInAs(manager, "gm-1", "general_manager@sh-minhang", CASE);
    await listed(manager, "照片 1").waitFor();
    assert.equal(await card(manager).getByRole("button", { name: /^移除附件/ }).count(), 0);

    await card(relations).getByRole("button", { name: "移除附件 录音 1" }).click();
    const form = relations.getByRole("form", { name: "移除附件" });
    await give(relations, form, "移除理由", "误传他人通话");
    await form.getByRole("button", { name: /提\s?交/ }).click();
    await form.waitFor({ state: "detached" });
    await listed(relations, "录音 1").getByText("已移除").waitFor();
    await listed(relations, "录音 1").getByText(/苏敏 · .*误传他人通话/).waitFor();
    await listed(relations, "录音 1").getByText("通话.mp3").waitFor();
    assert.equal(await card(relations).getByRole("button", { name: "下载 录音 1" }).count(), 0);
    await relations.getByRole("region", { name: "处理经过" }).getByText("移除附件").waitFor();
    await card(relations).scrollIntoViewIfNeeded();
    await look(relations, "attachments");
  },
  { expected },
);

await story(
  async (page) => {
    await signInAs(page, "relations-1", "customer_relations@sh-minhang", CASE);
    await listed(page, "照片 1").waitFor();
    const long = `${"A7K9Q2LSVAA4182E".repeat(5)}.png`;
    await chosen(page).setInputFiles({ name: long, mimeType: "image/png", buffer: PNG });
    await listed(page, "照片 2").getByText(long).waitFor();
    await chosen(page).setInputFiles({ name: "改名.jpg", mimeType: "image/jpeg", buffer: PDF });
    await sent(page, "改名.jpg").getByRole("alert").waitFor();
    await card(page).scrollIntoViewIfNeeded();
    await look(page, "phone-attachments");
    assert.deepEqual(await fits(page), []);
  },
  { viewport: { width: 390, height: 844 }, expected },
);
