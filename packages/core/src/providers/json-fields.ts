/** Members of a value nobody has checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** `value` when it is an object and no list; undefined otherwise. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** `value` when it is a text with at least one character. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** `value` when it is a list; the empty list otherwise. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A token count: a whole number of at least 0; anything else is unknown. */
export function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/**
 * What `read` makes of `value`; `otherwise` when it is no object, or throws where it is touched: a getter or proxy of the
 * host must not make it notice us.
 */
export function readSafely<T>(value: unknown, read: (given: Fields) => T, otherwise: T): T {
  try {
    const given = fieldsOf(value);
    return given === undefined ? otherwise : read(given);
  } catch {
    return otherwise;
  }
}

/** A duration or a rate: a finite number of at least 0; anything else is unknown. */
export function measureOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** A duration in seconds, given in units of which one second has `unitsPerSecond`. */
export function secondsOf(value: unknown, unitsPerSecond: number): number | undefined {
  const duration = measureOf(value);
  return duration === undefined ? undefined : duration / unitsPerSecond;
}

/** The members that have a value: unknown is absent. Undefined when none has. */
export function knownOf<T extends object>(entries: { readonly [K in keyof T]: T[K] | undefined }): T | undefined {
  const known: Partial<T> = {};
  let any = false;
  for (const key of Object.keys(entries) as (keyof T)[]) {
    const value = entries[key];
    if (value === undefined) continue;
    known[key] = value;
    any = true;
  }
  return any ? (known as T) : undefined;
}
