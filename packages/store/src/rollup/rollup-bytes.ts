import { promisify } from "node:util";
import { crc32, deflateRaw, inflateRaw } from "node:zlib";

const HEADER_LENGTH_BYTES = 4;
const [deflate, inflate] = [promisify(deflateRaw), promisify(inflateRaw)];

/** What a rollup says of the rows that it was made from: other rows have other facts. */
export interface RollupSource {
  readonly spans: number;
  /** Journal position. */
  readonly applied: string;
  readonly bytes: number;
}

/** What stands in front of every rollup. */
interface CommonHeader {
  /** Of the bytes behind; other versions are made anew. */
  readonly version: number;
  readonly source: RollupSource;
  readonly crc32: number;
}

/** A rollup as bytes; `FORMAT.md` says how. @param more what its kind says in front of it. */
export async function packRollup(
  version: number,
  source: RollupSource,
  more: object,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const header: CommonHeader = { version, ...more, source, crc32: crc32(payload) };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(HEADER_LENGTH_BYTES);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, await deflate(payload)]);
}

/**
 * What `read` makes of what `packRollup` was given; `undefined` when the bytes are damaged, of another version, or of
 * another source.
 */
export async function unpackRollup<T>(
  bytes: Uint8Array,
  version: number,
  source: RollupSource,
  read: (header: object, payload: Buffer) => T | undefined,
): Promise<T | undefined> {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = HEADER_LENGTH_BYTES + buffer.readUInt32LE();
    const header = JSON.parse(buffer.toString("utf8", HEADER_LENGTH_BYTES, end)) as CommonHeader;
    if (header.version !== version || JSON.stringify(header.source) !== JSON.stringify(source)) return undefined;
    const payload = await inflate(buffer.subarray(end));
    return crc32(payload) === header.crc32 ? read(header, payload) : undefined;
  } catch {
    return undefined; // damaged: it is made again of what it was made of
  }
}
