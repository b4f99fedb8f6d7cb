import duckdb from "@duckdb/node-bindings";

/** Most rows of one slice; a multiple of 64, as presence is copied in words of 64 bits. */
export const SLICE_ROWS = 1_024;

const TEXT_BYTES = 16;
/** Text up to this long lies in its cell; the engine keeps longer ones itself. */
const INLINE_TEXT_BYTES = 12;

/**
 * The values of one column of a slice in the form the engine keeps them, copied into it in one piece. One object serves
 * every column, one after the other: an object or a bigint for each value would cost more than everything else.
 */
export class StageCells {
  /** Cells of the column, one behind the other; numbers are little-endian. */
  readonly bytes = new Uint8Array(SLICE_ROWS * TEXT_BYTES);
  readonly #view = new DataView(this.bytes.buffer);
  readonly #present = new Uint8Array(SLICE_ROWS / 8);
  #absent = 0;
  readonly #longTexts: Uint8Array[] = [];
  readonly #longTextRows: number[] = [];

  /** Begins a column without values. */
  begin(): void {
    // What stands behind a short text in its cell is compared too, so it must be 0.
    this.bytes.fill(0);
    this.#present.fill(0xff);
    this.#absent = 0;
    this.#longTexts.length = 0;
    this.#longTextRows.length = 0;
  }

  /** The cell has no value. */
  absent(cell: number): void {
    this.#present[cell >> 3] = (this.#present[cell >> 3] ?? 0) & ~(1 << (cell & 7));
    this.#absent++;
  }

  /** A whole number from 0 to 2^53 - 1 as 64 bits. */
  count(cell: number, value: number): void {
    this.#view.setUint32(cell * 8, value >>> 0, true);
    this.#view.setUint32(cell * 8 + 4, Math.floor(value / 2 ** 32), true);
  }

  u32(cell: number, value: number): void {
    this.#view.setUint32(cell * 4, value, true);
  }

  /** Turns big-endian bytes of a cell around. */
  reverse(cell: number, width: number): void {
    const start = cell * width;
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = this.bytes[low] ?? 0;
      this.bytes[low] = this.bytes[high] ?? 0;
      this.bytes[high] = byte;
    }
  }

  /** Text as UTF-8. */
  text(cell: number, value: Uint8Array): void {
    if (value.length <= INLINE_TEXT_BYTES) {
      const at = cell * TEXT_BYTES;
      this.#view.setUint32(at, value.length, true);
      for (let i = 0; i < value.length; i++) this.bytes[at + 4 + i] = value[i] ?? 0;
    } else {
      this.#longTexts.push(value);
      this.#longTextRows.push(cell);
    }
  }

  /** Copies the first cells into a vector. @param width bytes of a cell. */
  copyTo(vector: duckdb.Vector, rows: number, width: number): void {
    if (this.#absent < rows) duckdb.copy_data_to_vector(vector, 0, this.bytes.buffer, 0, rows * width);
    for (const [at, text] of this.#longTexts.entries())
      duckdb.vector_assign_string_element_len(vector, this.#longTextRows[at] ?? 0, text);
    if (this.#absent === 0) return;
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, this.#present.buffer, 0, Math.ceil(rows / 64) * 8);
  }
}
