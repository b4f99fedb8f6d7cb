import { dirname } from "node:path";
import { errnoOf, type IoPort } from "./io-port.ts";

/** Puts new bytes in the place of a file: after a crash the old ones are there or the new ones, whole. */
export async function replaceFile(io: IoPort, path: string, bytes: Uint8Array): Promise<void> {
  await io.writeFile(`${path}.tmp`, bytes);
  await io.rename(`${path}.tmp`, path);
  await io.syncDirectory(dirname(path));
}

/** The bytes of a file; `undefined` when there is none. */
export async function readIfThere(io: IoPort, path: string): Promise<Uint8Array | undefined> {
  try {
    return await io.read(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
