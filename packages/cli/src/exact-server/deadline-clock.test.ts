import { afterEach, expect, it } from "vitest";
import { createDeadlineClock, type DeadlineClock } from "./deadline-clock.ts";

const clocks: DeadlineClock[] = [];

afterEach(() => {
  for (const clock of clocks.splice(0)) clock.close();
});

function newClock(spinUpTo?: number): DeadlineClock {
  const clock = createDeadlineClock(spinUpTo === undefined ? {} : { spinUpTo });
  clocks.push(clock);
  return clock;
}

async function order(clock: DeadlineClock, delaysMs: readonly number[]): Promise<readonly number[]> {
  const start = clock.nowMs();
  const ran: number[] = [];
  await new Promise<void>((resolve) => {
    for (const delayMs of delaysMs) {
      clock.at(start + delayMs, () => {
        ran.push(delayMs);
        if (ran.length === delaysMs.length) resolve();
      });
    }
  });
  return ran;
}

it.each([8, 0])("runs callbacks in the order of their deadlines, never early (spinning up to %d)", async (spinUpTo) => {
  const clock = newClock(spinUpTo);
  const start = clock.nowMs();
  expect(await order(clock, [12, 3, 7, 0, 3])).toEqual([0, 3, 3, 7, 12]);
  expect(clock.nowMs() - start).toBeGreaterThanOrEqual(12);
  expect(clock.waiting).toBe(0);
});

it("does not run what was cancelled, and goes on with the rest", async () => {
  const clock = newClock();
  const start = clock.nowMs();
  let cancelledRan = false;
  const cancel = clock.at(start + 2, () => {
    cancelledRan = true;
  });
  const rest = new Promise<void>((resolve) => {
    clock.at(start + 5, resolve);
  });
  cancel();
  cancel();
  await rest;
  expect(cancelledRan).toBe(false);
});

it("keeps the event loop free for others while it spins towards a deadline", async () => {
  const clock = newClock();
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns += 1;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  await new Promise<void>((resolve) => {
    clock.at(clock.nowMs() + 2, resolve);
  });
  done = true;
  expect(turns).toBeGreaterThan(1);
});
