import { describe, expect, it } from "vitest";
import { createCrashIo, ioError, type CrashIo } from "../testing/crash-io.ts";
import { openGroupCommit } from "./group-commit.ts";
import { readJournal } from "./read-journal.ts";
import { rewriteSegments, settleRewrite } from "./rewrite-segments.ts";

const DIRECTORY = "/journal";
const FACTS = { days: [1], openSpans: 0, writtenUnixMillis: 0 };
const describeBatch = () => FACTS;
const exclusively = (work: () => Promise<void>): Promise<void> => work();

/** A journal of small segments; the third batch lies in several of them. */
async function journal(): Promise<CrashIo> {
  const io = createCrashIo();
  const options = { io, directory: DIRECTORY, firstSegment: 1, firstFrame: 1n, sync: true, segmentBytes: 5_000_000 };
  const commit = openGroupCommit(options);
  for (const [mark, length] of [
    ["a", 10],
    ["b", 1_000_000],
    ["c", 9_000_000],
    ["d", 10],
  ] as const)
    await commit.append(Buffer.alloc(length, mark), FACTS, () => undefined);
  await commit.close();
  return io;
}

async function batches(io: CrashIo): Promise<readonly string[]> {
  const found: string[] = [];
  const findings = await readJournal({
    io,
    directory: DIRECTORY,
    wants: () => true,
    onBatch({ position, payload }) {
      found.push(`${position} ${String.fromCodePoint(payload[0] ?? 32)} ${payload.length}`);
      return true;
    },
  });
  expect(findings.damage).toStrictEqual([]);
  expect(findings.gaps).toStrictEqual([]);
  return found;
}

function change(position: bigint, payload: Uint8Array): Uint8Array | undefined {
  return payload[0] === "a".codePointAt(0) || payload.length > 5_000_000
    ? Buffer.alloc(20, "x").subarray(0, Number(position))
    : undefined;
}

const BEFORE = ["1 a 10", "2 b 1000000", "7 c 9000000", "8 d 10"];
const AFTER = ["1 x 1", "2 b 1000000", "7 x 7", "8 d 10"];

describe("rewriting segments", () => {
  it("JRN-10 changes the content of batches and keeps their positions, over segments too", async () => {
    const io = await journal();
    expect(await batches(io)).toStrictEqual(BEFORE);
    expect(
      await rewriteSegments({ io, directory: DIRECTORY, through: 9, change, describe: describeBatch, exclusively }),
    ).toBe(3);
    expect(await batches(io)).toStrictEqual(AFTER);
    expect(
      await rewriteSegments({ io, directory: DIRECTORY, through: 0, change, describe: describeBatch, exclusively }),
    ).toBe(0);
  });

  it("JRN-10 an interrupted replacement leaves each batch old or new, whole", async () => {
    const outcomes = new Set<string>();
    for (let fail = 0; fail < 12; fail++) {
      const whole = await journal();
      let operations = 0;
      const failing = async (): Promise<void> => {
        if (operations++ === fail) throw ioError("EIO");
      };
      const io = {
        ...whole,
        rename: async (from: string, to: string) => (await failing(), await whole.rename(from, to)),
        writeFile: async (path: string, bytes: Uint8Array) => (await failing(), await whole.writeFile(path, bytes)),
        syncDirectory: async (path: string) => (await failing(), await whole.syncDirectory(path)),
      };
      await rewriteSegments({
        io,
        directory: DIRECTORY,
        through: 9,
        change,
        describe: describeBatch,
        exclusively,
      }).catch(() => undefined);
      await settleRewrite(whole, DIRECTORY);
      const found = await batches(whole);
      for (const [at, batch] of found.entries()) expect([BEFORE[at], AFTER[at]]).toContain(batch);
      expect((await whole.list(DIRECTORY)).filter((name) => !/^\d+\.seg$/.test(name))).toStrictEqual([]);
      outcomes.add(found.join());
    }
    expect(outcomes.size).toBeGreaterThan(1);
  });
});
