import type { Verdict } from "./judge.ts";

const UNKNOWN = "–";

/** The verdicts as a text table: one row each, the failures below their row. */
export function verdictTable(verdicts: readonly Verdict[]): readonly string[] {
  const header = ["scenario", "target", "TTFT error", "rate error", "outcome", "tokens", "records", "verdict"];
  const rows = verdicts.map(rowOf);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 2 || column === 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [
    line(header),
    line(widths.map((width) => "-".repeat(width))),
    ...verdicts.flatMap((verdict, index) => [
      line(rows[index] ?? []),
      ...verdict.failures.map((failure) => `    ${failure}`),
    ]),
  ];
}

/** One sentence about the whole run. */
export function summaryLine(verdicts: readonly Verdict[], seconds: number): string {
  const failed = verdicts.filter((verdict) => verdict.failures.length > 0).length;
  const lost = verdicts.reduce((sum, verdict) => sum + verdict.lost, 0);
  const plays = verdicts.reduce((sum, verdict) => sum + verdict.plays, 0);
  const ttft = largest(verdicts.map((verdict) => verdict.ttftErrorMs));
  const rate = largest(verdicts.map((verdict) => verdict.rateErrorPercent));
  return (
    `${verdicts.length - failed} passed, ${failed} failed: ${plays} calls in ${seconds.toFixed(0)} s, ${lost} lost, ` +
    `largest median error TTFT ${milliseconds(ttft)}, rate ${percent(rate)}`
  );
}

function rowOf(verdict: Verdict): readonly string[] {
  return [
    verdict.scenario,
    verdict.target,
    milliseconds(verdict.ttftErrorMs),
    percent(verdict.rateErrorPercent),
    joined(verdict.outcomes),
    joined(verdict.outputTokens),
    `${verdict.records}/${verdict.plays}`,
    verdict.failures.length === 0 ? "pass" : "FAIL",
  ];
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${value.toFixed(2)} ms`;
}

function percent(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${value.toFixed(2)} %`;
}

function joined(values: readonly string[]): string {
  return values.length === 0 ? UNKNOWN : values.join(" | ");
}

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
