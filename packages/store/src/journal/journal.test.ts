import { crc32 } from "node:zlib";
import type { MonitorError } from "@nexent/monitor-core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCrashIo, ioError, type CrashIo, type UnsyncedTail } from "../testing/crash-io.ts";
import { encodeFrameHeader, FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, WHOLE_BATCH } from "./frame-format.ts";
import { openGroupCommit, type GroupCommitOptions } from "./group-commit.ts";
import type { Journal } from "./journal.ts";
import { readJournal, type JournalFindings } from "./read-journal.ts";
import { repairJournal } from "./repair-journal.ts";

const DIRECTORY = "/j";
const QUARANTINE = "/q";

function open(io: CrashIo, options: Partial<GroupCommitOptions> = {}): Journal {
  return openGroupCommit({
    io,
    directory: DIRECTORY,
    firstSegment: 1,
    firstFrame: 1n,
    sync: true,
    groupMs: 1,
    ...options,
  });
}

/** Appends texts one after the other, each in a commit of its own. */
async function appendEach(journal: Journal, texts: readonly string[]): Promise<bigint[]> {
  const positions: bigint[] = [];
  for (const text of texts) await appendText(journal, text, (position) => positions.push(position));
  return positions;
}

function appendText(
  journal: Journal,
  text: string,
  onDurable: (position: bigint) => void = () => undefined,
): Promise<void> {
  return journal.append(Buffer.from(text), { days: [20_000], openSpans: 0, writtenUnixMillis: 1_000 }, onDurable);
}

interface Reading extends JournalFindings {
  readonly texts: readonly string[];
  readonly positions: readonly bigint[];
}

async function read(io: CrashIo, isGood: (text: string) => boolean = () => true): Promise<Reading> {
  const texts: string[] = [];
  const positions: bigint[] = [];
  const findings = await readJournal({
    io,
    directory: DIRECTORY,
    wants: () => true,
    onBatch(batch) {
      const text = Buffer.from(batch.payload).toString();
      if (!isGood(text)) return false;
      texts.push(text);
      positions.push(batch.position);
      return true;
    },
  });
  return { ...findings, texts, positions };
}

async function repair(io: CrashIo, findings: JournalFindings): Promise<number> {
  return await repairJournal({ io, directory: DIRECTORY, quarantine: QUARANTINE }, findings);
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `batch ${at} `.padEnd(40, "x"));
}

/** A journal of closed segments with three batches each, then what the test does to its files. */
async function damaged(change: (files: Map<string, Uint8Array>) => void): Promise<CrashIo> {
  const io = createCrashIo();
  const journal = open(io, { segmentBytes: 250 });
  await appendEach(journal, texts(9));
  await journal.close();
  const files = new Map(io.files());
  change(files);
  return createCrashIo(files);
}

function segment(number: number): string {
  return `${DIRECTORY}/${String(number).padStart(12, "0")}.seg`;
}

function edit(files: Map<string, Uint8Array>, path: string, change: (bytes: Buffer) => Uint8Array): void {
  files.set(path, change(Buffer.from(files.get(path) ?? [])));
}

