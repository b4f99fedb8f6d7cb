/** What a running program holds, read from /proc. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Program } from "../program.ts";

export interface ProcessUsage {
  readonly residentBytes: number;
  readonly openSockets: number;
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith("socket:");
  } catch {
    // Closed in the meantime.
    return false;
  }
}

export function residentBytesOf(program: Program): number {
  const status = readFileSync(`/proc/${program.process.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

export function usageOf(program: Program): ProcessUsage {
  const folder = `/proc/${program.process.pid}/fd`;
  const openSockets = readdirSync(folder).filter((fd) => isSocket(`${folder}/${fd}`)).length;
  return { residentBytes: residentBytesOf(program), openSockets };
}

/** {@link usageOf} after garbage was collected; the program runs with {@link COLLECTABLE}. */
export async function usageAfterCollection(program: Program): Promise<ProcessUsage> {
  for (let round = 0; round < 3; round += 1) {
    program.process.kill("SIGUSR2");
    await pause(150);
  }
  return usageOf(program);
}

/** Arguments of Node with which garbage can be collected from outside. */
export const COLLECTABLE = ["--expose-gc", "--import", new URL("collect-on-signal.mjs", import.meta.url).pathname];
