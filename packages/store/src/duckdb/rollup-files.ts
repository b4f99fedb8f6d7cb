import { join } from "node:path";
import type { IoPort } from "../io-port.ts";
import { readIfThere, replaceFile } from "../replace-file.ts";
import { decodeCells, encodeCells, type CellSource } from "../rollup/cell-codec.ts";
import type { CellTable } from "../rollup/cell-table.ts";
import { SLOT_SECONDS, WIDE_SECONDS } from "../rollup/rollup-rules.ts";
import { fileName, fileOfName, type IndexFile } from "./index-files.ts";

const ROLLUP = /^(.+)\.rollup-(\d+)$/;
const ROLLUP_UNITS = [SLOT_SECONDS, ...WIDE_SECONDS];

/** Rollups of sealed files, each in a small file beside it. They can be made again at any time. */
export interface RollupFiles {
  /** `undefined` when there is none that was made from that file. */
  read(file: IndexFile, facts: Omit<CellSource, "bytes">, unitSeconds: number): Promise<CellTable | undefined>;
  write(file: IndexFile, facts: Omit<CellSource, "bytes">, table: CellTable): Promise<void>;
  /** Takes away what was made from a file. */
  remove(file: IndexFile): Promise<void>;
  /** Takes away rollups whose file is gone, and those of widths that nobody asks for any more. */
  sweep(isThere: (file: IndexFile) => boolean): Promise<void>;
}

/** Rollups in the folder of the index. */
export function createRollupFiles(io: IoPort, directory: string): RollupFiles {
  const pathOf = (file: IndexFile, unitSeconds: number): string =>
    join(directory, fileName(file) + ".rollup-" + String(unitSeconds));

  async function sourceOf(file: IndexFile, { spans, applied }: Omit<CellSource, "bytes">): Promise<CellSource> {
    return { spans, applied, bytes: await io.sizeOf(join(directory, fileName(file))) };
  }

  return {
    async read(file, facts, unitSeconds) {
      const bytes = await readIfThere(io, pathOf(file, unitSeconds));
      return bytes === undefined ? undefined : await decodeCells(bytes, await sourceOf(file, facts));
    },
    async write(file, facts, table) {
      const bytes = await encodeCells(await sourceOf(file, facts), table);
      await replaceFile(io, pathOf(file, table.unitSeconds), bytes);
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
