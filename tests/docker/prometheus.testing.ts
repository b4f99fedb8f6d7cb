import { spawn } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../harness/ports.ts";
import { answers, temporaryFolder } from "../harness/program.ts";
import { stackPath } from "./stack-files.testing.ts";

/** Debian's Prometheus 2.42, or another one; the shipped files are valid for it and for Prometheus 3. */
export const PROMETHEUS = process.env["PROMETHEUS_BINARY"] ?? "/usr/bin/prometheus";
export const PROMTOOL = process.env["PROMTOOL_BINARY"] ?? "/usr/bin/promtool";

/** One series of a query answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** An alert as `/api/v1/alerts` shows it. */
export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
}

/** A running Prometheus with the stack's own configuration. */
export interface RealPrometheus {
  /** `data` of an API answer. @throws when Prometheus refuses, with its reason. */
  get<T>(path: string, parameters?: Readonly<Record<string, string>>): Promise<T>;
  /** Result of an instant query. */
  query(expr: string): Promise<readonly Series[]>;
  /** Result over the last `seconds`, one point per second. */
  queryRange(expr: string, seconds: number): Promise<readonly Series[]>;
  alerts(): Promise<readonly Alert[]>;
  /** Warnings and errors it logged. */
  log(): string;
  stop(): Promise<void>;
}

/** Times of the shipped files -> times of a test. Thresholds, labels and expressions stay as they are. */
const TIMES: readonly (readonly [RegExp, string])[] = [
  [/\[5m\]/g, "[30s]"],
  [/\[15m\]/g, "[30s]"],
  [/\[1h\] offset 1d/g, "[30s] offset 1m"],
  [/\[6h:1m\]/g, "[2m:1s]"],
  [/(timestamp\(.*\) > )300$/gm, "$13"],
  [/^( +for: )\d+m$/gm, "$12s"],
];

/** `text` with the times of a test. @throws when a time of the files is not covered. */
export function withTestTimes(text: string): string {
  const adapted = TIMES.reduce((result, [from, to]) => result.replace(from, to), text);
  const left = /\[(?!2m:1s)\d+[mhd]|for: \d+[mh]/.exec(adapted);
  if (left !== null) throw new Error(`a time of the rule file is not adapted: ${left[0]}`);
  return adapted;
}

/** What the copy of the configuration is made for. */
export interface PrometheusOptions {
  /** Name and port in the stack -> host and port here. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Files for `targets/applications`, by name. */
  readonly applications?: Readonly<Record<string, string>>;
}

/** Copies `docker/prometheus` to `home`, changed in addresses and times only. */
function adaptConfiguration(home: string, ownAddress: string, options: PrometheusOptions): void {
  cpSync(stackPath("prometheus"), home, { recursive: true });
  rewrite(join(home, "prometheus.yml"), (text) => {
    const addressed = Object.entries({ ...options.addresses, "localhost:9090": ownAddress }).reduce(
      (result, [from, to]) => result.replace(`"${from}"`, `"${to}"`),
      text,
    );
    return addressed.replaceAll(/(scrape_interval|scrape_timeout|evaluation_interval): \d+s/g, "$1: 1s");
  });
  for (const name of readdirSync(join(home, "rules")).filter((file) => file.endsWith(".yml"))) {
    rewrite(join(home, "rules", name), withTestTimes);
  }
  for (const [name, text] of Object.entries(options.applications ?? {})) {
    writeFileSync(join(home, "targets", "applications", name), text);
  }
}

/**
 * Starts Prometheus on a copy of `docker/prometheus` with other addresses and times: scrapes and rules each second,
 * windows of 30 s, `for` of 2 s.
 */
export async function startPrometheus(options: PrometheusOptions): Promise<RealPrometheus> {
  const folder = temporaryFolder();
  const address = `127.0.0.1:${await freePort()}`;
  const home = join(folder.path, "prometheus");
  try {
    adaptConfiguration(home, address, options);
  } catch (error) {
    folder.remove();
    throw error;
  }
  const child = spawn(PROMETHEUS, [
    `--config.file=${join(home, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder.path, "tsdb")}`,
    `--web.listen-address=${address}`,
    "--enable-feature=exemplar-storage",
    "--log.level=warn",
  ]);
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString("utf8");
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    folder.remove();
  };
  const base = `http://${address}`;
  await answers(`${base}/-/ready`).catch(async (error: unknown) => {
    await stop();
    throw new Error(`Prometheus did not start: ${log}`, { cause: error });
  });

  async function get<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const answer = await fetch(`${base}${path}?${new URLSearchParams(parameters)}`);
    const body = (await answer.json()) as { status: string; data: T; error?: string };
    if (body.status !== "success") throw new Error(`${body.error}: ${JSON.stringify(parameters)}`);
    return body.data;
  }
  return {
    get,
    query: async (query) => (await get<{ result: Series[] }>("/api/v1/query", { query })).result,
    async queryRange(query, seconds) {
      const end = Date.now() / 1000;
      const range = { query, start: String(end - seconds), end: String(end), step: "1" };
      return (await get<{ result: Series[] }>("/api/v1/query_range", range)).result;
    },
    alerts: async () => (await get<{ alerts: Alert[] }>("/api/v1/alerts")).alerts,
    log: () => log,
    stop,
  };
}

function rewrite(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, "utf8")));
}
