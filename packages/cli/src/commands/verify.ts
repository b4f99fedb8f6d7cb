import { scenarioByName, SCENARIOS } from "@nexent/monitor-core/scenarios";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import { choiceOption, numberOption, textOption, UsageError, type Command, type OptionValues } from "../command.ts";
import { nearestName } from "../nearest.ts";
import { listenForStopSignals } from "../stop-signal.ts";
import type { TargetName } from "../verify/evidence.ts";
import { DEFAULT_TOLERANCES, type Tolerances } from "../verify/judge.ts";
import { summaryLine, verdictTable } from "../verify/verdict-table.ts";
import { verify, type VerifyReport } from "../verify/verify.ts";

const EXIT_INTERRUPTED = 130;

const TARGETS: Readonly<Record<"all" | TargetName, readonly TargetName[]>> = {
  all: ["gateway", "sdk"],
  gateway: ["gateway"],
  sdk: ["sdk"],
};

/** `nexent-monitor verify`: our own timing error, scenario by scenario. */
export const verifyCommand: Command = {
  name: "verify",
  summary:
    "measure our own timing error: every stream shape, played by the exact-schedule server, against its right answer",
  options: [
    { name: "target", type: "string", valueName: "gateway|sdk|all", defaultText: "all", summary: "what is verified" },
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
    { name: "json", type: "boolean", summary: "print the verdicts as JSON" },
  ],
  async run({ values, env, output }) {
    const startedMs = performance.now();
    const elapsedSeconds = (): number => (performance.now() - startedMs) / 1000;
    const choice = choiceOption(values, "target", ["all", "gateway", "sdk"] as const, "all");
    const tolerances = tolerancesOf(values);
    const signals = listenForStopSignals();
    // A second Ctrl-C takes its default action.
    signals.first.addEventListener("abort", () => signals.dispose());
    const report = await verify({
      scenarios: scenariosOf(values),
      targets: TARGETS[choice],
      repeat: numberOption(values, "repeat", { defaultValue: 5, min: 1, max: 100, integer: true }),
      concurrency: numberOption(values, "concurrency", { defaultValue: 6, min: 1, max: 64, integer: true }),
      tolerances,
      env,
      signal: signals.first,
      onProgress: (done, total) =>
        output.progress(`verify: ${done} of ${total} calls, ${elapsedSeconds().toFixed(0)} s`),
    });
    signals.dispose();
    output.clearProgress();
    if (signals.first.aborted) {
      output.line("Stopped.");
      return EXIT_INTERRUPTED;
    }
    const seconds = elapsedSeconds();
    const lines = values["json"] === true ? [jsonReport(report, tolerances, seconds)] : textReport(report, seconds);
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

function textReport(report: VerifyReport, seconds: number): readonly string[] {
  return [
    ...verdictTable(report.verdicts),
    "",
    ...report.refusedPayloads.map((reason) => `a payload could not be read: ${reason}`),
    ...(report.verdicts.length === 0 ? ["no scenario fits this target"] : []),
    summaryLine(report.verdicts, seconds),
  ];
}

function jsonReport(report: VerifyReport, tolerances: Tolerances, seconds: number): string {
  return JSON.stringify({ passed: passed(report), seconds, tolerances, ...report }, null, 2);
}
