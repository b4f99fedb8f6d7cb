import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../harness/program.ts";
import { startStack, type Stack } from "../harness/stack.ts";

const CHROMIUM = "/usr/bin/chromium";
const present = existsSync(CHROMIUM);
if (!present) console.info("skipped: Chromium (Debian package `chromium` is not installed)");

const SCREENSHOTS = join(repositoryRoot, ".tmp", "screenshots");
const LANGUAGES = ["en", "zh-CN"] as const;
const THEMES = ["light", "dark"] as const;

let stack: Stack;
let browser: Browser;

async function ask(body: object): Promise<void> {
  const answer = await fetch(`${stack.gatewayUrl}/exact/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ stream: true, messages: [{ role: "user", content: "hi" }], ...body }),
  });
  await answer.text();
}

/** Opens a page that reports everything a strict browser would complain about. */
async function openPage(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== stack.dashboardUrl)
      complaints.push(`foreign request: ${request.url()}`);
  });
  return { page, complaints };
}

async function signIn(page: Page): Promise<void> {
  await page.goto(`${stack.dashboardUrl}/login`);
  await page.locator('input[autocomplete="username"]').fill("admin");
  await page.locator('input[type="password"]').fill("admin");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/password/, { timeout: 15_000 });
  await page.getByRole("button", { name: /skip|跳过/i }).click({ timeout: 10_000 });
  await page.waitForURL((url) => !/password|login/.test(url.pathname));
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const result = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return result.violations.map((item) => `${item.id}: ${item.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

describe.skipIf(!present)("the dashboard in a real browser", () => {
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    stack = await startStack();
    const answer = { ttftMs: 120, gapMs: 8, tokens: 240, tokensPerChunk: 2, seed: 7 };
    await Promise.all([
      ...Array.from({ length: 24 }, (_, i) =>
        ask({ model: "demo-fast", exact: { ...answer, ttftMs: 60 + i * 5, seed: i } }),
      ),
      ...Array.from({ length: 4 }, (_, i) =>
        ask({ model: "demo-large", exact: { ...answer, ttftMs: 400 + i * 20, gapMs: 20, tokens: 120, seed: i } }),
      ),
      ask({
        model: "demo-thinking",
        exact: { ...answer, reasoningTokens: 100, stalls: [{ afterToken: 150, ms: 900 }] },
      }),
      ask({ model: "scenario/http-429" }),
    ]);
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  for (const language of LANGUAGES) {
    for (const theme of THEMES) {
      it(`shows every page in ${language}, ${theme}, without a complaint, and accessible`, async () => {
        const context = await browser.newContext({
          viewport: { width: 1440, height: 900 },
          locale: language,
          colorScheme: theme,
        });
        const { page, complaints } = await openPage(context);
        const shot = (name: string): Promise<Buffer> =>
          page.screenshot({ path: join(SCREENSHOTS, `${name}.${language}.${theme}.png`) });
        await page.goto(`${stack.dashboardUrl}/login`);
        await page.locator('input[type="password"]').waitFor();
        await shot("login");
        await signIn(page);
        expect(await page.getAttribute("html", "lang")).toBe(language);

        for (const [name, path] of [
          ["overview", "/?live=0"],
          ["requests", "/requests?live=0&t=1h"],
          ["setup", "/setup"],
        ] as const) {
          await page.goto(`${stack.dashboardUrl}${path}`);
          await page.locator("h1").first().waitFor();
          await page.waitForTimeout(600);
          await shot(name);
          expect(await violations(page), `${name} accessibility`).toEqual([]);
        }

        await page.goto(`${stack.dashboardUrl}/requests?live=0&t=1h&m=demo-thinking`);
        await page.locator("tbody tr").first().click();
        await page.keyboard.press("Enter");
        await page.waitForURL(/\/requests\/[0-9a-f]{32}-[0-9a-f]{16}/);
        await page.locator("canvas").first().waitFor();
        await page.waitForTimeout(600);
        await shot("request-detail");
        expect(await page.locator("canvas").count()).toBeGreaterThanOrEqual(3);
        expect(await violations(page), "request detail accessibility").toEqual([]);
        expect(complaints).toEqual([]);
        await context.close();
      });
    }
  }

  it("shows a new request in the live list within two seconds of its end", async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en" });
    const { page } = await openPage(context);
    await signIn(page);
    await page.goto(`${stack.dashboardUrl}/requests`);
    await page.locator("tbody tr").first().waitFor();
    await ask({ model: "live-arrival" });
    await page.getByText("live-arrival").first().waitFor({ timeout: 2_000 });
    await context.close();
  });

  it("shows a request while it is in flight, accessible and without a complaint, and lets it go at its end", async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en" });
    const { page, complaints } = await openPage(context);
    await signIn(page);
    await page.goto(`${stack.dashboardUrl}/requests`);
    const running = ask({ model: "still-open", exact: { ttftMs: 300, tokens: 60, gapMs: 100 } });
    const inFlight = page.getByRole("region", { name: "Requests in flight" });
    await inFlight.getByText("still-open").waitFor({ timeout: 3_000 });
    await inFlight.getByText("generating").waitFor({ timeout: 3_000 });
    await page.screenshot({ path: join(SCREENSHOTS, "in-flight.en.light.png") });
    expect(await violations(page)).toEqual([]);
    await running;
    await inFlight.waitFor({ state: "detached", timeout: 3_000 });
    await page.locator("tbody tr", { hasText: "still-open" }).first().waitFor({ timeout: 2_000 });
    expect(complaints).toEqual([]);
    await context.close();
  });
});
