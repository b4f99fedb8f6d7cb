import { describe, expect, it } from "vitest";
import { createSlots } from "./slots.ts";

describe("slots", () => {
  it("let so many run at once, the others in their order", async () => {
    const slots = createSlots(2);
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const { signal } = new AbortController();
    const runs = [0, 1, 2, 3].map((n) =>
      slots.run(signal, () => {
        started.push(n);
        return new Promise<number>((resolve) => ends.push(() => resolve(n)));
      }),
    );
    await Promise.resolve();
    await Promise.resolve();
    expect(started).toEqual([0, 1]);
    ends[1]?.();
    expect(await runs[1]).toBe(1);
    expect(started).toEqual([0, 1, 2]);
    ends[0]?.();
    expect(await runs[0]).toBe(0);
    expect(started).toEqual([0, 1, 2, 3]);
    for (const end of ends) end();
    expect(await Promise.all(runs)).toEqual([0, 1, 2, 3]);
  });

  it("are left by those who went away, and given back after a failure", async () => {
    const slots = createSlots(1);
    const { signal } = new AbortController();
    await expect(slots.run(signal, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    let end = (): void => undefined;
    const first = slots.run(signal, () => new Promise<void>((resolve) => (end = resolve)));
    const gone = new AbortController();
    const second = slots.run(gone.signal, () => Promise.resolve("never"));
    gone.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    await expect(slots.run(gone.signal, () => Promise.resolve("never"))).rejects.toThrow("gone");
    end();
    await first;
    expect(await slots.run(signal, () => Promise.resolve("third"))).toBe("third");
  });
});
