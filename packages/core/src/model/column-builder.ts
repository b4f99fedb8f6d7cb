import { COLUMN_HEADER_BYTES, COLUMN_IS_FULL, TEXT_SHAPE, type ColumnShape } from "./column-layout.ts";
import { GrowingBytes } from "./growing-bytes.ts";

/** Collects the values of one column; rows without a value are simply not written. */
export class ColumnBuilder {
  readonly #id: number;
  readonly #shape: ColumnShape;
  readonly #values = new GrowingBytes();
  /** Of a text column: where each value ends. */
  readonly #ends = new GrowingBytes(64);
  #presence = new Uint8Array(32);
  #count = 0;

  /** @param id number of the column in the journal. */
  constructor(id: number, shape: ColumnShape) {
    this.#id = id;
    this.#shape = shape;
  }

  /** Forgets every value and keeps the memory. */
  clear(): void {
    if (this.#count === 0) return;
    this.#values.clear();
    this.#ends.clear();
    this.#presence.fill(0);
    this.#count = 0;
  }

  /** Marks the row as present and returns the bytes to write its fixed-width value to. */
  fixed(row: number): GrowingBytes {
    this.#mark(row);
    return this.#values;
  }

  /** Marks the row as present and returns the bytes to write its text to, before {@link endText}. */
  beginText(row: number): GrowingBytes {
    return this.fixed(row);
  }

  endText(): void {
    this.#ends.u32(this.#values.length);
  }

  text(row: number, value: string): void {
    this.beginText(row).text(value);
    this.endText();
  }

  #mark(row: number): void {
    const at = row >> 3;
    if (at >= this.#presence.length) {
      const wider = new Uint8Array(at * 2);
      wider.set(this.#presence);
      this.#presence = wider;
    }
    this.#presence[at] = (this.#presence[at] ?? 0) | (1 << (row & 7));
    this.#count++;
  }

  #bitmapBytes(rowCount: number): number {
    return this.#count === rowCount ? 0 : Math.ceil(rowCount / 8);
  }

  /** Bytes that {@link writeTo} writes; 0 for a column without any value, which is left out. */
  encodedBytes(rowCount: number): number {
    if (this.#count === 0) return 0;
    return COLUMN_HEADER_BYTES + this.#bitmapBytes(rowCount) + this.#ends.length + this.#values.length;
  }

  /** Writes header, presence and values. */
  writeTo(target: GrowingBytes, rowCount: number): void {
    const bitmap = this.#presence.subarray(0, this.#bitmapBytes(rowCount));
    target.u16(this.#id);
    target.u8(this.#shape === "text" ? TEXT_SHAPE : this.#shape);
    target.u8(bitmap.length === 0 ? COLUMN_IS_FULL : 0);
    target.u32(this.encodedBytes(rowCount) - COLUMN_HEADER_BYTES);
    target.bytes(bitmap);
    target.bytes(this.#ends.view());
    target.bytes(this.#values.view());
  }
}
