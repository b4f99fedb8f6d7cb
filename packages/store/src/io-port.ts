import { open, readdir, readFile, rename, rm, stat, statfs, truncate, type FileHandle } from "node:fs/promises";

/** A file that is only ever appended to. */
export interface AppendFile {
  /** Writes every byte of every buffer, or throws; after a throw the length of the file is unknown. */
  append(buffers: readonly Uint8Array[]): Promise<void>;
  /** `fdatasync`. */
  dataSync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Everything the journal asks of a file system. Tests put faults and crash images behind it; paths are absolute. Errors
 * are Node's (`code` is `ENOSPC`, `EIO`, ...).
 */
export interface IoPort {
  /** Names in a folder, in no order. */
  list(path: string): Promise<readonly string[]>;
  read(path: string): Promise<Uint8Array>;
  readRange(path: string, from: number, length: number): Promise<Uint8Array>;
  sizeOf(path: string): Promise<number>;
  /** Creates an empty file; fails if it exists. */
  createFile(path: string): Promise<void>;
  openAppend(path: string): Promise<AppendFile>;
  /** Writes a whole file and syncs it; an existing one is overwritten. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Cuts a file and syncs it. */
  truncate(path: string, length: number): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes created and renamed names of a folder durable. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that we may still write where `path` lies, and the size of that file system. */
  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}

/** The file system of the host. */
export const nodeIoPort: IoPort = {
  list: (path) => readdir(path),
  read: (path) => readFile(path),
  async readRange(path, from, length) {
    return await using(await open(path, "r"), async (file) => {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, from);
      return bytes.subarray(0, bytesRead);
    });
  },
  sizeOf: async (path) => (await stat(path)).size,
  async createFile(path) {
    await using(await open(path, "wx"), (file) => file.sync());
  },
  async openAppend(path) {
    return appendFile(await open(path, "a"));
  },
  async writeFile(path, bytes) {
    await using(await open(path, "w"), async (file) => {
      await file.writeFile(bytes);
      await file.sync();
    });
  },
  rename: (from, to) => rename(from, to),
  async truncate(path, length) {
    await truncate(path, length);
    await using(await open(path, "r+"), (file) => file.sync());
  },
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(path) {
    await using(await open(path, "r"), (directory) => directory.sync());
  },
  async space(path) {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },
};

function appendFile(file: FileHandle): AppendFile {
  return {
    async append(buffers) {
      let rest = buffers.filter((buffer) => buffer.length > 0);
      while (rest.length > 0) {
        // The kernel takes at most 1,024 buffers at once, and may take fewer bytes than it is given.
        const { bytesWritten } = await file.writev(rest.slice(0, 1_024));
        rest = afterBytes(rest, bytesWritten);
      }
    },
    dataSync: () => file.datasync(),
    close: () => file.close(),
  };
}

function afterBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (left >= buffer.length) left -= buffer.length;
    else {
      rest.push(left === 0 ? buffer : buffer.subarray(left));
      left = 0;
    }
  }
  return rest;
}

async function using<T>(file: FileHandle, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The code of a Node file-system error (`ENOSPC`), or `undefined`. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
