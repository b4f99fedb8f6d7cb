import { describe, expect, it } from "vitest";
import { runCampaign, type CampaignResult } from "./harness/campaign.ts";

const run = (target: string, seconds: number, seed = 1): Promise<CampaignResult> =>
  runCampaign({ target: `planted-${target}`, seed, seconds, corpus: [] });

describe("the fuzzer finds", { timeout: 60_000 }, () => {
  it("a throw on a magic value, and cuts the input down to it", async () => {
    const { finds } = await run("throw", 1);
    expect(finds.map(({ kind }) => kind)).toEqual(["throw"]);
    expect(Buffer.from(finds[0]?.input ?? []).toString()).toBe("MAGIC");
  });

  it("a throw behind three steps, because new code makes new seeds", async () => {
    const { finds, novel } = await run("steps", 8);
    expect(finds.map(({ signature }) => signature)).toEqual(["RangeError: a planted bug"]);
    expect(novel).toBeGreaterThan(0);
  });

  it("an endless loop, and goes on with another thread", async () => {
    const { finds, replaced } = await run("hang", 1);
    expect(finds.map(({ kind }) => kind)).toEqual(["hang"]);
    expect(Buffer.from(finds[0]?.input ?? []).includes("LOOP")).toBe(true);
    expect(replaced).toBeGreaterThan(0);
  });

  it("an input that takes long, though it ends", async () => {
    const { finds } = await run("slowness", 1);
    expect(finds.map(({ kind }) => kind)).toEqual(["hang"]);
    expect(Buffer.from(finds[0]?.input ?? []).includes("SLOW")).toBe(true);
  });

  it("memory that grows", async () => {
    const { finds } = await run("growth", 1);
    expect(finds.map(({ kind }) => kind)).toEqual(["memory"]);
    expect(Buffer.from(finds[0]?.input ?? []).includes("GROW")).toBe(true);
  });

  it("nothing where nothing is, from thousands of inputs", async () => {
    const { finds, executed } = await run("nothing", 1);
    expect(finds).toEqual([]);
    expect(executed).toBeGreaterThan(1_000);
  });

  it("the same again from the same seed", async () => {
    const [first, second] = [await run("throw", 1, 7), await run("throw", 1, 7)];
    expect(first.finds.map(({ input }) => input)).toEqual(second.finds.map(({ input }) => input));
  });
});
