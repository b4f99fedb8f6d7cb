import { envelope, sessionSchema } from "@nexent/monitor-api";
import type { Command } from "../command.ts";
import { readCliConfig, type CliConfig } from "../config.ts";
import { startExactServer } from "../exact-server/server.ts";
import type { Output } from "../output.ts";
import { askHealth } from "../processes/health.ts";
import type { ServiceExit } from "../processes/service-process.ts";
import { aborted, listenForStopSignals, type StopSignals } from "../stop-signal.ts";
import { checkPorts, type UpPorts } from "../up/check-ports.ts";
import { logDirOf, servicesOf } from "../up/services.ts";
import { createSupervisor, type StartOutcome, type Supervisor, type SupervisorEvent } from "../up/supervisor.ts";
import { findWebDir } from "../up/web-dir.ts";
import { welcomeText } from "../up/welcome.ts";

const EXIT_INTERRUPTED = 130;

/** `nexent-monitor up`: everything on this host, under one supervisor. */
export const upCommand: Command = {
  name: "up",
  summary: "start gateway, server, dashboard and the exact-schedule server, and keep them running until Ctrl-C",
  options: [],
  async run({ env, output }) {
    const config = readCliConfig(env);
    const ports = await checkPorts(config);
    const signals = listenForStopSignals();
    const exact = await startExactServer({ port: ports.exactServer });
    const webDir = findWebDir();
    const supervisor = createSupervisor({
      services: servicesOf({ config, ports, env, webDir }),
      onEvent: (event) => output.error(eventText(event, logDirOf(config))),
    });
    try {
      return await supervise({ config, ports, output, supervisor, signals, hasWeb: webDir !== undefined });
    } finally {
      await exact.close();
      signals.dispose();
    }
  },
};

interface Run {
  readonly config: CliConfig;
  readonly ports: UpPorts;
  readonly output: Output;
  readonly supervisor: Supervisor;
  readonly signals: StopSignals;
  readonly hasWeb: boolean;
}

async function supervise(run: Run): Promise<number> {
  const { output, supervisor, signals, config, ports } = run;
  output.progress("starting ...");
  const outcome = await Promise.race([
    supervisor.start(),
    aborted(signals.first).then((): StartOutcome => ({ status: "stopped" })),
  ]);
  output.clearProgress();
  if (outcome.status === "failed") {
    for (const line of failureText(outcome, logDirOf(config))) output.error(line);
    await supervisor.stop();
    return outcome.exit?.code ?? 1;
  }
  if (outcome.status === "running") {
    const defaultPassword = await hasDefaultPassword(`http://${config.serverHost}:${ports.dashboard}`);
    const facts = { config, ports, logDir: logDirOf(config), defaultPassword, hasWeb: run.hasWeb };
    for (const line of welcomeText(facts)) output.line(line);
  }
  const why = await Promise.race([aborted(signals.first).then(() => "signal"), supervisor.allGone.then(() => "gone")]);
  if (why === "gone") return 1;
  return stopAll(run);
}

async function stopAll({ output, supervisor, signals }: Run): Promise<number> {
  output.line("Stopping (Ctrl-C again stops at once) ...");
  const stopped = supervisor.stop().then(() => true);
  const inOrder = await Promise.race([stopped, aborted(signals.second).then(() => false)]);
  if (!inOrder) {
    supervisor.kill();
    return EXIT_INTERRUPTED;
  }
  output.line("Stopped.");
  return 0;
}

async function hasDefaultPassword(dashboard: string): Promise<boolean> {
  const answer = await askHealth(`${dashboard}/api/session`);
  const session = answer.status === "up" ? envelope(sessionSchema).safeParse(answer.body) : undefined;
  return session?.success === true && session.data.data.defaultPasswordHint;
}

function failureText(failed: Extract<StartOutcome, { readonly status: "failed" }>, logDir: string): readonly string[] {
  const reason = failed.exit === undefined ? "does not answer" : `ended at once (${exitText(failed.exit)})`;
  return [
    `nexent-monitor: the ${failed.name} ${reason}. Its last words:`,
    ...failed.logTail.map((line) => `  ${line}`),
    `The whole log is ${logDir}/${failed.name}.log.`,
  ];
}

function eventText(event: SupervisorEvent, logDir: string): string {
  const { name } = event;
  if (event.kind === "restarted") return `The ${name} is running again.`;
  if (event.kind === "restarting") {
    return `The ${name} stopped unexpectedly (${exitText(event.exit)}); starting it again in ${event.delayMs / 1000} s.`;
  }
  return [
    `The ${name} keeps stopping (${exitText(event.exit)}) and is not started again. Its last words:`,
    ...event.logTail.map((line) => `  ${line}`),
    `The whole log is ${logDir}/${name}.log. Stop with Ctrl-C, correct the cause, start again.`,
  ].join("\n");
}

function exitText(exit: ServiceExit): string {
  return exit.signal === null ? `exit code ${String(exit.code)}` : exit.signal;
}
