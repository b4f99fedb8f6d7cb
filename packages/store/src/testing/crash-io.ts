import type { AppendFile, IoPort } from "../io-port.ts";

/** What a crash leaves of bytes that were written but not synced. */
export type UnsyncedTail = "lost" | "kept" | "zeros" | "garbage" | "half";

/** A fault to put behind an operation: throw from here to make it fail. */
export type FaultHook = (operation: "append" | "sync" | "create" | "syncDirectory", path: string) => void;

/** A file system in memory that knows what is durable, and can be told to fail. */
export interface CrashIo extends IoPort {
  /** The files that a power loss leaves: synced bytes of durable names, and `tail` of the rest. */
  crashImage(tail: UnsyncedTail): ReadonlyMap<string, Uint8Array>;
  /** The files as a process that is killed leaves them. */
  files(): ReadonlyMap<string, Uint8Array>;
  setFault(hook: FaultHook | undefined): void;
  freeBytes: number;
}

interface MemoryFile {
  bytes: Buffer;
  synced: number;
  /** Name as it is after a power loss; `undefined` until the folder is synced. */
  durableName: boolean;
}

/** An error as Node's file system throws it. */
export function ioError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** An empty file system, or one that begins with the given files, all durable. */
export function createCrashIo(initial: ReadonlyMap<string, Uint8Array> = new Map()): CrashIo {
  const files = new Map<string, MemoryFile>();
  for (const [path, bytes] of initial)
    files.set(path, { bytes: Buffer.from(bytes), synced: bytes.length, durableName: true });
  let fault: FaultHook | undefined;

  function get(path: string): MemoryFile {
    const file = files.get(path);
    if (file === undefined) throw ioError("ENOENT");
    return file;
  }
  function openAppend(path: string): AppendFile {
    const file = get(path);
    return {
      async append(buffers) {
        const bytes = Buffer.concat(buffers);
        try {
          fault?.("append", path);
        } catch (error) {
          // A write that fails may have written a part.
          file.bytes = Buffer.concat([file.bytes, bytes.subarray(0, bytes.length >> 1)]);
          throw error;
        }
        file.bytes = Buffer.concat([file.bytes, bytes]);
      },
      async dataSync() {
        fault?.("sync", path);
        file.synced = file.bytes.length;
      },
      close: async () => undefined,
    };
  }

  return {
    freeBytes: 2 ** 40,
    list: async (path) =>
      [...files.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1)),
    read: async (path) => Uint8Array.from(get(path).bytes),
    readRange: async (path, from, length) => Uint8Array.from(get(path).bytes.subarray(from, from + length)),
    sizeOf: async (path) => get(path).bytes.length,
    async createFile(path) {
      fault?.("create", path);
      if (files.has(path)) throw ioError("EEXIST");
      files.set(path, { bytes: Buffer.alloc(0), synced: 0, durableName: false });
    },
    openAppend: async (path) => openAppend(path),
    async writeFile(path, bytes) {
      files.set(path, {
        bytes: Buffer.from(bytes),
        synced: bytes.length,
        durableName: files.get(path)?.durableName ?? false,
      });
    },
    async rename(from, to) {
      files.set(to, { ...get(from), durableName: false });
      files.delete(from);
    },
    async truncate(path, length) {
      const file = get(path);
      file.bytes = file.bytes.subarray(0, length);
      file.synced = Math.min(file.synced, length);
    },
    async remove(path) {
      files.delete(path);
    },
    async syncDirectory(path) {
      fault?.("syncDirectory", path);
      for (const [name, file] of files) if (name.startsWith(`${path}/`)) file.durableName = true;
    },
    async space() {
      return { freeBytes: this.freeBytes, totalBytes: 2 ** 40 };
    },
    crashImage(tail) {
      const image = new Map<string, Uint8Array>();
      for (const [name, file] of files) if (file.durableName) image.set(name, afterPowerLoss(file, tail));
      return image;
    },
    files: () => new Map([...files].map(([name, file]) => [name, Uint8Array.from(file.bytes)])),
    setFault(hook) {
      fault = hook;
    },
  };
}

function afterPowerLoss(file: MemoryFile, tail: UnsyncedTail): Uint8Array {
  const durable = file.bytes.subarray(0, file.synced);
  const rest = file.bytes.subarray(file.synced);
  switch (tail) {
    case "lost":
      return Uint8Array.from(durable);
    case "kept":
      return Uint8Array.from(file.bytes);
    case "zeros":
      return Buffer.concat([durable, Buffer.alloc(rest.length)]);
    case "garbage":
      return Buffer.concat([durable, Buffer.from(rest.map((byte, at) => byte ^ (at * 37 + 11)))]);
    case "half":
      return Buffer.concat([durable, rest.subarray(0, rest.length >> 1)]);
  }
}
