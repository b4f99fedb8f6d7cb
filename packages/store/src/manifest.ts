import { join } from "node:path";
import type { StoreLogger } from "./contract.ts";
import type { IoPort } from "./io-port.ts";
import { readIfThere, replaceFile } from "./replace-file.ts";

/** What was verified about a sealed file when it was made. */
export interface SealedDay {
  /** Every row of the day up to this position is in the file. */
  readonly through: bigint;
  readonly spans: number;
  readonly bytes: number;
  /** Of the whole file, hex. */
  readonly sha256: string;
  readonly sealedUnixMillis: number;
}

/** What the folder must remember about days whose rows the journal may still hold, or holds no more. */
export interface Manifest {
  /** Rows of the day up to this position were removed for good; 0 when none were. */
  readonly droppedThrough: (day: number) => bigint;
  sealed(day: number): SealedDay | undefined;
  sealedDays(): readonly number[];
  /** The highest position it names. */
  readonly highest: bigint;
  /** Durable when it resolves. */
  drop(days: readonly number[], through: bigint): Promise<void>;
  seal(day: number, sealed: SealedDay): Promise<void>;
  unseal(day: number): Promise<void>;
}

const VERSION = 1;

interface Content {
  readonly dropped: Map<number, bigint>;
  readonly sealed: Map<number, SealedDay>;
}

/** Reads `manifest.json` of a folder, or the version before when it is damaged; a folder without one begins empty. */
export async function openManifest(io: IoPort, dataDir: string, logger: StoreLogger): Promise<Manifest> {
  const path = join(dataDir, "manifest.json");
  const previous = join(dataDir, "manifest.prev.json");
  const content = (await read(io, path, logger)) ?? (await read(io, previous, logger)) ?? empty();
  let turn: Promise<unknown> = Promise.resolve();

  function change(apply: () => void): Promise<void> {
    const done = turn.then(async () => {
      apply();
      const before = await readIfThere(io, path);
      if (before !== undefined) await replaceFile(io, previous, before);
      await replaceFile(io, path, encode(content));
    });
    turn = done.catch(() => undefined);
    return done;
  }

  return {
    droppedThrough: (day) => content.dropped.get(day) ?? 0n,
    sealed: (day) => content.sealed.get(day),
    sealedDays: () => [...content.sealed.keys()],
    get highest() {
      const all = [...content.dropped.values(), ...[...content.sealed.values()].map(({ through }) => through)];
      return all.reduce((high, position) => (position > high ? position : high), 0n);
    },
    drop: (days, through) =>
      change(() => {
        for (const day of days) {
          if (through > (content.dropped.get(day) ?? 0n)) content.dropped.set(day, through);
          content.sealed.delete(day);
        }
      }),
    seal: (day, sealed) => change(() => void content.sealed.set(day, sealed)),
    async unseal(day) {
      if (content.sealed.has(day)) await change(() => void content.sealed.delete(day));
    },
  };
}

function empty(): Content {
  return { dropped: new Map(), sealed: new Map() };
}

async function read(io: IoPort, path: string, logger: StoreLogger): Promise<Content | undefined> {
  const bytes = await readIfThere(io, path);
  if (bytes === undefined) return undefined;
  try {
    return decode(bytes);
  } catch (error) {
    // Nothing is lost with it: rows that were dropped come back and are dropped again.
    logger.warn("manifest_damaged", { path, error: String(error) });
    return undefined;
  }
}

interface WrittenManifest {
  readonly version: number;
  readonly dropped: readonly { readonly day: number; readonly through: string }[];
  readonly sealed: readonly (Omit<SealedDay, "through"> & { readonly day: number; readonly through: string })[];
}

function encode({ dropped, sealed }: Content): Uint8Array {
  const written: WrittenManifest = {
    version: VERSION,
    dropped: [...dropped].map(([day, through]) => ({ day, through: String(through) })),
    sealed: [...sealed].map(([day, { through, ...rest }]) => ({ day, through: String(through), ...rest })),
  };
  return Buffer.from(`${JSON.stringify(written, undefined, 1)}\n`);
}

function decode(bytes: Uint8Array): Content {
  const written = JSON.parse(Buffer.from(bytes).toString("utf8")) as WrittenManifest;
  return {
    dropped: new Map(written.dropped.map(({ day, through }) => [day, BigInt(through)])),
    sealed: new Map(written.sealed.map(({ day, through, ...rest }) => [day, { ...rest, through: BigInt(through) }])),
  };
}
