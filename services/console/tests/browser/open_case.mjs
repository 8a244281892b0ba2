// An open case: read once when it is opened, anew after the connection was lost, and live where no ladder makes work of it.
import { asked, assert, look, signIn, step, story } from "./browser.mjs";

const BASE = `/api/complaint/v1/complaints/${asked.case_id}`;
const STREAM = "**/api/console/v1/work/stream**";
const OF = `subject=${asked.case_id}`;

/** Every part of the case that was asked for since `anew`, by its address, and how often; what was refused is asked again, and counts once. */
function counted(page) {
  const times = new Map();
  const sent = new Map();
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    if (request.method() !== "GET" || !pathname.startsWith("/api/complaint/")) return;
    sent.set(request, pathname + search);
    times.set(pathname + search, (times.get(pathname + search) ?? 0) + 1);
  });
  page.on("response", (answer) => {
    const part = sent.get(answer.request());
    if (part && (answer.status() >= 500 || answer.status() === 429)) times.set(part, times.get(part) - 1);
  });
  return { times, anew: () => (times.clear(), sent.clear()) };
}

/** Whatever the page would ask for has gone out: each part once, and none is left out. */
async function eachOnce(page, { times, anew }, when) {
  const parts = ["/actions", "/timeline", "/serious", "/attachments", "/links", "/measures"].map((part) => BASE + part);
  parts.push(...["obligations", "approvals", "compensations"].map((part) => `/api/complaint/v1/${part}?`));
  const missing = () => [
    ...parts.filter((part) => ![...times.keys()].some((one) => one.startsWith(part))),
    ...(times.has(BASE) ? [] : [BASE]),
    ...([...times.keys()].some((one) => one.includes(OF)) ? [] : [OF]),
  ];
  for (const end = Date.now() + 30_000; missing().length > 0 && Date.now() < end; ) await page.waitForTimeout(200);
  assert.deepEqual(missing(), [], when);
  await page.waitForTimeout(2_000); // what would be read again has been
  assert.deepEqual([...times].filter(([, many]) => many > 1), [], when);
  anew();
}

/** Follows the case as its page does; `change` ends when a change of it has been told to whoever follows it. */
function follows(page, subject) {
  return page.evaluateHandle((subject) => new Promise((following) => {
    const stream = new EventSource(`/api/console/v1/work/stream?subject=${subject}`);
    const change = new Promise((told) => stream.addEventListener("changed", (event) => {
      if (JSON.parse(event.data).subjects.includes(subject)) told(stream.close());
    }));
    stream.addEventListener("counts", () => following({ change }), { once: true });
  }), subject);
}

await story(
  async (page, _, another) => {
    const head = page.locator(".case-head");
    const connection = page.locator(".who [role=status]");
    await signIn(page, "hr-admin-manager-sh-pudong-1");
    const line = page.locator(`a[href="/cases/${asked.case_id}"]`);
    await line.waitFor(); // the case is known here: nothing of its taking is told any more
    const read = counted(page);
    await page.waitForTimeout(1_000); // the list itself has been read
    read.anew();
    // also where following it takes a moment: whoever read before would have to read again
    await page.route(STREAM, async (route) => {
      await page.waitForTimeout(600);
      await route.continue();
    });
    await line.click();
    await head.waitFor();
    await eachOnce(page, read, "from a list");
    await page.reload();
    await head.waitFor();
    await eachOnce(page, read, "by its address");
    await page.unroute(STREAM);

    // somebody else marks it: here no ladder makes work of that
    const agent = await another();
    await signIn(agent, "agent-7", `/cases/${asked.case_id}`);
    await step(agent, "标为重大投诉", { 重大情形: "堵门", 理由: "客户堵住展厅大门" });
    await head.getByText("重大: 堵门").waitFor();
    await agent.locator(".case-head").getByText("重大: 堵门").waitFor();
    for (const one of [page, agent]) await one.getByText("未认定为重大投诉").waitFor({ state: "detached" });
    await look(page, "marked-by-another");
    await step(agent, "撤销重大认定", { 重大情形: "堵门", 理由: "大门未堵" });
    await head.getByText("重大: 堵门").waitFor({ state: "detached" });

    // a connection that broke: what happened meanwhile is read when it stands again
    const live = connection.getByText("实时更新中");
    let connected = 0;
    const standing = 'retry: 500\n\nevent: counts\ndata: {"work":0,"approvals":0,"late":0,"today":0}\n\n';
    await page.route(STREAM, (route) => connected++ === 0 ? route.fulfill({ contentType: "text/event-stream", body: standing }) : route.abort("connectionreset"));
    read.anew();
    await page.reload();
    await connection.getByText("实时连接已断开").waitFor();
    await eachOnce(page, read, "before the connection broke");
    const told = await follows(agent, asked.case_id);
    await step(agent, "标为重大投诉", { 重大情形: "媒体负面", 理由: "客户联系了报社" });
    await told.evaluate(({ change }) => change); // who connects from now on is not told of it any more
    assert.deepEqual([...read.times], [], "nothing tells of it");
    await page.unroute(STREAM);
    await head.getByText("重大: 媒体负面").waitFor();
    await live.waitFor();
    await eachOnce(page, read, "after the connection was lost");

    // a connection that is refused is asked for again by itself
    await page.route(STREAM, (route) => route.fulfill({ status: 503, body: "" }));
    await page.reload();
    await head.waitFor();
    await connection.getByText("实时连接已断开").waitFor();
    await page.unroute(STREAM);
    await step(agent, "撤销重大认定", { 重大情形: "媒体负面", 理由: "没有报道" });
    await head.getByText(/重大: /).waitFor({ state: "detached" });
    await live.waitFor();
  },
  { expected: [/status of (403|404|503)/, /net::ERR_CONNECTION_RESET/, /EventSource/] },
);
