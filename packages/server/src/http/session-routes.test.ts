import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorBodySchema, requestListSchema, sessionSchema } from "@nexent/monitor-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBrowser, signInAndSkip, startTestServer, type TestServer } from "../testing/server.ts";

const DEFAULT = { user: "admin", password: "admin" };
let server: TestServer;
let url = "";
beforeEach(async () => {
  server = await startTestServer();
  url = server.dashboardUrl;
});
afterEach(() => server.stop());

describe("signing in", () => {
  it("W3: with the default password gives a session that can change, skip and sign out, nothing else", async () => {
    const browser = openBrowser(url);
    expect(await browser.data("/api/session", sessionSchema)).toMatchObject({
      stage: "signed_out",
      defaultPasswordHint: true,
    });
    const { session } = await browser.begin("/api/session", DEFAULT);
    expect(session).toMatchObject({ stage: "must_change", user: "admin", canSkip: true, passwordSkipped: false });
    expect(await browser.refusal("GET", "/api/health")).toEqual([403, "FORBIDDEN"]);
    expect(await browser.refusal("GET", "/api/requests?from=0&to=1")).toEqual([403, "FORBIDDEN"]);
    const skipped = await browser.begin("/api/session/skip", {});
    expect(skipped.session).toMatchObject({ stage: "ready", passwordSkipped: true });
    expect((await browser.data("/api/requests?from=0&to=1", requestListSchema)).rows).toEqual([]);
    expect(await browser.refusal("POST", "/api/session/skip", { body: {} })).toEqual([403, "FORBIDDEN"]);
  });

  it("answers a wrong password and an unknown user alike", async () => {
    const browser = openBrowser(url);
    const wrong = await browser.request("POST", "/api/session", { body: { user: "admin", password: "x" } });
    const unknown = await browser.request("POST", "/api/session", { body: { user: "nobody", password: "x" } });
    const shape = async (answer: Response) => {
      const { error } = errorBodySchema.parse(await answer.json());
      return [answer.status, error.id, error.params, error.requestId.length];
    };
    expect(await shape(wrong)).toEqual(await shape(unknown));
    expect(wrong.status).toBe(401);
    expect(wrong.headers.getSetCookie()).toEqual([]);
  });

  it("W1: allows five wrong passwords, then answers 429 with Retry-After before hashing", async () => {
    const browser = openBrowser(url);
    const attempt = () => browser.request("POST", "/api/session", { body: { user: "admin", password: "x" } });
    const statuses: number[] = [];
    for (let count = 0; count < 7; count++) statuses.push((await attempt()).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const refused = await attempt();
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(200);
    // Not even the right password helps now.
    expect(await browser.refusal("POST", "/api/session", { body: DEFAULT })).toEqual([429, "RATE_LIMITED"]);
  });

  it("sets a cookie that scripts and other sites cannot use, and replaces a preset one", async () => {
    const browser = openBrowser(url);
    browser.cookie = "nexent=preset";
    const answer = await browser.request("POST", "/api/session", { body: DEFAULT });
    const [cookie = ""] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^nexent=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain("preset");
  });

  it("W3: refuses the default password and the skip to anyone behind a proxy, with the answer of a wrong password", async () => {
    const proxied = { headers: { "x-forwarded-for": "10.0.0.1" } };
    const browser = openBrowser(url);
    const answer = await browser.request("GET", "/api/session", proxied);
    expect(await answer.json()).toMatchObject({ data: { canSkip: false, defaultPasswordHint: false } });
    expect(await browser.refusal("POST", "/api/session", { body: DEFAULT, ...proxied })).toEqual([
      401,
      "UNAUTHENTICATED",
    ]);
    await browser.begin("/api/session", DEFAULT);
    expect(await browser.refusal("POST", "/api/session/skip", { body: {}, ...proxied })).toEqual([403, "FORBIDDEN"]);
  });
});

describe("changing the password", () => {
  it("W3: ends all other sessions and the old password, and brings no banner", async () => {
    const other = await signInAndSkip(url);
    const browser = openBrowser(url);
    await browser.begin("/api/session", DEFAULT);
    const { session } = await browser.begin("/api/session/password", {
      oldPassword: "admin",
      newPassword: "correct horse",
    });
    expect(session).toMatchObject({ stage: "ready", passwordSkipped: false, defaultPasswordHint: false });
    expect((await browser.request("GET", "/api/health")).status).toBe(200);
    expect(await other.refusal("GET", "/api/health")).toEqual([401, "UNAUTHENTICATED"]);
    const again = openBrowser(url);
    expect(await again.refusal("POST", "/api/session", { body: DEFAULT })).toEqual([401, "UNAUTHENTICATED"]);
    const ready = await again.begin("/api/session", { user: "admin", password: "correct horse" });
    expect(ready.session.stage).toBe("ready");
  });

  it.each([
    ["too short", "1234567", "too_short"],
    ["the old one", "a".repeat(8), "is_old"],
    ["longer than 256 characters", "a".repeat(257), "Too big"],
  ])("refuses one that is %s", async (_, newPassword, problem) => {
    const browser = await signInAndSkip(url);
    await browser.begin("/api/session/password", { oldPassword: "admin", newPassword: "a".repeat(8) });
    const answer = await browser.request("POST", "/api/session/password", {
      body: { oldPassword: "a".repeat(8), newPassword },
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(problem);
  });

  it("needs the old one", async () => {
    const browser = await signInAndSkip(url);
    const body = { oldPassword: "wrong", newPassword: "correct horse" };
    expect(await browser.refusal("POST", "/api/session/password", { body })).toEqual([403, "FORBIDDEN"]);
  });
});

describe("W5: cross-site requests", () => {
  it("need the CSRF token on every call, reads included; the cookie alone yields nothing", async () => {
    const browser = await signInAndSkip(url);
    const bare = { headers: { "x-nexent-csrf": "" } };
    expect(await browser.refusal("GET", "/api/health", bare)).toEqual([403, "FORBIDDEN"]);
    expect(await browser.refusal("DELETE", "/api/session", bare)).toEqual([403, "FORBIDDEN"]);
    const who = await browser.request("GET", "/api/session", bare);
    expect(await who.text()).not.toContain(browser.csrf);
    browser.cookie = "";
    expect(await browser.refusal("GET", "/api/health")).toEqual([401, "UNAUTHENTICATED"]);
  });

  it("are refused from another origin, without one, and from null; same-origin by fetch metadata is taken", async () => {
    const browser = await signInAndSkip(url);
    const post = async (headers: Record<string, string>): Promise<number> => {
      const base = { cookie: browser.cookie, "x-nexent-csrf": browser.csrf, "content-type": "application/json" };
      return (await fetch(`${url}/api/setup/test`, { method: "POST", headers: { ...base, ...headers }, body: "{}" }))
        .status;
    };
    expect(await post({})).toBe(403);
    expect(await post({ origin: "null" })).toBe(403);
    expect(await post({ origin: "http://localhost:9999" })).toBe(403);
    expect(await post({ origin: url.replace("127.0.0.1", "localhost") })).toBe(403);
    expect(await post({ "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await post({ "sec-fetch-site": "same-origin" })).toBe(200);
    expect(await post({ origin: url })).toBe(200);
  });

  it("cannot be made by a form, nor change anything by GET", async () => {
    const browser = openBrowser(url);
    const form = await browser.request("POST", "/api/session", {
      body: DEFAULT,
      headers: { "content-type": "text/plain" },
    });
    expect(form.status).toBe(415);
    const signedIn = await signInAndSkip(url);
    expect((await signedIn.request("GET", "/api/session/skip")).status).toBe(404);
    expect((await signedIn.request("GET", "/api/health")).status).toBe(200);
  });
});

describe("signing out", () => {
  it("W4: ends the session for good, also over a restart", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "nexent-server-"));
    try {
      const first = await startTestServer({ dataDir });
      const leaving = await signInAndSkip(first.dashboardUrl);
      const staying = await signInAndSkip(first.dashboardUrl);
      const answer = await leaving.request("DELETE", "/api/session");
      expect(answer.headers.getSetCookie()[0]).toMatch(/^nexent=;.*Max-Age=0/);
      expect(await leaving.refusal("GET", "/api/health")).toEqual([401, "UNAUTHENTICATED"]);
      await first.stop();
      const second = await startTestServer({ dataDir });
      const replay = (from: typeof leaving) => {
        const browser = openBrowser(second.dashboardUrl);
        browser.cookie = from.cookie;
        browser.csrf = from.csrf;
        return browser.request("GET", "/api/health");
      };
      expect([(await replay(leaving)).status, (await replay(staying)).status]).toEqual([401, 200]);
      await second.stop();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
