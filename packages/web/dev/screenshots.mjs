// Photographs every page of a running mock server and fails on console errors or policy reports.
//   node packages/web/dev/screenshots.mjs http://127.0.0.1:33005 outFolder [name filter]
import { mkdir, writeFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const [base = "http://127.0.0.1:33005", out = "shots", only = ""] = process.argv.slice(2);
const ARGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(
    " ",
  );
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

await mkdir(out, { recursive: true });
const { data } = await (await fetch(`${base}/dev/state`)).json();
const pages = {
  overview: "/",
  requests: "/requests",
  setup: "/setup",
  ...(data.showcaseId === undefined ? {} : { request: `/requests/${data.showcaseId}` }),
};
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGS });
const problems = [];
for (const [size, viewport] of Object.entries(SIZES)) {
  for (const language of ["en", "zh-CN"]) {
    for (const theme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
      await context.addInitScript(
        ([chosen, tag]) => {
          localStorage.setItem("nexent.theme", chosen);
          localStorage.setItem("nexent.language", tag);
          sessionStorage.setItem("nexent.csrf", "mock-token");
        },
        [theme, language],
      );
      for (const [name, path] of Object.entries(pages)) {
        const label = `${name}-${size}-${language}-${theme}`;
        if (!label.includes(only)) continue;
        const tab = await context.newPage();
        tab.on("console", (message) => {
          if (message.type() === "error" || message.type() === "warning") problems.push(`${label}: ${message.text()}`);
        });
        tab.on("pageerror", (cause) => problems.push(`${label}: ${cause.message}`));
        await tab.goto(`${base}${path}`);
        await tab.waitForSelector("main");
        await tab.waitForTimeout(1800);
        const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (overflow > 0) problems.push(`${label}: page scrolls sideways by ${overflow} px`);
        const main = await tab.evaluate(() => {
          const element = document.querySelector("#main");
          return element === null
            ? { over: 0, height: innerHeight }
            : {
                over: element.scrollWidth - element.clientWidth,
                height: innerHeight - element.clientHeight + element.scrollHeight,
              };
        });
        if (main.over > 0) problems.push(`${label}: main scrolls sideways by ${main.over} px`);
        await tab.screenshot({ path: `${out}/${label}.png` });
        if (main.height > viewport.height + 10) {
          await tab.setViewportSize({ width: viewport.width, height: Math.min(4000, main.height) });
          await tab.waitForTimeout(400);
          await tab.screenshot({ path: `${out}/${label}-full.png` });
        }
        await tab.close();
      }
      await context.close();
    }
  }
}
await browser.close();
const state = await (await fetch(`${base}/dev/state`)).json();
for (const report of state.data.reports) problems.push(`csp: ${JSON.stringify(report)}`);
await writeFile(`${out}/problems.txt`, problems.join("\n"));
process.stdout.write(`${problems.length} problems\n${[...new Set(problems)].slice(0, 20).join("\n")}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
