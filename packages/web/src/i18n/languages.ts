import type { Messages } from "./messages.ts";

/** One language of the dashboard: a row here and a catalogue are all it takes. */
export interface Language {
  /** BCP 47 tag, also the value of `?lang=`. */
  readonly tag: string;
  /** Its name in itself, for the switch. */
  readonly ownName: string;
  readonly load: () => Promise<Messages>;
}

/** All languages; the first is the fallback. Catalogues load on demand. */
export const LANGUAGES: readonly [Language, ...Language[]] = [
  { tag: "en", ownName: "English", load: async () => (await import("./en.ts")).en },
  { tag: "zh-CN", ownName: "中文", load: async () => (await import("./zh-CN.ts")).zhCN },
];

/** The language for a BCP 47 tag: exact, else same primary language, else undefined. */
export function languageFor(tag: string | null | undefined): Language | undefined {
  if (tag === null || tag === undefined || tag === "") return undefined;
  const primary = tag.toLowerCase().split("-")[0];
  return (
    LANGUAGES.find((language) => language.tag.toLowerCase() === tag.toLowerCase()) ??
    LANGUAGES.find((language) => language.tag.toLowerCase().split("-")[0] === primary)
  );
}
