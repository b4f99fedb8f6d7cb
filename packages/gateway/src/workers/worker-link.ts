/** A worker's side of the channel to its primary. */
import { LIMITS } from "@nexent/monitor-core";
import type { Gateway, Siblings } from "../server.ts";
import { isToWorker, metricsIn, viewsIn, type Part, type ToPrimary, type Topic } from "./messages.ts";

/** What the primary asks a worker about. */
export type ServedGateway = Pick<Gateway, "exposition" | "inFlight">;

/** The channel of one worker. */
export interface WorkerLink {
  /** Number of this worker, from 1; a worker that takes the place of a crashed one has a number of its own. */
  readonly worker: number;
  readonly siblings: Siblings;
  /** Answers the primary's questions from now on. */
  serve(gateway: ServedGateway): void;
  /** Called when the primary orders the end, or has ordered it already. */
  onDrain(listener: () => void): void;
}

/** What the link needs of the process it runs in. */
export interface Channel {
  send(message: ToPrimary): void;
  onMessage(listener: (message: unknown) => void): void;
}

function partOf(gateway: ServedGateway, topic: Topic): Part {
  if (topic === "metrics") return { topic, value: gateway.exposition.read() };
  return { topic, value: gateway.inFlight() };
}

/** A link over `channel`. The primary gives up on silent workers before `timeoutMs` (default 2 s) is over. */
export function createWorkerLink(
  worker: number,
  channel: Channel,
  timeoutMs: number = 2 * LIMITS.gatewayGatherMs,
): WorkerLink {
  const waiting = new Map<number, (parts: readonly Part[]) => void>();
  let served: ServedGateway | undefined;
  let drain: () => void = () => undefined;
  let ordered = false;
  let lastId = 0;

  function tell(id: number, topic: Topic): void {
    if (served === undefined) return;
    try {
      channel.send({ kind: "part", id, part: partOf(served, topic) });
    } catch {
      // Looking must not end the streams; the primary does without this part.
    }
  }

  channel.onMessage((message) => {
    if (!isToWorker(message)) return;
    if (message.kind === "drain") {
      ordered = true;
      drain();
    } else if (message.kind === "gathered") waiting.get(message.id)?.(message.parts);
    else tell(message.id, message.topic);
  });

  async function gather(topic: Topic): Promise<readonly Part[]> {
    const id = ++lastId;
    try {
      return await new Promise<readonly Part[]>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("the primary did not answer")), timeoutMs);
        waiting.set(id, (gathered) => {
          clearTimeout(timer);
          resolve(gathered);
        });
        channel.send({ kind: "gather", id, topic });
      });
    } finally {
      waiting.delete(id);
    }
  }

  return {
    worker,
    siblings: {
      metrics: async () => metricsIn(await gather("metrics")),
      inFlight: async () => viewsIn(await gather("inFlight")),
    },
    serve(gateway) {
      served = gateway;
    },
    onDrain(listener) {
      drain = listener;
      if (ordered) listener();
    },
  };
}
