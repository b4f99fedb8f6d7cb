// `node bench/run.mjs gateway`: the gateway beside nginx and its own bare relay, in one block (gateway contract 12, 13).
import { parseArgs } from "node:util";
import { circumstances, writeSection } from "../../lib/results.mjs";
import { measure } from "./load.mjs";
import { compile, startGateway, startNginx, startUpstream } from "./programs.mjs";
import { profileGateway } from "./profile.mjs";
import { SCENARIOS } from "./scenarios.mjs";

/** Length of the profiled load. */
const PROFILE_SECONDS = 10;
const ON = { ENABLE_TELEMETRY: "true", OTEL_TRACES_EXPORTER: "none" };

/** Everything that relays; `direct` is the floor of the tools themselves. */
async function startRelays(upstream) {
  const relays = [{ name: "direct", port: upstream.port, stop: async () => undefined }];
  const add = async (name, starting) => {
    const relay = await starting;
    if (relay === undefined) console.log(`  notice: ${name} cannot be had here; it is left out`);
    else relays.push({ ...relay, name });
  };
  await add("nginx", startNginx(upstream.port));
  await add("relay only", startGateway(upstream.port, {}));
  await add("observe", startGateway(upstream.port, { ...ON, LLM_MONITOR_INJECT_USAGE: "false" }));
  await add("inject", startGateway(upstream.port, ON));
  return relays;
}

function median(values) {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return known.length === 0 ? undefined : known[Math.floor((known.length - 1) / 2)];
}

/** The middle of all rounds, each number by itself. */
function middle(rounds) {
  const of = (pick) => median(rounds.map(pick));
  return {
    delayP50Us: of((one) => one.delayUs.p50),
    delayP99Us: of((one) => one.delayUs.p99),
    firstP50Us: of((one) => one.firstUs.p50),
    firstP99Us: of((one) => one.firstUs.p99),
    cpuUsPerFrame: of((one) => one.cpuUsPerFrame),
    pssMebibytes: of((one) => one.pssMebibytes),
    streamsPerSecond: of((one) => one.streamsPerSecond),
    framesPerSecond: of((one) => one.frames / one.seconds),
    faults: rounds.flatMap((one) => one.faults),
  };
}

