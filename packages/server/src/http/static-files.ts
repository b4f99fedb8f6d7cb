import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { MonitorError } from "@nexent/monitor-core";

/** One file of the built dashboard, in memory. */
export interface StaticFile {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Present when it is smaller. */
  readonly gzipped?: Uint8Array;
  /** The name carries a hash of the content. */
  readonly isHashed: boolean;
}

/** The dashboard's files by request path. Nothing on disk is looked at after the start. */
export interface StaticFiles {
  find(path: string): StaticFile | undefined;
  /** `index.html` with the nonce of this response; `undefined` when there is no dashboard. */
  page(nonce: string): string | undefined;
}

const NONCE_PLACEHOLDER = "__CSP_NONCE__";
const PAGE = "/index.html";
/** A dashboard is about 1.3 MB; a folder far beyond that is not one. */
const MAX_FILES = 1_000;
const MIN_GZIP_BYTES = 512;

const CONTENT_TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".json", "application/json; charset=utf-8"],
  [".svg", "image/svg+xml"],
  [".png", "image/png"],
  [".ico", "image/x-icon"],
  [".webmanifest", "application/manifest+json"],
  [".txt", "text/plain; charset=utf-8"],
]);
const COMPRESSIBLE = new Set([".html", ".js", ".css", ".json", ".svg", ".txt"]);

const gzipAsync = promisify(gzip);

/** Nothing to serve: the server runs without a dashboard. */
export const noStaticFiles: StaticFiles = { find: () => undefined, page: () => undefined };

/**
 * Reads a folder into memory, so that no request ever becomes a path.
 * @throws {CONFIG_INVALID} when the folder has no `index.html`.
 */
export async function loadStaticFiles(folder: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  for (const path of await listFiles(folder)) {
    const file = await loadFile(path);
    if (file !== undefined) files.set(`/${relative(folder, path).split(sep).join("/")}`, file);
  }
  const page = files.get(PAGE);
  if (page === undefined) {
    throw new MonitorError("CONFIG_INVALID", `LLM_MONITOR_WEB_DIR=${folder} holds no index.html`, {
      hint: "Build the dashboard with npm run build, or unset the variable.",
    });
  }
  const pieces = Buffer.from(page.bytes).toString("utf8").split(NONCE_PLACEHOLDER);
  files.delete(PAGE);
  return { find: (path) => files.get(path), page: (nonce) => pieces.join(nonce) };
}

async function listFiles(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    // Links are left out: what lies behind them is not part of the build.
    return entries
      .filter((entry) => entry.isFile())
      .slice(0, MAX_FILES)
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (cause) {
    throw new MonitorError("CONFIG_INVALID", `LLM_MONITOR_WEB_DIR=${folder} cannot be read`, {
      hint: "Build the dashboard with npm run build, or unset the variable.",
      cause,
    });
  }
}

async function loadFile(path: string): Promise<StaticFile | undefined> {
  const extension = extname(path);
  const contentType = CONTENT_TYPES.get(extension);
  // Source maps and unknown kinds are not served.
  if (contentType === undefined) return undefined;
  const bytes = await readFile(path);
  const isHashed = path.split(sep).includes("assets");
  if (!COMPRESSIBLE.has(extension) || bytes.byteLength < MIN_GZIP_BYTES) return { contentType, bytes, isHashed };
  const gzipped = await gzipAsync(bytes, { level: 9 });
  return { contentType, bytes, isHashed, ...(gzipped.byteLength < bytes.byteLength ? { gzipped } : {}) };
}
