import { ATTR, fingerprintOfTape, type AttributeMap, type AttributeValue } from "@nexent/monitor-core";

/** Whether {@link addFingerprint} would change anything. */
export function mayLackFingerprint(attributes: AttributeMap): boolean {
  return attributes.has(ATTR.llmTokenTape) || attributes.has(ATTR.llmFingerprint);
}

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
      : fingerprintOfTape(tape, Number(durationNanos / 1000n));
  if (fingerprint !== undefined) attributes.set(ATTR.llmFingerprint, fingerprint);
  else attributes.delete(ATTR.llmFingerprint);
}
