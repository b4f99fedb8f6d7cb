/** What the byte parsers do with one frame, whatever its framing was. */
import { utf8OfLatin1 } from "../utf8.ts";
import { fieldsOf, type Fields } from "./json-fields.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";

/** The members of a frame whose UTF-8 bytes stand in `data`, one per character; undefined when it is no JSON object. */
export function parseFrame(data: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(utf8OfLatin1(data)));
  } catch {
    // Not this provider's format: the caller counts it, the bytes have passed long ago.
    return undefined;
  }
}

/** What tells the kind of a frame that was too long to be held; a needle ends where the output begins. */
export type CutFrameNeedles = readonly (readonly [needle: RegExp, kind: DeltaKind])[];

/** Classifies a cut frame by its beginning, best needle first; its bytes are at least those that were held. */
export function classifyCutFrame(held: string, needles: CutFrameNeedles, event: StreamEvent): void {
  for (const [needle, kind] of needles) {
    const found = needle.exec(held);
    if (found === null) continue;
    event.kind = kind;
    event.kinds = DELTA_KIND_BIT[kind];
    event.outputBytes = held.length - found.index - found[0].length;
    event.choiceCount = 1;
    return;
  }
  event.type = "malformed";
}
