import { join } from "node:path";
import type { IoPort } from "../io-port.ts";
import { readIfThere, replaceFile } from "../replace-file.ts";
import { decodeCells, encodeCells } from "../rollup/cell-codec.ts";
import type { CellTable } from "../rollup/cell-table.ts";
import type { NameCounts } from "../rollup/day-names.ts";
import { decodeNames, encodeNames } from "../rollup/name-codec.ts";
import type { RollupSource } from "../rollup/rollup-bytes.ts";
import { SLOT_SECONDS, WIDE_SECONDS } from "../rollup/rollup-rules.ts";
import { fileName, fileOfName, type IndexFile } from "./index-files.ts";

const ROLLUP = /^(.+)\.rollup-(\d+)$/;
/** Names are those of a whole day. */
const NAMES_SECONDS = 86_400;
const ROLLUP_UNITS = [SLOT_SECONDS, ...WIDE_SECONDS, NAMES_SECONDS];

/** What is known of a file without looking at it. */
export type FileFacts = Omit<RollupSource, "bytes">;

/** Rollups of sealed files, each in a small file beside it. They can be made again at any time. */
export interface RollupFiles {
  /** `undefined` when there is none that was made from that file. */
  read(file: IndexFile, facts: FileFacts, unitSeconds: number): Promise<CellTable | undefined>;
  write(file: IndexFile, facts: FileFacts, table: CellTable): Promise<void>;
  /** `undefined` when there are none that were made from that file. */
  readNames(file: IndexFile, facts: FileFacts): Promise<NameCounts | undefined>;
  writeNames(file: IndexFile, facts: FileFacts, names: NameCounts): Promise<void>;
  /** Takes away what was made from a file. */
  remove(file: IndexFile): Promise<void>;
  /** Takes away rollups whose file is gone, and those of widths that nobody asks for any more. */
  sweep(isThere: (file: IndexFile) => boolean): Promise<void>;
}

/** Rollups in the folder of the index. */
export function createRollupFiles(io: IoPort, directory: string): RollupFiles {
  const pathOf = (file: IndexFile, unitSeconds: number): string =>
    join(directory, fileName(file) + ".rollup-" + String(unitSeconds));

  async function sourceOf(file: IndexFile, { spans, applied }: FileFacts): Promise<RollupSource> {
    return { spans, applied, bytes: await io.sizeOf(join(directory, fileName(file))) };
  }

  async function read<T>(
    file: IndexFile,
    facts: FileFacts,
    unitSeconds: number,
    decode: (bytes: Uint8Array, source: RollupSource) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const bytes = await readIfThere(io, pathOf(file, unitSeconds));
    return bytes === undefined ? undefined : await decode(bytes, await sourceOf(file, facts));
  }

  return {
    read: (file, facts, unitSeconds) => read(file, facts, unitSeconds, decodeCells),
    async write(file, facts, table) {
      const bytes = await encodeCells(await sourceOf(file, facts), table);
      await replaceFile(io, pathOf(file, table.unitSeconds), bytes);
    },
    readNames: (file, facts) => read(file, facts, NAMES_SECONDS, decodeNames),
    async writeNames(file, facts, names) {
      await replaceFile(io, pathOf(file, NAMES_SECONDS), await encodeNames(await sourceOf(file, facts), names));
    },
    async remove(file) {
      for (const unitSeconds of ROLLUP_UNITS) await io.remove(pathOf(file, unitSeconds));
    },
    async sweep(isThere) {
      for (const name of await io.list(directory)) {
        const [, base, width] = ROLLUP.exec(name.replace(/\.tmp$/, "")) ?? [];
        const file = base === undefined ? undefined : fileOfName(base);
        if (file === undefined) continue;
        const isUsed = ROLLUP_UNITS.includes(Number(width)) && isThere(file) && !name.endsWith(".tmp");
        if (!isUsed) await io.remove(join(directory, name));
      }
    },
  };
}
