import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Small state outside the store (users, sessions, accents) as one JSON file. A save is durable when it resolves: written
 * beside, fsynced, renamed over, folder fsynced. Saves are serialised in call order.
 */
export interface ControlFile {
  /** The saved value; `undefined` when there is none. @throws when the file exists but is not JSON. */
  load(): Promise<unknown>;
  save(value: unknown): Promise<void>;
}

/**
 * @param path file, mode 0600; its folder is made with mode 0700. Without a path the value lives in memory only.
 */
export function createControlFile(path: string | undefined): ControlFile {
  return path === undefined ? memoryFile() : diskFile(path);
}

/** Control file of a data folder: `<data>/control/<name>.json`; in memory without a data folder. */
export function controlFileIn(dataDir: string | undefined, name: string): ControlFile {
  return createControlFile(dataDir === undefined ? undefined : join(dataDir, "control", `${name}.json`));
}

/** `ENOENT` and the like, of an error of the file system. */
function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function memoryFile(): ControlFile {
  let text: string | undefined;
  return {
    load: () => Promise.resolve(text === undefined ? undefined : (JSON.parse(text) as unknown)),
    save: (value) => {
      text = JSON.stringify(value);
      return Promise.resolve();
    },
  };
}

function diskFile(path: string): ControlFile {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    async load() {
      try {
        return JSON.parse(await readFile(path, "utf8")) as unknown;
      } catch (error) {
        if (codeOf(error) === "ENOENT") return undefined;
        throw error;
      }
    },
    save(value) {
      const text = JSON.stringify(value);
      const done = tail.then(() => replaceFile(path, text));
      // A failed save must not block the next one; its own caller gets the error.
      tail = done.catch(() => undefined);
      return done;
    },
  };
}

async function replaceFile(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const beside = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeSynced(beside, text);
    await rename(beside, path);
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    // Windows and some file systems cannot sync a folder; the rename itself is still atomic there.
    const code = codeOf(error);
    if (code !== "EPERM" && code !== "EINVAL" && code !== "EISDIR") throw error;
  } finally {
    await folder.close();
  }
}
