import { AsyncLocalStorage } from "node:async_hooks";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { configure, createTokenTracker, metricsText, monitorLlmCall, shutdown } from "./index.ts";

/** What one consumption of a function's result looked like: everything a host can notice. */
interface Experience {
  readonly seen: readonly unknown[];
  readonly end: string;
  readonly error: unknown;
  readonly self: unknown;
  readonly args: readonly unknown[];
}

type Kind = "value" | "promise" | "generator" | "asyncGenerator" | "thenable";

interface Plan {
  readonly kind: Kind;
  readonly values: readonly unknown[];
  readonly fails: boolean;
  /** Elements read before the consumer leaves; undefined = to the end. */
  readonly leavesAfter: number | undefined;
}

const failure = Object.assign(new Error("planned"), { status: 503 });

function planned({ kind, values, fails }: Plan, note: (self: unknown, args: readonly unknown[]) => void) {
  const settle = (): unknown => {
    if (fails) throw failure;
    return values;
  };
  const functions: Record<Kind, (this: unknown, ...args: unknown[]) => unknown> = {
    value(...args) {
      note(this, args);
      return settle();
    },
    async promise(...args) {
      note(this, args);
      return settle();
    },
    *generator(...args) {
      note(this, args);
      for (const value of values) yield value;
      settle();
    },
    async *asyncGenerator(...args) {
      note(this, args);
      for (const value of values) yield value;
      settle();
    },
    thenable(...args) {
      note(this, args);
      return {
        // oxlint-disable-next-line unicorn/no-thenable -- one of the kinds
        then: (ok: (value: unknown) => void, bad: (error: unknown) => void) => (fails ? bad(failure) : ok(values)),
      };
    },
  };
  return functions[kind];
}

async function consume(
  fn: (this: unknown, ...args: unknown[]) => unknown,
  plan: Plan,
  noted: () => Pick<Experience, "self" | "args">,
): Promise<Experience> {
  const seen: unknown[] = [];
  const self = { name: "host" };
  try {
    const result = fn.call(self, 1, "two");
    if (plan.kind === "generator" || plan.kind === "asyncGenerator") {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- by its kind
      for await (const value of result as AsyncIterable<unknown>) {
        seen.push(value);
        if (seen.length === plan.leavesAfter) break;
      }
    } else seen.push(await result);
    return { seen, end: "ended", error: undefined, ...noted() };
  } catch (error) {
    return { seen, end: "threw", error, ...noted() };
  }
}

async function experience(plan: Plan, wrap: boolean): Promise<Experience> {
  let noted: Pick<Experience, "self" | "args"> = { self: undefined, args: [] };
  const fn = planned(plan, (self, args) => (noted = { self, args }));
  return consume(wrap ? monitorLlmCall("m", "chat")(fn) : fn, plan, () => noted);
}

const element = fc.oneof(
  fc.string(),
  fc.constantFrom(undefined, null, Number.NaN, 10n, Symbol.for("s")),
  fc.uint8Array({ maxLength: 8 }),
  fc.object({ maxDepth: 2 }),
  fc.constant(
    Object.defineProperty({}, "choices", {
      get() {
        throw new Error("hostile");
      },
    }),
  ),
);

const plans: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constantFrom<Kind[]>("value", "promise", "generator", "asyncGenerator", "thenable"),
  values: fc.array(element, { maxLength: 5 }),
  fails: fc.boolean(),
  leavesAfter: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
});

beforeEach(() => {
  vi.stubEnv("OTEL_TRACES_EXPORTER", "none");
});

afterEach(async () => {
  await shutdown();
  vi.unstubAllEnvs();
});

describe("a wrapped function", () => {
  it.each([true, false])("cannot be told from the bare one, monitoring on: %s", async (enabled) => {
    configure({ enabled });
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const [bare, wrapped] = [await experience(plan, false), await experience(plan, true)];
        expect(wrapped).toEqual(bare);
        expect(wrapped.error).toBe(bare.error);
        wrapped.seen.forEach((value, i) => expect(value).toBe(bare.seen[i]));
      }),
      { numRuns: 200 },
    );
  });

  it("ends every call exactly once", async () => {
    configure({ enabled: true });
    let calls = 0;
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        await experience(plan, true);
        calls += 1;
        const requests = metricsText().matchAll(/^llm_requests_total\{.*\} (\d+)$/gm);
        expect([...requests].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(calls);
      }),
      { numRuns: 100 },
    );
    expect(metricsText()).not.toMatch(/llm_requests_in_flight\{.*\} [1-9]/);
  });
});

describe("following calls without spans", () => {
  it("creates no AsyncLocalStorage for one site, and one when calls can be nested", async () => {
    const run = vi.spyOn(AsyncLocalStorage.prototype, "run");
    vi.resetModules();
    Reflect.deleteProperty(globalThis, Symbol.for("@nexent/monitor"));
    const fresh = await import("./index.ts");
    fresh.configure({ enabled: true });
    const ask = fresh.monitorLlmCall(
      "only",
      "chat",
    )(async (then?: () => Promise<unknown>) => {
      await Promise.resolve();
      return then?.();
    });
    await ask();
    expect(run).not.toHaveBeenCalled();
    const inner = fresh.monitorLlmCall("inner", "chat")(async () => "text");
    await ask(inner);
    expect(run).toHaveBeenCalled();
    expect(fresh.metricsText()).toMatch(/llm_requests_total\{model="inner".*\} 1/);
    expect(fresh.metricsText()).toMatch(/llm_requests_total\{model="only".*\} 1/);
    run.mockRestore();
    await fresh.shutdown();
  });

  it("lets a tracker that is made first thing inside a call join it, even as the second site", async () => {
    configure({ enabled: true });
    const ask = monitorLlmCall(
      "around",
      "chat",
    )(async () => {
      const tracker = createTokenTracker("joined");
      tracker.recordToken("a");
      tracker.recordCompletion();
    });
    await ask();
    expect(metricsText()).toMatch(/llm_requests_total\{model="around".*stream="true".*\} 1/);
    expect(metricsText()).not.toContain("joined");
  });
});
