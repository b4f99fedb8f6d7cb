import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createColumnBatchBuilder, decodeColumnBatch, type SpanRecord } from "@nexent/monitor-core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeIoPort } from "../io-port.ts";
import { SAMPLE_START, sampleSpan, traceIdOf } from "../testing/sample-spans.ts";
import { ROW_GROUP_ROWS } from "./span-files.ts";
import { openDuckdbIndex, type DuckdbIndex } from "./duckdb-index.ts";

const ROWS = ROW_GROUP_ROWS * 2 - 100;
const ROWS_PER_BATCH = 700;
let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nexent-feed-"));
  await mkdir(join(root, "index"));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

function open(folder: string): Promise<DuckdbIndex> {
  return openDuckdbIndex({
    directory: join(root, folder),
    quarantine: root,
    io: nodeIoPort,
    onQuarantine: (file, cause) => {
      throw new Error(`${file} was set aside`, { cause });
    },
  });
}

function traceOf(n: number): string {
  return traceIdOf(Math.floor(n / 1000));
}

/** Two kinds in turn; long and short texts, and lengths around the limit of a cell. */
function spanAt(n: number): SpanRecord {
  const attributes = new Map<string, string | number>([
    [n % 2 === 0 ? "http.request.method" : "gen_ai.operation.name", "x".repeat(n % 16)],
    ["a key of both kinds that is long", n],
    ["k", `value ${n} ${"é".repeat(n % 40)}`],
  ]);
  const status = n % 3 === 0 ? { status: "error" as const, statusMessage: "s".repeat(n % 30) } : {};
  return sampleSpan(n, {
    traceId: traceOf(n),
    startUnixNanos: SAMPLE_START + BigInt(n),
    name: `name ${"n".repeat(n % 20)}`,
    attributes,
    ...status,
  });
}

function batches() {
  const built: { position: bigint; batch: ReturnType<typeof decodeColumnBatch> }[] = [];
  for (let from = 0; from < ROWS; from += ROWS_PER_BATCH) {
    const builder = createColumnBatchBuilder();
    for (let n = from; n < Math.min(ROWS, from + ROWS_PER_BATCH); n++) builder.append(spanAt(n), undefined);
    built.push({ position: BigInt(built.length + 1), batch: decodeColumnBatch(builder.encode(0)) });
  }
  return built;
}

async function expectAll(index: DuckdbIndex): Promise<void> {
  const byId = new Map<string, SpanRecord>();
  for (let n = 0; n < ROWS; n += 1000)
    for (const { span } of await index.trace(traceOf(n))) byId.set(span.spanId, span);
  expect(byId.size).toBe(ROWS);
  for (let n = 0; n < ROWS; n += 61) {
    const expected = spanAt(n);
    const found = byId.get(expected.spanId);
    expect({ ...found, attributes: [...(found?.attributes ?? [])] }).toMatchObject({
      name: expected.name,
      attributes: [...expected.attributes],
    });
    expect(found?.statusMessage).toBe(expected.statusMessage);
  }
}

it("DDB-10 rows of many slices and batches that fill row groups come back exactly, also from a file that was not closed", async () => {
  const index = await open("index");
  await index.write(batches());
  // As a kill leaves it: no checkpoint.
  await cp(join(root, "index"), join(root, "copy"), { recursive: true });
  await index.write(batches());
  expect([...index.summaries.values()].map(({ spans }) => spans)).toStrictEqual([ROWS]);
  await index.close();
  const copy = await open("copy");
  await expectAll(copy);
  await copy.close();
});
