import { scenarioByName, SCENARIOS } from "@nexent/monitor-core/scenarios";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import { choiceOption, numberOption, textOption, UsageError, type Command, type OptionValues } from "../command.ts";
import { nearestName } from "../nearest.ts";
import { listenForStopSignals } from "../stop-signal.ts";
import { CLIENTS, type ClientName } from "../verify/clients/clients.ts";
import type { ClientDriverKind } from "../verify/clients/driver.ts";
import type { OwnTargetName } from "../verify/evidence.ts";
import { DEFAULT_TOLERANCES, type Tolerances } from "../verify/judge.ts";
import { progressTeller } from "../verify/tell-progress.ts";
import { summaryLine, verdictTable } from "../verify/verdict-table.ts";
import { verify, type VerifyReport } from "../verify/verify.ts";
import { CLIENT_OPTIONS, clientsOf, type ChosenClients } from "./verify-clients.ts";

/** Everything that is told of a run. */
interface Told extends VerifyReport {
  readonly seconds: number;
  readonly tolerances: Tolerances;
  readonly clients: ChosenClients;
}

const NO_CLIENTS: ChosenClients = { found: [], leftOut: [] };

const EXIT_INTERRUPTED = 130;

const TARGET_CHOICES = ["all", "gateway", "sdk", "clients"] as const;

const OWN_TARGETS: Readonly<Record<(typeof TARGET_CHOICES)[number], readonly OwnTargetName[]>> = {
  all: ["gateway", "sdk"],
  gateway: ["gateway"],
  sdk: ["sdk"],
  clients: [],
};

/** `nexent-monitor verify`: our own timing error, scenario by scenario. */
export const verifyCommand: Command = {
  name: "verify",
  summary:
    "measure our own timing error: every stream shape, played by the exact-schedule server, against its right answer",
  options: [
    {
      name: "target",
      type: "string",
      valueName: "gateway|sdk|clients|all",
      defaultText: "all",
      summary: "what is verified",
    },
    {
      name: "scenario",
      type: "string",
      valueName: "NAME",
      defaultText: "all of them",
      summary: "play this scenario only",
    },
    {
      name: "repeat",
      type: "string",
      valueName: "N",
      defaultText: "5",
      summary: "plays of each scenario at each target; more where only times are off",
    },
    { name: "concurrency", type: "string", valueName: "N", defaultText: "6", summary: "plays at the same time" },
    {
      name: "ttft-tolerance-ms",
      type: "string",
      valueName: "MS",
      defaultText: String(DEFAULT_TOLERANCES.ttftMs),
      summary: "allowed median error of TTFT and the other firsts",
    },
    {
      name: "rate-tolerance",
      type: "string",
      valueName: "PERCENT",
      defaultText: String(DEFAULT_TOLERANCES.ratePercent),
      summary: "allowed median error of the generation rate",
    },
    ...CLIENT_OPTIONS,
    { name: "json", type: "boolean", summary: "print the verdicts as JSON" },
  ],
  async run({ values, env, output }) {
    const startedMs = performance.now();
    const elapsedSeconds = (): number => (performance.now() - startedMs) / 1000;
    const choice = choiceOption(values, "target", TARGET_CHOICES, "all");
    const clients = choice === "all" || choice === "clients" ? clientsOf(values) : NO_CLIENTS;
    const tolerances = tolerancesOf(values);
    const signals = listenForStopSignals();
    // A second Ctrl-C takes its default action.
    signals.first.addEventListener("abort", () => signals.dispose());
    const report = await verify({
      scenarios: scenariosOf(values),
      targets: OWN_TARGETS[choice],
      clients: clients.found,
      repeat: numberOption(values, "repeat", { defaultValue: 5, min: 1, max: 100, integer: true }),
      concurrency: numberOption(values, "concurrency", { defaultValue: 6, min: 1, max: 64, integer: true }),
      tolerances,
      env,
      signal: signals.first,
      onProgress: progressTeller(output, elapsedSeconds),
    });
    signals.dispose();
    output.clearProgress();
    if (signals.first.aborted) {
      output.line("Stopped.");
      return EXIT_INTERRUPTED;
    }
    const seconds = elapsedSeconds();
    const told: Told = { ...report, seconds, tolerances, clients };
    const lines = values["json"] === true ? [jsonReport(told)] : textReport(told);
    for (const line of lines) output.line(line);
    return passed(report) ? 0 : 1;
  },
};

function scenariosOf(values: OptionValues): readonly Scenario[] {
  const name = textOption(values, "scenario");
  if (name === undefined) return SCENARIOS;
  const scenario = scenarioByName(name);
  if (scenario !== undefined) return [scenario];
  const nearest = nearestName(
    name,
    SCENARIOS.map((known) => known.name),
  );
  const suggestion =
    nearest === undefined
      ? `there are ${SCENARIOS.map((known) => known.name).join(", ")}`
      : `did you mean "${nearest}"?`;
  throw new UsageError(`unknown scenario "${name}"; ${suggestion}`);
}

function tolerancesOf(values: OptionValues): Tolerances {
  const { ttftMs, ratePercent } = DEFAULT_TOLERANCES;
  return {
    ...DEFAULT_TOLERANCES,
    ttftMs: numberOption(values, "ttft-tolerance-ms", { defaultValue: ttftMs, min: 0, max: 60_000 }),
    ratePercent: numberOption(values, "rate-tolerance", { defaultValue: ratePercent, min: 0, max: 100 }),
  };
}

function passed(report: VerifyReport): boolean {
  const { verdicts, refusedPayloads } = report;
  return (
    verdicts.length > 0 && refusedPayloads.length === 0 && verdicts.every((verdict) => verdict.failures.length === 0)
  );
}

function textReport({ verdicts, refusedPayloads, clients, seconds }: Told): readonly string[] {
  const { found, leftOut } = clients;
  return [
    ...verdictTable(verdicts),
    "",
    ...found.map(({ name, versions }) => `${name}: ${versions.join(", ")}${slackNote(name)}`),
    ...leftOut.map(({ name, reason }) => `${name}: left out, ${reason}`),
    ...refusedPayloads.map((reason) => `a payload could not be read: ${reason}`),
    ...(verdicts.length === 0 ? ["no scenario fits this target"] : []),
    summaryLine(verdicts, seconds) + (leftOut.length === 0 ? "" : `, ${leftOut.length} client libraries left out`),
  ];
}

function slackNote(name: ClientName): string {
  const { slack = 1 }: ClientDriverKind = CLIENTS[name];
  return slack === 1 ? "" : ` (${slack} times the bounds: watched inside the library, not at its transport)`;
}

function jsonReport({ clients, ...told }: Told): string {
  const { found, leftOut } = clients;
  const named = found.map(({ name, versions, node }) => ({ name, versions, node }));
  return JSON.stringify({ passed: passed(told), ...told, clients: named, leftOut }, null, 2);
}
