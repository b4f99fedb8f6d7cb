import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { homedir } from "node:os";
import { ENV, type EnvVariable } from "@nexent/monitor-core";
import { redactText } from "@nexent/monitor-server";

type Env = Readonly<Record<string, string | undefined>>;

/** A variable as a report may show it. */
export interface ShownVariable {
  readonly name: string;
  readonly isSet: boolean;
  /** Only where the value cannot be a secret: numbers, switches, choices, IP addresses, URLs without user and query. */
  readonly value?: string;
}

/** Variables that are not ours, but whose values are secrets all the same. */
const SECRET_NAME = /KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH/i;
/** Files that hold secrets, by the variable that names them. */
const SECRET_FILES = ["GATEWAY_CONFIG", "GATEWAY_TOKENS_FILE"];
/** Shorter words are in every text. */
const SHORTEST_SECRET = 6;
const SHORTEST_WORD_OF_FILE = 12;
const NUMBER = /^-?\d{1,15}(\.\d{1,9})?$/;
const SWITCH = /^(true|1|yes|on|false|0|no|off)$/i;

/** Every variable of ours: whether it is set and, where that is harmless, to what. */
export function shownVariables(env: Env): readonly ShownVariable[] {
  return ENV.map((variable) => {
    const text = env[variable.name]?.trim() ?? "";
    const value = text === "" ? undefined : shownValue(variable, text);
    return { name: variable.name, isSet: text !== "", ...(value === undefined ? {} : { value }) };
  });
}

function shownValue({ name, type, values }: EnvVariable, text: string): string | undefined {
  if (SECRET_NAME.test(name) && type !== "number" && type !== "integer") return undefined;
  if (type === "number" || type === "integer" || type === "port") return NUMBER.test(text) ? text : undefined;
  if (type === "boolean") return SWITCH.test(text) ? text : undefined;
  if (type === "choice") return values?.includes(text) === true ? text : undefined;
  if (type === "url" && URL.canParse(text)) return new URL(text).origin + new URL(text).pathname;
  return isIP(text) === 0 ? undefined : text;
}

/**
 * Takes out of any text what this environment and the files it names keep secret, each replaced by `[NAME]`, and then
 * whatever looks like a secret.
 */
export function createConcealer(env: Env): (text: string) => string {
  const secrets = [...secretsOf(env)].sort(([a], [b]) => b.length - a.length);
  return (text) => redactText(secrets.reduce((left, [secret, label]) => left.replaceAll(secret, label), text));
}

function secretsOf(env: Env): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>([[homedir(), "~"]]);
  const add = (name: string, words: readonly string[], shortest = SHORTEST_SECRET): void => {
    for (const word of words) if (word.length >= shortest) secrets.set(word, `[${name}]`);
  };
  const shown = new Map(shownVariables(env).map((variable) => [variable.name, variable.value]));
  for (const [name, value = ""] of Object.entries(env)) {
    const text = value.trim();
    const isOurs = shown.has(name);
    if ((!isOurs && !SECRET_NAME.test(name)) || shown.get(name) === text) continue;
    add(name, [text, ...(isOurs || SECRET_NAME.test(name) ? text.split(/[\s,;=]+/) : []), ...urlSecrets(text)]);
  }
  for (const name of SECRET_FILES)
    add(
      name,
      wordsOfFile(env[name]?.trim() ?? "").flatMap((word) => [word, ...urlSecrets(word)]),
      SHORTEST_WORD_OF_FILE,
    );
  return secrets;
}

/** User, password and query of a URL, each of which may stand alone in a message. */
function urlSecrets(text: string): readonly string[] {
  if (!URL.canParse(text)) return [];
  const { username, password, searchParams } = new URL(text);
  return [username, password, decodeURIComponent(password), ...searchParams.values()];
}

function wordsOfFile(path: string): readonly string[] {
  if (path === "") return [];
  try {
    return readFileSync(path, "utf8").split(/[\s,"']+/);
  } catch {
    // What cannot be read cannot be told either; doctor says elsewhere that the file is missing.
    return [];
  }
}
