import { act } from "react";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { fillBrowserGaps } from "./testing/browser-gaps.ts";
import { createFakeServer, fakeSession, fakeSummary, type FakeServer } from "./testing/fake-server.ts";
import { openPage, type OpenPage } from "./testing/open-page.tsx";

let page: OpenPage | undefined;
beforeAll(fillBrowserGaps);
afterEach(async () => {
  await page?.close();
  page = undefined;
});

async function open(address: string, server: FakeServer): Promise<OpenPage> {
  page = await openPage(address, server);
  return page;
}

async function signIn(at: OpenPage, password: string): Promise<void> {
  await at.type(await at.field(/^User$/), "admin");
  await at.type(await at.field(/^Password$/), password);
  await at.event(
    (await at.field(/^Password$/)).form ?? document,
    new Event("submit", { bubbles: true, cancelable: true }),
  );
}

describe("signing in", () => {
  it("sends a reader without a session to the sign-in page and remembers where they wanted to go", async () => {
    const server = createFakeServer();
    server.on("GET /api/session", () => ({ data: fakeSession("signed_out") }));
    const at = await open("/requests?m=gpt-4o", server);
    await at.get("heading", /^Sign in$/);
    expect(location.search).toBe("?next=%2Frequests%3Fm%3Dgpt-4o");
    expect(at.text()).toContain("user admin, password admin");
  });

  it("hides the hint once the default password is gone", async () => {
    const server = createFakeServer();
    server.on("GET /api/session", () => ({ data: fakeSession("signed_out", { defaultPasswordHint: false }) }));
    const at = await open("/", server);
    await at.get("heading", /^Sign in$/);
    expect(at.text()).not.toContain("password admin");
  });

  it("says when user or password is wrong", async () => {
    const server = createFakeServer();
    server.on("GET /api/session", () => ({ data: fakeSession("signed_out") }));
    server.on("POST /api/session", () => ({ error: "UNAUTHENTICATED", status: 401 }));
    const at = await open("/", server);
    await signIn(at, "wrong");
    await at.get("alert", /User or password is wrong/);
  });

  it("counts the wait down after too many attempts and lets nobody try meanwhile", async () => {
    const server = createFakeServer();
    server.on("GET /api/session", () => ({ data: fakeSession("signed_out") }));
    server.on("POST /api/session", () => ({ error: "RATE_LIMITED", status: 429, headers: { "retry-after": "30" } }));
    const at = await open("/", server);
    await signIn(at, "wrong");
    await at.get("alert", /in (30|29) seconds/);
    await signIn(at, "again");
    expect(server.calls.filter((call) => call.method === "POST")).toHaveLength(1);
  });

  it("forces the password page, lets a local reader skip, and then shows the banner", async () => {
    const server = createFakeServer();
    server.on("GET /api/session", () => ({ data: fakeSession("signed_out") }));
    server.on("POST /api/session", () => ({ data: { session: fakeSession("must_change"), csrf: "t1" } }));
    server.on("POST /api/session/skip", () => ({
      data: { session: fakeSession("ready", { passwordSkipped: true }), csrf: "t2" },
    }));
    const at = await open("/login?next=%2Fsetup", server);
    await signIn(at, "admin");
    await at.click(await at.get("button", /^Skip for now$/));
    await at.get("status", /default password is still in use/);
    expect(location.pathname).toBe("/setup");
  });

  it("offers no way past the change when the server does not", async () => {
    const server = createFakeServer();
    server.on("GET /api/session", () => ({ data: fakeSession("must_change", { canSkip: false }) }));
    const at = await open("/", server);
    await at.get("heading", /^Choose a password$/);
    expect(at.text()).not.toContain("Skip");
  });

  it("refuses new passwords that differ before asking the server", async () => {
    const server = createFakeServer();
    server.on("GET /api/session", () => ({ data: fakeSession("must_change") }));
    const at = await open("/", server);
    await at.type(await at.field(/^Current/), "admin");
    await at.type(await at.field(/^New password$/), "long enough 1");
    await at.type(await at.field(/again$/), "long enough 2");
    const form = (await at.field(/again$/)).form ?? document;
    await at.event(form, new Event("submit", { bubbles: true, cancelable: true }));
    await at.get("alert", /differ/);
    expect(server.calls.filter((call) => call.method === "POST")).toHaveLength(0);
  });

  it("returns to the sign-in page when the session is lost meanwhile", async () => {
    const server = createFakeServer();
    let lost = false;
    server.on("GET /api/session", () => ({ data: fakeSession(lost ? "signed_out" : "ready") }));
    server.on("GET /api/summary", () => {
      lost = true;
      return { error: "UNAUTHENTICATED", status: 401 };
    });
    const at = await open("/?t=6h", server);
    await at.get("heading", /^Sign in$/);
    expect(new URLSearchParams(location.search).get("next")).toBe("/?t=6h");
  });
});

describe("the frame", () => {
  it("moves between pages by keys and keeps the range", async () => {
    const server = createFakeServer();
    const at = await open("/?t=6h", server);
    await at.get("heading", /^Overview$/);
    await at.key("g");
    await at.key("r");
    await at.get("heading", /^Requests$/);
    expect(location.pathname + location.search).toBe("/requests?t=6h");
  });

  it("names the part of a link that it could not read", async () => {
    const at = await open("/?t=9h&live=perhaps", createFakeServer());
    await at.get("status", /t, live/);
  });

  it("leaves keys alone while a text field has them", async () => {
    const at = await open("/requests", createFakeServer());
    const field = await at.field(/Filter text/);
    await at.key("?", {}, field);
    expect(at.text()).not.toContain("Keyboard shortcuts");
    await at.key("?");
    await at.get("dialog", /Keyboard shortcuts/);
  });

  it("opens all languages from the footer", async () => {
    const at = await open("/", createFakeServer());
    await at.click(await at.get("button", /^中文$/));
    await at.get("heading", /^总览$/);
    expect(document.documentElement.lang).toBe("zh-CN");
    await at.click(await at.get("button", /^English$/));
    await at.get("heading", /^Overview$/);
  });
});

