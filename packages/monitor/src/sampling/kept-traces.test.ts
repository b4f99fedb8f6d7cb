import { describe, expect, it } from "vitest";
import { createKeptTraces } from "./kept-traces.ts";

describe("kept traces", () => {
  it("are remembered for a while, from the latest time they were kept", () => {
    let nowMs = 0;
    const kept = createKeptTraces({ maxTraces: 10, rememberMs: 60, nowMs: () => nowMs });
    kept.remember("a", "slow");
    nowMs = 50;
    expect(kept.reasonOf("a")).toBe("slow");
    kept.remember("a", "error");
    nowMs = 110;
    expect(kept.reasonOf("a")).toBe("error");
    nowMs = 111;
    expect(kept.reasonOf("a")).toBeUndefined();
    expect(kept.reasonOf("b")).toBeUndefined();
  });

  it("are bounded in number: the oldest is forgotten", () => {
    const kept = createKeptTraces({ maxTraces: 2, rememberMs: 60, nowMs: () => 0 });
    kept.remember("a", "error");
    kept.remember("b", "error");
    kept.remember("a", "error");
    kept.remember("c", "error");
    expect(["a", "b", "c"].map((id) => kept.reasonOf(id))).toEqual(["error", undefined, "error"]);
  });
});
