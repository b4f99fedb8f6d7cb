import { createMetricRegistry, METRICS, type MetricRegistry } from "@nexent/monitor-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createGathering, type AskedWorker, type Gathering } from "./gathering.ts";
import { metricsIn, type Part, type ToWorker } from "./messages.ts";

const CODE = { code: "NOT_FOUND" };
let past: MetricRegistry;
let gathering: Gathering;

beforeEach(() => {
  vi.useFakeTimers();
  past = createMetricRegistry();
  gathering = createGathering(past, 1_000);
});
afterEach(() => {
  vi.useRealTimers();
});

interface Worker extends AskedWorker {
  readonly sent: ToWorker[];
}

function worker(number: number): Worker {
  const sent: ToWorker[] = [];
  return { number, sent, send: (message) => void sent.push(message) };
}

/** A worker that has counted `errors`, with one call open. */
function counted(errors: number): Part {
  const registry = createMetricRegistry();
  registry.counter(METRICS.nexentGatewayOwnErrors, CODE).add(errors);
  registry.gauge(METRICS.nexentGatewayUpstreamConnections, { upstream: "u", state: "busy" }).set(1);
  return { topic: "metrics", value: registry.read() };
}

/** Question and answer: what `worker` tells when it was asked last. */
function answer(from: Worker, part: Part): void {
  const question = from.sent.findLast((message) => message.kind === "ask");
  if (question !== undefined) gathering.take(from, question.id, part);
}

/** What was gathered for `asker`: errors and busy connections in all; undefined while nothing came. */
function gathered(asker: Worker): { errors: number; busy: number } | undefined {
  const message = asker.sent.findLast((one) => one.kind === "gathered");
  if (message === undefined) return undefined;
  const sum = createMetricRegistry();
  for (const families of metricsIn(message.parts)) sum.absorb(families);
  const text = sum.expose("text");
  const read = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    errors: read(/own_errors_total\{code="NOT_FOUND"\} (\d+)/),
    busy: read(/upstream_connections\{upstream="u",state="busy"\} (\d+)/),
  };
}

describe("gathering", () => {
  it("asks every worker, the asking one too, and answers when all have told", () => {
    const [one, two] = [worker(1), worker(2)];
    gathering.start(one, { id: 7, topic: "metrics" }, [one, two]);
    answer(two, counted(3));
    expect(gathered(one)).toBeUndefined();
    answer(one, counted(2));
    expect(gathered(one)).toEqual({ errors: 5, busy: 2 });
    expect(one.sent.at(-1)).toMatchObject({ kind: "gathered", id: 7 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes what a worker told last when it is too busy to answer", () => {
    const [one, two] = [worker(1), worker(2)];
    gathering.start(one, { id: 1, topic: "metrics" }, [one, two]);
    answer(one, counted(2));
    answer(two, counted(3));
    gathering.start(one, { id: 2, topic: "metrics" }, [one, two]);
    answer(one, counted(4));
    vi.advanceTimersByTime(1_000);
    expect(gathered(one)).toEqual({ errors: 7, busy: 2 });
  });

  it("keeps what a worker had counted when it dies, but not what was open in it", () => {
    const [one, two] = [worker(1), worker(2)];
    gathering.start(one, { id: 1, topic: "metrics" }, [one, two]);
    answer(one, counted(2));
    answer(two, counted(3));
    gathering.forget(two);
    gathering.start(one, { id: 2, topic: "metrics" }, [one]);
    answer(one, counted(2));
    expect(gathered(one)).toEqual({ errors: 5, busy: 1 });
  });

  it("does not wait for a worker that dies while it is asked", () => {
    const [one, two] = [worker(1), worker(2)];
    gathering.start(one, { id: 1, topic: "metrics" }, [one, two]);
    answer(one, counted(2));
    gathering.forget(two);
    expect(gathered(one)).toEqual({ errors: 2, busy: 1 });
  });

  it("leaves out the open calls of a worker that does not answer, and drops late answers", () => {
    const [one, two] = [worker(1), worker(2)];
    const view: Part = { topic: "inFlight", value: { observed: true, total: 1, calls: [] } };
    gathering.start(one, { id: 1, topic: "inFlight" }, [one, two]);
    answer(one, view);
    vi.advanceTimersByTime(1_000);
    answer(two, view);
    expect(one.sent.filter(({ kind }) => kind === "gathered")).toEqual([{ kind: "gathered", id: 1, parts: [view] }]);
  });
});
