// `node bench/run.mjs ingest`: spans a second that are acknowledged and fsynced, through real OTLP/HTTP (store contract 9).
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChild } from "../../lib/child.mjs";
import { answers, freePort, startProgram } from "../../lib/program.mjs";
import { circumstances, figure, table, writeSection } from "../../lib/results.mjs";
import { quantile } from "../../lib/statistics.mjs";
import { root } from "../../../tools/prepare.mjs";
import { bytesBelow, startServer, usageOf } from "../../lib/server.mjs";
import { fixedRates } from "./fixed-rate.mjs";
import { WARM_UP_SECONDS, warmUp } from "./warm-up.mjs";

const PARENT = join(root, ".tmp", "bench", "ingest");
const SENDER = new URL("sender.mjs", import.meta.url);
/** What the store contract asks for. */
const GOALS = { mixed: 20_000, llm: 15_000 };
const ACK_P99_GOAL_MS = 100;

const USAGE = `node bench/run.mjs ingest [options]
  --kinds mixed,llm     what is sent: LLM calls alone, or below HTTP requests
  --seconds 15          length of each run
  --spans 250           spans in a request
  --connections 8
  --rounds 2            runs of each subject, order turned around
  --no-peers            only ours; without it SQLite (libsql) and ClickHouse (chdb) are installed and measured beside it
Behind each kind stand two runs of ours at a fixed rate, each as long as --seconds.
A whole run is written to bench/RESULTS.md; one with options is only printed.`;

function readOptions(args) {
  const text = { type: "string" };
  const { values } = parseArgs({
    args,
    options: {
      kinds: text,
      seconds: text,
      spans: text,
      connections: text,
      rounds: text,
      "no-peers": { type: "boolean" },
    },
  });
  return {
    kinds: values.kinds?.split(",") ?? ["mixed", "llm"],
    seconds: Number(values.seconds ?? 15),
    spansPerRequest: Number(values.spans ?? 250),
    connections: Number(values.connections ?? 8),
    rounds: Number(values.rounds ?? 2),
    hasPeers: values["no-peers"] !== true,
  };
}

/** p50 and p99 of appending 64 KiB and syncing: what the disk alone takes. */
function diskSyncMs() {
  const path = join(PARENT, "sync-probe");
  const file = openSync(path, "w");
  const bytes = Buffer.alloc(64 * 1024, 1);
  const times = Array.from({ length: 100 }, () => {
    const begin = performance.now();
    writeSync(file, bytes);
    fdatasyncSync(file);
    return performance.now() - begin;
  });
  closeSync(file);
  unlinkSync(path);
  return [quantile(times, 0.5), quantile(times, 0.99)];
}

const startSender = () => startChild({ script: SENDER, execArgv: ["--max-old-space-size=4096"], pinned: false });

/** One run: as fast as the subject acknowledges. Requests are made before the clock starts. */
async function measure(subject, { kind, seed }, options) {
  const running = await subject.start();
  const sender = await startSender();
  try {
    const warmed = await warmUp(sender, running.url, kind, options);
    const requests = Math.ceil((options.seconds * 45_000) / options.spansPerRequest);
    await sender.ask({ make: { kind, requests, spansPerRequest: options.spansPerRequest, seed } });
    const before = usageOf(running.pid);
    const sent = await sender.ask({ url: running.url, connections: options.connections, seconds: options.seconds });
    const after = usageOf(running.pid);
    const acknowledged = warmed + sent.acknowledged;
    const stored = await running.stored(acknowledged);
    const cpuSeconds = (name) => (after.threads[name] ?? 0) - (before.threads[name] ?? 0);
    return {
      spansPerSecond: sent.acknowledged / sent.seconds,
      ackMs: [0.5, 0.95, 0.99, 1].map((q) => quantile(sent.latenciesMs, q)),
      cpuMicros: [cpuSeconds("main"), cpuSeconds("others")].map((value) => (value / sent.acknowledged) * 1e6),
      peakMebibytes: after.peakMebibytes,
      bytesPerSpan: bytesBelow(running.folder) / stored.spans,
      lost: acknowledged - stored.spans,
      drainSeconds: stored.seconds,
      refused: sent.refused,
      failed: sent.failed,
      plainBytes: sent.plainBytes / sent.acknowledged,
      wireBytes: sent.wireBytes / sent.acknowledged,
    };
  } finally {
    await sender.stop();
    await running.stop();
  }
}

