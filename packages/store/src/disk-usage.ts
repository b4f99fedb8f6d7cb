import { join } from "node:path";
import type { IoPort } from "./io-port.ts";

/** Bytes of the files that lie directly in some folders. */
export async function diskUsage(io: IoPort, folders: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const folder of folders) {
    for (const name of await io.list(folder)) {
      // A file may go while we look, and folders have no size of their own.
      bytes += await io.sizeOf(join(folder, name)).catch(() => 0);
    }
  }
  return bytes;
}
