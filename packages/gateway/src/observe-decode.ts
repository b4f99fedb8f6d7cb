/**
 * Decompresses a copy of a compressed answer for the observer, timed by the arrival of the compressed bytes. The
 * client's bytes are not touched.
 */
import zlib from "node:zlib";
import { LIMITS } from "@nexent/monitor-core";
import type { BodyReader } from "./observe-body.ts";

type Inflater = zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress;

function createInflater(encoding: string): Inflater | undefined {
  if (encoding === "gzip" || encoding === "x-gzip") return zlib.createGunzip({ flush: zlib.constants.Z_SYNC_FLUSH });
  if (encoding === "deflate") return zlib.createInflate({ flush: zlib.constants.Z_SYNC_FLUSH });
  if (encoding === "br") return zlib.createBrotliDecompress({ flush: zlib.constants.BROTLI_OPERATION_FLUSH });
  return undefined;
}

/** Reads a compressed body into `inner`. `finished` is called once all that can be read has been read. */
export interface DecodingReader extends BodyReader {
  /** False when the copy was given up: broken, or beyond the bound. */
  readonly intact: boolean;
}

/** Options of a decoding reader. */
export interface DecodeOptions {
  readonly encoding: string;
  readonly inner: BodyReader;
  readonly finished: (atMs: number) => void;
  /** Bound of the decompressed bytes; default 8 MiB. */
  readonly maxBytes?: number;
}

/** A reader for `encoding`, or undefined when the coding is unknown. */
export function createDecodingReader(options: DecodeOptions): DecodingReader | undefined {
  const inflater = createInflater(options.encoding);
  if (inflater === undefined) return undefined;
  const maxBytes = options.maxBytes ?? LIMITS.gatewayBufferedBodyBytes;
  const stamps: number[] = [];
  let produced = 0;
  let intact = true;
  let endAtMs: number | undefined;
  let reported = false;

  function report(atMs: number): void {
    if (reported) return;
    reported = true;
    options.finished(atMs);
  }
  function giveUp(): void {
    intact = false;
    inflater?.destroy();
    if (endAtMs !== undefined) report(endAtMs);
  }
  inflater.on("data", (bytes: Buffer) => {
    produced += bytes.length;
    if (produced > maxBytes) giveUp();
    else options.inner.data(bytes, stamps[0] ?? 0);
  });
  inflater.on("error", giveUp);
  inflater.on("end", () => {
    if (endAtMs === undefined) return;
    options.inner.end(endAtMs);
    report(endAtMs);
  });
  return {
    get intact() {
      return intact;
    },
    data(bytes, atMs) {
      if (!intact) return;
      stamps.push(atMs);
      // The callback comes when this piece is done; what it produced carries its arrival.
      inflater.write(bytes, () => stamps.shift());
    },
    end(atMs) {
      endAtMs = atMs;
      if (intact) inflater.end();
      else report(atMs);
    },
  };
}
