// The status page in a headless browser, against a gateway that runs.
//
//   node page.mjs BROWSER URL AGENT_ID GATEWAY_PID FOLDER
//
// The gateway has a server "victim" that dies when its tool kill_self is called. Writes screenshots to FOLDER.
// At the end the gateway is stopped, to see what the page says then; a GATEWAY_PID of 0 leaves that out.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Browser, pause } from "./browser.mjs";

const [program, url, agentId, pid, folder] = process.argv.slice(2);
const card = (name) => `document.querySelector('[data-server="${name}"]')`;
const visible = (id) => `!!document.getElementById("${id}")?.checkVisibility()`;
const text = (id) => `document.getElementById("${id}").textContent`;

let session;
async function post(message) {
  const headers = { Authorization: agentId, "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
  if (session) headers["Mcp-Session-Id"] = session;
  const answer = await fetch(`${url}/mcp/victim`, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
  session ??= answer.headers.get("mcp-session-id");
  return answer.text();
}
async function openSession() {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "status", version: "1" } };
  await post({ id: 0, method: "initialize", params });
  assert.ok(session, "the gateway opened no session");
  await post({ method: "notifications/initialized" });
}
const call = (name, values = {}) => post({ id: 1, method: "tools/call", params: { name, arguments: values } });

const browser = await Browser.start(program);
const say = (what) => console.log(`ok   ${what}`);
const quiet = (what) => {
  // It notes a refused id itself, sometimes late; a right one that is refused shows elsewhere.
  const complaints = browser.complaints.filter((words) => !/^network: .* 401 /.test(words));
  assert.deepEqual(complaints, [], `what the browser complained about ${what}`);
};

async function type(words) {
  await browser.evaluate(`document.getElementById("agent").focus()`);
  await browser.send("Input.insertText", { text: words });
  await browser.press("Enter", 13, "\r");
}