function row(name, cell) {
  const us = (value) =>
    value === undefined ? "–" : value >= 10_000 ? `${(value / 1000).toFixed(1)} ms` : `${value.toFixed(0)} µs`;
  const number = (value, digits = 1) => (value === undefined ? "–" : value.toFixed(digits));
  const cells = [
    name,
    `${us(cell.delayP50Us)} / ${us(cell.delayP99Us)}`,
    `${us(cell.firstP50Us)} / ${us(cell.firstP99Us)}`,
    number(cell.cpuUsPerFrame),
    number(cell.pssMebibytes, 0),
    number(cell.framesPerSecond, 0),
    number(cell.streamsPerSecond, 0),
    cell.faults.length === 0 ? "" : `void: ${cell.faults.join(", ")}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

const HEAD = [
  "| relay | delay p50 / p99 | first token p50 / p99 | CPU µs/frame | PSS MiB | frames/s | streams/s | |",
  "|---|---|---|---|---|---|---|---|",
];

/** A goal: a ratio or a bound, how it was met. */
function goal(title, value, bound, unit = "x") {
  if (value === undefined || Number.isNaN(value)) return { title, text: "not measured", met: undefined };
  return { title, text: `${value.toFixed(2)} ${unit} (goal ${bound} ${unit})`, met: value <= bound };
}

function judge(results) {
  const at = (scenario, relay) => results.get(scenario)?.get(relay);
  const goals = [];
  const ratio = (scenario, pick) => {
    const [ours, anchor] = [at(scenario, "inject"), at(scenario, "nginx")];
    return ours === undefined || anchor === undefined ? undefined : pick(ours) / pick(anchor);
  };
  for (const scenario of ["c50", "c500", "c2000"]) {
    goals.push(
      goal(
        `transit p50 against nginx, ${scenario}`,
        ratio(scenario, (cell) => cell.delayP50Us),
        1.5,
      ),
    );
  }
  const added = (relay) => {
    const [cell, direct] = [at("c500", relay), at("c500", "direct")];
    return cell === undefined || direct === undefined ? undefined : (cell.delayP99Us - direct.delayP99Us) / 1000;
  };
  const [ours, anchor] = [added("inject"), added("nginx")];
  goals.push(goal("added p99, c500", ours, 3, "ms"));
  if (ours !== undefined && anchor !== undefined) goals.push(goal("added p99 against nginx's, c500", ours / anchor, 8));
  goals.push(
    goal(
      "CPU per frame against nginx, c500",
      ratio("c500", (cell) => cell.cpuUsPerFrame),
      2.5,
    ),
  );
  for (const policy of ["observe", "inject"]) {
    const [observing, bare] = [at("c500", policy), at("c500", "relay only")];
    const value =
      observing === undefined || bare === undefined ? undefined : observing.cpuUsPerFrame / bare.cpuUsPerFrame;
    goals.push(goal(`CPU per frame against the bare relay, c500, ${policy}`, value, 1.15));
  }
  goals.push(
    goal(
      "memory against nginx, c2000",
      ratio("c2000", (cell) => cell.pssMebibytes),
      3,
    ),
  );
  const faults = [...results.values()].flatMap((cells) => [...cells.values()].flatMap((cell) => cell.faults));
  goals.push({
    title: "altered or lost frames, failed streams",
    text: faults.join(", ") || "0",
    met: faults.length === 0,
  });
  return goals;
}

const USAGE = `node bench/run.mjs gateway [options]
  --only t1,c50,…          of ${SCENARIOS.map(({ name }) => name).join(", ")}; default: all
  --rounds 3 --seconds 8   rounds, and length of each cell
A whole run is written to bench/RESULTS.md; a partial one is only printed.`;

function readOptions(args) {
  const text = { type: "string" };
  const { values } = parseArgs({ args, options: { only: text, rounds: text, seconds: text } });
  return {
    only: values.only?.split(","),
    rounds: Number(values.rounds ?? 3),
    seconds: Number(values.seconds ?? 8),
  };
}

/** One scenario through every relay, order reversed in every round; the middle of all rounds by relay. */
async function measureScenario(scenario, relays, client, { rounds, seconds }) {
  const cells = new Map(relays.map((relay) => [relay.name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const relay of round % 2 === 0 ? relays : relays.toReversed()) {
      cells.get(relay.name).push(await measure({ client, relay, scenario, seconds }));
      process.stderr.write(`  ${scenario.name} ${relay.name} ${round + 1}/${rounds}\n`);
    }
  }
  return new Map([...cells].map(([name, all]) => [name, middle(all)]));
}

function report(results) {
  const lines = ["## Gateway", "", circumstances()];
  for (const scenario of SCENARIOS) {
    const middles = results.get(scenario.name);
    if (middles === undefined) continue;
    const rows = [...middles].map(([name, cell]) => row(name, cell));
    lines.push("", `### ${scenario.name}: ${scenario.title}`, "", ...HEAD, ...rows);
  }
  lines.push("", "| goal | measured | |", "|---|---|---|");
  const goals = judge(results);
  for (const { title, text, met } of goals) {
    lines.push(`| ${title} | ${text} | ${met === undefined ? "" : met ? "met" : "**missed**"} |`);
  }
  return { markdown: lines.join("\n"), met: goals.every((one) => one.met !== false) };
}

/** @returns the exit code: 1 when a goal was missed. */
export async function run(args, { build }) {
  let options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return 64;
  }
  const [upstreamProgram, client] = [compile("upstream"), compile("client")];
  if (upstreamProgram === undefined || client === undefined) {
    console.error("the gateway benchmark needs a C compiler (cc)");
    return 69;
  }
  build("gateway");
  const upstream = await startUpstream(upstreamProgram);
  const relays = await startRelays(upstream);
  const results = new Map();
  try {
    for (const scenario of SCENARIOS) {
      if (options.only !== undefined && !options.only.includes(scenario.name)) continue;
      results.set(scenario.name, await measureScenario(scenario, relays, client, options));
    }
    for (const relay of relays) await relay.stop();
    const { markdown, met } = report(results);
    const text = met || options.only !== undefined ? markdown : await withProfile(markdown, { client, upstream });
    console.log(text);
    if (options.only === undefined) writeSection("gateway", text);
    return met ? 0 : 1;
  } finally {
    for (const relay of relays) await relay.stop();
    await upstream.stop();
  }
}

/** Goals that were missed are answered with where the time goes, in the load in which most of them stand. */
async function withProfile(markdown, tools) {
  const scenario = SCENARIOS.find(({ name }) => name === "c500");
  const profile = await profileGateway({ ...tools, scenario, seconds: PROFILE_SECONDS, env: ON });
  return [markdown, "", `### Where the gateway's time goes, ${scenario.name}, inject, profiler on`, "", profile].join(
    "\n",
  );
}
