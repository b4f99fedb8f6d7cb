/**
 * One look at a text that tells whether anything could have to be done to it. Most values are short, plain and hold
 * nothing that a rule of `redact.ts` begins with; this sees it in one pass.
 */
import { SHORTEST_WITH_PREFIX, SHORTEST_WITH_SCHEME } from "./redact.ts";

/** Longer texts are looked at by the rules themselves, which search faster. Far below every limit of a value. */
const MAX_UNITS = 128;

/** Signs without which no rule of their kind can match. */
const PREFIX_SIGN = 1;
const SCHEME_SIGN = 2;
const OTHER_SIGN = 4;
/** Outside of printable ASCII: may have to be replaced. */
const FOREIGN = 8;

const SIGNS = new Uint8Array(128);
// Every prefix of a secret, and the head of a key block, holds one of these.
for (const sign of "-_IJ") SIGNS[sign.charCodeAt(0)] = PREFIX_SIGN;
SIGNS[" ".charCodeAt(0)] = SCHEME_SIGN;
// `://` and `=`
for (const sign of ":=") SIGNS[sign.charCodeAt(0)] = OTHER_SIGN;
SIGNS[0] = FOREIGN;

/** Whether a text is stored as it is; false means that it takes a closer look. */
export function isHarmless(text: string): boolean {
  const { length } = text;
  if (length > MAX_UNITS) return false;
  let signs = 0;
  for (let at = 0; at < length; at++) signs |= SIGNS[text.charCodeAt(at)] ?? FOREIGN;
  if (signs === 0) return true;
  if ((signs & (OTHER_SIGN | FOREIGN)) !== 0) return false;
  if ((signs & PREFIX_SIGN) !== 0 && length >= SHORTEST_WITH_PREFIX) return false;
  return (signs & SCHEME_SIGN) === 0 || length < SHORTEST_WITH_SCHEME;
}
