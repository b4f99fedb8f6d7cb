import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { freePort } from "../harness/ports.ts";
import { eventually, temporaryFolder } from "../harness/program.ts";
import { stackPath } from "./stack-files.testing.ts";

/** What the scripts may use besides docker: the programs of any Linux or macOS. */
const PROGRAMS = "bash sed grep od tr cat cp chmod mkdir rm mv head tail wc dirname basename ss awk sleep touch".split(
  " ",
);

/** Variables of the published ports whose addresses the scripts ask. */
const ASKED_PORTS = [
  "GATEWAY_PORT",
  "GRAFANA_PORT",
  "JAEGER_PORT",
  "PROMETHEUS_PORT",
  "COLLECTOR_HEALTH_PORT",
] as const;
const OTHER_PORTS = ["JAEGER_THRIFT_PORT", "OTLP_GRPC_PORT", "OTLP_HTTP_PORT"] as const;

/** How a script ended. */
export interface ScriptResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A copy of the stack's folder with a docker that only pretends. */
export interface FakeStack {
  /** The copied `docker/` folder. */
  readonly path: string;
  readonly ports: Readonly<Record<string, number>>;
  /** Writes or deletes (`undefined`) a file the fake docker answers from. */
  readonly answer: (name: string, text: string | undefined) => void;
  /** What docker and docker-compose were asked. */
  readonly log: () => string;
  /** Runs a script; `input` is what is typed. */
  readonly run: (script: string, args?: readonly string[], options?: RunOptions) => Promise<ScriptResult>;
  /** Listens on every port that a healthy stack answers on. */
  readonly listen: () => Promise<void>;
  /** The same, as soon as the fake docker was asked to start. */
  readonly listenOnceUp: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Options of {@link FakeStack.run}. */
export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** @param installed which of the two programs exist. */
export async function createFakeStack(installed: readonly ("docker" | "docker-compose")[]): Promise<FakeStack> {
  const folder = temporaryFolder();
  const bin = join(folder.path, "bin");
  const state = join(folder.path, "state");
  const path = join(folder.path, "docker");
  for (const made of [bin, state]) mkdirSync(made);
  cpSync(stackPath(), path, { recursive: true, filter: (source) => !/\/(secrets|\.env)$/.test(source) });
  linkPrograms(bin, installed);
  const ports: Record<string, number> = {};
  for (const name of [...ASKED_PORTS, ...OTHER_PORTS]) ports[name] = await freePort();
  const servers: Server[] = [];

  async function listen(): Promise<void> {
    for (const name of ASKED_PORTS) {
      const server = createServer((_request, response) => response.end("ok"));
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(ports[name], "127.0.0.1", resolve);
      });
      servers.push(server);
    }
  }
  const log = (): string => (existsSync(join(state, "log")) ? readFileSync(join(state, "log"), "utf8") : "");
  return {
    path,
    ports,
    answer(name, text) {
      if (text === undefined) rmSync(join(state, name), { force: true });
      else writeFileSync(join(state, name), text);
    },
    log,
    run: (script, args = [], options = {}) =>
      runScript(join(path, script), args, {
        ...options,
        env: { ...numbersAsText(ports), ...options.env, PATH: bin, FAKE_DOCKER: state },
      }),
    listen,
    async listenOnceUp() {
      await eventually("docker compose up", async () => (existsSync(join(state, "running")) ? true : undefined));
      await listen();
    },
    async remove() {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      folder.remove();
    },
  };
}

function linkPrograms(bin: string, installed: readonly string[]): void {
  for (const name of PROGRAMS) {
    const found = ["/usr/bin", "/bin"].map((place) => join(place, name)).find((candidate) => existsSync(candidate));
    if (found !== undefined) symlinkSync(found, join(bin, name));
  }
  for (const name of installed) symlinkSync(join(import.meta.dirname, "fake-docker.sh"), join(bin, name));
}

function numbersAsText(numbers: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]));
}

function runScript(script: string, args: readonly string[], options: RunOptions): Promise<ScriptResult> {
  const child = spawn("/bin/bash", [script, ...args], { env: { WAIT_SECONDS: "10", ...options.env } });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString("utf8")));
  child.stdin.end(options.input ?? "");
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, out, err }));
  });
}
