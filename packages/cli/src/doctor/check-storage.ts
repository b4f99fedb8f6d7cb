import { constants } from "node:fs";
import { access, mkdtemp, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { bytesText } from "../data/data-command.ts";
import { finding, type Finding } from "./finding.ts";
import { fetchText, sumOf } from "./http.ts";
import type { Running, Stack } from "./stack.ts";

const MIB = 1024 * 1024;
/** Age of what cannot be found yet from which on it is worth a word; a healthy index is a second behind. */
const BEHIND_SECONDS = 10;

/** Whether the data folder can be written and has room, and what the store says of itself. */
export async function checkStorage(stack: Stack, running: Running, reserveMib: number): Promise<readonly Finding[]> {
  return [await folderFinding(resolve(stack.config.dataDir), reserveMib), ...(await storeFindings(running.serverUrl))];
}

async function folderFinding(folder: string, reserveMib: number): Promise<Finding> {
  const place = await nearestExisting(folder);
  try {
    if (!(await stat(place)).isDirectory()) throw new Error(`${place} is not a folder`);
    await access(place, constants.W_OK | constants.X_OK);
    // Rights can allow what the file system does not.
    await rm(await mkdtemp(join(place, ".nexent-doctor-")), { recursive: true });
  } catch (error) {
    return finding("problem", "storage_unwritable", {
      folder,
      problem: error instanceof Error ? error.message : String(error),
    });
  }
  const { bavail, bsize } = await statfs(place);
  const params = { folder, free: bytesText(bavail * bsize), reserve: bytesText(reserveMib * MIB) };
  return bavail * bsize < reserveMib * MIB
    ? finding("problem", "storage_full", params)
    : finding("ok", "storage_ok", params);
}

/** The folder itself, or the one in which it would be made. */
async function nearestExisting(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    const exists = await stat(at).then(
      () => true,
      () => false,
    );
    if (exists || at === dirname(at)) return at;
  }
}

async function storeFindings(serverUrl: string | undefined): Promise<readonly Finding[]> {
  const metrics = serverUrl === undefined ? undefined : (await fetchText(`${serverUrl}/metrics`))?.text;
  if (metrics === undefined) return [];
  const value = (name: string, label?: string): number => sumOf(metrics, name, label) ?? 0;
  const [frames, files] = [
    value("nexent_server_journal_damaged_frames_total"),
    value("nexent_server_quarantined_files"),
  ];
  const refused = value("nexent_server_refused_requests_total", 'reason="memory"');
  const memory = {
    used: bytesText(value("nexent_server_resident_memory_bytes")),
    budget: bytesText(value("nexent_server_memory_budget_bytes")),
  };
  const seconds = Math.round(value("nexent_server_index_lag_seconds"));
  return [
    ...(frames + files > 0 ? [finding("warning", "storage_damaged", { frames, files })] : []),
    ...(refused > 0 ? [finding("warning", "memory_short", { count: refused, ...memory })] : []),
    ...(seconds > BEHIND_SECONDS ? [finding("warning", "index_behind", { seconds })] : []),
  ];
}
