import type { NameCounts } from "./day-names.ts";
import { packRollup, unpackRollup, type RollupSource } from "./rollup-bytes.ts";

const VERSION = 1;

/** Names as bytes; `FORMAT.md` says how. */
export async function encodeNames(source: RollupSource, names: NameCounts): Promise<Uint8Array> {
  return await packRollup(VERSION, source, {}, Buffer.from(JSON.stringify(names)));
}

/** The names of `encodeNames`; `undefined` when the bytes are damaged, of another version, or of another source. */
export async function decodeNames(bytes: Uint8Array, source: RollupSource): Promise<NameCounts | undefined> {
  return await unpackRollup(bytes, VERSION, source, (_, payload) => JSON.parse(payload.toString()) as NameCounts);
}
