import { MonitorError } from "../errors.ts";
import { decodeUtf8 } from "./utf8-bytes.ts";
import { bytesToHex } from "./hex.ts";
import type { ColumnShape } from "./column-layout.ts";

/** Values of one column by row; `undefined` where the row has none. Reads are in place, nothing is copied but text. */
export interface ColumnReader {
  has(row: number): boolean;
  u8(row: number): number | undefined;
  u32(row: number): number | undefined;
  u64(row: number): bigint | undefined;
  f64(row: number): number | undefined;
  hex(row: number): string | undefined;
  bytes(row: number): Uint8Array | undefined;
  /** Copies a fixed-width value as it lies there (numbers are little-endian); false, and nothing done, without one. */
  copyTo(row: number, target: Uint8Array, at: number): boolean;
  text(row: number): string | undefined;
  /** Bytes of all values, one behind the other, without holes. */
  readonly values: Uint8Array;
  /** Where a value begins and ends in `values`; both -1 without one. */
  startOf(row: number): number;
  endOf(row: number): number;
}

/** A column nobody wrote. */
export const EMPTY_COLUMN: ColumnReader = {
  has: () => false,
  u8: () => undefined,
  u32: () => undefined,
  u64: () => undefined,
  f64: () => undefined,
  hex: () => undefined,
  bytes: () => undefined,
  copyTo: () => false,
  text: () => undefined,
  values: new Uint8Array(0),
  startOf: () => -1,
  endOf: () => -1,
};

/**
 * Reads one column whose bytes are exactly `bytes`.
 * @throws {PAYLOAD_MALFORMED} when lengths, presence and offsets do not agree; afterwards no read leaves `bytes`.
 */
export function createColumnReader(
  bytes: Uint8Array,
  shape: ColumnShape,
  rowCount: number,
  full: boolean,
): ColumnReader {
  const bitmapBytes = full ? 0 : Math.ceil(rowCount / 8);
  if (bytes.length < bitmapBytes) throw malformed("a column shorter than its presence bitmap");
  const slots = full ? undefined : slotsOf(bytes.subarray(0, bitmapBytes), rowCount);
  const count = slots?.count ?? rowCount;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const valuesAt = shape === "text" ? bitmapBytes + count * 4 : bitmapBytes;
  if (shape === "text") checkEnds(view, bitmapBytes, count, bytes.length - valuesAt);
  else if (bytes.length !== valuesAt + count * shape) throw malformed("a column of the wrong length");
  const values = bytes.subarray(valuesAt);

  function slotOf(row: number): number {
    if (row < 0 || row >= rowCount) return -1;
    return slots === undefined ? row : (slots.slotOfRow[row] ?? -1);
  }
  function fixed<T>(row: number, read: (at: number) => T): T | undefined {
    const slot = slotOf(row);
    return slot < 0 || shape === "text" ? undefined : read(valuesAt + slot * shape);
  }
  function copyTo(row: number, target: Uint8Array, at: number): boolean {
    const slot = slotOf(row);
    if (slot < 0 || shape === "text") return false;
    const from = valuesAt + slot * shape;
    for (let i = 0; i < shape; i++) target[at + i] = bytes[from + i] ?? 0;
    return true;
  }
  function startOf(row: number): number {
    const slot = slotOf(row);
    if (slot <= 0) return slot;
    return shape === "text" ? view.getUint32(bitmapBytes + (slot - 1) * 4, true) : slot * shape;
  }
  function endOf(row: number): number {
    const slot = slotOf(row);
    if (slot < 0) return -1;
    return shape === "text" ? view.getUint32(bitmapBytes + slot * 4, true) : (slot + 1) * shape;
  }
  function bytesOf(row: number): Uint8Array | undefined {
    const start = startOf(row);
    return start < 0 ? undefined : values.subarray(start, endOf(row));
  }

  return {
    has: (row) => slotOf(row) >= 0,
    u8: (row) => fixed(row, (at) => view.getUint8(at)),
    u32: (row) => fixed(row, (at) => view.getUint32(at, true)),
    u64: (row) => fixed(row, (at) => view.getBigUint64(at, true)),
    f64: (row) => fixed(row, (at) => view.getFloat64(at, true)),
    hex: (row) => optional(bytesOf(row), bytesToHex),
    bytes: bytesOf,
    copyTo,
    text: (row) => optional(bytesOf(row), decodeUtf8),
    values,
    startOf,
    endOf,
  };
}

function optional<T, R>(value: T | undefined, map: (value: T) => R): R | undefined {
  return value === undefined ? undefined : map(value);
}

/** Values are stored without holes; the slot of a row is the number of present rows before it. */
function slotsOf(bitmap: Uint8Array, rowCount: number): { readonly slotOfRow: Int32Array; readonly count: number } {
  const slotOfRow = new Int32Array(rowCount).fill(-1);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    if (((bitmap[row >> 3] ?? 0) & (1 << (row & 7))) !== 0) slotOfRow[row] = count++;
  }
  return { slotOfRow, count };
}

function checkEnds(view: DataView, at: number, count: number, valueBytes: number): void {
  if (valueBytes < 0) throw malformed("a text column shorter than its offsets");
  let last = 0;
  for (let slot = 0; slot < count; slot++) {
    const end = view.getUint32(at + slot * 4, true);
    if (end < last) throw malformed("text offsets that run backwards");
    last = end;
  }
  if (last !== valueBytes) throw malformed("text offsets that do not fit their bytes");
}

function malformed(what: string): MonitorError {
  return new MonitorError("PAYLOAD_MALFORMED", `column batch: ${what}`);
}
