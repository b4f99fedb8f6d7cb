import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { VERSION } from "@nexent/monitor-server";
import { choiceOption, numberOption, textOption, UsageError, type Command } from "../command.ts";
import { bundleSummary } from "../doctor/bundle-summary.ts";
import { collectBundle, writeBundle } from "../doctor/bundle.ts";
import { checkClock } from "../doctor/check-clock.ts";
import { checkEnvironment, isTelemetryOn } from "../doctor/check-environment.ts";
import { checkNames } from "../doctor/check-names.ts";
import { checkPackages } from "../doctor/check-packages.ts";
import { checkProbe } from "../doctor/check-probe.ts";
import { checkServices } from "../doctor/check-services.ts";
import { checkStorage } from "../doctor/check-storage.ts";
import { LANGUAGES, type Finding, type Language } from "../doctor/finding.ts";
import { reportJson, reportLines } from "../doctor/report.ts";
import { stackOf } from "../doctor/stack.ts";
import { logDirOf } from "../up/services.ts";

const DEFAULT_PROMETHEUS = "http://127.0.0.1:9090";
const DEFAULT_RESERVE_MIB = 256;

/** `nexent-monitor doctor`: looks at everything that commonly goes wrong. Exit code 1 when there is a problem. */
export const doctorCommand: Command = {
  name: "doctor",
  summary: "find out what is wrong, and how to put it right",
  options: [
    {
      name: "app",
      type: "string",
      valueName: "DIR",
      defaultText: "this folder",
      summary: "application whose packages are checked",
    },
    {
      name: "prometheus-url",
      type: "string",
      valueName: "URL",
      defaultText: DEFAULT_PROMETHEUS,
      summary: "Prometheus of the Docker stack",
    },
    {
      name: "timeout",
      type: "string",
      valueName: "SECONDS",
      defaultText: "10",
      summary: "how long the test call is waited for in each back end",
    },
    { name: "no-probe", type: "boolean", summary: "send no test call" },
    { name: "lang", type: "string", valueName: "en|zh", defaultText: "from LANG", summary: "language of the report" },
    { name: "json", type: "boolean", summary: "print it as JSON" },
    { name: "bundle", type: "boolean", summary: "also write a file for a bug report, without secrets" },
    {
      name: "to",
      type: "string",
      valueName: "FILE",
      defaultText: "nexent-doctor-<time>.json",
      summary: "where --bundle writes; the file must not exist",
    },
  ],
  async run({ values, env, output }) {
    const language = choiceOption(values, "lang", LANGUAGES, languageOf(env));
    const timeoutSeconds = numberOption(values, "timeout", { defaultValue: 10, min: 1, max: 600 });
    const stack = stackOf(env, textOption(values, "prometheus-url") ?? DEFAULT_PROMETHEUS);
    const logDir = logDirOf(stack.config);
    const readToken = env["LLM_MONITOR_READ_TOKEN"];
    const isBundled = values["bundle"] === true;
    if (!isBundled && textOption(values, "to") !== undefined) throw new UsageError("--to needs --bundle");
    const bundlePath = resolve(textOption(values, "to") ?? defaultBundleName(new Date()));
    if (isBundled && existsSync(bundlePath)) throw new UsageError(`${bundlePath} exists; --to names another file`);
    const app = resolve(textOption(values, "app") ?? ".");

    output.progress("looking at the parts …");
    const { findings, running } = await checkServices(stack, logDir);
    const all: Finding[] = [
      ...checkPackages(app, isTelemetryOn(env), process.versions.node),
      ...(await checkEnvironment(env)),
      ...findings,
      ...(await checkClock(stack, running, Date.now)),
      ...(await checkStorage(stack, running, Number(env["LLM_MONITOR_DISK_RESERVE_MIB"]) || DEFAULT_RESERVE_MIB)),
      ...(await checkNames(stack, running, readToken)),
    ];
    if (values["no-probe"] !== true) {
      output.progress("sending one call and waiting for it …");
      const gatewayToken = env["LLM_MONITOR_GATEWAY_TOKEN"];
      const log = `${logDir}/gateway.log`;
      all.push(...(await checkProbe(stack, running, { timeoutSeconds, gatewayToken, readToken, log })));
    }
    output.clearProgress();
    if (values["json"] === true) output.line(JSON.stringify(reportJson(all, language), null, 2));
    else for (const line of reportLines(all, language)) output.line(line);
    if (isBundled) {
      const bundle = await collectBundle({ env, stack, running, findings: all, logDir, version: VERSION });
      const bytes = await writeBundle(bundle, bundlePath);
      for (const line of bundleSummary(bundle, { path: bundlePath, bytes, language })) {
        // With --json, stdout is for a program.
        if (values["json"] === true) output.error(line);
        else output.line(line);
      }
    }
    return all.some(({ level }) => level === "problem") ? 1 : 0;
  },
};

/** `nexent-doctor-20260131T120000Z.json` */
function defaultBundleName(now: Date): string {
  return `nexent-doctor-${now.toISOString().replaceAll(/[-:]|\.\d+/g, "")}.json`;
}

/** Chinese where the terminal speaks it, else English. */
function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env["LC_ALL"] ?? env["LC_MESSAGES"] ?? env["LANG"] ?? "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}
