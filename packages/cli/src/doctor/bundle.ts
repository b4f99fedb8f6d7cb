import { readdir, stat, writeFile } from "node:fs/promises";
import { arch, cpus, freemem, platform, release, totalmem } from "node:os";
import { join, relative, resolve } from "node:path";
import { lastLines } from "../processes/log-file.ts";
import { createConcealer, shownVariables, type ShownVariable } from "./conceal.ts";
import type { Finding } from "./finding.ts";
import { fetchText } from "./http.ts";
import { reportJson } from "./report.ts";
import type { Running, Stack } from "./stack.ts";

/** What a bundle is made from. */
export interface BundleParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stack: Stack;
  readonly running: Running;
  readonly findings: readonly Finding[];
  readonly logDir: string;
  /** Of the product. */
  readonly version: string;
}

/** A program that was asked. */
interface ProgramState {
  readonly isReady: boolean;
  /** Lines of the exposition about the program itself; nothing about requests. */
  readonly metrics: readonly string[];
}

interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly changedAt: string;
}

/** All that helps to find a fault from afar, and no secret: no token, key or password, no prompt or answer. */
export interface Bundle {
  readonly format: "nexent-monitor-doctor/1";
  readonly createdAt: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly platform: Readonly<Record<string, string | number>>;
  readonly report: object;
  readonly configuration: readonly ShownVariable[];
  readonly programs: Readonly<Record<"server" | "gateway", ProgramState | null>>;
  /** Files of the data folder; their contents stay where they are. */
  readonly files: { readonly total: number; readonly listed: readonly ListedFile[] };
  /** The last lines of each log. */
  readonly logs: Readonly<Record<"server" | "gateway", readonly string[]>>;
}

const LOG_LINES = 200;
const LISTED_FILES = 5_000;

/** Collects a bundle; what cannot be had is left out. */
export async function collectBundle(parts: BundleParts, now = new Date()): Promise<Bundle> {
  const { env, stack, running, findings, logDir, version } = parts;
  const conceal = createConcealer(env);
  const log = (name: string): readonly string[] => lastLines(join(logDir, `${name}.log`), 0, LOG_LINES);
  const token = env["LLM_MONITOR_READ_TOKEN"]?.trim();
  return concealed(
    {
      format: "nexent-monitor-doctor/1",
      createdAt: now.toISOString(),
      versions: { product: version, node: process.versions.node, v8: process.versions.v8, uv: process.versions.uv },
      platform: {
        system: platform(),
        release: release(),
        arch: arch(),
        cpus: cpus().length,
        memoryBytes: totalmem(),
        freeMemoryBytes: freemem(),
      },
      report: reportJson(findings, "en"),
      configuration: shownVariables(env),
      programs: {
        server: running.serverUrl === undefined ? null : await askProgram(running.serverUrl, "/ready", token),
        gateway: running.gateway ? await askProgram(stack.gatewayUrl, "/readyz", token) : null,
      },
      files: await listFiles(resolve(stack.config.dataDir)),
      logs: { server: log("server"), gateway: log("gateway") },
    } satisfies Bundle,
    conceal,
  );
}

/** Writes it as JSON, readable by its owner only. @returns its size in bytes. @throws when the file exists. */
export async function writeBundle(bundle: Bundle, path: string): Promise<number> {
  const text = `${JSON.stringify(bundle, null, 2)}\n`;
  await writeFile(path, text, { flag: "wx", mode: 0o600 });
  return Buffer.byteLength(text);
}

async function askProgram(url: string, readyPath: string, token: string | undefined): Promise<ProgramState> {
  const headers = token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` };
  const exposition = (await fetchText(`${url}/metrics`, headers))?.text ?? "";
  return {
    isReady: (await fetchText(url + readyPath)) !== undefined,
    metrics: exposition.split("\n").filter((line) => line.startsWith("nexent_")),
  };
}

async function listFiles(folder: string): Promise<Bundle["files"]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const listed: ListedFile[] = [];
  for (const path of paths.toSorted().slice(0, LISTED_FILES)) {
    const found = await stat(path).catch(() => undefined); // gone meanwhile
    if (found !== undefined)
      listed.push({ path: relative(folder, path), bytes: found.size, changedAt: found.mtime.toISOString() });
  }
  return { total: paths.length, listed };
}

/** The same value with every text in it concealed; names of fields are ours. */
function concealed<T>(value: T, conceal: (text: string) => string): T {
  const text = JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? conceal(part) : part));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- texts stay texts
  return JSON.parse(text) as T;
}
