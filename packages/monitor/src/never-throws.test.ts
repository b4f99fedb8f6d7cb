/** No function of ours throws or rejects into the host, for any argument, on or off (SDK contract 1; K3). */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configure, monitoringManager, shutdown } from "./index.ts";

const hostile = (): object =>
  new Proxy(
    {},
    {
      get() {
        throw new Error("hostile get");
      },
      ownKeys() {
        throw new Error("hostile ownKeys");
      },
      has() {
        throw new Error("hostile has");
      },
    },
  );

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const cycle: Record<string, unknown> = { name: "cycle" };
cycle["self"] = cycle;

type Make = () => unknown;

/** Values are made where they are used: the generator itself would trip over some of them. */
const odd: fc.Arbitrary<Make> = fc.oneof(
  fc
    .constantFrom<unknown>(undefined, null, "", "m", 0, -1, Number.NaN, 5n, true, [], {}, cycle)
    .map((value) => () => value),
  fc.constantFrom<Make>(
    hostile,
    revoked,
    () => Symbol("s"),
    () => "x".repeat(100_000),
    () => ({ provider: 5, attributes: 5, operation: {}, tokenTape: "yes", classify: 3, includeParams: 4 }),
    () => ({ attributes: hostile(), includeParams: [hostile(), "*"], startedAtMs: "x" }),
    () => () => {
      throw new Error("hostile function");
    },
  ),
  fc.anything().map((value) => () => value),
);
const args = fc.array(odd, { maxLength: 4 }).map((makes) => () => makes.map((make) => make()));

/** Calls a function of the API with anything; what comes back is used as far as it goes. */
function callAll(name: string, values: readonly unknown[]): void {
  const fn: unknown = Reflect.get(monitoringManager, name);
  if (typeof fn !== "function") throw new Error(`no function ${name}`);
  const result: unknown = Reflect.apply(fn, undefined, values);
  if (name.startsWith("monitor") && typeof result === "function")
    expect(Reflect.apply(result, undefined, [(a: number) => a + 1])).toBeTypeOf("function");
}

const SYNC = [
  "status",
  "monitorEndpoint",
  "monitorLlmCall",
  "createTokenTracker",
  "observeStream",
  "recordLlmMetrics",
  "addSpanEvent",
  "setSpanAttributes",
  "getCurrentSpan",
  "traceHeaders",
  "metricsText",
] as const;

describe.each([
  ["off", { enabled: false }],
  // Nothing listens there: spans are made and given up.
  ["on", { enabled: true, endpoint: "http://127.0.0.1:9/v1/traces" }],
] as const)("with monitoring %s", (_, options) => {
  beforeEach(() => void configure(options));
  afterEach(() => shutdown({ timeoutMs: 1 }));

  it.each(SYNC)("%s takes anything", (name) => {
    fc.assert(fc.property(args, (values) => callAll(name, values())));
  });

  it("traceLlmRequest takes anything", () => {
    fc.assert(
      fc.property(args, (values) => {
        const [operation, model, attributes] = values().map((value) => (typeof value === "function" ? {} : value));
        const trace = (...given: unknown[]): unknown =>
          Reflect.apply(monitoringManager.traceLlmRequest, undefined, given);
        expect(trace(operation, model, attributes)).toBeTypeOf("object");
        expect(trace(operation, model, () => 5)).toBe(5);
        expect(trace(operation, model, attributes, () => 6)).toBe(6);
      }),
    );
  });

  it("a wrapped function returns what it would have returned", () => {
    fc.assert(
      fc.property(odd, odd, odd, args, (makeModel, makeOperation, makeOptions, makeValues) => {
        const [model, operation, options, values] = [makeModel(), makeOperation(), makeOptions(), makeValues()];
        const original = (...given: unknown[]): readonly unknown[] => given;
        for (const wrap of [
          () => Reflect.apply(monitoringManager.monitorLlmCall, undefined, [model, operation, options]),
          () => Reflect.apply(monitoringManager.monitorEndpoint, undefined, [model, options]),
        ]) {
          const result = wrap()(original)(...values);
          expect(result.every((one: unknown, i: number) => Object.is(one, values[i]))).toBe(true);
        }
      }),
    );
  });

  it("a wrapped function throws what it would have thrown", () => {
    const thrownBy = (run: () => unknown): unknown => {
      try {
        run();
      } catch (error) {
        return error;
      }
      return undefined;
    };
    fc.assert(
      fc.property(odd, (make) => {
        const error = make();
        const original = (): never => {
          throw error;
        };
        for (const wrapped of [
          monitoringManager.monitorLlmCall("m")(original),
          monitoringManager.monitorEndpoint("e")(original),
          () => monitoringManager.traceLlmRequest("chat", "m", original),
        ]) {
          expect(Object.is(thrownBy(wrapped), error)).toBe(true);
        }
      }),
    );
  });

  it("a tracker and a request take anything", () => {
    const methods = [
      "recordFirstToken",
      "recordToken",
      "recordCompletion",
      "fail",
      "cancel",
      "addEvent",
      "setAttributes",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...methods), args, (method, values) => {
        for (const target of [
          monitoringManager.createTokenTracker("m"),
          monitoringManager.traceLlmRequest("chat", "m"),
        ]) {
          const fn: unknown = Reflect.get(target, method);
          if (typeof fn === "function") Reflect.apply(fn, target, values());
          target[Symbol.dispose]();
        }
      }),
    );
  });

  it("life cycle functions take anything", async () => {
    await fc.assert(
      fc.asyncProperty(odd, async (value) => {
        expect(Reflect.apply(monitoringManager.configure, undefined, [value()])).toHaveProperty("state");
        await Reflect.apply(monitoringManager.shutdown, undefined, [value()]);
      }),
      { numRuns: 50 },
    );
  });
});
