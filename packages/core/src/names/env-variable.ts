/** Who reads a variable; the gateway has the SDK inside, so `sdk` rows hold for it too. */
export type EnvProgram = "sdk" | "gateway" | "server" | "cli";

/** `pairs`: `key=value,…`. `boolean`: `true 1 yes on` or `false 0 no off` in any case. `list`: separated by commas. */
export type EnvType = "boolean" | "number" | "integer" | "port" | "url" | "text" | "choice" | "list" | "pairs";

/** One environment variable. */
export interface EnvVariable {
  readonly name: string;
  readonly type: EnvType;
  /** As it would be written in the environment; absent = unset. */
  readonly default?: string;
  readonly unit?: "s" | "ms" | "tokens/s" | "characters" | "MiB" | "GiB" | "days";
  /** Accepted values of a `choice`. */
  readonly values?: readonly string[];
  readonly meaning: string;
  readonly program: EnvProgram;
  /** Further programs that read it. */
  readonly alsoReadBy?: readonly EnvProgram[];
}
