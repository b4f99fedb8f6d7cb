import type { SortColumn } from "../../state/codecs.ts";

/** Columns of the request table, in order. Widths in pixels; the model takes the rest. */
export const COLUMNS = [
  { id: "start", label: "column.start", width: 122, sort: "start", number: false },
  { id: "model", label: "column.model", width: undefined, sort: undefined, number: false },
  { id: "operation", label: "column.operation", width: 128, sort: undefined, number: false },
  { id: "status", label: "column.status", width: 132, sort: undefined, number: false },
  { id: "ttft", label: "column.ttft", width: 82, sort: "ttft", number: true },
  { id: "speed", label: "column.speed", width: 82, sort: "speed", number: true },
  { id: "tokens", label: "column.tokens", width: 136, sort: "out", number: true },
  { id: "time", label: "column.time", width: 92, sort: "duration", number: true },
  { id: "stalls", label: "column.stalls", width: 68, sort: "stalls", number: true },
  { id: "stream", label: "column.stream", width: 266, sort: undefined, number: false },
] as const satisfies readonly {
  readonly id: string;
  readonly label: `column.${string}`;
  readonly width: number | undefined;
  readonly sort: SortColumn | undefined;
  readonly number: boolean;
}[];

/** Height of the sticky head. */
export const HEAD_HEIGHT = 30;
