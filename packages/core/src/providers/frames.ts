/** What the byte parsers do with one frame, whatever its framing was. */
import { jsonDepthExceeds } from "../json-depth.ts";
import { LIMITS } from "../limits.ts";
import { utf8OfLatin1 } from "../utf8.ts";
import { fieldsOf, type Fields } from "./json-fields.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";

/** Shorter frames cost nothing however deep they nest. */
const DEPTH_CHECK_BYTES = 16 * 1024;

/** The members of a frame whose UTF-8 bytes stand in `data`, one per character; undefined when it is no JSON object. */
export function parseFrame(data: string): Fields | undefined {
  if (data.length > DEPTH_CHECK_BYTES && jsonDepthExceeds(data, LIMITS.jsonNestingBrackets)) return undefined;
  try {
    return fieldsOf(JSON.parse(utf8OfLatin1(data)));
  } catch {
    // Not this provider's format: the caller counts it, the bytes have passed long ago.
    return undefined;
  }
}

/** What tells the kind of a frame that was too long to be held; a needle ends where the output begins. */
export type CutNeedles = readonly (readonly [needle: RegExp, kind: DeltaKind])[];

/**
 * Counts the output of a cut frame: what follows the first of `needles` that is found, at least as far as it was held.
 * @returns false when none was found.
 */
export function countCutOutput(event: StreamEvent, held: string, needles: CutNeedles): boolean {
  for (const [needle, kind] of needles) {
    const found = needle.exec(held);
    if (found === null) continue;
    event.kind = kind;
    event.kinds = DELTA_KIND_BIT[kind];
    event.outputBytes = held.length - found.index - found[0].length;
    event.choiceCount = 1;
    return true;
  }
  return false;
}
