/** The contract every {@link Provider} keeps, and the events of its fixtures. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../model/outcome.ts";
import type { TokenTimings } from "../model/token-timings.ts";
import { createTokenClock } from "../token-clock.ts";
import { emptyStreamEvent, type Provider, type StreamEvent, type StreamParser } from "./provider.ts";

/** What a recorded stream says, event by event; an event that has a field not named here fails. */
interface FixtureCase {
  /** File under `fixtures/`. */
  readonly file: string;
  readonly title: string;
  readonly events: readonly Partial<StreamEvent>[];
}

/** Everything a provider must show. */
interface ProviderCase {
  readonly provider: Provider;
  readonly fixtures: readonly FixtureCase[];
}

/** The members of an event that say something. */
export function said(event: StreamEvent): Partial<StreamEvent> {
  const nothing = emptyStreamEvent();
  return Object.fromEntries(
    Object.entries(event).filter(([key, value]) => key === "type" || value !== nothing[key as keyof StreamEvent]),
  );
}

/** Events of `bytes`, fed in the given pieces (cut positions). Events are copied: the parser reuses its object. */
export function eventsOf(
  parser: StreamParser,
  bytes: Uint8Array,
  cuts: readonly number[] = [],
): readonly StreamEvent[] {
  const events: StreamEvent[] = [];
  const keep = (event: StreamEvent): void => void events.push({ ...event });
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    parser.push(bytes.subarray(from, cut), keep);
    from = cut;
  }
  parser.end(keep);
  return events;
}

/** Bytes of a file under `fixtures/`. */
export function fixture(file: string): Uint8Array {
  return readFileSync(new URL(`fixtures/${file}`, import.meta.url));
}

const EVENT_MICROS = 20_000;

/** What the clock makes of a stream whose events come 20 ms apart from 500 ms on; its outcome by the clock's own rule. */
export function timingsOf(provider: Provider, bytes: Uint8Array): TokenTimings & { readonly outcome: Outcome } {
  const clock = createTokenClock();
  const events = eventsOf(provider.createStreamParser(), bytes);
  events.forEach((event, i) => clock.record(event, 500_000 + i * EVENT_MICROS));
  const outcome = clock.fault === undefined && clock.sawNormalEnd ? "ok" : "error";
  return { ...clock.finish({ outcome, streaming: true, endMicros: 500_000 + events.length * EVENT_MICROS }), outcome };
}

/** Values of the data lines of a plain fixture that are JSON. */
function parsedFrames(bytes: Uint8Array): readonly unknown[] {
  return new TextDecoder()
    .decode(bytes)
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)) as unknown);
}

/** An object that throws wherever it is touched. */
function hostile(): unknown {
  return new Proxy(
    {},
    {
      get: () => {
        throw new Error("hostile");
      },
    },
  );
}

/** Runs the contract for one provider. */
export function describeProvider({ provider, fixtures }: ProviderCase): void {
  describe(`provider ${provider.format}`, () => {
    const parse = (bytes: Uint8Array, cuts?: readonly number[]): readonly StreamEvent[] =>
      eventsOf(provider.createStreamParser(), bytes, cuts);

    it.each(fixtures)("$file: $title", ({ file, events }) => {
      expect(parse(fixture(file)).map(said)).toEqual(events);
    });

    it.each(fixtures)("$file gives the same events for every split in two", ({ file }) => {
      const bytes = fixture(file);
      // Comparing texts: a deep comparison for each cut takes ten times as long.
      const whole = JSON.stringify(parse(bytes));
      for (let cut = 0; cut <= bytes.length; cut += 1) expect(JSON.stringify(parse(bytes, [cut]))).toBe(whole);
    });

    it.each(fixtures)("$file gives the same events byte by byte", ({ file }) => {
      const bytes = fixture(file);
      expect(parse(bytes, Array.from(bytes.keys()))).toEqual(parse(bytes));
    });

    it.each(fixtures)("$file gives the same chunks when a client library has parsed it", ({ file }) => {
      const bytes = fixture(file);
      const chunks = parsedFrames(bytes).flatMap((value) => {
        const event = emptyStreamEvent();
        // Frames that are no chunk, such as pings, are none for the byte parser either; markers are no chunk at all.
        return provider.readChunk(value, event) && event.type !== "done" ? [event] : [];
      });
      expect(chunks).toEqual(parse(bytes).filter(({ type }) => type !== "done"));
    });

    it("gives a last event that has no separator behind it at the end of the body", () => {
      const file = fixtures[0]?.file ?? "";
      const text = new TextDecoder().decode(fixture(file)).trimEnd();
      expect(parse(new TextEncoder().encode(text))).toEqual(parse(fixture(file)));
    });

    it("never throws on bytes that are no stream", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(400), { maxLength: 5 }), (bytes, cuts) => {
          parse(
            bytes,
            cuts.toSorted((a, b) => a - b).map((cut) => Math.min(cut, bytes.length)),
          );
        }),
      );
    });

    it("takes no value that is no chunk, answer or request, and survives hostile ones", () => {
      const event = emptyStreamEvent();
      for (const value of [undefined, null, 1, "text", [], {}, { choices: 1 }, hostile(), { choices: [hostile()] }]) {
        const isChunk = provider.readChunk(value, event);
        expect(isChunk).toBe(false);
        expect(provider.readResponse(value)).toBeUndefined();
        expect(provider.readRequest(value)).toEqual({ stream: false, parameters: {} });
      }
    });

    it("never throws on any JSON value", () => {
      const event = emptyStreamEvent();
      fc.assert(
        fc.property(fc.jsonValue(), (value) => {
          provider.readChunk(value, event);
          provider.readResponse(value);
          provider.readRequest(value);
        }),
      );
    });
  });
}
