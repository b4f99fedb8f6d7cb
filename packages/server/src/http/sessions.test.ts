import { LIMITS } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { createControlFile } from "../control-file.ts";
import { createFakeClock } from "../testing/clock.ts";
import { loadSessions } from "./sessions.ts";

const session = { user: "admin", mustChange: false, skipped: false };

async function started() {
  const clock = createFakeClock();
  const file = createControlFile(undefined);
  return { clock, file, sessions: await loadSessions(file, clock) };
}

describe("W4: sessions", () => {
  it("are found by their cookie and proved by their token, and only hashes are kept", async () => {
    const { file, sessions } = await started();
    const { id, csrf } = await sessions.start(session);
    const found = sessions.find(id);
    expect(found).toMatchObject(session);
    if (found === undefined) return;
    expect([sessions.hasCsrf(found, csrf), sessions.hasCsrf(found, id), sessions.hasCsrf(found, undefined)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(sessions.find("preset")).toBeUndefined();
    const saved = JSON.stringify(await file.load());
    expect([saved.includes(id), saved.includes(csrf)]).toEqual([false, false]);
  });

  it("end after 12 hours without use and after 7 days at most, whatever the wall clock does", async () => {
    const { clock, sessions } = await started();
    const { id } = await sessions.start(session);
    clock.jumpWall(30 * 86_400_000);
    expect(sessions.find(id)).toBeDefined();
    clock.advance(LIMITS.sessionIdleMs - 1);
    expect(sessions.find(id)).toBeDefined();
    clock.advance(LIMITS.sessionIdleMs);
    expect(sessions.find(id)).toBeUndefined();
    const { id: busy, csrf } = await sessions.start(session);
    expect(csrf).not.toBe("");
    for (let hours = 0; hours < 7 * 24; hours += 6) {
      expect(sessions.find(busy)).toBeDefined();
      clock.advance(6 * 3_600_000);
    }
    expect(sessions.find(busy)).toBeUndefined();
  });

  it("survive a restart with their age, and a logged-out one never comes back", async () => {
    const { clock, file, sessions } = await started();
    const kept = await sessions.start(session);
    const ended = await sessions.start(session);
    await sessions.end(sessions.find(ended.id)?.key ?? "");
    const restarted = await loadSessions(file, createFakeClock(clock.wallMs() + 3_600_000));
    expect(restarted.find(kept.id)).toBeDefined();
    expect(restarted.find(ended.id)).toBeUndefined();
    const late = await loadSessions(file, createFakeClock(clock.wallMs() + LIMITS.sessionIdleMs));
    expect(late.find(kept.id)).toBeUndefined();
  });

  it("of one user end together", async () => {
    const { sessions } = await started();
    const [a, b, other] = [
      await sessions.start(session),
      await sessions.start(session),
      await sessions.start({ ...session, user: "eve" }),
    ];
    await sessions.endAllOf("admin");
    expect([a.id, b.id, other.id].map((id) => sessions.find(id) !== undefined)).toEqual([false, false, true]);
  });

  it("are bounded: the one unused for longest makes room", async () => {
    const { clock, sessions } = await started();
    const first = await sessions.start(session);
    for (let count = 0; count < 1_000; count++) {
      clock.advance(1);
      await sessions.start(session);
    }
    expect(sessions.find(first.id)).toBeUndefined();
  });
});
