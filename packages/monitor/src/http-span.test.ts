import { describe, expect, it } from "vitest";
import { parseTraceparent } from "./http-span.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

describe("traceparent", () => {
  it("is read when it is valid, with its tracestate", () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`, "a=1")).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: 1,
      traceState: "a=1",
    });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 0 });
  });

  it("is ignored when it is anything else", () => {
    const bad = [
      undefined,
      "",
      `ff-${TRACE}-${SPAN}-01`,
      `00-${"0".repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${"0".repeat(16)}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01-x`,
    ];
    for (const value of bad) expect(parseTraceparent(value)).toBeUndefined();
  });

  it("keeps a tracestate only up to its bound", () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`, "x".repeat(513))).not.toHaveProperty("traceState");
  });
});
