/** Asks all workers for one topic and waits for them, but not for ever. */
import { LIMITS, type MetricRegistry } from "@nexent/monitor-core";
import type { Parts, Part, ToWorker, Topic } from "./messages.ts";

/** A worker that can be asked. */
export interface AskedWorker {
  readonly number: number;
  send(message: ToWorker): void;
}

/** Questions that are under way. */
export interface Gathering {
  /** Asks `workers` on behalf of one of them, which is sent what came. */
  start(
    asker: AskedWorker,
    request: { readonly id: number; readonly topic: Topic },
    workers: readonly AskedWorker[],
  ): void;
  /** A worker has answered. */
  take(worker: AskedWorker, id: number, part: Part): void;
  /** A worker is gone. What it had counted stays in every later sum. */
  forget(worker: AskedWorker): void;
}

interface Question {
  readonly topic: Topic;
  readonly pending: Set<AskedWorker>;
  readonly parts: Part[];
  readonly finish: () => void;
}

/** Gauges speak of what is now: those of a worker that is gone are gone too. */
function lasting(families: Parts["metrics"]): Parts["metrics"] {
  return families.filter(({ definition }) => definition.type !== "gauge");
}

/**
 * @param past what the primary itself knows, and what workers that ended had counted: without it a sum would fall, and
 * a rate over it would jump.
 */
export function createGathering(past: MetricRegistry, timeoutMs: number = LIMITS.gatewayGatherMs): Gathering {
  const questions = new Map<number, Question>();
  /** What each worker told last: it stands in while the worker is busy, and is kept when it dies. */
  const known = new Map<AskedWorker, Parts["metrics"]>();
  let lastId = 0;

  function settle(question: Question): void {
    if (question.topic === "metrics") {
      for (const worker of question.pending) {
        const value = known.get(worker);
        if (value !== undefined) question.parts.push({ topic: "metrics", value });
      }
      question.parts.push({ topic: "metrics", value: past.read() });
    }
    question.finish();
  }

  return {
    start(asker, request, workers) {
      const id = ++lastId;
      const parts: Part[] = [];
      const timer = setTimeout(() => settle(question), timeoutMs);
      const question: Question = {
        topic: request.topic,
        pending: new Set(workers),
        parts,
        finish() {
          clearTimeout(timer);
          questions.delete(id);
          asker.send({ kind: "gathered", id: request.id, parts });
        },
      };
      questions.set(id, question);
      for (const worker of workers) worker.send({ kind: "ask", id, topic: request.topic });
    },
    take(worker, id, part) {
      if (part.topic === "metrics") known.set(worker, part.value);
      const question = questions.get(id);
      if (question === undefined || !question.pending.delete(worker)) return;
      question.parts.push(part);
      if (question.pending.size === 0) settle(question);
    },
    forget(worker) {
      const value = known.get(worker);
      known.delete(worker);
      if (value !== undefined) past.absorb(lasting(value));
      for (const question of questions.values()) {
        if (question.pending.delete(worker) && question.pending.size === 0) settle(question);
      }
    },
  };
}
