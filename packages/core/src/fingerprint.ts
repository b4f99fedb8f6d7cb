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

/** Memory of one encoding, used by each. */
const tokensOf = new Float64Array(FINGERPRINT_BUCKETS);
const kindOf = new Int8Array(FINGERPRINT_BUCKETS);
const NO_KIND = -1;
/** More than the bound between two buckets is wrong by, of streams of up to a hundred years. */
const DOUBT_MICROS = 8;

/** Encodes a stream; undefined without a counted chunk or a duration. */
export function encodeFingerprint(source: FingerprintSource): string | undefined {
  const { tape, durationMicros } = source;
  if (tape.length === 0 || !(durationMicros > 0)) return undefined;
  const fullest = fillBuckets(tape, durationMicros);
  const firstBucket = bucketOf(tape.atMicros[0] ?? 0, durationMicros);
  const lastBucket = bucketOf(tape.atMicros[tape.length - 1] ?? 0, durationMicros);
  const bytes = new Uint8Array(BYTES);
  let nextKind = kindOf[lastBucket] ?? ANSWER;
  for (let bucket = lastBucket; bucket >= firstBucket; bucket -= 1) {
    const kind = kindOf[bucket] ?? NO_KIND;
    if (kind !== NO_KIND) nextKind = kind;
    const tokens = tokensOf[bucket] ?? 0;
    const pause = kind === NO_KIND ? pauseAt(source, bucket) : undefined;
    let nibble = nextKind | ((tokens > 0 ? levelOf(tokens, fullest) : 1) << 2);
    if (pause !== undefined) nibble = pause.kind === "toolWait" ? WAIT | (1 << 2) : nextKind;
    bytes[bucket >> 1] = (bytes[bucket >> 1] ?? 0) | (nibble << ((bucket & 1) * 4));
  }
  return encodeBase64(bytes);
}

function bucketOf(micros: number, durationMicros: number): number {
  const place = (micros / durationMicros) * FINGERPRINT_BUCKETS;
  if (place >= FINGERPRINT_BUCKETS - 1) return FINGERPRINT_BUCKETS - 1;
  return place > 0 ? Math.trunc(place) : 0;
}

/** Sorts the chunks, which are in time order, into buckets; answers the tokens of the fullest one. */
function fillBuckets({ length, atMicros, kinds, tokens }: TapeColumns, durationMicros: number): number {
  tokensOf.fill(0);
  kindOf.fill(NO_KIND);
  let bucket = 0;
  // Every time from the bucket's first chunk up to this one lies in the bucket, without a division for each.
  let sureMicros = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i += 1) {
    const micros = atMicros[i] ?? 0;
    if (micros >= sureMicros) {
      bucket = bucketOf(micros, durationMicros);
      sureMicros = ((bucket + 1) / FINGERPRINT_BUCKETS) * durationMicros - DOUBT_MICROS;
    }
    const count = tokens[i] ?? 1;
    tokensOf[bucket] = (tokensOf[bucket] ?? 0) + (Number.isNaN(count) ? 1 : count);
    kindOf[bucket] = KIND_NUMBERS[kinds[i] ?? 0] ?? ANSWER;
  }
  let fullest = 0;
  for (const count of tokensOf) if (count > fullest) fullest = count;
  return fullest;
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
