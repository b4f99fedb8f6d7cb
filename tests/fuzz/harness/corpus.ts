import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Find } from "./protocol.ts";

function folderOf(target: string): string {
  return fileURLToPath(new URL(`../${target}.corpus`, import.meta.url));
}

/** Inputs of earlier finds, in the order of their names; none without a folder. */
export function readCorpus(target: string): readonly Uint8Array[] {
  const folder = folderOf(target);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".bin"));
  return names.toSorted().map((name) => new Uint8Array(readFileSync(join(folder, name))));
}

/** Keeps a find as a regression test; gives its path. */
export function saveFind(target: string, { kind, input }: Find): string {
  const folder = folderOf(target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${kind}-${createHash("sha256").update(input).digest("hex").slice(0, 12)}.bin`);
  writeFileSync(path, input);
  return path;
}
