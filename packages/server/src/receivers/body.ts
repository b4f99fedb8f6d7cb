import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { gunzip } from "node:zlib";
import type { Clock } from "../clock.ts";
import type { InFlight } from "./in-flight.ts";

/** A body, in memory of its own unless it is smaller than a few KiB, or why there is none. */
export type BodyResult = { readonly kind: "body"; readonly bytes: Uint8Array; readonly wireBytes: number } | UnreadBody;

/** Why a body was not read. */
export type UnreadBody =
  | { readonly kind: "too_large"; readonly detail: string }
  | { readonly kind: "malformed"; readonly detail: string }
  | { readonly kind: "too_slow" }
  | { readonly kind: "overloaded" }
  /** The client went away; there is nobody to answer. */
  | { readonly kind: "gone" };

export interface BodyOptions {
  /** Limit of the bytes as they come. */
  readonly maxWireBytes: number;
  /** Limit after decompression. */
  readonly maxBytes: number;
  /** Longest time until the last byte; absent where the listener watches it. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
  /** Bytes taken for this request; released by the caller through {@link BodyLease.release}. */
  readonly lease: BodyLease;
}

/** The share of one request in the bytes in flight. */
export interface BodyLease {
  take(bytes: number): boolean;
  release(): void;
}

/** A lease that grows with the body and is given back at once. */
export function leaseOf(inFlight: InFlight): BodyLease {
  let taken = 0;
  return {
    take(bytes) {
      // The lone request may pass the cap: its own limits hold it, and refusing it would refuse it for ever.
      if (taken > 0 && taken === inFlight.bytes) {
        inFlight.release(taken);
        const fits = inFlight.take(taken + bytes);
        taken += bytes;
        return fits;
      }
      if (!inFlight.take(bytes)) return false;
      taken += bytes;
      return true;
    },
    release() {
      inFlight.release(taken);
      taken = 0;
    },
  };
}

/** A body slower than this after the grace is a stalling client, not a slow network. */
const MIN_BYTES_PER_SECOND = 1024;
const SLOW_GRACE_MS = 5_000;
const MIB = 1024 * 1024;

/** Reads a whole body; bytes are counted as they come, never believed from a header. Never throws. */
export async function readBody(
  request: IncomingMessage,
  options: BodyOptions & { readonly gzip: boolean },
): Promise<BodyResult> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > options.maxWireBytes) return tooLarge("wire", options.maxWireBytes);
  const wire = await readWire(request, options);
  if (!(wire instanceof Uint8Array)) return wire;
  if (!options.gzip) {
    return wire.byteLength > options.maxBytes
      ? tooLarge("body", options.maxBytes)
      : { kind: "body", bytes: wire, wireBytes: wire.byteLength };
  }
  return inflate(wire, options);
}

function tooLarge(what: string, limit: number): UnreadBody {
  return { kind: "too_large", detail: `${what} larger than ${Math.floor(limit / MIB)} MiB` };
}

/** Reads a stream to its end, or as far as its limits and the budget allow. */
export function readWire(source: Readable, options: BodyOptions): Promise<Uint8Array | UnreadBody> {
  const started = options.clock.monotonicMs();
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    const finish = (result: Uint8Array | UnreadBody): void => {
      clearTimeout(late);
      source.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      resolve(result);
    };
    const late =
      options.timeoutMs === undefined ? undefined : setTimeout(() => finish({ kind: "too_slow" }), options.timeoutMs);
    const onData = (chunk: Buffer): void => {
      size += chunk.byteLength;
      const elapsedMs = options.clock.monotonicMs() - started;
      if (size > options.maxWireBytes) finish(tooLarge("wire", options.maxWireBytes));
      else if (elapsedMs > SLOW_GRACE_MS && size < (elapsedMs / 1000) * MIN_BYTES_PER_SECOND)
        finish({ kind: "too_slow" });
      else if (!options.lease.take(chunk.byteLength)) finish({ kind: "overloaded" });
      else chunks.push(chunk);
    };
    // Copied also when it is one piece: that one lies in memory of the socket, and a body may go to another thread.
    const onEnd = (): void => finish(Buffer.concat(chunks, size));
    const onGone = (): void => finish({ kind: "gone" });
    source.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}

/** Smallest gzip member: header, empty block, trailer. */
const GZIP_MIN_BYTES = 20;
/** Most bytes that one byte of deflate can stand for; a larger claim is damage, not size. */
const DEFLATE_MAX_RATIO = 1_032;

/**
 * Inflates with a hard cap. The trailer of a gzip member holds its inflated size: an honest bomb is refused before a byte
 * is inflated, and a lying one is stopped at the size it claimed.
 */
export async function inflate(wire: Uint8Array, options: Pick<BodyOptions, "maxBytes" | "lease">): Promise<BodyResult> {
  if (wire.byteLength < GZIP_MIN_BYTES || wire[0] !== 0x1f || wire[1] !== 0x8b) {
    return { kind: "malformed", detail: "it is said to be gzip, but is not" };
  }
  const claimed = new DataView(wire.buffer, wire.byteOffset, wire.byteLength).getUint32(wire.byteLength - 4, true);
  if (claimed > wire.byteLength * DEFLATE_MAX_RATIO) return { kind: "malformed", detail: "the gzip body is damaged" };
  if (claimed > options.maxBytes) return tooLarge("decompressed body", options.maxBytes);
  if (!options.lease.take(claimed)) return { kind: "overloaded" };
  const inflated = await gunzipTo(wire, claimed);
  if (inflated === undefined || inflated.byteLength !== claimed) {
    return { kind: "malformed", detail: "the gzip body is damaged" };
  }
  return { kind: "body", bytes: inflated, wireBytes: wire.byteLength };
}

/** Room behind the claimed end, so that zlib sees the end of its input without asking for more memory. */
const SPARE_BYTES = 64;
/** Largest piece that is inflated at once; more is put together from pieces. */
const MAX_PIECE_BYTES = 4 * MIB;

function gunzipTo(wire: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  // In one piece: each further one is a round trip through the thread pool, and a copy.
  const chunkSize = Math.min(maxBytes + SPARE_BYTES, MAX_PIECE_BYTES);
  return new Promise((resolve) => {
    // `maxOutputLength` 0 is refused by zlib; one byte is enough to notice that there is more than claimed.
    gunzip(wire, { chunkSize, maxOutputLength: Math.max(1, maxBytes) }, (error, result) =>
      resolve(error === null ? result : undefined),
    );
  });
}