describe("journal", () => {
  it("JRN-1 gives back every batch in order, with its position, over many segments", async () => {
    const io = createCrashIo();
    const journal = open(io, { segmentBytes: 300 });
    const positions = await appendEach(journal, texts(20));
    await journal.close();
    const found = await read(io);
    expect(found).toMatchObject({ texts: texts(20), positions, damage: [], gaps: [], duplicates: [] });
    expect(found.lastSegment).toBeGreaterThan(3);
  });

  it("JRN-1 keeps an empty, a large and a very large batch whole", async () => {
    const io = createCrashIo();
    const journal = open(io, { segmentBytes: 6 * 1024 * 1024 });
    const sent = ["", "a".repeat(5_000_000), "b", "c".repeat(13_000_000)];
    await Promise.all(sent.map((text) => appendText(journal, text)));
    await journal.close();
    const found = await read(io);
    expect(found.texts.map((text) => text.length)).toStrictEqual(sent.map((text) => text.length));
    expect(found.texts.every((text, at) => text === sent[at])).toBe(true);
    expect(found.damage).toStrictEqual([]);
  });

  it("JRN-2 syncs batches that arrive together once", async () => {
    const io = createCrashIo();
    let syncs = 0;
    io.setFault((operation) => {
      if (operation === "sync") syncs++;
    });
    const journal = open(io);
    await Promise.all(texts(50).map((text) => appendText(journal, text)));
    expect(syncs).toBe(1);
    await journal.close();
  });

  it("JRN-3 acknowledges nothing before its sync has returned", async () => {
    const io = createCrashIo();
    const journal = open(io);
    let durable = false;
    const durableAtSync: boolean[] = [];
    io.setFault((operation) => {
      if (operation === "sync") durableAtSync.push(durable);
    });
    await appendText(journal, "one", () => (durable = true));
    expect(durable).toBe(true);
    expect(durableAtSync).toStrictEqual([false]);
    expect([...io.crashImage("lost").values()].some((bytes) => Buffer.from(bytes).includes("one"))).toBe(true);
    await journal.close();
  });

  it("JRN-4 D6 writes the group again into a new segment after a failed sync, and a restart sees it once", async () => {
    const io = createCrashIo();
    const journal = open(io);
    await appendEach(journal, ["before"]);
    const synced: string[] = [];
    io.setFault((operation, path) => {
      if (operation !== "sync") return;
      synced.push(path);
      if (synced.length === 1) throw ioError("EIO");
    });
    await Promise.all([appendText(journal, "one"), appendText(journal, "two")]);
    expect(new Set(synced).size).toBe(2);
    io.setFault(undefined);
    await appendEach(journal, ["after"]);
    expect(await read(io)).toMatchObject({ texts: ["before", "one", "two", "after"], damage: [] });
    await journal.close();
  });

  it("JRN-4 D6 stops for good after three failures in a row, and says so to everybody", async () => {
    const io = createCrashIo();
    const failures: MonitorError[] = [];
    const journal = open(io, { onFailure: (error) => failures.push(error) });
    io.setFault((operation) => {
      if (operation === "sync") throw ioError("EIO");
    });
    await expect(appendText(journal, "one")).rejects.toMatchObject({ code: "JOURNAL_SYNC_FAILED" });
    io.setFault(undefined);
    await expect(appendText(journal, "two")).rejects.toMatchObject({ code: "JOURNAL_SYNC_FAILED" });
    expect(failures).toHaveLength(1);
    await journal.close();
  });

  it("JRN-5 refuses while the disk is full and goes on by itself when it is not", async () => {
    const io = createCrashIo();
    const journal = open(io);
    await appendEach(journal, ["before"]);
    io.setFault((operation) => {
      if (operation === "append") throw ioError("ENOSPC");
    });
    await expect(appendText(journal, "lost")).rejects.toMatchObject({ code: "STORE_FULL" });
    io.setFault(undefined);
    await appendEach(journal, ["after"]);
    const found = await read(io);
    expect(found).toMatchObject({ texts: ["before", "after"], damage: [] });
    await journal.close();
  });

  it.each<UnsyncedTail>(["lost", "kept", "zeros", "garbage", "half"])(
    "JRN-6 D2 keeps every acknowledged batch when power is lost at any failpoint (unsynced bytes: %s)",
    async (tail) => {
      for (let stopAt = 1; stopAt < 60; stopAt++) {
        const io = createCrashIo();
        let passes = 0;
        let image: ReadonlyMap<string, Uint8Array> | undefined;
        let acknowledgedAtCrash: readonly string[] = [];
        const acknowledged: string[] = [];
        const journal = open(io, {
          segmentBytes: 250,
          failpoint: () => {
            if (++passes !== stopAt) return;
            image = io.crashImage(tail);
            acknowledgedAtCrash = [...acknowledged];
          },
        });
        for (const text of texts(9)) await appendText(journal, text, () => acknowledged.push(text));
        await journal.close();
        if (image === undefined) break;
        const after = createCrashIo(image);
        const found = await read(after);
        expect(found.texts.slice(0, acknowledgedAtCrash.length)).toStrictEqual(acknowledgedAtCrash);
        expect(texts(9).slice(0, found.texts.length)).toStrictEqual(found.texts);
        await repair(after, found);
        expect(await read(after)).toMatchObject({ texts: found.texts, damage: [] });
      }
    },
  );
});

