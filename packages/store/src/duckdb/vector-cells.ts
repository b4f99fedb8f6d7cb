import duckdb from "@duckdb/node-bindings";

/** Bytes of a text, and of a list entry, in a vector of the engine. */
export const WIDE_CELL_BYTES = 16;

/** Text up to this long lies in its cell; of a longer one there stand length, first 4 bytes and address. */
const INLINE_TEXT_BYTES = 12;
/** Memory for long texts that is kept from one column to the next. */
const MAX_KEPT_TEXT_BYTES = 4 * 1024 * 1024;

/**
 * The values of one vector in the form the engine keeps them (`duckdb_string_t` and the like are part of its C
 * interface), copied into it in one piece: a call or a bigint for each value would cost more than everything else.
 */
export class VectorCells {
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #present = new Uint8Array(0);
  #absent = 0;
  #texts = new Uint8Array(64 * 1024);
  #textBytes = 0;
  readonly #longTexts: number[] = [];

  /** Begins a vector of so many cells. */
  begin(cells: number): void {
    if (this.#bytes.length < cells * WIDE_CELL_BYTES) {
      this.#bytes = new Uint8Array(cells * 2 * WIDE_CELL_BYTES);
      this.#view = new DataView(this.#bytes.buffer);
      // Presence is copied in words of 64 bits.
      this.#present = new Uint8Array(Math.ceil((cells * 2) / 64) * 8);
    }
    // What stands behind a short text in its cell is compared too, so it must be 0.
    this.#bytes.fill(0, 0, cells * WIDE_CELL_BYTES);
    this.#present.fill(0xff);
    this.#absent = 0;
    this.#textBytes = 0;
    this.#longTexts.length = 0;
    if (this.#texts.length > MAX_KEPT_TEXT_BYTES) this.#texts = new Uint8Array(64 * 1024);
  }

  /** Bytes of the cells, one behind the other; numbers are little-endian. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The cell has no value. */
  absent(cell: number): void {
    this.#present[cell >> 3] = (this.#present[cell >> 3] ?? 0) & ~(1 << (cell & 7));
    this.#absent++;
  }

  u32(cell: number, value: number): void {
    this.#view.setUint32(cell * 4, value, true);
  }

  /** A whole number from 0 to 2^53 - 1 as 64 bits, at a place counted in words of 64 bits. */
  u64(word: number, value: number): void {
    this.#view.setUint32(word * 8, value >>> 0, true);
    this.#view.setUint32(word * 8 + 4, Math.floor(value / 2 ** 32), true);
  }

  /** Turns the big-endian bytes of a cell around. */
  reverse(cell: number, width: number): void {
    const start = cell * width;
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = this.#bytes[low] ?? 0;
      this.#bytes[low] = this.#bytes[high] ?? 0;
      this.#bytes[high] = byte;
    }
  }

  /** Text whose UTF-8 stands in `source` from `start` to `end`. */
  text(cell: number, source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const at = cell * WIDE_CELL_BYTES;
    this.#view.setUint32(at, length, true);
    const inCell = length <= INLINE_TEXT_BYTES ? length : 4;
    for (let i = 0; i < inCell; i++) this.#bytes[at + 4 + i] = source[start + i] ?? 0;
    if (length <= INLINE_TEXT_BYTES) return;
    this.u64(cell * 2 + 1, this.#textBytes);
    this.#longTexts.push(cell);
    this.#reserveText(length);
    this.#texts.set(source.subarray(start, end), this.#textBytes);
    this.#textBytes += length;
  }

  #reserveText(length: number): void {
    if (this.#textBytes + length <= this.#texts.length) return;
    const wider = new Uint8Array(Math.max(this.#texts.length * 2, this.#textBytes + length));
    wider.set(this.#texts.subarray(0, this.#textBytes));
    this.#texts = wider;
  }

  /** Copies the first cells into a vector. @param width bytes of a cell. */
  copyTo(vector: duckdb.Vector, cells: number, width: number): void {
    if (this.#longTexts.length > 0) this.#placeTexts(vector);
    if (this.#absent < cells) duckdb.copy_data_to_vector(vector, 0, this.#bytes.buffer, 0, cells * width);
    if (this.#absent === 0) return;
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, this.#present.buffer, 0, Math.ceil(cells / 64) * 8);
  }

  /** Long texts go into the vector as one, for the time of the vector; then each cell gets its address within. */
  #placeTexts(vector: duckdb.Vector): void {
    duckdb.vector_assign_string_element_len(vector, 0, this.#texts.subarray(0, this.#textBytes));
    const { buffer, byteOffset } = duckdb.vector_get_data(vector, WIDE_CELL_BYTES);
    const placed = new DataView(buffer, byteOffset, WIDE_CELL_BYTES);
    const start = placed.getUint32(8, true) + placed.getUint32(12, true) * 2 ** 32;
    for (const cell of this.#longTexts) {
      const at = cell * WIDE_CELL_BYTES;
      const offset = this.#view.getUint32(at + 8, true) + this.#view.getUint32(at + 12, true) * 2 ** 32;
      this.u64(cell * 2 + 1, start + offset);
    }
  }
}
