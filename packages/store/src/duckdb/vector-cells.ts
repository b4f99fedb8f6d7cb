import duckdb from "@duckdb/node-bindings";

/** Bytes of a text, and of a list entry, in a vector of the engine. */
export const WIDE_CELL_BYTES = 16;

/** Text up to this long lies in its cell; of a longer one there stand length, first 4 bytes and address. */
const INLINE_TEXT_BYTES = 12;
/** Bytes between two long texts of one source that are copied along rather than copying twice. */
const COPIED_GAP_BYTES = 64;
/** Memory for long texts that is kept from one column to the next. */
const MAX_KEPT_TEXT_BYTES = 4 * 1024 * 1024;

/**
 * The values of one vector in the form the engine keeps them (`duckdb_string_t` and the like are part of its C
 * interface), copied into it in one piece: a call or a bigint for each value would cost more than everything else.
 */
export class VectorCells {
  #bytes = new Uint8Array(0);
  #words = new Uint32Array(0);
  #present = new Uint8Array(0);
  #absent = 0;
  #texts = new Uint8Array(64 * 1024);
  #textBytes = 0;
  #hasLongTexts = false;
  /** Texts of one source that stand close together are copied as one run: where it lies in the source. */
  #source: Uint8Array | undefined;
  #runStart = 0;
  #runEnd = -1;

  /** Begins a vector of so many cells; texts may go beyond. */
  begin(cells: number): void {
    this.#reserveCells(cells);
    this.#bytes.fill(0, 0, cells * WIDE_CELL_BYTES);
    this.#present.fill(0xff);
    this.#absent = 0;
    this.#textBytes = 0;
    this.#hasLongTexts = false;
    this.#runEnd = -1;
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
    this.#words[cell] = value;
  }

  /** A whole number from 0 to 2^53 - 1 as 64 bits, at a place counted in words of 64 bits. */
  u64(word: number, value: number): void {
    this.#words[word * 2] = value >>> 0;
    this.#words[word * 2 + 1] = Math.floor(value / 2 ** 32);
  }

  /** Turns the big-endian bytes of a cell around. */
  reverse(cell: number, width: number): void {
    const bytes = this.#bytes;
    const start = cell * width;
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = bytes[low] ?? 0;
      bytes[low] = bytes[high] ?? 0;
      bytes[high] = byte;
    }
  }

  /** Text whose UTF-8 stands in `source` from `start` to `end`. */
  text(cell: number, source: Uint8Array, start: number, end: number): void {
    if ((cell + 1) * WIDE_CELL_BYTES > this.#bytes.length) this.#reserveCells(cell + 1);
    const length = end - start;
    const isLong = length > INLINE_TEXT_BYTES;
    const bytes = this.#bytes;
    const word = cell * 4;
    this.#words[word] = length;
    // What stands behind a short text in its cell is compared too, so it must be 0.
    this.#words[word + 1] = this.#words[word + 3] = 0;
    this.#words[word + 2] = isLong ? this.#placeInRun(source, start, end) : 0;
    const inCell = isLong ? 4 : length;
    for (let i = 0, at = word * 4 + 4; i < inCell; i++) bytes[at + i] = source[start + i] ?? 0;
  }

  /** The same text as in an earlier cell. */
  repeat(cell: number, earlier: number): void {
    if ((cell + 1) * WIDE_CELL_BYTES > this.#bytes.length) this.#reserveCells(cell + 1);
    this.#words.copyWithin(cell * 4, earlier * 4, earlier * 4 + 4);
  }

  /** Copies the first cells into a vector. @param width bytes of a cell. */
  copyTo(vector: duckdb.Vector, cells: number, width: number): void {
    if (this.#hasLongTexts) this.#placeTexts(vector, cells);
    if (this.#absent < cells) duckdb.copy_data_to_vector(vector, 0, this.#bytes.buffer, 0, cells * width);
    if (this.#absent === 0) return;
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, this.#present.buffer, 0, Math.ceil(cells / 64) * 8);
  }

  #reserveCells(cells: number): void {
    if (this.#bytes.length >= cells * WIDE_CELL_BYTES) return;
    const wider = new Uint8Array(cells * 2 * WIDE_CELL_BYTES);
    wider.set(this.#bytes);
    this.#bytes = wider;
    this.#words = new Uint32Array(wider.buffer);
    // Presence is copied in words of 64 bits.
    const present = new Uint8Array(Math.ceil((cells * 2) / 64) * 8).fill(0xff);
    present.set(this.#present);
    this.#present = present;
  }

  /** Answers where the text will stand among the long texts. */
  #placeInRun(source: Uint8Array, start: number, end: number): number {
    const gap = start - this.#runEnd;
    if (source !== this.#source || this.#runEnd < 0 || gap < 0 || gap > COPIED_GAP_BYTES) {
      this.#copyRun();
      this.#source = source;
      this.#runStart = start;
    }
    this.#runEnd = end;
    this.#hasLongTexts = true;
    return this.#textBytes + start - this.#runStart;
  }

  #copyRun(): void {
    if (this.#source === undefined || this.#runEnd < 0) return;
    const length = this.#runEnd - this.#runStart;
    if (this.#textBytes + length > this.#texts.length) {
      const wider = new Uint8Array(Math.max(this.#texts.length * 2, this.#textBytes + length));
      wider.set(this.#texts.subarray(0, this.#textBytes));
      this.#texts = wider;
    }
    this.#texts.set(this.#source.subarray(this.#runStart, this.#runEnd), this.#textBytes);
    this.#textBytes += length;
    this.#runEnd = -1;
  }

  /** Long texts go into the vector as one, for the time of the vector; then each cell gets its address within. */
  #placeTexts(vector: duckdb.Vector, cells: number): void {
    this.#copyRun();
    this.#source = undefined;
    duckdb.vector_assign_string_element_len(vector, 0, this.#texts.subarray(0, this.#textBytes));
    const { buffer, byteOffset } = duckdb.vector_get_data(vector, WIDE_CELL_BYTES);
    const placed = new DataView(buffer, byteOffset, WIDE_CELL_BYTES);
    const start = placed.getUint32(8, true) + placed.getUint32(12, true) * 2 ** 32;
    const words = this.#words;
    for (let word = 0; word < cells * 4; word += 4) {
      if ((words[word] ?? 0) > INLINE_TEXT_BYTES) this.u64(word / 2 + 1, start + (words[word + 2] ?? 0));
    }
  }
}
