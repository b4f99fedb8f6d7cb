import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configure, metricsText, monitorLlmCall, shutdown, traceLlmRequest } from "./index.ts";
import { behaviours, createPlay, type Behaviour, type Play } from "./testing/behaviour.testing.ts";

type Fn = Play["fn"];

/** Every way to have a function observed, as a function again. */
const FORMS: Readonly<Record<string, (fn: Fn) => Fn>> = {
  wrapper: (fn) => monitorLlmCall("m")(fn),
  "legacy decorator": (fn) => {
    const descriptor = monitorLlmCall("m")({}, "ask", { value: fn, configurable: true, writable: true });
    return descriptor.value ?? fn;
  },
  "wrapper around a wrapper": (fn) => monitorLlmCall("outer")(monitorLlmCall("inner")(fn)),
};

async function logOf(behaviour: Behaviour, form: (fn: Fn) => Fn): Promise<readonly string[]> {
  const play = createPlay(behaviour);
  await play.use(form(play.fn));
  return play.log;
}

/** Requests that were told, over all labels. */
function requestCount(): number {
  const lines = metricsText().split("\n");
  const own = lines.filter((line) => line.startsWith("llm_requests_total{"));
  return own.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

function properties(): void {
  for (const [name, form] of Object.entries(FORMS)) {
    it(`a function behind a ${name} cannot be told from the function`, async () => {
      await fc.assert(
        fc.asyncProperty(behaviours, async (behaviour) => {
          expect(await logOf(behaviour, form)).toEqual(await logOf(behaviour, (fn) => fn));
        }),
        { numRuns: 300 },
      );
    });
  }

  it("the result of a block cannot be told from the result of its function", async () => {
    const inBlock = (fn: Fn): Fn => {
      const block = function (this: unknown, ...args: unknown[]): unknown {
        return traceLlmRequest("chat", "m", () => Reflect.apply(fn, this, args));
      };
      for (const key of ["name", "length"] as const) Object.defineProperty(block, key, { value: fn[key] });
      return block;
    };
    await fc.assert(
      fc.asyncProperty(behaviours, async (behaviour) => {
        expect(await logOf(behaviour, inBlock)).toEqual(await logOf(behaviour, (fn) => fn));
      }),
      { numRuns: 300 },
    );
  });

  it("a string of a hundred million characters passes as it is", async () => {
    const huge = "é".repeat(100 * 1024 * 1024);
    const ask = monitorLlmCall("m")(async () => huge);
    expect((await ask()) === huge).toBe(true);
    const stream = monitorLlmCall("m")(async function* () {
      yield huge;
    });
    for await (const piece of stream()) expect(piece === huge).toBe(true);
  });
}

describe("with spans", () => {
  beforeAll(() => {
    process.env["OTEL_TRACES_EXPORTER"] = "otlp";
    expect(configure({ enabled: true, endpoint: "http://127.0.0.1:9/v1/traces" }).tracing).toBe("own");
  });
  afterAll(() => shutdown({ timeoutMs: 0 }));
  properties();
});

describe("with metrics only", () => {
  beforeAll(() => {
    process.env["OTEL_TRACES_EXPORTER"] = "none";
    expect(configure({ enabled: true }).tracing).toBe("none");
  });
  afterAll(() => shutdown({ timeoutMs: 0 }));
  properties();

  it("and every call that was not left unread was told exactly once", async () => {
    const before = requestCount();
    const read: Behaviour = {
      shape: "async_generator",
      elements: [0, 1, 2],
      fails: false,
      catches: false,
      onAbort: "throws",
      reading: { kind: "all" },
      args: [],
    };
    const wrapper = FORMS["wrapper"] ?? ((fn) => fn);
    for (const shape of ["value", "throw", "promise", "rejection", "thenable", "readable_stream"] as const) {
      await logOf({ ...read, shape }, wrapper);
    }
    for (const kind of ["break", "return", "throw"] as const) {
      await logOf({ ...read, reading: { kind, after: 1 } }, wrapper);
    }
    for (const onAbort of ["throws", "ends", "ignores"] as const) {
      for (const shape of ["async_generator", "readable_stream", "client_stream"] as const) {
        await logOf({ ...read, shape, onAbort, reading: { kind: "abort", after: 1, waiting: true } }, wrapper);
      }
    }
    expect(requestCount() - before).toBe(18);
  });
});

describe("off", () => {
  beforeAll(() => {
    expect(configure({ enabled: false }).state).toBe("disabled");
  });
  properties();
});