describe("journal damage", () => {
  const all = texts(9);
  const frameBytes = FRAME_HEADER_BYTES + 40;

  it.each([
    ["torn last record", segment(3), (bytes: Buffer) => bytes.subarray(0, bytes.length - 70), all.slice(0, 8)],
    ["zero tail", segment(3), (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(4096)]), all],
    ["bad segment header", segment(2), (bytes: Buffer) => flip(bytes, 3), [...all.slice(0, 3), ...all.slice(6)]],
    [
      "bad checksum",
      segment(2),
      (bytes: Buffer) => flip(bytes, SEGMENT_HEADER_BYTES + frameBytes + FRAME_HEADER_BYTES + 2),
      [...all.slice(0, 4), ...all.slice(6)],
    ],
    [
      "bad length",
      segment(2),
      (bytes: Buffer) => flip(bytes, SEGMENT_HEADER_BYTES + 2),
      [...all.slice(0, 3), ...all.slice(6)],
    ],
    [
      "bad type",
      segment(2),
      (bytes: Buffer) => withFrame(bytes, 0, WHOLE_BATCH, 5n),
      [...all.slice(0, 3), ...all.slice(6)],
    ],
    ["bad flag", segment(2), (bytes: Buffer) => withFrame(bytes, 1, 0x80, 5n), [...all.slice(0, 3), ...all.slice(6)]],
    [
      "bad fragment order",
      segment(2),
      (bytes: Buffer) => withFrame(bytes, 1, 0, 5n),
      [...all.slice(0, 3), ...all.slice(6)],
    ],
  ])("JRN-7 D3 serves what is intact and sets the rest aside once: %s", async (_name, path, change, expected) => {
    const io = await damaged((files) => edit(files, path, change));
    const found = await read(io);
    expect(found.texts).toStrictEqual(expected);
    expect(found.damage).toHaveLength(1);
    expect(await repair(io, found)).toBe(1);
    expect([...io.files().keys()].filter((name) => name.startsWith(QUARANTINE))).toHaveLength(1);
    expect(await read(io)).toMatchObject({ texts: expected, damage: [], duplicates: [] });
  });

  it("JRN-7 D3 serves what stands before a batch whose content is bad", async () => {
    const io = await damaged(() => undefined);
    const found = await read(io, (text) => !text.startsWith("batch 4"));
    expect(found.texts).toStrictEqual([...all.slice(0, 4), ...all.slice(6)]);
    expect(found.damage).toMatchObject([{ segment: 2, reason: "bad content" }]);
    await repair(io, found);
    expect((await read(io)).texts).toStrictEqual(found.texts);
  });

  it("JRN-7 D3 sets a copy of a segment aside and serves its batches once", async () => {
    const io = await damaged((files) => files.set(segment(9), files.get(segment(1)) ?? new Uint8Array()));
    const found = await read(io);
    expect(found).toMatchObject({ texts: all, duplicates: [9], damage: [] });
    expect(await repair(io, found)).toBe(1);
    expect(await read(io)).toMatchObject({ texts: all, duplicates: [] });
  });

  it("JRN-7 D3 names the frames that a missing segment takes with it", async () => {
    const io = await damaged((files) => files.delete(segment(2)));
    expect(await read(io)).toMatchObject({
      texts: [...all.slice(0, 3), ...all.slice(6)],
      gaps: [{ first: 5n, last: 8n, explained: false }],
      damage: [],
    });
  });

  it("JRN-8 refuses a newer segment or frame and changes nothing", async () => {
    for (const change of [newerSegment, (bytes: Buffer) => withFrame(bytes, 9, WHOLE_BATCH, 5n)]) {
      const io = await damaged((files) => edit(files, segment(2), change));
      const before = io.files();
      await expect(read(io)).rejects.toMatchObject({ code: "DATA_DIR_TOO_NEW" });
      expect(io.files()).toStrictEqual(before);
    }
  });

  it("JRN-7 D3 gives an exact prefix, one count and one file in quarantine for a cut, zeros or a flipped bit anywhere", async () => {
    const io = createCrashIo();
    const journal = open(io);
    const sent = Array.from({ length: 60 }, (_, at) => `${at}:${"abc".repeat(at)}`);
    await appendEach(journal, sent);
    const whole = io.files().get(segment(1)) ?? new Uint8Array();
    expect(whole.length).toBeGreaterThan(5_000);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.constantFrom("cut", "zero", "flip"),
        fc.nat(7),
        async (at, how, bit) => {
          const bytes = Buffer.from(whole);
          if (how === "zero") bytes.fill(0, at);
          if (how === "flip") bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
          const damagedBytes = how === "cut" ? bytes.subarray(0, at) : bytes;
          const crashed = createCrashIo(new Map([[segment(1), damagedBytes]]));
          const found = await read(crashed);
          expect(sent.slice(0, found.texts.length)).toStrictEqual(found.texts);
          const intact = damagedBytes.equals(whole.subarray(0, damagedBytes.length));
          expect(found.damage.length).toBeLessThanOrEqual(1);
          // A cut between two frames, or before the first byte, leaves no trace: it is a shorter journal.
          if (!intact) expect(found.damage).toHaveLength(1);
          expect(await repair(crashed, found)).toBe(found.damage.length);
          expect(await read(crashed)).toMatchObject({ texts: found.texts, damage: [] });
        },
      ),
      { numRuns: 300 },
    );
    await journal.close();
  });

  it("JRN-9 skips a closed segment when its trailer is not wanted, and goes on with the right number", async () => {
    const io = await damaged(() => undefined);
    const seen: string[] = [];
    const trailers: bigint[] = [];
    const findings = await readJournal({
      io,
      directory: DIRECTORY,
      wants(trailer) {
        trailers.push(trailer.highestByDay.get(20_000) ?? 0n);
        return (trailer.highestByDay.get(20_000) ?? 0n) > 7n;
      },
      onBatch(batch) {
        seen.push(Buffer.from(batch.payload).toString());
        return true;
      },
    });
    expect(trailers).toStrictEqual([3n, 7n, 11n]);
    expect(seen).toStrictEqual(all.slice(6));
    expect(findings).toMatchObject({ nextFrame: 13n, damage: [], gaps: [] });
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  return bytes;
}

/** Replaces the first frame of a segment with another of the same size and a right checksum. */
function withFrame(bytes: Buffer, type: number, flags: number, number: bigint): Buffer {
  const payload = bytes.subarray(
    SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES,
    SEGMENT_HEADER_BYTES + 8 + bytes.readUInt32LE(SEGMENT_HEADER_BYTES),
  );
  encodeFrameHeader(type, flags, number, payload).copy(bytes, SEGMENT_HEADER_BYTES);
  return bytes;
}

function newerSegment(bytes: Buffer): Buffer {
  bytes.writeUInt16LE(2, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28);
  return bytes;
}
