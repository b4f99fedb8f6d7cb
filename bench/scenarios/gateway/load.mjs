// One window of load through one relay: delays from the client, CPU and memory of the relay's processes from /proc.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const CLOCK_TICKS_PER_SECOND = 100;

function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}

/** A process and everything below it. */
function treeOf(pid) {
  try {
    return [pid, ...childrenOf(pid).flatMap(treeOf)];
  } catch {
    return [];
  }
}

/** CPU seconds, user and system, of a process tree. */
function cpuSeconds(pid) {
  return treeOf(pid).reduce((sum, one) => {
    const fields = readFileSync(`/proc/${one}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  }, 0);
}

/** Proportional set size of a process tree in MiB: shared pages are counted once. */
function pssMebibytes(pid) {
  return treeOf(pid).reduce((sum, one) => {
    const found = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${one}/smaps_rollup`, "utf8"));
    return sum + Number(found?.[1] ?? 0) / 1024;
  }, 0);
}

function runClient(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk) => (text += chunk));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`client ended with ${code}`)),
    );
  });
}

/**
 * Runs one scenario through a relay. A cell with an error, an altered or lost frame or an unfinished stream is void, and
 * says why.
 */
export async function measure({ client, relay, scenario, seconds }) {
  const args = [relay.port, `${relay.path ?? "/v1"}/chat/completions`, scenario.connections, scenario.model, seconds];
  if (scenario.abortPercent !== undefined) args.push(scenario.abortPercent);
  let peakMebibytes = 0;
  const watch =
    relay.pid === undefined
      ? undefined
      : setInterval(() => {
          peakMebibytes = Math.max(peakMebibytes, pssMebibytes(relay.pid));
        }, 500);
  const before = relay.pid === undefined ? 0 : cpuSeconds(relay.pid);
  const report = await runClient(client, args.map(String));
  clearInterval(watch);
  const cpu = relay.pid === undefined ? undefined : cpuSeconds(relay.pid) - before;
  const faults = [];
  if (report.failed > 0) faults.push(`${report.failed} streams failed`);
  if (report.altered > 0) faults.push(`${report.altered} frames altered`);
  return {
    ...report,
    faults,
    cpuUsPerFrame: cpu === undefined || report.frames === 0 ? undefined : (cpu * 1e6) / report.frames,
    pssMebibytes: peakMebibytes === 0 ? undefined : peakMebibytes,
    streamsPerSecond: report.completed / report.seconds,
  };
}