/** Waits until every span can be found, and says how long that took. */
async function storedSpans(read, acknowledged) {
  const begin = performance.now();
  for (;;) {
    const spans = await read();
    const seconds = (performance.now() - begin) / 1000;
    if (spans >= acknowledged || seconds > 120) return { spans, seconds };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const ours = {
  name: "nexent server",
  does: "gunzip, decode, normalise, deduplicate, journal with fsync, index",
  async start() {
    const running = await startServer(PARENT);
    const read = async () => {
      const metrics = await running.metrics();
      return metrics.nexent_server_index_lag_seconds > 0 ? 0 : metrics.nexent_server_accepted_spans_total;
    };
    return { ...running, stored: (acknowledged) => storedSpans(read, acknowledged) };
  },
};

const PEER_SERVER = fileURLToPath(new URL("peer-server.mjs", import.meta.url));
const PEERS_FOLDER = fileURLToPath(new URL("peers", import.meta.url));

/** Another engine behind the same HTTP and the same reader of OTLP. */
function peer(engine, name, does) {
  return {
    name,
    does,
    async start() {
      const folder = mkdtempSync(join(PARENT, `${engine}-`));
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/v1/traces`;
      const heap = "--max-semi-space-size=32";
      const running = await startProgram(process.execPath, [heap, PEER_SERVER, engine, port, folder], {}, answers(url));
      const read = async () => Number(await (await fetch(url)).text());
      return {
        ...running,
        url,
        folder,
        stored: (acknowledged) => storedSpans(read, acknowledged),
        async stop() {
          await running.stop();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

const PEERS = [
  peer(
    "libsql",
    "SQLite (libsql 0.5.29)",
    "gunzip, decode, one transaction with fsync; no normalising, no deduplication",
  ),
  peer("chdb", "ClickHouse (chdb 3.4.0)", "gunzip, decode, one insert with fsync; no normalising, no deduplication"),
];

/** Those whose package is there; the others are named. */
function installedPeers() {
  return PEERS.filter(({ name }) => {
    const isInstalled = existsSync(join(PEERS_FOLDER, "node_modules", name.includes("chdb") ? "chdb" : "libsql"));
    if (!isInstalled) console.log(`${name} is not installed: left out.`);
    return isInstalled;
  });
}

function row(name, runs, does) {
  const best = fastest(runs);
  return [
    name,
    best.spansPerSecond.toFixed(0),
    best.ackMs.map(figure).join(" / "),
    best.cpuMicros.map(figure).join(" + "),
    best.peakMebibytes.toFixed(0),
    best.bytesPerSpan.toFixed(0),
    figure(best.drainSeconds),
    `${best.lost} / ${best.refused} / ${best.failed}`,
    does,
  ];
}

const HEADS = [
  "subject",
  "spans/s",
  "ack p50 / p95 / p99 / max ms",
  "CPU µs/span, main + others",
  "peak RSS MiB",
  "B/span on disk",
  "index behind, s",
  "lost / refused / failed",
  "what it does before it answers",
];

export async function run(args, { build, installFolder }) {
  if (args.includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  const options = readOptions(args);
  build("server");
  if (options.hasPeers) installFolder(PEERS_FOLDER);
  const subjects = [ours, ...(options.hasPeers ? installedPeers() : [])];
  mkdirSync(PARENT, { recursive: true });
  const [syncP50, syncP99] = diskSyncMs();
  const lines = [
    "## Ingest",
    "",
    circumstances(),
    "",
    `OTLP/HTTP protobuf, gzip, ${options.spansPerRequest} spans a request, ${options.connections} connections, ` +
      `${options.seconds} s after ${WARM_UP_SECONDS} s of warming up, sender on the same cores; best of ${options.rounds} runs. ` +
      `Disk: 64 KiB and sync ${figure(syncP50)} / ${figure(syncP99)} ms (p50 / p99). Load at the start ${figure(loadavg()[0])}.`,
  ];
  const goals = [];
  for (const kind of options.kinds) {
    const runs = new Map(subjects.map(({ name }) => [name, []]));
    for (let round = 0; round < options.rounds; round += 1) {
      for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
        runs.get(subject.name).push(await measure(subject, { kind, seed: 7 + round }, options));
        process.stderr.write(`  ${kind} ${subject.name} ${round + 1}/${options.rounds}\n`);
      }
    }
    const [first] = runs.get(ours.name);
    lines.push("", `### ${kind}: ${first.plainBytes.toFixed(0)} B a span, ${first.wireBytes.toFixed(0)} B gzipped`, "");
    lines.push(
      table(
        HEADS,
        subjects.map(({ name, does }) => row(name, runs.get(name), does)),
      ),
    );
    const best = fastest(runs.get(ours.name));
    const fixed = await fixedRates(best.spansPerSecond, { subject: ours, kind, startSender }, options);
    lines.push("", ...fixed.lines);
    goals.push(...judge(kind, runs.get(ours.name), fixed.p99Ms));
  }
  lines.push("", ...goals.map(({ text, met }) => `- ${met ? "met" : "missed"}: ${text}`));
  const markdown = lines.join("\n");
  console.log(markdown);
  if (args.length === 0) writeSection("ingest", markdown);
  return 0;
}

function fastest(runs) {
  return runs.reduce((a, b) => (b.spansPerSecond > a.spansPerSecond ? b : a));
}

function judge(kind, runs, fixedP99Ms) {
  const best = fastest(runs);
  const lost = runs.reduce((sum, one) => sum + one.lost + one.failed, 0);
  return [
    {
      text: `${kind}: ${best.spansPerSecond.toFixed(0)} spans/s acknowledged and fsynced (goal ${GOALS[kind]})`,
      met: best.spansPerSecond >= GOALS[kind],
    },
    {
      text: `${kind}: p99 of the acknowledgement at 80 % of that rate ${figure(fixedP99Ms)} ms (goal ${ACK_P99_GOAL_MS})`,
      met: fixedP99Ms <= ACK_P99_GOAL_MS,
    },
    { text: `${kind}: ${lost} spans lost or failed (goal 0)`, met: lost === 0 },
  ];
}
