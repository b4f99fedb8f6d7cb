import type { SortColumn } from "../../state/codecs.ts";

/** Columns of the request table, in order. Widths in pixels; the model takes the rest. */
export const COLUMNS = [
  { id: "start", label: "column.start", width: 124, sort: "start", number: false },
  { id: "model", label: "column.model", width: undefined, sort: undefined, number: false },
  { id: "operation", label: "column.operation", width: 122, sort: undefined, number: false },
  { id: "status", label: "column.status", width: 116, sort: undefined, number: false },
  { id: "ttft", label: "column.ttft", width: 76, sort: "ttft", number: true },
  { id: "speed", label: "column.speed", width: 70, sort: "speed", number: true },
  { id: "tokens", label: "column.tokens", width: 120, sort: "out", number: true },
  { id: "time", label: "column.time", width: 80, sort: "duration", number: true },
  { id: "stalls", label: "column.stalls", width: 54, sort: "stalls", number: true },
  { id: "stream", label: "column.stream", width: 258, sort: undefined, number: false },
] as const satisfies readonly {
  readonly id: string;
  readonly label: `column.${string}`;
  readonly width: number | undefined;
  readonly sort: SortColumn | undefined;
  readonly number: boolean;
}[];

/** Height of the sticky head. */
export const HEAD_HEIGHT = 30;
