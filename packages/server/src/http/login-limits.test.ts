import { LIMITS } from "@nexent/monitor-core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createControlFile } from "../control-file.ts";
import { createFakeClock } from "../testing/clock.ts";
import { loadLoginLimits, type LoginAttempt } from "./login-limits.ts";

const here: LoginAttempt = { user: "admin", address: "127.0.0.1", isLoopback: true };
const stranger: LoginAttempt = { user: "admin", address: "10.0.0.9", isLoopback: false };

async function limits(file = createControlFile(undefined)) {
  const clock = createFakeClock();
  return { clock, file, limits: await loadLoginLimits(file, clock) };
}

describe("W1: sign-in attempts", () => {
  it("allow five per user in five minutes, then say how long to wait", async () => {
    const { clock, limits: found } = await limits();
    for (let count = 0; count < 5; count++) expect(found.admit(here).admitted).toBe(true);
    clock.advance(60_000);
    expect(found.admit(here)).toEqual({ admitted: false, retryAfterMs: LIMITS.loginWindowMs - 60_000 });
    clock.advance(LIMITS.loginWindowMs - 60_000);
    expect(found.admit(here).admitted).toBe(true);
  });

  it("allow ten per address, whoever is named", async () => {
    const { limits: found } = await limits();
    const admitted = Array.from({ length: 20 }, (_, index) => found.admit({ ...stranger, user: `u${index}` }).admitted);
    expect(admitted.filter(Boolean)).toHaveLength(10);
  });

  it("of strangers cannot lock out the person on this machine", async () => {
    const { limits: found } = await limits();
    for (let count = 0; count < 50; count++) found.admit({ ...stranger, address: `10.0.0.${count}` });
    expect(found.admit(stranger).admitted).toBe(false);
    expect(found.admit(here).admitted).toBe(true);
  });

  it("are given back by a success", async () => {
    const { limits: found } = await limits();
    for (let count = 0; count < 50; count++) {
      const admission = found.admit(here);
      expect(admission.admitted).toBe(true);
      if (admission.admitted) admission.succeed();
    }
  });

  it("survive a restart and jumps of the wall clock", async () => {
    const { clock, file, limits: found } = await limits();
    for (let count = 0; count < 5; count++) found.admit(here);
    clock.jumpWall(-86_400_000);
    expect(found.admit(here).admitted).toBe(false);
    clock.jumpWall(86_400_000);
    await found.save();
    const restarted = await loadLoginLimits(file, createFakeClock(clock.wallMs()));
    expect(restarted.admit(here).admitted).toBe(false);
  });

  it("never admit more than five of one user in any window", () => {
    return fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 120_000 }), { maxLength: 60 }), async (pauses) => {
        const { clock, limits: found } = await limits();
        const admitted: number[] = [];
        for (const pause of pauses) {
          clock.advance(pause);
          if (found.admit(here).admitted) admitted.push(clock.monotonicMs());
        }
        for (let index = 5; index < admitted.length; index++) {
          expect((admitted[index] ?? 0) - (admitted[index - 5] ?? 0)).toBeGreaterThanOrEqual(LIMITS.loginWindowMs);
        }
      }),
    );
  });
});
