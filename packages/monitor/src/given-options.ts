/** Options as a caller without types may hand them over: anything that is no object counts as none. */
export function givenOptions<Options extends object>(options: Options): Partial<Options> {
  const given: unknown = options;
  return typeof given === "object" && given !== null ? options : {};
}
