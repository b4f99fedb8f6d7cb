import type { AttributeMap, AttributeValue } from "./model/span-record.ts";

/** Reads typed values from attributes. The first usable value of the given names wins; an unusable one is passed over. */
export interface AttributeReader {
  /** A string that is not empty. */
  text(names: readonly string[]): string | undefined;
  flag(names: readonly string[]): boolean | undefined;
  /** Finite and at least 0. */
  number(names: readonly string[]): number | undefined;
  /** Finite and above 0. */
  positive(names: readonly string[]): number | undefined;
  /** A whole number from 0 to 2^53 - 1. */
  count(names: readonly string[]): number | undefined;
  /** The strings of a list, or a single string; absent when there is none. */
  texts(names: readonly string[]): readonly string[] | undefined;
}

export interface AttributeReaderOptions {
  /** Names whose 0 means "unknown". */
  readonly zeroIsUnknown?: ReadonlySet<string>;
}

/** A reader over `attributes`. It never throws: attributes come from anybody. */
export function createAttributeReader(attributes: AttributeMap, options: AttributeReaderOptions = {}): AttributeReader {
  return new MapReader(attributes, options.zeroIsUnknown);
}

class MapReader implements AttributeReader {
  readonly #attributes: AttributeMap;
  readonly #zeroIsUnknown: ReadonlySet<string> | undefined;

  constructor(attributes: AttributeMap, zeroIsUnknown: ReadonlySet<string> | undefined) {
    this.#attributes = attributes;
    this.#zeroIsUnknown = zeroIsUnknown;
  }

  text(names: readonly string[]): string | undefined {
    for (const name of names) {
      const value = this.#attributes.get(name);
      if (typeof value === "string" && value !== "") return value;
    }
    return undefined;
  }

  flag(names: readonly string[]): boolean | undefined {
    for (const name of names) {
      const value = this.#attributes.get(name);
      if (typeof value === "boolean") return value;
    }
    return undefined;
  }

  number(names: readonly string[]): number | undefined {
    for (const name of names) {
      const number = this.#numberAt(name);
      if (number !== undefined) return number;
    }
    return undefined;
  }

  positive(names: readonly string[]): number | undefined {
    for (const name of names) {
      const number = this.#numberAt(name);
      if (number !== undefined && number > 0) return number;
    }
    return undefined;
  }

  count(names: readonly string[]): number | undefined {
    for (const name of names) {
      const number = this.#numberAt(name);
      if (number !== undefined && Number.isSafeInteger(number)) return number;
    }
    return undefined;
  }

  texts(names: readonly string[]): readonly string[] | undefined {
    for (const name of names) {
      const value = this.#attributes.get(name);
      const texts = value === undefined ? undefined : textsOf(value);
      if (texts !== undefined) return texts;
    }
    return undefined;
  }

  /** A zero that means "unknown" is none. */
  #numberAt(name: string): number | undefined {
    const number = usableNumber(this.#attributes.get(name));
    return number === 0 && this.#zeroIsUnknown?.has(name) === true ? undefined : number;
  }
}

/** Finite and at least 0, never -0. */
export function usableNumber(value: AttributeValue | undefined): number | undefined {
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  const number = Number(value);
  if (!Number.isFinite(number) || number < 0) return undefined;
  return number === 0 ? 0 : number;
}

function textsOf(value: AttributeValue): readonly string[] | undefined {
  if (typeof value === "string") return value === "" ? undefined : [value];
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((item) => typeof item === "string" && item !== "");
  return texts.length === 0 ? undefined : texts;
}
