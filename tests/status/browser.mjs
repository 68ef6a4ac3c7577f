// A headless browser, spoken to by its DevTools protocol: just what the test of the status page needs.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export class Browser {
  #next = 1;
  #waiting = new Map();
  complaints = []; // everything that the browser says against the page

  static async start(program) {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), "status-browser-"));
    // Its sandbox needs user namespaces, which containers and root rarely have; it only sees our own page.
    browser.process = spawn(program, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
      "--disable-background-networking", "--no-first-run", "--force-color-profile=srgb", "--hide-scrollbars",
      "--remote-debugging-port=0", `--user-data-dir=${browser.profile}`, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
    const address = await new Promise((done, failed) => {
      let said = "";
      browser.process.stderr.on("data", (bytes) => {
        said += bytes;
        const found = /DevTools listening on (ws:\S+)/.exec(said);
        if (found) done(found[1]);
      });
      browser.process.on("error", failed);
      browser.process.on("exit", (code) => failed(new Error(`the browser ended with ${code}:\n${said}`)));
    });
    browser.socket = new WebSocket(address);
    browser.socket.onmessage = (event) => browser.#arrived(JSON.parse(event.data));
    await new Promise((done, failed) => { browser.socket.onopen = done; browser.socket.onerror = failed; });
    const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
    ({ sessionId: browser.session } = await browser.send("Target.attachToTarget", { targetId, flatten: true }));
    for (const domain of ["Page", "Runtime", "Log", "Network", "Audits"]) await browser.send(`${domain}.enable`);
    return browser;
  }

  send(method, params = {}) {
    const id = this.#next++;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { method, done, failed });
      this.socket.send(JSON.stringify({ id, method, params, sessionId: this.session }));
    });
  }

  #arrived({ id, result, error, method, params }) {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting.failed(new Error(`${waiting.method}: ${error.message}`));
      else waiting.done(result);
      return;
    }
    if (method === "Network.responseReceived" && params.type === "Document") this.document = params.response;
    if (method === "Runtime.exceptionThrown") this.complaints.push(`exception: ${params.exceptionDetails.exception?.description ?? params.exceptionDetails.text}`);
    if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(params.type))
      this.complaints.push(`console: ${params.args.map((value) => value.value ?? value.description).join(" ")}`);
    if (method === "Log.entryAdded" && ["error", "warning"].includes(params.entry.level))
      this.complaints.push(`${params.entry.source}: ${params.entry.text}`);
    if (method === "Audits.issueAdded") this.complaints.push(`issue: ${params.issue.code} ${JSON.stringify(params.issue.details)}`);
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  async until(expression, what, seconds = 30) {
    for (let left = seconds * 10; left > 0; --left) {
      if (await this.evaluate(expression)) return;
      await pause(100);
    }
    throw new Error(`${what}: not within ${seconds} s`);
  }

  async press(key, code, text) {
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, code: key, windowsVirtualKeyCode: code, text });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key, code: key, windowsVirtualKeyCode: code });
  }

  async show(width, height, scheme) {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme },
      { name: "prefers-reduced-motion", value: "reduce" }] });
  }

  async screenshot(file) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    writeFileSync(file, Buffer.from(data, "base64"));
  }

  async stop() {
    const ended = new Promise((done) => this.process.once("exit", done));
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill();
      await Promise.race([ended, pause(5000)]);
      this.process.kill("SIGKILL"); // nothing happens when it is gone
    }
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
