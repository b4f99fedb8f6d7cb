import { MonitorError } from "@nexent/monitor-core";
import type { IoPort } from "./io-port.ts";

const MIB = 1024 * 1024;
/** What the engine may spill to disk, which a query can take at any moment. */
const SPILL_BYTES = 512 * MIB;
/** Free space is looked at that often while spans arrive. */
const CHECK_MS = 1_000;
/** What could not be freed is tried again that often: another day may be over. */
const FREE_EVERY_MS = 60_000;

/** Refuses writes before the disk is full. */
export interface DiskGuard {
  /** Why nothing may be written now; looks again by itself, at most once a second. */
  refusal(): MonitorError | undefined;
  /** A write failed for lack of space: refused until space is seen again. */
  reportFull(): void;
  /** Looks now whether less is free than the reserve. */
  isLow(): Promise<boolean>;
}

/** Options of the disk guard. */
export interface DiskGuardOptions {
  readonly io: IoPort;
  readonly directory: string;
  /** Default: 5 % of the file system, at least 256 MiB and at most 2 GiB, and what the engine may spill. */
  readonly reserveBytes?: number | undefined;
  /** Frees space, if it can; until it resolves, nothing more is refused than before. */
  readonly onLow?: (() => Promise<void>) | undefined;
}

/** Looks at the disk once before it resolves. */
export async function createDiskGuard({ io, directory, reserveBytes, onLow }: DiskGuardOptions): Promise<DiskGuard> {
  let full = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let freedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  async function isLow(): Promise<boolean> {
    const { freeBytes, totalBytes } = await io.space(directory);
    return freeBytes < (reserveBytes ?? defaultReserve(totalBytes));
  }

  async function look(): Promise<void> {
    lookedAt = performance.now();
    const low = await isLow();
    if (!low || onLow === undefined || performance.now() - freedAt < FREE_EVERY_MS) {
      full = low;
      return;
    }
    freedAt = performance.now();
    await onLow();
    full = await isLow();
  }

  function lookAgain(): void {
    if (looking !== undefined || performance.now() - lookedAt < CHECK_MS) return;
    looking = look()
      // A file system that does not answer is found out by the next write.
      .catch(() => undefined)
      .finally(() => (looking = undefined));
  }

  full = await isLow();
  return {
    isLow,
    refusal() {
      lookAgain();
      if (!full) return undefined;
      return new MonitorError("STORE_FULL", `the disk under ${directory} is nearly full`, {
        hint: "Free some space, or lower LLM_MONITOR_DISK_RESERVE_MIB; ingest resumes by itself. Queries go on.",
      });
    },
    reportFull() {
      full = true;
      lookedAt = performance.now();
    },
  };
}

function defaultReserve(totalBytes: number): number {
  return Math.min(Math.max(totalBytes * 0.05, 256 * MIB), 2_048 * MIB) + SPILL_BYTES;
}
