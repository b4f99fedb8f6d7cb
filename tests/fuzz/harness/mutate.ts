import type { Random } from "./random.ts";

/**
 * Longest input; a mutation that would make a longer one is cut. An oracle does several times the work of what it judges,
 * and all of it must stay far below the time of an input where that work grows with the length.
 */
export const MAX_INPUT_BYTES = 24 * 1024;

/** What the mutations draw from. */
export interface MutationSource {
  readonly random: Random;
  /** Inputs that reached something, for splicing. */
  readonly pool: readonly Uint8Array[];
  /** Tokens that mean something to the target. */
  readonly dictionary: readonly Uint8Array[];
}

type Mutation = (bytes: Uint8Array, source: MutationSource) => Uint8Array;

/** Numbers at the limits of their types, as lengths and values. */
const EDGE_NUMBERS: readonly number[] = [
  0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
];

/** Replaces `length` bytes at `at`. */
function replaced(bytes: Uint8Array, at: number, length: number, by: Uint8Array): Uint8Array {
  const end = Math.min(bytes.length, at + length);
  const out = new Uint8Array(at + by.length + bytes.length - end);
  out.set(bytes.subarray(0, at));
  out.set(by, at);
  out.set(bytes.subarray(end), at + by.length);
  return out;
}

const flipBits: Mutation = (bytes, { random }) => {
  const out = bytes.slice();
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(out.length);
    out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
  }
  return out;
};

const setByte: Mutation = (bytes, { random }) => {
  const out = bytes.slice();
  out[random.below(out.length)] = random.oneIn(2)
    ? random.below(256)
    : random.pick([0, 1, 0x22, 0x5b, 0x7b, 0x80, 0xff]);
  return out;
};

const splice: Mutation = (bytes, { random, pool }) => {
  const other = random.pick(pool);
  const from = random.below(other.length);
  return replaced(
    bytes,
    random.below(bytes.length + 1),
    random.below(bytes.length),
    other.subarray(from, from + 1 + random.below(other.length - from)),
  );
};

/** A number at a type limit, where a length field may stand. */
const falseLength: Mutation = (bytes, { random }) => {
  const width = random.pick([1, 2, 4, 8]);
  const field = Buffer.alloc(8);
  const value = random.oneIn(2) ? random.pick(EDGE_NUMBERS) : random.below(bytes.length * 2);
  if (random.oneIn(2)) {
    field.writeUInt32LE(value, 0);
    return replaced(bytes, random.below(bytes.length), width, field.subarray(0, width));
  }
  field.writeUInt32BE(value, 4);
  return replaced(bytes, random.below(bytes.length), width, field.subarray(8 - width));
};

/** A varint that is longer than its number needs, or than any number may be. */
const overlongVarint: Mutation = (bytes, { random }) => {
  const varint = new Uint8Array(1 + random.below(12)).fill(0x80);
  varint[0] = 0x80 | random.below(128);
  varint[varint.length - 1] = random.oneIn(4) ? 0xff : random.below(128);
  return replaced(bytes, random.below(bytes.length), 1, varint);
};

/** A short piece, perhaps with the piece that closes it, again and again, as nesting is written. */
const amplify: Mutation = (bytes, { random }) => {
  const pairs = [
    ["[", "]"],
    ['{"a":', "}"],
    ['{"arrayValue":{"values":[', "]}}"],
    ["\x0f\0\x01\x0c\0\0\0\x01", "\0"],
  ] as const;
  const at = random.below(bytes.length);
  const count = random.pick([8, 17, 33, 64, 129, 161, 1_000, 20_000]);
  if (random.oneIn(2)) {
    const [open, close] = random.pick(pairs);
    const most = Math.min(count, Math.floor(MAX_INPUT_BYTES / (open.length + close.length)));
    const middle = bytes.subarray(at, at + random.below(64));
    return replaced(
      bytes,
      at,
      middle.length,
      Buffer.concat([Buffer.from(open.repeat(most), "latin1"), middle, Buffer.from(close.repeat(most), "latin1")]),
    );
  }
  const piece = Buffer.from(bytes.subarray(at, at + 1 + random.below(16)));
  return replaced(bytes, at, 0, Buffer.from(piece.toString("latin1").repeat(count), "latin1"));
};

const cut: Mutation = (bytes, { random }) => {
  if (random.oneIn(2)) return bytes.slice(0, random.below(bytes.length));
  return replaced(bytes, random.below(bytes.length), 1 + random.below(32), new Uint8Array(0));
};

const repeat: Mutation = (bytes, { random }) => {
  const at = random.below(bytes.length);
  return replaced(bytes, at, 0, bytes.slice(at, at + 1 + random.below(Math.min(512, bytes.length - at))));
};

const useDictionary: Mutation = (bytes, { random, dictionary }) => {
  if (dictionary.length === 0) return flipBits(bytes, { random, dictionary, pool: [] });
  const token = random.pick(dictionary);
  return replaced(bytes, random.below(bytes.length + 1), random.oneIn(2) ? token.length : 0, token);
};

/** A number in text becomes another. */
const changeDigits: Mutation = (bytes, { random }) => {
  const start = random.below(bytes.length);
  const isDigit = (at: number): boolean => (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39;
  let at = start;
  while (at < bytes.length && !isDigit(at)) at++;
  if (at === bytes.length) return setByte(bytes, { random, pool: [], dictionary: [] });
  let end = at;
  while (end < bytes.length && isDigit(end)) end++;
  const texts = ["-1", "0", "1e999", "-0", "0.5", "9007199254740993", "18446744073709551616", "1e-7", "00", "NaN"];
  return replaced(bytes, at, end - at, Buffer.from(random.pick(texts)));
};

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  flipBits,
  setByte,
  splice,
  falseLength,
  overlongVarint,
  amplify,
  cut,
  repeat,
  useDictionary,
  useDictionary,
  changeDigits,
];

/** One to six mutations of an input of the pool. */
export function mutate(source: MutationSource): Uint8Array {
  const { random } = source;
  let bytes = random.pick(source.pool);
  for (let count = 1 + random.below(random.oneIn(3) ? 6 : 2); count > 0; count--) {
    if (bytes.length === 0) bytes = random.pick(source.pool).slice();
    bytes = random.pick(MUTATIONS)(bytes, source).subarray(0, MAX_INPUT_BYTES);
  }
  return bytes.slice();
}
