/** `{ [key]: value }`, or nothing when the value is unknown: unknown stays absent in every answer. */
export function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  if (value === undefined) return {};
  // A computed key has type `string` for the compiler, though it is exactly `K`.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { [key]: value } as { readonly [P in K]: V };
}
