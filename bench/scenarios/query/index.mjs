// `node bench/run.mjs query`: every question of the dashboard over a million and ten million calls (store contract 9).
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startChild } from "../../lib/child.mjs";
import { circumstances, figure, table, writeSection } from "../../lib/results.mjs";
import { bytesBelow, startServer, usageOf } from "../../lib/server.mjs";
import { quantile } from "../../lib/statistics.mjs";
import { root } from "../../../tools/prepare.mjs";
import { fillIndex } from "./fill.mjs";
import { jaegerQuestions, liveQuestions, openPage, questionsOf } from "./questions.mjs";

const PARENT = join(root, ".tmp", "bench", "query");
const DAY_MS = 86_400_000;
/** Within the retention of a default installation. */
const DAYS = 14;
const IDLE_SECONDS = 10;
/** Stands for a refusal among the times: longer than any of them, so that it shows in every quantile it belongs to. */
const NO_ANSWER_MS = 1e9;
/** A question that takes seconds is asked less often. */
const TIMES = { small: 20, large: 5, largeFrom: 5_000_000 };

const USAGE = `node bench/run.mjs query [options]
  --calls 1000000,10000000   sizes; an index that was filled before is used again
  --times 20                 how often each question is asked; default 20, from 5 million calls on 5
  --spans-per-second 1000    ingest beside the second pass
  --data DIR                 a folder of its own for the filled index, kept: used as it is when it was filled before, else
                             filled with the first size; spans of earlier runs stay in it
  --fresh                    fill again
  --write                    write the results although there are options
A whole run is written to bench/RESULTS.md; one with options is only printed.`;

function readOptions(args) {
  const text = { type: "string" };
  const { values } = parseArgs({
    args,
    options: {
      calls: text,
      times: text,
      "spans-per-second": text,
      data: text,
      fresh: { type: "boolean" },
      write: { type: "boolean" },
    },
  });
  const sizes = (values.calls ?? "1000000,10000000").split(",").map(Number);
  return {
    sizes: values.data === undefined ? sizes : sizes.slice(0, 1),
    data: values.data === undefined ? undefined : resolve(values.data),
    times: values.times === undefined ? undefined : Number(values.times),
    spansPerSecond: Number(values["spans-per-second"] ?? 1000),
    fresh: values.fresh === true,
    write: args.length === 0 || values.write === true,
  };
}

function timesOf(calls, options) {
  return options.times ?? (calls < TIMES.largeFrom ? TIMES.small : TIMES.large);
}

/** The folder of one size; filled once, as filling takes longer than asking. */
async function filledFolder(wanted, { data, fresh }) {
  const yesterday = Math.floor(Date.now() / DAY_MS) - 1;
  const dataDir = data ?? join(PARENT, `${wanted}-sealed-${yesterday}`);
  const note = join(dataDir, "filled.json");
  if (fresh) rmSync(dataDir, { recursive: true, force: true });
  if (!existsSync(note)) {
    if (data === undefined) rmSync(dataDir, { recursive: true, force: true });
    if (existsSync(join(dataDir, "index"))) throw new Error(`${dataDir} was not filled by this program`);
    await fillIndex({ dataDir, calls: wanted, days: DAYS, lastDay: yesterday });
    writeFileSync(note, JSON.stringify({ calls: wanted, lastDay: yesterday }));
  }
  const { calls, lastDay } = JSON.parse(readFileSync(note, "utf8"));
  return { dataDir, calls, fromMs: (lastDay - DAYS + 1) * DAY_MS, toMs: (lastDay + 1) * DAY_MS };
}

function cpuSeconds(pid) {
  return Object.values(usageOf(pid).threads).reduce((sum, value) => sum + value, 0);
}

/** Asks every question `times` times, one at a time, the first ask of each not counted. */
async function ask(questions, page, { times, pid }) {
  const results = new Map();
  for (const { name, paths } of questions) {
    const [first, ...rest] = Array.from({ length: times + 1 }, (_, at) => paths[at % paths.length]);
    const { ms: firstMs, exactness } = await answerOf(page, first);
    const before = cpuSeconds(pid);
    const samples = [];
    for (const path of rest) samples.push((await answerOf(page, path)).ms);
    const cpuMs = ((cpuSeconds(pid) - before) / times) * 1000;
    results.set(name, { samples, firstMs, cpuMs, exactness });
    process.stderr.write(".");
  }
  process.stderr.write("\n");
  return results;
}

/** Milliseconds of one answer, and what it says of its percentiles; for a refusal {@link NO_ANSWER_MS}. */
async function answerOf(page, path) {
  try {
    const { ms, body } = await page.ask(path);
    const error = body?.meta?.relativeError;
    return { ms, exactness: error === undefined ? "exact" : `sketch, ${error * 100} %` };
  } catch (error) {
    console.error(`\n${error.message}`);
    return { ms: NO_ANSWER_MS, exactness: "–" };
  }
}

/** CPU of a server nobody talks to, percent of one core, and its memory. */
async function idleOf(pid) {
  const before = cpuSeconds(pid);
  await new Promise((next) => setTimeout(next, IDLE_SECONDS * 1000));
  return { cpuPercent: ((cpuSeconds(pid) - before) / IDLE_SECONDS) * 100, rssMebibytes: usageOf(pid).rssMebibytes };
}