async function formFirst() {
  await browser.show(1280, 900, "light");
  await browser.send("Page.navigate", { url: `${url}/status` });
  await browser.until(visible("gate"), "the form");
  assert.equal(await browser.evaluate(visible("cards")), false, "cards are shown without an id");
  const policy = browser.document.headers["content-security-policy"] ?? browser.document.headers["Content-Security-Policy"];
  assert.match(policy ?? "", /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal(await browser.evaluate(`document.activeElement.id`), "agent", "the field has no focus");
  await browser.screenshot(join(folder, "form.png"));
  quiet("before anything was typed");
  say("without an id there is the form, and a strict policy");
}

async function wrongId() {
  await type("not-an-agent");
  await browser.until(visible("fault"), "the refusal");
  assert.match(await browser.evaluate(text("fault")), /does not know this agent id/);
  assert.equal(await browser.evaluate(`sessionStorage.length`), 0, "a refused id is kept");
  // The browser itself notes every 401.
  assert.ok(browser.complaints.every((words) => /^network: .* 401 /.test(words)), browser.complaints.join("\n"));
  browser.complaints = [];
  say("a wrong id is refused in words");
}

async function rightId() {
  await type(agentId);
  await browser.until(`${card("victim")}?.dataset.state === "ready"`, "the card of a server that runs", 60);
  await browser.until(`${text("link")} === "live"`, "the event stream");
  assert.equal(await browser.evaluate(visible("gate")), false, "the form is still there");
  assert.match(await browser.evaluate(text("figures")), /\d+ of \d+/);
  assert.match(await browser.evaluate(text("verdict")), /^Gateway is (un)?healthy$/);
  assert.equal(await browser.evaluate(`document.activeElement.id`), "verdict", "the focus is lost");
  assert.deepEqual((await browser.send("Network.getCookies")).cookies, []);
  const kept = await browser.evaluate(`[localStorage.length, location.href].join(" ")`);
  assert.equal(kept, `0 ${url}/status`, "the id is kept elsewhere than in sessionStorage");
  await browser.until(`${card("victim")}.querySelectorAll(".time rect").length > 0`, "the history");
  say("with the id there are the cards, live");
}

async function uptimeCounts() {
  const uptime = `${card("victim")}.querySelector(".stats dd").textContent`;
  const before = await browser.evaluate(uptime);
  await browser.until(`${uptime} !== ${JSON.stringify(before)}`, "the uptime counts", 5);
  say("the uptime counts");
}

async function dies() {
  // Records every state that the card shows, and every text that is read out.
  await browser.evaluate(`{
    window.seen = [];
    window.heard = "";
    const card = ${card("victim")};
    new MutationObserver(() => window.seen.push(card.dataset.state)).observe(card, { attributeFilter: ["data-state"] });
    const announce = document.getElementById("announce");
    new MutationObserver(() => { window.heard += announce.textContent; }).observe(announce, { childList: true });
  }`);
  const before = await browser.evaluate(`${card("victim")}.querySelectorAll(".time rect").length`);
  await openSession();
  for (let i = 0; i < 5; ++i) await call("echo", { text: "hello" });
  void call("kill_self").catch(() => {});
  await browser.until(`window.seen.some((state) => state !== "ready")`, "the card changes");
  await browser.until(`/victim: /.test(window.heard)`, "the change is read out");
  await browser.until(`${card("victim")}.querySelectorAll(".time rect").length > ${before}`, "the history grows");
  await browser.until(`/^Last error .* ago: .*(SIGKILL|137|exit|kill)/i.test(${card("victim")}.querySelector("details summary").textContent)`, "the last error");
  say(`a server that dies changes its card without a reload: ${await browser.evaluate(`window.seen.join(", ")`)}`);
  // Its links are opened again when a client wants them.
  for (let left = 100; left > 0 && await browser.evaluate(`${card("victim")}.dataset.state !== "ready"`); --left) {
    await call("echo", { text: "again" });
    await pause(300);
  }
  assert.equal(await browser.evaluate(`${card("victim")}.dataset.state`), "ready", "it does not come back");
  await browser.until(`!/^–$/.test(${card("victim")}.querySelector(".pace dd").textContent)`, "the latency");
  say("and again when it is back");
  quiet("while servers came and went");
}

async function looks() {
  await pause(11000); // two more samples, so that there is a line of latencies to look at
  for (const [name, width, height, scheme] of [["light", 1280, 900, "light"], ["dark", 1280, 900, "dark"],
    ["phone", 390, 844, "light"], ["phone-dark", 390, 844, "dark"], ["narrow", 360, 740, "light"]]) {
    await browser.show(width, height, scheme);
    await pause(300);
    const wide = await browser.evaluate(`document.documentElement.scrollWidth`);
    assert.ok(wide <= width, `${name}: ${wide} pixels wide on a screen of ${width}`);
    await browser.screenshot(join(folder, `${name}.png`));
  }
  await browser.evaluate(`{
    document.querySelectorAll(".card details").forEach((fold) => { fold.open = true; });
    ${card("victim")}.scrollIntoView();
  }`);
  await pause(300);
  assert.ok(await browser.evaluate(`document.documentElement.scrollWidth`) <= 360, "what is folded out is too wide");
  await browser.screenshot(join(folder, "unfolded.png"));
  await browser.show(1280, 900, "light");
  say("light, dark and on a phone: nothing is wider than the screen");
}

async function keyboard() {
  await browser.evaluate(`document.getElementById("verdict").focus()`);
  await browser.press("Tab", 9);
  assert.equal(await browser.evaluate(`document.activeElement.dataset.key`), "all", "Tab leads to the filters");
  await browser.press("Tab", 9);
  await browser.press("Enter", 13, "\r");
  assert.equal(await browser.evaluate(`document.activeElement.getAttribute("aria-pressed")`), "true");
  assert.equal(await browser.evaluate(`[...document.querySelectorAll(".card")].filter((card) => card.checkVisibility()).every((card) => !["stopped", "backoff"].includes(card.dataset.state))`), true);
  await browser.evaluate(`document.querySelector('[data-key="all"]').click()`);
  say("the filters are used with the keyboard");
}

async function survivesReload() {
  await browser.send("Page.reload");
  await browser.until(`${card("victim")} !== null`, "the cards after a reload of the page");
  quiet("in all of this");
  say("no complaint of the browser: no violation of the policy, no error");
}

async function gatewayGone() {
  if (pid === "0") return;
  process.kill(Number(pid), "SIGTERM");
  await browser.until(`${visible("notice")} && /can't be reached/.test(${text("notice")})`, "the words for a gateway that is gone", 60);
  await browser.screenshot(join(folder, "gone.png"));
  // The browser itself notes every request that fails.
  assert.ok(browser.complaints.every((words) => /^network: /.test(words)), browser.complaints.join("\n"));
  browser.complaints = [];
  say("a gateway that is gone is told in words");
}

async function forgets() {
  await browser.evaluate(`document.getElementById("forget").click()`);
  await browser.until(visible("gate"), "the form after forgetting");
  assert.equal(await browser.evaluate(`sessionStorage.getItem("drawbridge-agent-id")`), null);
  assert.equal(await browser.evaluate(`document.querySelectorAll(".card").length`), 0, "cards are left");
  assert.equal(await browser.evaluate(`document.querySelector("main").textContent.includes("victim") || ${text("announce")} !== ""`), false, "names are left");
  say("the id is forgotten, and what it showed");
}

try {
  for (const step of [formFirst, wrongId, rightId, uptimeCounts, dies, looks, keyboard, survivesReload, gatewayGone, forgets])
    await step();
} catch (error) {
  await browser.screenshot(join(folder, "failed.png")).catch(() => {});
  console.error(error.message, browser.complaints);
  process.exitCode = 1;
} finally {
  await browser.stop();
}
process.exit();
