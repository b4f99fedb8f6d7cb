/** `@nexent/monitor/tokenizer`: the tokenizer of OpenAI's models, for answers that come without usage. */
import { createPackageLoader, type PackageLoader } from "./backend/load.ts";
import { warnOnce } from "./diagnostics.ts";
import type { Tokenizer } from "./config/tokenizer.ts";

export type { Tokenizer } from "./config/tokenizer.ts";

export interface GptTokenizerOptions {
  /** Where the package is looked for; default: beside this one. */
  readonly loader?: PackageLoader;
}

/** `countTokens` of one encoding of gpt-tokenizer. */
type CountTokens = (text: string, options: { readonly disallowedSpecial: ReadonlySet<string> }) => number;

const PACKAGE = "gpt-tokenizer";
/** Text of an answer is text, also where it looks like a special token: with the default set that throws. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };

/** Models before gpt-4o have another vocabulary; what is not known counts by the newest. */
function encodingOf(model: string): string {
  return /^(?:gpt-3\.5|gpt-4(?!o|\.\d)|text-embedding-)/.test(model) ? "cl100k_base" : "o200k_base";
}

function hasCountTokens(exports: unknown): exports is { readonly countTokens: CountTokens } {
  return (
    typeof exports === "object" &&
    exports !== null &&
    "countTokens" in exports &&
    typeof exports.countTokens === "function"
  );
}

/**
 * A tokenizer over the optional package gpt-tokenizer, which is loaded at the first answer that needs it (some 0.2 to
 * 0.6 s, once per vocabulary, after the stream). Exact for OpenAI's models only; its counts are always marked as
 * estimated. Without the package, tokens are estimated by bytes.
 * @example
 * configure({ tokenizer: gptTokenizer() });
 */
export function gptTokenizer({ loader = createPackageLoader() }: GptTokenizerOptions = {}): Tokenizer {
  const loaded = new Map<string, CountTokens | undefined>();

  function load(encoding: string): CountTokens | undefined {
    const result = loader.load(`${PACKAGE}/encoding/${encoding}`);
    if (result.status === "loaded" && hasCountTokens(result.exports)) return result.exports.countTokens;
    const why = result.status === "missing" ? "is not installed" : "cannot be used";
    warnOnce(`${PACKAGE} ${why}: output tokens are estimated by their bytes`);
    return undefined;
  }

  return (text, model) => {
    const encoding = encodingOf(model);
    if (!loaded.has(encoding)) loaded.set(encoding, load(encoding));
    return loaded.get(encoding)?.(text, AS_TEXT);
  };
}
