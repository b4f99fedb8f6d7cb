/**
 * A stream's shape in 60 buckets over its own duration: 30 bytes, 40 base64 characters (dashboard contract 5.7).
 * Nibble = `kind | level << 2`; bucket 2i is the low nibble of byte i, bucket 2i+1 the high one.
 */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { Pause } from "./stream-pauses.ts";
import type { TapeColumns } from "./token-tape-encode.ts";
import { KINDS } from "./token-tape-format.ts";

export const FINGERPRINT_BUCKETS = 60;
const BYTES = FINGERPRINT_BUCKETS / 2;

/** Kinds of a bucket, by their number. */
const FINGERPRINT_KINDS = ["wait", "reasoning", "tool", "answer"] as const;
export type FingerprintKind = (typeof FINGERPRINT_KINDS)[number];

const LEVELS = [0, 1, 2, 3] as const;
export type FingerprintLevel = (typeof LEVELS)[number];

/** One bucket. For output kinds: 0 inside a pause, else 1..3 by tokens; for `wait`: 1 = tool wait. */
export interface FingerprintBucket {
  readonly kind: FingerprintKind;
  readonly level: FingerprintLevel;
}

/** What is drawn: the tape, the pauses found in it, and the duration of the request. */
export interface FingerprintSource {
  readonly tape: TapeColumns;
  readonly pauses: readonly Pause[];
  readonly durationMicros: number;
}

const WAIT = 0;
const ANSWER = 3;

/** Kinds of a bucket by the kind on the tape. */
const KIND_NUMBERS = Uint8Array.from(KINDS, (kind) => (kind === "reasoning" ? 1 : kind === "tool" ? 2 : ANSWER));

function levelOf(tokens: number, fullest: number): number {
  const r = Math.sqrt(tokens / fullest);
  if (r <= 1 / 3) return 1;
  return r <= 2 / 3 ? 2 : 3;
}

/** Encodes a stream; undefined without a counted chunk or a duration. */
export function encodeFingerprint(source: FingerprintSource): string | undefined {
  const { tape, durationMicros } = source;
  const { length, atMicros } = tape;
  if (length === 0 || !(durationMicros > 0)) return undefined;
  const bucketOf = (micros: number): number =>
    Math.min(FINGERPRINT_BUCKETS - 1, Math.max(0, Math.floor((micros / durationMicros) * FINGERPRINT_BUCKETS)));

  const tokens = new Float64Array(FINGERPRINT_BUCKETS);
  const kinds = new Int8Array(FINGERPRINT_BUCKETS).fill(-1);
  for (let i = 0; i < length; i += 1) {
    const bucket = bucketOf(atMicros[i] ?? 0);
    const count = tape.tokens[i] ?? 1;
    tokens[bucket] = (tokens[bucket] ?? 0) + (Number.isNaN(count) ? 1 : count);
    kinds[bucket] = KIND_NUMBERS[tape.kinds[i] ?? 0] ?? ANSWER;
  }
  const fullest = tokens.reduce((most, count) => Math.max(most, count), 0);
  const nibbles = new Uint8Array(FINGERPRINT_BUCKETS);
  const firstBucket = bucketOf(atMicros[0] ?? 0);
  const lastBucket = bucketOf(atMicros[length - 1] ?? 0);
  let nextKind = kinds[lastBucket] ?? ANSWER;
  for (let bucket = lastBucket; bucket >= firstBucket; bucket -= 1) {
    const hasChunk = (kinds[bucket] ?? -1) >= 0;
    if (hasChunk) nextKind = kinds[bucket] ?? ANSWER;
    const count = tokens[bucket] ?? 0;
    const pause = hasChunk ? undefined : pauseAt(source, bucket);
    if (pause?.kind === "toolWait") nibbles[bucket] = WAIT | (1 << 2);
    else if (pause !== undefined) nibbles[bucket] = nextKind;
    else nibbles[bucket] = nextKind | ((count > 0 ? levelOf(count, fullest) : 1) << 2);
  }
  const bytes = new Uint8Array(BYTES);
  for (let i = 0; i < BYTES; i += 1) bytes[i] = (nibbles[2 * i] ?? 0) | ((nibbles[2 * i + 1] ?? 0) << 4);
  return encodeBase64(bytes);
}

function pauseAt(source: FingerprintSource, bucket: number): Pause | undefined {
  const middle = ((bucket + 0.5) / FINGERPRINT_BUCKETS) * source.durationMicros;
  return source.pauses.find((pause) => pause.fromMicros <= middle && middle < pause.toMicros);
}

/** Decodes a fingerprint; undefined when `text` is none. */
export function decodeFingerprint(text: string): readonly FingerprintBucket[] | undefined {
  const bytes = decodeBase64(text);
  if (bytes?.length !== BYTES) return undefined;
  return Array.from({ length: FINGERPRINT_BUCKETS }, (_, bucket) => {
    const nibble = ((bytes[bucket >> 1] ?? 0) >> (bucket % 2 === 0 ? 0 : 4)) & 0x0f;
    return { kind: FINGERPRINT_KINDS[nibble & 3] ?? "wait", level: LEVELS[(nibble >> 2) & 3] ?? 0 };
  });
}