describe("an empty overview", () => {
  it("shows the first request to send when there was never any data", async () => {
    const at = await open("/", createFakeServer());
    await at.get("heading", /No request has been seen yet/);
    await at.until(() => at.text().includes("curl -N http://127.0.0.1:8000/exact/v1/chat/completions"));
  });

  it("offers to jump when there is data outside of the range", async () => {
    const server = createFakeServer();
    server.on("GET /api/summary", () => ({ data: fakeSummary(0, Date.now() - 3.5 * 3_600_000) }));
    const at = await open("/", server);
    await at.get("heading", /No request in this range/);
    expect(at.text()).toContain("3 hours ago");
    await at.click(await at.get("button", /^Jump there$/));
    expect(location.search).toBe("?t=6h");
  });

  it("offers to clear the filter when that is what hides the requests", async () => {
    const server = createFakeServer();
    server.on("GET /api/summary", (call) => ({
      data: fakeSummary(call.query.getAll("m").length > 0 ? 0 : 40, Date.now()),
    }));
    const at = await open("/?m=nobody", server);
    await at.click(await at.get("button", /^Clear filter$/));
    await at.until(() => at.text().includes("40 attempts"));
    expect(location.search).toBe("");
  });

  it("keeps a failed panel to itself, with its request id and a way to try again", async () => {
    const server = createFakeServer();
    let broken = true;
    server.on("GET /api/summary", () =>
      broken ? { error: "QUERY_INVALID", status: 400 } : { data: fakeSummary(30, Date.now()) },
    );
    const at = await open("/", server);
    await at.get("alert", /Request id req-1/);
    broken = false;
    await at.click(await at.get("button", /^Try again$/));
    await at.until(() => at.text().includes("30 attempts"));
  });
});

describe("the overview with data", () => {
  it("shows the tail from twenty requests on and P50 alone below", async () => {
    const server = createFakeServer();
    let attempts = 40;
    server.on("GET /api/summary", () => ({ data: fakeSummary(attempts, Date.now()) }));
    const at = await open("/", server);
    const tile = await at.until(() => document.querySelector('article[aria-label="TTFT"]'));
    expect(tile.textContent).toContain("P95");
    await at.close();
    attempts = 19;
    const again = await open("/", server);
    const small = await again.until(() => document.querySelector('article[aria-label="TTFT"]'));
    expect(small.textContent).toContain("P50");
    expect(small.textContent).not.toContain("P95");
  });

  it("says whether percentiles are exact or how far off they may be, in both languages", async () => {
    const server = createFakeServer();
    server.on("GET /api/summary", () => ({ data: fakeSummary(40, Date.now()) }));
    const exact = await open("/", server);
    const tile = (label: string) => document.querySelector(`article[aria-label="${label}"]`)?.textContent;
    await exact.until(() => tile("TTFT")?.includes("P95"));
    expect(exact.text()).toContain("exact");
    expect(exact.text()).not.toContain("~2 %");
    await exact.close();
    server.on("GET /api/summary", () => ({ data: fakeSummary(40, Date.now()), relativeError: 0.02 }));
    for (const [language, label, hint] of [
      ["en", "TTFT", "at most 2 % away"],
      ["zh-CN", "首 token 延迟", "不超过 2 %"],
    ] as const) {
      const at = await open(`/?lang=${language}`, server);
      await at.until(() => tile(label)?.includes("P95 ~2 %"));
      expect(document.querySelector(`[title*="${hint}"]`)?.textContent).toBe("~2 %");
      await at.close();
    }
  });

  it("shows how many requests are in flight now, and the mean of the range while nobody says", async () => {
    const server = createFakeServer();
    server.on("GET /api/summary", () => ({ data: fakeSummary(25, Date.now()) }));
    const at = await open("/", server);
    const tile = (label: string) => document.querySelector(`article[aria-label="${label}"]`)?.textContent;
    await at.until(() => tile("In flight, mean")?.includes("0.5"));
    await act(async () => server.emit("open", { total: 612, calls: [] }));
    await at.until(() => tile("In flight, now")?.includes("612"));
    expect(tile("In flight, now")).toContain("mean 0.5");
    await act(async () => server.emit("open", { calls: [] }));
    await at.until(() => tile("In flight, mean"));
  });

  it("has a table behind every chart", async () => {
    const server = createFakeServer();
    server.on("GET /api/summary", () => ({ data: fakeSummary(40, Date.now()) }));
    const now = Math.floor(Date.now() / 5_000) * 5_000;
    server.on("GET /api/series", () => ({
      data: {
        stepMs: 5_000,
        times: [now - 10_000, now - 5_000],
        series: [
          { model: "gpt-4o", stat: "p50", n: 40, values: [71.2, null] },
          { model: "gpt-4o", stat: "p10", n: 40, values: [38.4, null] },
        ],
      },
    }));
    const at = await open("/", server);
    const figure = await at.get("figure", /^Speed by model$/);
    expect(figure.textContent).toContain("lowest 71.2");
    await at.key("T", { shiftKey: true }, figure);
    await at.until(() => figure.querySelector('[role="group"] tbody')?.textContent?.includes("38.4"));
    expect(figure.querySelector('[role="group"] tbody')?.textContent).toContain("– / –");
  });
});
