// A server that has just started interprets what it will soon run compiled: acknowledgements of its first second take up
// to ten times as long. No subject is measured in it.

/** How long each subject is warmed up, s. */
export const WARM_UP_SECONDS = 3;
/** More than any subject acknowledges. */
const SPANS_PER_SECOND = 30_000;
/** Away from the seeds of what is measured: a span that comes twice is no work. */
const SEED = 1_000;

/** Lets a sender ask a subject as fast as it answers. @returns the spans that were acknowledged. */
export async function warmUp(sender, url, kind, { spansPerRequest, connections }) {
  const requests = Math.ceil((WARM_UP_SECONDS * SPANS_PER_SECOND) / spansPerRequest);
  await sender.ask({ make: { kind, requests, spansPerRequest, seed: SEED } });
  const { acknowledged } = await sender.ask({ url, connections, seconds: WARM_UP_SECONDS });
  return acknowledged;
}
