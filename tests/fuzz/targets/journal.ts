import { isDeepStrictEqual } from "node:util";
import { crc32 } from "node:zlib";
import { decodeTokenTape, encodeTokenTape } from "../../../packages/core/src/token-tape.ts";
import { encodeColumnBatch } from "../../../packages/core/src/model/column-batch.ts";
import { decodeColumnBatch } from "../../../packages/core/src/model/column-batch-decode.ts";
import type { SpanRecord } from "../../../packages/core/src/model/span-record.ts";
import { createBatchAssembler } from "../../../packages/store/src/journal/batch-assembler.ts";
import {
  encodeFrameHeader,
  encodeSegmentHeader,
  WHOLE_BATCH,
} from "../../../packages/store/src/journal/frame-format.ts";
import { scanSegment } from "../../../packages/store/src/journal/scan-segment.ts";
import { decodeTrailer, encodeTrailer, trailerAtEnd } from "../../../packages/store/src/journal/segment-trailer.ts";
import { CANARY, must, orRefused, type FuzzTarget } from "../harness/target.ts";

/** First byte of an input: what the rest is. */
const KIND = { segment: 0, repairedSegment: 1, columns: 2, tape: 3 } as const;
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 20;

const SPAN: SpanRecord = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  flags: 1,
  name: CANARY,
  kind: "client",
  startUnixNanos: 1_700_000_000_000_000_000n,
  durationNanos: 5n,
  status: "ok",
  resource: { service: "shop", attributes: new Map([["service.name", "shop"]]) },
  attributes: new Map<string, SpanRecord["attributes"] extends ReadonlyMap<string, infer V> ? V : never>([
    ["text", CANARY],
    ["number", 0.5],
    ["list", ["a", 1n]],
  ]),
  events: [{ name: "event", timeUnixNanos: 1n, attributes: new Map() }],
  links: [],
};

function segmentOf(payloads: readonly Uint8Array[]): Buffer {
  const trailer = encodeTrailer({
    frames: payloads.length,
    openSpans: 0,
    newestWrittenUnixMillis: 1,
    highestByDay: new Map([[20_000, 1n]]),
  });
  const frames = payloads.flatMap((payload, at) => [
    encodeFrameHeader(1, WHOLE_BATCH, BigInt(at + 1), payload),
    payload,
  ]);
  const end = encodeFrameHeader(3, WHOLE_BATCH, BigInt(payloads.length + 1), trailer);
  return Buffer.concat([encodeSegmentHeader(1, 1n), ...frames, end, trailer]);
}

/** Makes the checksums right again, so that mutated lengths and flags are looked at. */
function repaired(bytes: Uint8Array): Uint8Array {
  const out = Buffer.from(bytes);
  if (out.length < HEADER_BYTES) return out;
  out.writeUInt32LE(crc32(out.subarray(0, 28)), 28);
  for (let at = HEADER_BYTES; at + FRAME_HEADER_BYTES <= out.length;) {
    const end = at + 8 + out.readUInt32LE(at);
    if (end > out.length || end < at + FRAME_HEADER_BYTES) break;
    out.writeUInt32LE(crc32(Buffer.concat([out.subarray(at, at + 4), out.subarray(at + 8, end)])), at + 4);
    at = end;
  }
  return out;
}

/** The same bytes between foreign ones: whoever reads past a length reads something else each time. */
function between(bytes: Uint8Array, filler: number): Uint8Array {
  const around = new Uint8Array(bytes.length + 128).fill(filler);
  around.set(bytes, 64);
  return around.subarray(64, 64 + bytes.length);
}

/** Reads twice between different bytes; both must say the same. */
function readTwice<T>(bytes: Uint8Array, read: (bytes: Uint8Array) => T): T {
  const [first, second] = [read(between(bytes, 0)), read(between(bytes, 0xff))];
  must(isDeepStrictEqual(first, second), "it reads past the end");
  return first;
}

/** Where the intact frames of the segment begin and end, looked for by hand. */
function naiveFrames(bytes: Uint8Array): readonly (readonly [from: number, to: number])[] {
  const view = Buffer.from(bytes);
  const frames: [number, number][] = [];
  let expected = view.readBigUInt64LE(20);
  for (let at = HEADER_BYTES; at + FRAME_HEADER_BYTES <= view.length;) {
    const end = at + 8 + view.readUInt32LE(at);
    if (end > view.length || end < at + FRAME_HEADER_BYTES) break;
    const crc = crc32(Buffer.concat([view.subarray(at, at + 4), view.subarray(at + 8, end)]));
    const [type, flags, version] = [view[at + 8] ?? 0, view[at + 9] ?? 0, view.readUInt16LE(at + 10)];
    if (crc !== view.readUInt32LE(at + 4) || (type !== 1 && type !== 2 && type !== 3) || flags > 3 || version > 1)
      break;
    if (view.readBigUInt64LE(at + 12) !== expected) break;
    frames.push([at, end]);
    expected += 1n;
    at = end;
  }
  return frames;
}

function checkSegment(bytes: Uint8Array): void {
  const scan = readTwice(bytes, scanSegment);
  readTwice(bytes, trailerAtEnd);
  const assembler = createBatchAssembler();
  for (const frame of scan.frames) {
    const batch = assembler.add(1, frame);
    decodeTrailer(frame.payload);
    if (typeof batch === "object") checkColumns(batch.payload);
  }
  assembler.unfinished();
  if (scan.header === undefined || scan.header.version > 1)
    return must(scan.frames.length === 0, "frames without a header");
  const found = scan.frames.map(({ offset, payload }) => [offset, offset + FRAME_HEADER_BYTES + payload.length]);
  must(isDeepStrictEqual(found, naiveFrames(bytes)), "the intact frames are others");
}

function checkColumns(bytes: Uint8Array): void {
  readTwice(bytes, (view) =>
    orRefused(() => {
      const batch = decodeColumnBatch(view);
      return Array.from({ length: batch.rowCount }, (_, row) => orRefused(() => batch.row(row)));
    }),
  );
}

function checkTape(text: string): void {
  const tape = orRefused(() => decodeTokenTape(text));
  if (tape === undefined || tape.tickMicros !== 16) return;
  const again = decodeTokenTape(encodeTokenTape(tape.entries, { merged: tape.merged, maxCharacters: 2 ** 22 }));
  must(isDeepStrictEqual(again.entries, tape.entries), "the tape changes when it is written again");
}

function seed(kind: number, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from([kind]), bytes]));
}

/** Journal reader, column batches and token tape. */
export const journal: FuzzTarget = {
  seeds: () => {
    const columns = encodeColumnBatch(
      [{ span: SPAN }, { span: SPAN, llm: { requestModel: "m" } as never }],
      1_700_000_000_000,
    );
    const segment = segmentOf([columns, Buffer.from("x"), columns]);
    const entries = Array.from({ length: 40 }, (_, at) => ({
      atMicros: at * 1_600,
      kind: "text" as const,
      tokens: 1 + (at % 3),
    }));
    return [
      seed(KIND.segment, segment),
      seed(KIND.repairedSegment, segment),
      seed(KIND.columns, columns),
      seed(KIND.tape, Buffer.from(encodeTokenTape(entries))),
    ];
  },
  run(input) {
    const bytes = input.subarray(1);
    const kind = (input[0] ?? 0) % 4;
    if (kind === KIND.segment) checkSegment(bytes);
    else if (kind === KIND.repairedSegment) checkSegment(repaired(bytes));
    else if (kind === KIND.columns) checkColumns(bytes);
    else checkTape(Buffer.from(bytes).toString("latin1"));
  },
};