async function measure(wanted, options) {
  const { dataDir, calls, fromMs, toMs } = await filledFolder(wanted, options);
  const diskBytes = bytesBelow(join(dataDir, "index"));
  const begin = performance.now();
  const server = await startServer(PARENT, dataDir);
  const readySeconds = (performance.now() - begin) / 1000;
  try {
    const idle = await idleOf(server.pid);
    const page = await openPage(server.dashboard);
    const jaeger = { ask: async (path) => (await openJaeger(server.jaeger))(path) };
    const range = { fromMs, toMs };
    const ours = await questionsOf(page, range);
    const theirs = await jaegerQuestions(page, range);
    const times = timesOf(calls, options);
    const how = { times, pid: server.pid };
    const askAll = async () => new Map([...(await ask(ours, page, how)), ...(await ask(theirs, jaeger, how))]);
    const quiet = await askAll();
    const sender = await startSender(server.url, options);
    const live = liveQuestions(toMs);
    const busy = new Map([...(await askAll()), ...(await ask(live, page, how))]);
    const sent = await sender.stop();
    return {
      calls,
      times,
      readySeconds,
      idle,
      peakMebibytes: usageOf(server.pid).peakMebibytes,
      diskBytes,
      quiet,
      busy,
      sent,
    };
  } finally {
    await server.stop();
  }
}

async function openJaeger(base) {
  return async (path) => {
    const begin = performance.now();
    const answer = await fetch(base + path);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return { ms: performance.now() - begin };
  };
}

/** Spans that come in while questions are asked, at a steady rate. */
async function startSender(url, { spansPerSecond }) {
  const sender = await startChild({ script: new URL("../ingest/sender.mjs", import.meta.url), pinned: false });
  await sender.ask({ make: { kind: "mixed", requests: 400, spansPerRequest: 100, seed: 5 } });
  const running = sender.ask({
    url,
    connections: 2,
    seconds: 3_600,
    everyMs: (100 / spansPerSecond) * 1000,
    repeat: true,
  });
  return {
    async stop() {
      const stopped = sender.tell({ stop: true });
      const result = await running;
      await stopped;
      await sender.stop();
      return result;
    },
  };
}

function milliseconds(value) {
  return value > NO_ANSWER_MS / 100 ? "no answer" : figure(value);
}

function report({ calls, times, readySeconds, idle, peakMebibytes, diskBytes, quiet, busy, sent }) {
  const times95 = (result) =>
    [0.5, 0.95].map((q) => (result === undefined ? "–" : milliseconds(quantile(result.samples, q))));
  const rows = [...busy].map(([name, under]) => {
    const idleResult = quiet.get(name);
    const own = idleResult === undefined ? ["–", "–"] : [milliseconds(idleResult.firstMs), figure(idleResult.cpuMs)];
    return [name, under.exactness, own[0], ...times95(idleResult), own[1], ...times95(under)];
  });
  return [
    "",
    `### ${calls.toLocaleString("en")} calls over ${DAYS} days`,
    "",
    `Each question asked ${times} times after a first one, one at a time, over HTTP. Ingest beside it: mixed spans at a fixed ` +
      `rate. CPU is that of the whole server process, per question.`,
    "",
    `Start to ready ${figure(readySeconds)} s; idle ${figure(idle.rssMebibytes)} MiB RSS, ${figure(idle.cpuPercent)} % of a core; ` +
      `peak ${figure(peakMebibytes)} MiB; ${figure(diskBytes / calls)} B a call on disk. ` +
      `Under ingest: ${figure(sent.acknowledged / sent.seconds)} spans/s acknowledged, ${sent.failed} failed, ack p99 ${figure(quantile(sent.latenciesMs, 0.99))} ms.`,
    "",
    table(["question, ms", "percentiles", "first", "p50", "p95", "CPU", "under ingest p50", "p95"], rows),
  ];
}

/** Goals of the store contract, at the largest size. */
function judge({ calls, quiet, busy }) {
  const worst = (results, part) =>
    [...results]
      .filter(([name]) => part.test(name))
      .reduce((max, [, { samples }]) => Math.max(max, quantile(samples, 0.95)), 0);
  const goals = [
    ["24 h questions, worst p95", worst(quiet, /^[a-z].*, 24 h$/), 50],
    ["24 h questions under ingest, worst p95", worst(busy, /^[a-z].*, 24 h$/), 150],
    ["summary and series over all days, worst p95", worst(quiet, /^(summary|series .*), all days$/), 150],
    ["questions over all days, worst p95", worst(quiet, /^[a-z].*, all days$/), 1000],
    ["one trace by its id, p95", worst(quiet, /^one trace$/), 25],
    ["one trace by its id under ingest, p95", worst(busy, /^one trace$/), 100],
    ["one request, p95", worst(quiet, /^one request$/), 100],
  ];
  return goals.map(
    ([name, value, goal]) =>
      `- ${value <= goal ? "met" : "missed"}: ${calls.toLocaleString("en")} calls, ${name} ${milliseconds(value)} ms (goal ${goal})`,
  );
}

export async function run(args, { build }) {
  if (args.includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  const options = readOptions(args);
  build("server");
  mkdirSync(PARENT, { recursive: true });
  const lines = ["## Queries", "", `${circumstances()}; load average before the run ${figure(loadavg()[0])}`];
  const goals = [];
  for (const calls of options.sizes) {
    const result = await measure(calls, options);
    lines.push(...report(result));
    goals.push(...judge(result));
  }
  lines.push("", ...goals);
  const markdown = lines.join("\n");
  console.log(markdown);
  if (options.write) writeSection("query", markdown);
  return 0;
}
