import { emptyStreamEvent, providerByFormat, type StreamEvent } from "@nexent/monitor-core";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import type { CountChunks } from "./act-as-client.ts";

const isCounted = (event: StreamEvent): boolean => event.type === "chunk" && event.kinds !== 0;

/** For streams of the provider's own chunks, parsed. */
export function parsedChunkCounter({ format }: Scenario): CountChunks {
  const provider = providerByFormat(format);
  const event = emptyStreamEvent();
  return (element) => (provider?.readChunk(element, event) === true && isCounted(event) ? 1 : 0);
}

/** For streams of bytes. */
export function byteCounter({ format }: Scenario): CountChunks {
  const parser = providerByFormat(format)?.createStreamParser();
  return (element) => {
    let counted = 0;
    if (element instanceof Uint8Array) parser?.push(element, (event) => void (counted += isCounted(event) ? 1 : 0));
    return counted;
  };
}
