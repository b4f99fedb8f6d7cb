/** Options as a caller without types may hand them over: what is no object, or throws when it is read, counts as none. */
export function givenOptions<Options extends object>(options: Options): Partial<Options> {
  const given: unknown = options;
  if (typeof given !== "object") return {};
  try {
    return { ...options };
  } catch {
    return {};
  }
}
