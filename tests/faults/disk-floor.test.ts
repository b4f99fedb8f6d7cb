import { randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad } from "../harness/load.ts";
import { generatedSpan } from "../harness/otlp.ts";
import { eventually, temporaryFolder } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";
import { mountSmallDisk, unmountSmallDisk } from "../harness/small-disk.ts";

const MIB = 1024 * 1024;
const [DISK_MIB, RESERVE_MIB] = [128, 32];
const DAY_MS = 86_400_000;
const folder = temporaryFolder();
const disk = join(folder.path, "disk");

const isMounted = mountSmallDisk(disk, DISK_MIB);

let server: ServerUnderTest | undefined;

afterAll(async () => {
  await server?.end();
  if (isMounted) unmountSmallDisk(disk);
  folder.remove();
});

/** Spans of three days ago that nothing can pack, 16 KB each. */
function oldSpans(from: number, count: number): object {
  const start = BigInt(Date.now() - 3 * DAY_MS) * 1_000_000n;
  const spans = Array.from({ length: count }, (_, at) => {
    const { traceId, spanId } = generatedSpan("old", from + at);
    const attributes = [{ key: "noise", value: { stringValue: randomBytes(8_000).toString("hex") } }];
    return {
      traceId,
      spanId,
      name: "old",
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + 1n),
      attributes,
    };
  });
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}

function indexFiles(): readonly string[] {
  return readdirSync(join(disk, "data", "index")).filter((name) => name.endsWith(".duckdb"));
}

describe("D5: the disk floor", () => {
  it.skipIf(!isMounted)(
    "removes the oldest day before it refuses anything, never today's, and refuses when nothing is left to remove (skipped where no disk can be mounted)",
    { retry: 0 },
    async () => {
      server = await serverUnderTest(join(disk, "data"));
      const first = await server.start();
      for (let from = 0; from < 1_000; from += 100) expect(await server.send(oldSpans(from, 100))).toBe(200);
      // So that the segments of that day hold no other.
      await first.stop();
      const program = await server.start({ LLM_MONITOR_DISK_RESERVE_MIB: String(RESERVE_MIB) });
      const load = createLoad(server.otlpUrl, "floor");
      load.start(4);
      await eventually("two days", async () => (indexFiles().length === 2 ? true : undefined));

      writeFileSync(join(disk, "ballast"), Buffer.alloc((DISK_MIB - 2 * RESERVE_MIB) * MIB));
      await eventually("the old day to go", async () => (indexFiles().length === 1 ? true : undefined));
      const before = load.acknowledged.size;
      await eventually("ingest going on", async () => (load.acknowledged.size > before + 500 ? true : undefined));
      expect(load.refusals).toEqual([]);
      expect(program.output()).toContain("retention_removed");

      writeFileSync(join(disk, "more"), Buffer.alloc(RESERVE_MIB * MIB));
      await eventually("a refusal", async () => (load.refusals.length > 0 ? true : undefined));
      await load.stop();
      expect(new Set(load.refusals.map(({ status }) => status))).toEqual(new Set([503]));
      const api = await signIn(server.dashboardUrl);
      await eventually("all of today", async () =>
        (await api.requests()).total === load.acknowledged.size ? true : undefined,
      );
      expect(await audit(api, load.acknowledged, "floor", load.sent)).toEqual(CLEAN);
      await program.stop();
    },
  );
});
