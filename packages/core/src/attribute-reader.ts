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
  function first<T>(
    names: readonly string[],
    read: (value: AttributeValue, name: string) => T | undefined,
  ): T | undefined {
    for (const name of names) {
      const value = attributes.get(name);
      const found = value === undefined ? undefined : read(value, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  function numberOf(value: AttributeValue, name: string): number | undefined {
    if (typeof value !== "number" && typeof value !== "bigint") return undefined;
    const number = Number(value);
    if (!Number.isFinite(number) || number < 0) return undefined;
    if (number === 0) return options.zeroIsUnknown?.has(name) === true ? undefined : 0;
    return number;
  }

  function filtered(names: readonly string[], accepts: (number: number) => boolean): number | undefined {
    return first(names, (value, name) => {
      const number = numberOf(value, name);
      return number !== undefined && accepts(number) ? number : undefined;
    });
  }

  return {
    text: (names) => first(names, textOf),
    flag: (names) => first(names, (value) => (typeof value === "boolean" ? value : undefined)),
    number: (names) => first(names, numberOf),
    positive: (names) => filtered(names, (number) => number > 0),
    count: (names) => filtered(names, Number.isSafeInteger),
    texts: (names) => first(names, textsOf),
  };
}

function textOf(value: AttributeValue): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function textsOf(value: AttributeValue): readonly string[] | undefined {
  const texts = (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string" && item !== "");
  return texts.length === 0 ? undefined : texts;
}
