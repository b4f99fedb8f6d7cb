// The server under test, and what its process used.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { answers, freePort, startProgram } from "./program.mjs";
import { PORTS } from "../../packages/core/dist/names/ports.js";
import { root } from "../../tools/prepare.mjs";

const TICKS_PER_SECOND = 100;

/** The real server program on ports of its own. Its data folder is deleted when it stops, unless it was given. */
export async function startServer(parent, given) {
  const folder = given ?? mkdtempSync(join(parent, "nexent-"));
  const env = { LLM_MONITOR_DATA_DIR: folder };
  for (const { variable } of Object.values(PORTS)) env[variable] ??= String(await freePort());
  const dashboard = `http://127.0.0.1:${env[PORTS.dashboard.variable]}`;
  const main = join(root, "packages/server/dist/main.js");
  // As `nexent-monitor up` starts it.
  const running = await startProgram(
    process.execPath,
    ["--max-semi-space-size=32", main],
    env,
    answers(`${dashboard}/ready`),
  );
  return {
    ...running,
    folder,
    dashboard,
    jaeger: `http://127.0.0.1:${env[PORTS.jaegerQuery.variable]}`,
    url: `http://127.0.0.1:${env[PORTS.otlpHttp.variable]}/v1/traces`,
    metrics: async () => metricsOf(await (await fetch(`${dashboard}/metrics`)).text()),
    async stop() {
      await running.stop();
      if (given === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Unlabelled samples of an exposition. */
function metricsOf(text) {
  const samples = [...text.matchAll(/^(\w+)(?:\{[^}]*\})? (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]);
  return Object.fromEntries(samples);
}

/** CPU seconds of all threads of a process, by thread name, and its memory. */
export function usageOf(pid) {
  const threads = {};
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const name = Number(task) === pid ? "main" : "others";
      threads[name] = (threads[name] ?? 0) + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    } catch {
      // The thread has ended meanwhile.
    }
  }
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  return { threads, rssMebibytes: kibibytes("VmRSS") / 1024, peakMebibytes: kibibytes("VmHWM") / 1024 };
}

/** Bytes below a folder. What goes meanwhile, as an engine joins its files, counts nothing. */
export function bytesBelow(folder) {
  let bytes = 0;
  for (const entry of unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += bytesBelow(path);
    else if (entry.isFile()) bytes += unlessGone(() => statSync(path).size) ?? 0;
  }
  return bytes;
}

function unlessGone(look) {
  try {
    return look();
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
