// Where the gateway's CPU goes under one load: self time of a sampled profile, by what the code is for.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { table } from "../../lib/results.mjs";
import { root } from "../../../tools/prepare.mjs";
import { measure } from "./load.mjs";
import { startGateway } from "./programs.mjs";

const FOLDER = join(root, ".tmp", "bench", "gateway", "profiles");
const TOP = 12;

/** First that fits decides. Frames of the engine have no address. */
const GROUPS = [
  ["idle", ({ functionName }) => functionName === "(idle)"],
  ["garbage collection", ({ functionName }) => functionName === "(garbage collector)"],
  ["engine and system calls", ({ url, functionName }) => url === "" || functionName === "(program)"],
  [
    "Node: sockets and streams",
    ({ url }) => /^node:(net|internal\/(stream|streams)|stream|internal\/js_stream)/.test(url),
  ],
  ["Node: HTTP", ({ url }) => /^node:(_http|http|internal\/http)/.test(url)],
  ["Node: timers, ticks, events, buffers", ({ url }) => url.startsWith("node:")],
  ["upstream client (undici)", ({ url }) => url.includes("/undici/")],
  ["relay", ({ url }) => url.includes("/gateway/") && !/observe|usage-strip/.test(url)],
  [
    "observer: reading streams",
    ({ url }) =>
      /\/core\/dist\/(wire|providers|token-|tape|chunk|metrics)/.test(url) || /observe|usage-strip/.test(url),
  ],
  ["recorder, spans, metrics", ({ url }) => /\/monitor\/|\/core\/|opentelemetry/.test(url)],
  ["other", () => true],
];

/** Runs one scenario through the gateway with a sampling profiler; Markdown of where the time went. */
export async function profileGateway({ client, upstream, scenario, seconds, env }) {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const relay = await startGateway(upstream.port, env, ["--cpu-prof", `--cpu-prof-dir=${FOLDER}`]);
  let cell;
  try {
    cell = await measure({ client, relay: { ...relay, name: "profiled" }, scenario, seconds });
  } finally {
    await relay.stop();
  }
  const [file] = readdirSync(FOLDER);
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(FOLDER, file), "utf8"));
  return report(selfTimes(nodes, samples, timeDeltas), cell.frames);
}

function selfTimes(nodes, samples, timeDeltas) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const micros = new Map();
  for (const [at, id] of samples.entries()) {
    const frame = frames.get(id);
    micros.set(frame, (micros.get(frame) ?? 0) + timeDeltas[at]);
  }
  return [...micros].map(([frame, self]) => ({ frame, self }));
}

function report(times, frameCount) {
  const groups = new Map(GROUPS.map(([name]) => [name, 0]));
  const functions = new Map();
  for (const { frame, self } of times) {
    const [name] = GROUPS.find(([, fits]) => fits(frame));
    groups.set(name, groups.get(name) + self);
    const label = `${frame.functionName || "(anonymous)"} ${frame.url.replace(/^.*\/(?=[^/]+\/[^/]+$)/, "")}`.trim();
    if (name !== "idle") functions.set(label, (functions.get(label) ?? 0) + self);
  }
  groups.delete("idle");
  const busy = [...groups.values()].reduce((sum, self) => sum + self, 0);
  const row = ([name, self]) => [name, `${((self / busy) * 100).toFixed(1)} %`, (self / frameCount).toFixed(2)];
  const byTime = (a, b) => b[1] - a[1];
  return [
    table(["what", "of busy time", "µs/frame"], [...groups].sort(byTime).map(row)),
    "",
    table(["function", "of busy time", "µs/frame"], [...functions].sort(byTime).slice(0, TOP).map(row)),
  ].join("\n");
}
