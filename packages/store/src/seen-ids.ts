import { randomBytes } from "node:crypto";

/** Options of the memory of ids. */
export interface SeenIdsOptions {
  /** How long an id is remembered; default 24 h. */
  readonly windowMs?: number;
  /** Most ids; past it the oldest hour is forgotten. Default 5 million, about 120 MiB. */
  readonly maxIds?: number;
}

/** Remembers which spans were written lately: 64-bit hashes, one table per hour of writing. */
export interface SeenIds {
  /** Day of the stored span, if a span of this identity may be stored; a hash can lie, so the index must confirm. */
  dayOf(identity: string): number | undefined;
  /** @param identity trace id and span id, one behind the other: 48 digits of lower-case hex. */
  add(identity: string, day: number, writtenUnixMillis: number): void;
  /** Every span written since is remembered; of older ones nothing is known. */
  readonly completeSinceUnixMillis: number;
  /** Ids written before are not in here (they were never read back). */
  forgetBefore(unixMillis: number): void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** An empty memory. */
export function createSeenIds({ windowMs = DAY_MS, maxIds = 5_000_000 }: SeenIdsOptions = {}): SeenIds {
  const hours = new Map<number, HashTable>();
  const hash = createIdHash();
  let count = 0;
  let completeSince = 0;

  function dropHoursBefore(hour: number): void {
    for (const [key, table] of hours) {
      if (key >= hour) continue;
      hours.delete(key);
      count -= table.size;
    }
    completeSince = Math.max(completeSince, hour * HOUR_MS);
  }

  return {
    get completeSinceUnixMillis() {
      return completeSince;
    },
    dayOf(identity) {
      const key = hash(identity);
      for (const table of hours.values()) {
        const day = table.get(key.high, key.low);
        if (day !== undefined) return day;
      }
      return undefined;
    },
    add(identity, day, writtenUnixMillis) {
      const hour = Math.floor(writtenUnixMillis / HOUR_MS);
      let table = hours.get(hour);
      if (table === undefined) {
        table = createHashTable();
        hours.set(hour, table);
        const newest = Math.max(...hours.keys());
        dropHoursBefore(newest - Math.ceil(windowMs / HOUR_MS));
      }
      const key = hash(identity);
      if (table.set(key.high, key.low, day)) count++;
      if (count > maxIds && hours.size > 1) dropHoursBefore(Math.min(...hours.keys()) + 1);
    },
    forgetBefore(unixMillis) {
      completeSince = Math.max(completeSince, unixMillis);
    },
  };
}

interface Hash {
  high: number;
  low: number;
}

const IDENTITY_DIGITS = 48;
const WORD_DIGITS = 8;
const [DIGIT_0, DIGIT_9, LETTER_A] = [0x30, 0x39, 0x61];

/** A keyed hash, so that nobody can choose ids that collide. The result is reused by the next call. */
function createIdHash(): (identity: string) => Readonly<Hash> {
  const seed = randomBytes(8);
  const [seedHigh, seedLow] = [seed.readUInt32LE(0), seed.readUInt32LE(4)];
  const result: Hash = { high: 0, low: 0 };
  return (identity) => {
    let high = seedHigh;
    let low = seedLow;
    for (let at = 0; at < IDENTITY_DIGITS; at += WORD_DIGITS) {
      const word = wordAt(identity, at);
      high = scramble(Math.imul(high ^ word, 0x9e3779b1) ^ low);
      low = scramble(Math.imul(low ^ word, 0x85ebca6b) + high);
    }
    result.high = high >>> 0;
    result.low = low >>> 0;
    return result;
  };
}

/** The next 32 bits of an id in lower-case hex. */
function wordAt(id: string, start: number): number {
  let word = 0;
  for (let at = start; at < start + WORD_DIGITS; at++) {
    const code = id.charCodeAt(at);
    word = (word << 4) | (code <= DIGIT_9 ? code - DIGIT_0 : code - LETTER_A + 10);
  }
  return word;
}

function scramble(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}

interface HashTable {
  readonly size: number;
  get(high: number, low: number): number | undefined;
  /** True if the hash is new. */
  set(high: number, low: number, day: number): boolean;
}

/** Open addressing over typed arrays: 12 bytes per slot, at most 70 % full. A slot is free while its mark is 0. */
function createHashTable(): HashTable {
  let slots = 1_024;
  let keys = new Uint32Array(slots * 2);
  /** Day + 1; days since the epoch never reach 2^32. */
  let marks = new Uint32Array(slots);
  let size = 0;

  function find(high: number, low: number): number {
    let at = low & (slots - 1);
    while (marks[at] !== 0 && (keys[at * 2] !== high || keys[at * 2 + 1] !== low)) at = (at + 1) & (slots - 1);
    return at;
  }
  function put(high: number, low: number, mark: number): void {
    const at = find(high, low);
    keys[at * 2] = high;
    keys[at * 2 + 1] = low;
    marks[at] = mark;
  }
  function grow(): void {
    const [oldKeys, oldMarks] = [keys, marks];
    slots *= 2;
    keys = new Uint32Array(slots * 2);
    marks = new Uint32Array(slots);
    for (const [at, mark] of oldMarks.entries())
      if (mark !== 0) put(oldKeys[at * 2] ?? 0, oldKeys[at * 2 + 1] ?? 0, mark);
  }

  return {
    get size() {
      return size;
    },
    get(high, low) {
      const mark = marks[find(high, low)] ?? 0;
      return mark === 0 ? undefined : mark - 1;
    },
    set(high, low, day) {
      if (marks[find(high, low)] !== 0) return false;
      put(high, low, day + 1);
      size++;
      if (size > slots * 0.7) grow();
      return true;
    },
  };
}
