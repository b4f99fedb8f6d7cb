import { LIMITS } from "@nexent/monitor-core";
import type { TimeRange } from "@nexent/monitor-store";
import type { Steps } from "./picked-samples.ts";
import { durationMsOf } from "./promql-literals.ts";
import { badParameter, QueryFault } from "./query-fault.ts";
import { readMatchers } from "./expression.ts";
import { rangeOf } from "./time-range.ts";
import type { Matchers } from "./selector.ts";

const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const RFC_3339 = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;

/** A time as seconds or as RFC 3339, in milliseconds; `otherwiseMs` when it is absent. @throws {QueryFault} */
export function timeOf(params: URLSearchParams, name: string, otherwiseMs?: number): number {
  const text = params.get(name) ?? "";
  if (text === "" && otherwiseMs !== undefined) return otherwiseMs;
  const timeMs = FLOAT.test(text) ? Math.round(Number(text) * 1_000) : rfc3339MsOf(text);
  if (!Number.isSafeInteger(timeMs)) throw badParameter(name, `cannot parse ${quoted(text)} to a valid timestamp`);
  return timeMs;
}

function rfc3339MsOf(text: string): number {
  const [, seconds, fraction = "", zone = ""] = RFC_3339.exec(text) ?? [];
  if (seconds === undefined) return Number.NaN;
  return Date.parse(`${seconds}${zone}`.toUpperCase()) + Number(fraction.padEnd(3, "0").slice(0, 3));
}

/** A duration as seconds or as `1h30m`, in milliseconds; `undefined` when it is absent. @throws {QueryFault} */
export function durationOf(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name) ?? "";
  if (text === "") return undefined;
  const durationMs = FLOAT.test(text) ? Math.round(Number(text) * 1_000) : durationMsOf(text);
  if (durationMs === undefined || !Number.isSafeInteger(durationMs)) {
    throw badParameter(name, `cannot parse ${quoted(text)} to a valid duration`);
  }
  return durationMs;
}

/** Start, end and step of a range query. @throws {QueryFault} also for more points than one series may have. */
export function stepsOf(params: URLSearchParams): Steps {
  const startMs = timeOf(params, "start");
  const endMs = timeOf(params, "end");
  if (endMs < startMs) throw badParameter("end", "end timestamp must not be before start time");
  const stepMs = durationOf(params, "step");
  if (stepMs === undefined) throw badParameter("step", 'cannot parse "" to a valid duration');
  if (stepMs <= 0)
    throw badParameter(
      "step",
      "zero or negative query resolution step widths are not accepted. Try a positive integer",
    );
  if ((endMs - startMs) / stepMs > LIMITS.queryPoints) {
    throw new QueryFault(
      "bad_data",
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    );
  }
  return { startMs, endMs, stepMs };
}

/** The time range of a question about series; everything when it names none. @throws {QueryFault} */
export function seriesRangeOf(params: URLSearchParams): TimeRange {
  const startMs = timeOf(params, "start", 0);
  const endMs = timeOf(params, "end", Number.MAX_SAFE_INTEGER);
  if (endMs < startMs) throw badParameter("end", "end timestamp must not be before start time");
  return rangeOf(startMs, endMs);
}

/** The selectors of `match[]`, joined by OR. @throws {QueryFault} */
export function matchesOf(params: URLSearchParams): readonly Matchers[] {
  const texts = params.getAll("match[]");
  if (texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) > LIMITS.queryTextBytes) {
    throw new QueryFault("bad_data", `all match[] together may have ${LIMITS.queryTextBytes} bytes`);
  }
  return texts.map((text) => {
    try {
      return readMatchers(text);
    } catch (error) {
      if (!(error instanceof QueryFault)) throw error;
      throw new QueryFault(error.errorType, error.message.replace('"query"', '"match[]"'));
    }
  });
}

/** A whole number; `undefined` when it is absent. @throws {QueryFault} */
export function wholeOf(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name) ?? "";
  if (text === "") return undefined;
  if (!/^[+-]?\d{1,15}$/.test(text)) throw badParameter(name, `${name} must be a number`);
  return Number(text);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
