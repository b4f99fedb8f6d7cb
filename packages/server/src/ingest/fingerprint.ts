import { ATTR, decodeTokenTape, encodeFingerprint, findPauses, type AttributeValue } from "@nexent/monitor-core";

/**
 * Adds the stream's shape in 60 buckets, made from its token tape, so that lists need not read tapes. Replaces whatever
 * the sender put there; without a readable tape and an end there is none.
 * @param attributes changed in place.
 */
export function addFingerprint(attributes: Map<string, AttributeValue>, durationNanos: bigint | undefined): void {
  const tape = attributes.get(ATTR.llmTokenTape);
  const fingerprint =
    typeof tape !== "string" || durationNanos === undefined
      ? undefined
      : fingerprintOf(tape, Number(durationNanos / 1000n));
  if (fingerprint !== undefined) attributes.set(ATTR.llmFingerprint, fingerprint);
  else attributes.delete(ATTR.llmFingerprint);
}

function fingerprintOf(tape: string, durationMicros: number): string | undefined {
  try {
    const { entries } = decodeTokenTape(tape);
    return encodeFingerprint({ entries, pauses: findPauses(entries).pauses, durationMicros });
  } catch {
    // A tape of a later version or a damaged one is kept as it came; nothing is derived from it.
    return undefined;
  }
}
