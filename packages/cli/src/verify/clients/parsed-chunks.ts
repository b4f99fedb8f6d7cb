import { emptyStreamEvent, providerByFormat } from "@nexent/monitor-core";
import type { ClientDriver } from "./driver.ts";

const event = emptyStreamEvent();

/** For libraries that give the provider's own chunks, parsed. */
export const countsParsedChunk: ClientDriver["counts"] = (element, { format }) =>
  providerByFormat(format)?.readChunk(element, event) === true && event.kinds !== 0;
