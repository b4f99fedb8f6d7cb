import type { Scenario } from "@nexent/monitor-core/scenarios";

/** Counted chunks in one element of a stream. */
export type CountChunks = (element: unknown) => number;

/** How one call of a scenario is made. */
export interface ClientAct {
  readonly scenario: Scenario;
  /** Asks; what it resolves with is a stream when it can be iterated. An abort of the controller must end both. */
  readonly ask: (controller: AbortController) => Promise<unknown>;
  /** How many counted chunks an element of the stream holds. */
  readonly count: CountChunks;
}

/** Streams nobody reads must stay reachable: this is about idle streams, not about the collector. */
const unread: unknown[] = [];

/**
 * Acts as the scenario's client: reads to the end, leaves, aborts, or never reads. Never rejects.
 * @returns when the client left, Unix ms with fraction; undefined when it did not.
 */
export async function actAsClient({ scenario, ask, count }: ClientAct): Promise<number | undefined> {
  const controller = new AbortController();
  const { client } = scenario;
  let leftUnixMs: number | undefined;
  const noteLeaving = (): void => {
    leftUnixMs ??= performance.timeOrigin + performance.now();
  };
  const leave = (): void => {
    noteLeaving();
    controller.abort();
  };
  const timer = client.kind === "abort" ? setTimeout(leave, client.atMs) : undefined;
  try {
    const answer = await ask(controller);
    if (client.kind === "never_read") unread.push(answer);
    else if (isStream(answer)) await readStream(scenario, answer, count, noteLeaving);
  } catch {
    // What a scenario throws is its point; the record tells whether it was told right.
  }
  clearTimeout(timer);
  return leftUnixMs;
}

async function readStream(
  { client }: Scenario,
  stream: AsyncIterable<unknown>,
  count: CountChunks,
  onBreak: () => void,
): Promise<void> {
  let counted = 0;
  for await (const element of stream) {
    counted += count(element);
    if (client.kind === "break" && counted >= client.afterCountedChunks) {
      onBreak();
      break;
    }
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/**
 * Leaves an open connection behind: scenarios that cut theirs would make the next call wait for a new one, which is a true
 * part of its time to first token, but none that the schedule knows of.
 */
export async function openConnection(origin: string): Promise<void> {
  await (await fetch(`${origin}/health`)).arrayBuffer();
}
