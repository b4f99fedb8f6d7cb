// The acknowledgement at a fixed rate. As fast as the server acknowledges, a closed loop measures its own queue: by
// Little's law the time of an answer is the spans in flight through the rate, whatever the server does.
import { figure, table } from "../../lib/results.mjs";
import { quantile } from "../../lib/statistics.mjs";
import { warmUp } from "./warm-up.mjs";

/** Rate that is always measured; CI holds the server to it. */
const DEFAULT_RATE = 10_000;
const SHARE_OF_MAXIMUM = 0.8;
/** Requests made beyond those a rate needs. */
const SPARE_REQUESTS = 4;

/** One run at a rate against a server of its own. */
async function measureAt(spansPerSecond, { subject, kind, startSender }, options) {
  const { seconds, spansPerRequest, connections } = options;
  const running = await subject.start();
  const sender = await startSender();
  try {
    await warmUp(sender, running.url, kind, options);
    const requests = Math.ceil((seconds * spansPerSecond) / spansPerRequest) + SPARE_REQUESTS;
    await sender.ask({ make: { kind, requests, spansPerRequest, seed: 11 } });
    return await sender.ask({ url: running.url, connections, seconds, spansPerSecond });
  } finally {
    await sender.stop();
    await running.stop();
  }
}

/**
 * Lines of the report: both rates of a kind.
 * @param {number} maximum spans a second that the closed loop reached.
 * @returns the lines, and the 99th percentile at the higher rate in ms.
 */
export async function fixedRates(maximum, setting, options) {
  const rates = [
    ["default", DEFAULT_RATE],
    ["80 % of the maximum", SHARE_OF_MAXIMUM * maximum],
  ];
  const rows = [];
  let p99Ms = 0;
  for (const [name, rate] of rates) {
    const run = await measureAt(rate, setting, options);
    const ackMs = [0.5, 0.95, 0.99, 1].map((q) => quantile(run.latenciesMs, q));
    p99Ms = ackMs[2];
    const reached = run.acknowledged / run.seconds;
    rows.push([
      `${name}: ${rate.toFixed(0)}`,
      reached.toFixed(0),
      ackMs.map(figure).join(" / "),
      `${run.refused} / ${run.failed}`,
    ]);
    process.stderr.write(`  ${setting.kind} at ${rate.toFixed(0)} spans/s\n`);
  }
  const heads = ["fixed rate, spans/s", "acknowledged, spans/s", "ack p50 / p95 / p99 / max ms", "refused / failed"];
  return {
    lines: [
      "At a fixed rate (open loop, timed from when a request was due), because above, where the sender only waits for " +
        "answers, their time is the spans in flight divided by the rate and says nothing else:",
      "",
      table(heads, rows),
    ],
    p99Ms,
  };
}
