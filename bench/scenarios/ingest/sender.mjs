// Child: makes requests ahead of time, then sends them over a few kept connections as fast as they are acknowledged.
import { Agent, request } from "node:http";
import { answerParent } from "../../lib/child.mjs";
import { createSpanSource } from "./spans.mjs";

/** Requests that wait to be sent. */
const made = [];

function send(agent, url, { body }) {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
      "content-length": body.length,
    };
    const outgoing = request(url, { method: "POST", agent, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
      answer.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Set by the parent to end a run before its time. */
let isStopped = false;

/**
 * @param {{ url: string, connections: number, seconds: number, everyMs?: number, repeat?: boolean }} question `everyMs`:
 * at most one request in that time; `repeat`: requests are made anew when they run out, for runs of any length.
 */
async function run({ url, connections, seconds, everyMs = 0, repeat = false }) {
  isStopped = false;
  let due = performance.now();
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs = [];
  const seen = { sent: 0, acknowledged: 0, refused: 0, failed: 0, wireBytes: 0, plainBytes: 0 };
  const begin = performance.now();
  const deadline = begin + seconds * 1000;
  let lastAckMs = begin;
  const loop = async () => {
    for (;;) {
      due += everyMs;
      if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
      const next = made.pop() ?? (repeat ? remake() : undefined);
      if (next === undefined || isStopped || performance.now() > deadline) return;
      const started = performance.now();
      try {
        const status = await send(agent, url, next);
        const ended = performance.now();
        if (status === 200 || status === 202) {
          latenciesMs.push(ended - started);
          seen.acknowledged += next.spans;
          seen.wireBytes += next.body.length;
          seen.plainBytes += next.plainBytes;
          lastAckMs = ended;
        } else if (status === 429 || status === 503) {
          seen.refused += next.spans;
          await new Promise((resolve) => setTimeout(resolve, 100));
        } else seen.failed += next.spans;
      } catch {
        seen.failed += next.spans;
      }
      seen.sent += next.spans;
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
  agent.destroy();
  const left = made.length;
  made.length = 0;
  return { ...seen, seconds: (lastAckMs - begin) / 1000, latenciesMs, ranOut: left === 0 };
}

/**
 * Sends at a fixed rate whatever comes back (an open loop): a request that is due goes out although others wait. The
 * time counts from when a request was due, so a sender that falls behind does not hide a wait.
 * @param {{ url: string, connections: number, seconds: number, spansPerSecond: number }} question
 */
async function runAtRate({ url, connections, seconds, spansPerSecond }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs = [];
  const seen = { acknowledged: 0, refused: 0, failed: 0 };
  const inFlight = new Set();
  const begin = performance.now();
  let sentSpans = 0;
  for (;;) {
    const next = made.pop();
    const dueMs = begin + (sentSpans / spansPerSecond) * 1000;
    if (next === undefined || dueMs > begin + seconds * 1000) break;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    sentSpans += next.spans;
    const answered = send(agent, url, next)
      .then((status) => {
        if (status === 200) {
          latenciesMs.push(performance.now() - dueMs);
          seen.acknowledged += next.spans;
        } else if (status === 429 || status === 503) seen.refused += next.spans;
        else seen.failed += next.spans;
      })
      .catch(() => {
        seen.failed += next.spans;
      })
      .finally(() => inFlight.delete(answered));
    inFlight.add(answered);
  }
  await Promise.all(inFlight);
  agent.destroy();
  made.length = 0;
  return { ...seen, seconds: (performance.now() - begin) / 1000, latenciesMs };
}

/** One more request like those that were asked for. */
let remake = () => undefined;

answerParent(async (question) => {
  if (question.stop === true) {
    isStopped = true;
    return undefined;
  }
  if (question.spansPerSecond !== undefined) return await runAtRate(question);
  if (question.make === undefined) return await run(question);
  const { kind, requests, spansPerRequest, seed } = question.make;
  const source = createSpanSource(seed);
  remake = () => source.request(kind, spansPerRequest);
  for (let at = 0; at < requests; at++) made.push(source.request(kind, spansPerRequest));
  return { made: made.length };
});
