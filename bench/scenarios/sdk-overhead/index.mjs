// What the SDK costs its host, beside doing nothing, beside the bare technique and beside its peers; and what each sees.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureNode24 } from "../../../tools/node-24.mjs";
import { startChild } from "../../lib/child.mjs";
import { writeSection } from "../../lib/results.mjs";
import { startSink } from "../../lib/sink.mjs";
import { measureDisabled, measureHeap, measureImports, measureTimes } from "./measure.mjs";
import { report } from "./report.mjs";
import { PEERS_FOLDER, SUBJECTS, subjectOf } from "./subjects.mjs";
import { measureTruth } from "./truth/table.mjs";
import { judge } from "./verdict.mjs";

const PARTS = ["times", "later", "heap", "imports", "disabled", "parts", "truth"];
/** Whose times are taken on Node 24 as well: there an AsyncLocalStorage costs no hooks per promise. */
const LATER = ["none", "als", "bare", "bare-als", "metrics", "ours", "ours-host", "otel", "arize"];
/** The truth is asked of what an application would install, and of the client alone; ours where its spans can be seen. */
const TOLD = ["none", "ours-host"];

const USAGE = `node bench/run.mjs sdk-overhead [options]
  --only times,heap,…      of ${PARTS.join(", ")}; default: all
  --subjects none,ours,…   default: all; always with none
  --runs 2  --rounds 20    runs in fresh processes, rounds per run
A whole run is written to bench/RESULTS.md; a partial one is only printed.`;

function readOptions(args) {
  const list = { type: "string" };
  const { values } = parseArgs({ args, options: { only: list, subjects: list, runs: list, rounds: list } });
  return {
    whole: values.only === undefined && values.subjects === undefined,
    only: values.only?.split(",") ?? PARTS,
    subjects: values.subjects?.split(",") ?? SUBJECTS.map(({ id }) => id),
    runs: Number(values.runs ?? 2),
    rounds: Number(values.rounds ?? 20),
  };
}

function versionOf(manifest) {
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).version : undefined;
}

const peerVersion = (name) => versionOf(join(PEERS_FOLDER, "node_modules", name, "package.json"));
const ownManifest = (path) => fileURLToPath(new URL(`../../../${path}/package.json`, import.meta.url));

/** A subject whose exports, if it makes any, go to the sink. */
function exportingTo(sinkUrl, subject) {
  const { env = {} } = subject;
  if (env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return subject;
  return { ...subject, env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: sinkUrl } };
}

/** Subjects with their versions; those whose package is not there are named apart. */
function present(ids, sinkUrl) {
  const wanted = [...new Set(["none", ...ids])].map((id) => exportingTo(sinkUrl, subjectOf(id)));
  const withVersions = wanted.map((subject) => {
    if (subject.group === "floor") return subject;
    const version =
      subject.group === "ours" ? versionOf(ownManifest("packages/monitor")) : peerVersion(subject.package);
    return { ...subject, version };
  });
  const isThere = (subject) => subject.group === "floor" || subject.version !== undefined;
  return {
    subjects: withVersions.filter(isThere),
    absent: withVersions.filter((subject) => !isThere(subject)).map(({ title }) => title),
  };
}

async function measurePart(name, roundCount) {
  const child = await startChild({ script: new URL(`parts/${name}-worker.mjs`, import.meta.url) });
  try {
    return await child.ask({ rounds: roundCount });
  } finally {
    await child.stop();
  }
}

/** Parts whose peer is not installed are left out. */
async function measureParts(roundCount) {
  const [prom, former] = [peerVersion("prom-client"), peerVersion("@opentelemetry/exporter-jaeger")];
  const metrics = prom === undefined ? undefined : { ...(await measurePart("metrics", roundCount)), version: prom };
  const jaeger = former === undefined ? undefined : { ...(await measurePart("jaeger", roundCount)), version: former };
  const [tape, request] = [await measurePart("tape", roundCount), await measurePart("request", roundCount)];
  return { metrics, tape, request, jaeger };
}

/** Times on Node 24; undefined where there is none for this platform, or this is one. */
async function measureLater(subjects, options) {
  const node = ensureNode24();
  if (node === undefined || node === process.execPath) return undefined;
  const some = subjects.filter(({ id }) => LATER.includes(id));
  return { subjects: some, ...(await measureTimes(some, { ...options, node })) };
}

/** Runs the measurements and tells them; 0 unless ours does not do what its contract says. */
export async function run(args, { build, installFolder }) {
  let options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return 64;
  }
  build("monitor");
  installFolder(PEERS_FOLDER);
  const sink = await startSink();
  try {
    return await measureAll(options, sink.url);
  } finally {
    sink.close();
  }
}

async function measureAll(options, sinkUrl) {
  const { subjects, absent } = present(options.subjects, sinkUrl);
  const { runs, rounds: roundCount, only } = options;
  const say = (text) => process.stderr.write(text);
  const stage = async (name, work) => {
    if (!only.includes(name)) return undefined;
    say(`${name} `);
    const found = await work();
    say("\n");
    return found;
  };
  const found = {
    times: await stage("times", () => measureTimes(subjects, { runs, roundCount, say })),
    later: await stage("later", () => measureLater(subjects, { runs, roundCount, say })),
    heap: await stage("heap", () => measureHeap(subjects, { runs })),
    imports: await stage("imports", () => measureImports(subjects, { times: 11 })),
    disabled: await stage("disabled", () => measureDisabled({ runs, roundCount })),
    parts: await stage("parts", () => measureParts(roundCount)),
  };
  const told = subjects.filter(({ id, group }) => TOLD.includes(id) || group === "peer");
  const truth = await stage("truth", async () => ({ subjects: told, ...(await measureTruth(told, say)) }));
  const peers = subjects.filter(({ group }) => group === "peer").map(({ id }) => id);
  const openai = versionOf(ownManifest("node_modules/openai"));
  const goals = judge({ ...found, peers });
  const markdown = report({ subjects, absent, openai, options, found, truth, goals });
  console.log(markdown);
  if (options.whole) writeSection("sdk-overhead", markdown);
  return truth !== undefined && truth.broken.length > 0 ? 1 : 0;
}
