import { facetsSchema, requestListSchema } from "@nexent/monitor-api";
import { createMemoryStore } from "@nexent/monitor-store";
import { describe, expect, it } from "vitest";
import { createControlFile } from "../control-file.ts";
import { storeCalls } from "../testing/calls.ts";
import { loadAccents } from "./accents.ts";
import { facetsOf } from "./facets.ts";
import { timeRange } from "./range.ts";
import { listRequests, type RequestsQuestion } from "./requests.ts";

const T0 = Date.parse("2026-11-24T10:00:00Z");
const question: RequestsQuestion = { from: T0, to: T0 + 1_000, sort: "-start", limit: 2 };

describe("request list", () => {
  it("pages by cursor without losing or repeating a row, newest first", async () => {
    const store = createMemoryStore();
    await storeCalls(
      store,
      Array.from({ length: 5 }, (_, index) => ({ startMs: T0 + index, inputTokens: index })),
    );
    const inputs: (number | undefined)[] = [];
    for (let cursor: string | undefined, page = 0; page < 4; page++) {
      const list = await listRequests(store, { ...question, cursor });
      expect(requestListSchema.parse(list)).toEqual(list);
      expect([list.shown, list.total, list.newestCallMs]).toEqual([5, 5, T0 + 4]);
      inputs.push(...list.rows.map((row) => row.inputTokens));
      cursor = list.next;
      if (cursor === undefined) break;
    }
    expect(inputs).toEqual([4, 3, 2, 1, 0]);
  });

  it("sorts by every column, calls without the value last, and filters by outcome and text", async () => {
    const store = createMemoryStore();
    await storeCalls(store, [
      { startMs: T0, ttftSeconds: 0.3, rate: 5, durationSeconds: 3, model: "alpha" },
      { startMs: T0 + 1, ttftSeconds: 0.1, rate: 9, durationSeconds: 1, model: "beta", outcome: "error" },
      { startMs: T0 + 2, durationSeconds: 2, model: "gamma" },
    ]);
    const models = async (over: Partial<RequestsQuestion>) =>
      (await listRequests(store, { ...question, limit: 10, ...over })).rows.map(({ model }) => model);
    expect(await models({ sort: "ttft" })).toEqual(["beta", "alpha", "gamma"]);
    expect(await models({ sort: "-ttft" })).toEqual(["alpha", "beta", "gamma"]);
    expect(await models({ sort: "-speed" })).toEqual(["beta", "alpha", "gamma"]);
    expect(await models({ sort: "duration" })).toEqual(["beta", "gamma", "alpha"]);
    expect(await models({ outcome: ["error"] })).toEqual(["beta"]);
    expect(await models({ f: " GAM " })).toEqual(["gamma"]);
    const filtered = await listRequests(store, { ...question, f: "gam" });
    expect([filtered.shown, filtered.total]).toEqual([1, 3]);
  });

  it("refuses a cursor of another question", async () => {
    await expect(listRequests(createMemoryStore(), { ...question, cursor: "!" })).rejects.toMatchObject({
      code: "QUERY_INVALID",
    });
  });
});

describe("facets", () => {
  it("give every model an accent in the order of first sight, and keep it", async () => {
    const store = createMemoryStore();
    const file = createControlFile(undefined);
    await storeCalls(store, [
      { startMs: T0, model: "b" },
      { startMs: T0, model: "b" },
      { startMs: T0, model: "a" },
    ]);
    const range = timeRange(T0, T0 + 1);
    const facets = await facetsOf(store, await loadAccents(file), range);
    expect(facetsSchema.parse(facets)).toEqual(facets);
    expect(facets).toMatchObject({
      accents: { b: 0, a: 1 },
      models: [
        { value: "b", calls: 2 },
        { value: "a", calls: 1 },
      ],
    });
    const restarted = await loadAccents(file);
    expect(await restarted.of(["c", "a"])).toEqual({ b: 0, a: 1, c: 2 });
    expect((await restarted.of(["__proto__"]))["__proto__"]).toBe(3);
  });
});
