/**
 * The members that have a value: unknown is absent. For the end of every call, so it is written for an object literal
 * with always the same keys: walking those is several times faster than any list of entries.
 */
export function known<T extends object>(entries: { readonly [K in keyof T]: T[K] | undefined }): T {
  const found: Partial<T> = {};
  for (const key in entries) {
    const value = entries[key];
    // A host may have extended Object.prototype.
    if (value !== undefined && Object.hasOwn(entries, key)) found[key] = value;
  }
  return found as T;
}
