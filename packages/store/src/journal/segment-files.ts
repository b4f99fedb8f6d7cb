import { join } from "node:path";
import type { IoPort } from "../io-port.ts";

const NAME = /^(\d{12})\.seg$/;

/** File name of a segment. */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(12, "0")}.seg`;
}

/** Numbers of the segments in a folder, ascending. Other names are not ours and are left alone. */
export async function listSegments(io: IoPort, directory: string): Promise<readonly number[]> {
  const names = await io.list(directory);
  const numbers = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

/** Path of a segment. */
export function segmentPath(directory: string, segment: number): string {
  return join(directory, segmentName(segment));
}
