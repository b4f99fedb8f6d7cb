import { isDeepStrictEqual } from "node:util";
import { SCENARIOS } from "@nexent/monitor-core/scenarios";
import { providerByFormat } from "../../../packages/core/src/providers/index.ts";
import type { Provider, StreamEvent, StreamParser } from "../../../packages/core/src/providers/provider.ts";
import { createTokenClock } from "../../../packages/core/src/token-clock.ts";
import { createJsonArrayScanner } from "../../../packages/core/src/wire/json-array.ts";
import { createNdjsonScanner } from "../../../packages/core/src/wire/ndjson.ts";
import { createSseScanner } from "../../../packages/core/src/wire/sse.ts";
import { splitAtRandom } from "../harness/splits.ts";
import { must, type FuzzTarget } from "../harness/target.ts";

const FORMATS = [
  "openai-chat",
  "openai-completions",
  "openai-responses",
  "anthropic-messages",
  "gemini",
  "ollama",
] as const;
/** So small that mutated lines pass it. */
const MAX_LINE_BYTES = 96;
/** Long enough for the ends of cut frames; more of the same only costs time. */
const MAX_BODY_BYTES = 80 * 1024;

function providerAt(index: number): Provider {
  const provider = providerByFormat(FORMATS[index % FORMATS.length] ?? FORMATS[0]);
  if (provider === undefined) throw new Error("a format without a provider");
  return provider;
}

function eventsOf(parser: StreamParser, pieces: readonly Uint8Array[]): readonly StreamEvent[] {
  const events: StreamEvent[] = [];
  const keep = (event: StreamEvent): void => void events.push({ ...event });
  for (const piece of pieces) parser.push(piece, keep);
  parser.end(keep);
  return events;
}

/** What the clock counts; the times are those of the events' order. */
function countsOf(events: readonly StreamEvent[]): unknown {
  const clock = createTokenClock();
  for (const [index, event] of events.entries()) clock.record(event, 1_000 * (index + 1));
  return clock.finish({ outcome: "ok", streaming: true, endMicros: 1_000 * (events.length + 1) });
}

interface Scanner {
  push(bytes: Uint8Array, sink: (...said: unknown[]) => void): void;
  end(sink: (...said: unknown[]) => void): void;
}

const SCANNERS: readonly (() => Scanner)[] = [
  () => createSseScanner(MAX_LINE_BYTES),
  () => createSseScanner(MAX_LINE_BYTES, { bareJson: true }),
  () => createNdjsonScanner(MAX_LINE_BYTES),
  () => createJsonArrayScanner(MAX_LINE_BYTES),
];

function scanned(scanner: Scanner, pieces: readonly Uint8Array[]): readonly unknown[] {
  const out: unknown[] = [];
  const keep = (...said: unknown[]): void => void out.push(said);
  for (const piece of pieces) scanner.push(piece, keep);
  scanner.end(keep);
  return out;
}

function readWhole(provider: Provider, body: Uint8Array): void {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return;
  }
  provider.readResponse(value);
  provider.readRequest(value);
}

/** Streams of the providers: any split gives the same events and counts, and nothing throws. The first byte is the format. */
export const providerStreams: FuzzTarget = {
  seeds: () =>
    SCENARIOS.map(({ format, writes }) => {
      const body = Buffer.from(writes.map(({ text }) => text).join(""));
      return new Uint8Array(Buffer.concat([Buffer.from([FORMATS.indexOf(format)]), body.subarray(0, 4_096)]));
    }),
  dictionary: [
    "data: ",
    "event: ",
    "\n\n",
    "\r\n",
    "\r",
    ": ping\n",
    "data: [DONE]\n\n",
    '"usage":',
    '{"error":{}}',
    "\\u0000",
    '"delta":',
  ],
  run(input) {
    const provider = providerAt(input[0] ?? 0);
    const body = input.subarray(1, MAX_BODY_BYTES);
    const pieces = splitAtRandom(body);
    const whole = eventsOf(provider.createStreamParser(), [body]);
    const split = eventsOf(provider.createStreamParser(), pieces);
    must(isDeepStrictEqual(split, whole), `a split changes the events of ${provider.format}`);
    must(isDeepStrictEqual(countsOf(split), countsOf(whole)), `a split changes the counts of ${provider.format}`);
    for (const create of SCANNERS)
      must(
        isDeepStrictEqual(scanned(create(), pieces), scanned(create(), [body])),
        "a split changes what a scanner says",
      );
    readWhole(provider, body);
  },
};
