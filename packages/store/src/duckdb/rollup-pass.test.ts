import { DuckDBInstance } from "@duckdb/node-api";
import { expect, it } from "vitest";
import { sealedFileOf, type IndexFile } from "./index-files.ts";
import { createRollupPass, type RollupPassOptions } from "./rollup-pass.ts";

const MIB = 2 ** 20;
const DAYS = [1, 2, 3, 4].map(sealedFileOf);

/** A pass over four days of 100 calls, those given without a rollup. */
async function passOver(missing: readonly IndexFile[], options: Partial<RollupPassOptions> = {}) {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const left = new Set(missing);
  const made: IndexFile[] = [];
  const named: IndexFile[] = [];
  const pass = createRollupPass({
    rollups: {
      missing: (files) => files.filter((file) => left.has(file)),
      async make(_, file) {
        left.delete(file);
        made.push(file);
      },
    },
    names: {
      async of(_, file) {
        named.push(file);
        return undefined;
      },
    },
    files: () => DAYS,
    callsOf: () => 100,
    exactQuantileLimit: 3,
    engineBytes: MIB,
    query: async (_file, signal, ask) => {
      signal?.throwIfAborted();
      await ask(connection);
    },
    isFirstPassNear: true,
    ...options,
  });
  return { pass, made, named };
}

it("makes what is missing, names too, the newest day first, and stops between two days", async () => {
  const { pass, made, named } = await passOver([DAYS[0], DAYS[2], DAYS[3]].flatMap((file) => file ?? []));
  const stopping = new AbortController();
  stopping.abort();
  await expect(pass.run(stopping.signal)).rejects.toThrow();
  expect(made).toStrictEqual([]);
  await pass.run();
  expect(made).toStrictEqual([DAYS[3], DAYS[2], DAYS[0]]);
  expect(named).toStrictEqual(made);
});

it("makes nothing where every answer is exact anyway", async () => {
  const { pass, made } = await passOver(DAYS, { exactQuantileLimit: 400 });
  await pass.run();
  expect(made).toStrictEqual([]);
});

it("until the first pass is through rows are read where more than a third is missing and the engine can hold it", async () => {
  const { pass } = await passOver(DAYS.slice(0, 2));
  expect(pass.prefersRows(DAYS)).toBe(true);
  expect(pass.prefersRows(DAYS.slice(1))).toBe(false);
  expect(pass.prefersRows(DAYS.slice(2))).toBe(false);
  await pass.run();
  expect(pass.prefersRows(DAYS.slice(0, 2))).toBe(false);
  expect((await passOver(DAYS, { engineBytes: 64 * 100 })).pass.prefersRows(DAYS)).toBe(false);
  expect((await passOver(DAYS, { isFirstPassNear: false })).pass.prefersRows(DAYS)).toBe(false);
});
