import { COLUMN_IS_FULL, TEXT_SHAPE, type ColumnShape } from "./column-layout.ts";
import { createGrowingBytes, type GrowingBytes } from "./growing-bytes.ts";

/** Collects the values of one column; rows without a value are simply not written. */
export interface ColumnBuilder {
  /** Marks the row as present and returns the bytes to write its fixed-width value to. */
  fixed(row: number): GrowingBytes;
  text(row: number, value: string): void;
  /** Writes header, presence and values; nothing for a column without any value. */
  writeTo(target: GrowingBytes, rowCount: number): boolean;
}

/** @param id number of the column in the journal. */
export function createColumnBuilder(id: number, shape: ColumnShape): ColumnBuilder {
  const values = createGrowingBytes();
  const ends = createGrowingBytes(shape === "text" ? 64 : 0);
  const presentRows: number[] = [];

  return {
    fixed(row) {
      presentRows.push(row);
      return values;
    },
    text(row, value) {
      presentRows.push(row);
      values.text(value);
      ends.u32(values.length);
    },
    writeTo(target, rowCount) {
      if (presentRows.length === 0) return false;
      const full = presentRows.length === rowCount;
      const bitmap = full ? new Uint8Array(0) : bitmapOf(presentRows, rowCount);
      target.u16(id);
      target.u8(shape === "text" ? TEXT_SHAPE : shape);
      target.u8(full ? COLUMN_IS_FULL : 0);
      target.u32(bitmap.length + ends.length + values.length);
      target.bytes(bitmap);
      target.bytes(ends.view());
      target.bytes(values.view());
      return true;
    },
  };
}

function bitmapOf(rows: readonly number[], rowCount: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(rowCount / 8));
  for (const row of rows) bitmap[row >> 3] = (bitmap[row >> 3] ?? 0) | (1 << (row & 7));
  return bitmap;
}
