// The measurements: who is asked what, in which order, and how samples become one number.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { startChild } from "../../lib/child.mjs";
import { median, quantile } from "../../lib/statistics.mjs";
import { PEERS_FOLDER } from "./subjects.mjs";

const here = (name) => new URL(name, import.meta.url);
const p10 = (samples) => quantile(samples, 0.1);

/** What one question measures, how often per round, how samples of one round become a number, and the warm-up. */
const TIMED = {
  isolated: { count: 60, warm: 200, of: p10 },
  calls: { count: 20, warm: 60, of: p10 },
  parsed: { count: 6, warm: 10, of: median },
};

/** A young generation that takes all of a stream: nothing is collected while allocation is measured. */
const LARGE_YOUNG = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"];

async function startSubjects(subjects, node) {
  const children = new Map();
  for (const { id, env = {} } of subjects) {
    children.set(id, await startChild({ script: here("worker.mjs"), args: [id], env, node }));
  }
  return children;
}

/** Asks all subjects one after the other; the order turns around each round. */
async function* rounds(children, count) {
  for (let round = 0; round < count; round += 1) {
    const order = [...children.keys()];
    yield round % 2 === 0 ? order : order.toReversed();
  }
}

/**
 * One run: fresh processes, alternating. For every measure and subject the numbers of all rounds, in order, so that
 * differences can be taken within a round.
 * @returns {Promise<Record<string, Record<string, number[]>>>}
 */
async function timedRun(subjects, { roundCount, say, node }) {
  const children = await startSubjects(subjects, node);
  const found = Object.fromEntries(
    Object.keys(TIMED).map((measure) => [measure, Object.fromEntries(subjects.map(({ id }) => [id, []]))]),
  );
  try {
    for (const [measure, { warm }] of Object.entries(TIMED)) {
      for (const child of children.values()) await child.ask({ measure, count: warm });
    }
    for await (const order of rounds(children, roundCount)) {
      say(".");
      for (const [measure, { count, of }] of Object.entries(TIMED)) {
        for (const id of order) found[measure][id].push(of((await children.get(id).ask({ measure, count })).samples));
      }
    }
  } finally {
    for (const child of children.values()) await child.stop();
  }
  return found;
}

/** Cost over the raw client: median of the differences within the rounds. */
function extraOf(numbers, id) {
  return median(numbers[id].map((value, round) => value - numbers.none[round]));
}

/**
 * Time over the raw client, one number per run: `{ isolated: { ours: [ns, ns] } }`. `none` holds the client itself.
 * @param {object[]} subjects
 * @param {{ runs: number, roundCount: number, say: (text: string) => void, node?: string }} options `node`: the program
 *   that runs them; default this one
 */
export async function measureTimes(subjects, { runs, roundCount, say, node }) {
  const result = Object.fromEntries(
    Object.keys(TIMED).map((measure) => [measure, Object.fromEntries(subjects.map(({ id }) => [id, []]))]),
  );
  for (let run = 0; run < runs; run += 1) {
    say(`run ${run + 1} `);
    const found = await timedRun(subjects, { roundCount, say, node });
    say("\n");
    for (const [measure, numbers] of Object.entries(found)) {
      for (const { id } of subjects) {
        result[measure][id].push(id === "none" ? median(numbers.none) : extraOf(numbers, id));
      }
    }
  }
  return result;
}

/** Bytes allocated per chunk and kept per broken stream, over the raw client; one number per run. */
export async function measureHeap(subjects, { runs }) {
  const result = { heap: {}, retained: {} };
  for (let run = 0; run < runs; run += 1) {
    for (const { id, env = {} } of subjects) {
      const child = await startChild({ script: here("worker.mjs"), args: [id], execArgv: LARGE_YOUNG, env });
      try {
        await child.ask({ measure: "isolated", count: 150 });
        const { samples } = await child.ask({ measure: "heap", count: 20 });
        const kept = await child.ask({ measure: "retained", count: 200 });
        (result.heap[id] ??= []).push(median(samples));
        (result.retained[id] ??= []).push(kept.samples[0]);
      } finally {
        await child.stop();
      }
    }
  }
  for (const numbers of Object.values(result)) {
    const raw = [...numbers.none];
    for (const id of Object.keys(numbers))
      if (id !== "none") numbers[id] = numbers[id].map((value, i) => value - raw[i]);
  }
  return result;
}

/** Milliseconds of an import in a fresh process, median: ours while off, the OpenTelemetry API, every peer. */
export async function measureImports(subjects, { times }) {
  const requirePeer = createRequire(`${PEERS_FOLDER}package.json`);
  const targets = new Map([["@opentelemetry/api", import.meta.resolve("@opentelemetry/api")]]);
  for (const subject of subjects) {
    if (subject.id === "disabled") targets.set(subject.id, import.meta.resolve("@nexent/monitor"));
    if (subject.group === "peer") targets.set(subject.id, pathToFileURL(requirePeer.resolve(subject.package)).href);
  }
  const samples = new Map([...targets.keys()].map((id) => [id, []]));
  for (let i = 0; i < times; i += 1) {
    const order = [...targets.keys()];
    for (const id of i % 2 === 0 ? order : order.toReversed()) {
      const child = await startChild({ script: here("import-worker.mjs"), args: [targets.get(id)] });
      samples.get(id).push(child.ready.ms);
      await child.stop();
    }
  }
  return Object.fromEntries([...samples].map(([id, all]) => [id, median(all)]));
}

/** Nanoseconds of direct and wrapped calls while monitoring is off, one object per run. */
export async function measureDisabled({ runs, roundCount }) {
  const found = [];
  for (let run = 0; run < runs; run += 1) {
    const child = await startChild({ script: here("disabled-worker.mjs") });
    found.push((await child.ask({ rounds: roundCount })).ns);
    await child.stop();
  }
  return found;
}
