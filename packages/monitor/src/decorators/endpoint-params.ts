/** Values of listed parameters as span attributes: bounded, redacted, and never one whose name says it is a secret. */
import type { Attributes } from "../backend/backend.ts";
import type { Parameter } from "./parameter-names.ts";
import { redactMessage, safeProperty } from "../redact.ts";

/** Which parameters are captured. */
export interface ParamRules {
  /** Names, or `name.field` for one field of an object, or `"*"` for all. Empty: none. */
  readonly include: readonly string[];
  /** Taken out again: a name with all its fields, or `name.field`. */
  readonly exclude: readonly string[];
}

type Value = Attributes[string];

const PREFIX = "param.";
const MAX_ATTRIBUTES = 32;
const MAX_ITEMS = 16;
const NAME_CHARACTERS = 100;

const SECRET_WORDS = new Set(["password", "passwd", "pwd", "passphrase", "secret", "secrets", "credential"]);
const SECRET_WORDS_TOO = ["credentials", "authorization", "auth", "cookie", "cookies", "jwt", "signature"];
for (const word of SECRET_WORDS_TOO) SECRET_WORDS.add(word);
/** Secret only at the end of a name: `accessToken` and `apiKey`, but not `tokenCount` and `keyName`. */
const SECRET_ENDINGS = new Set(["key", "keys", "token", "apikey", "accesskey", "privatekey", "accesstoken"]);

/** Whether a name says that its value is a secret. */
export function isSecretName(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word) => SECRET_WORDS.has(word)) || SECRET_ENDINGS.has(words.at(-1) ?? "");
}

function scalarOf(value: unknown): string | number | boolean | undefined {
  if (typeof value === "string") return redactMessage(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "boolean") return value;
  return typeof value === "bigint" ? redactMessage(String(value)) : undefined;
}

/** A list whose elements are scalars; mixed kinds become text. */
function listOf(values: readonly unknown[]): Value | undefined {
  const scalars = values.slice(0, MAX_ITEMS).map(scalarOf);
  const numbers = scalars.filter((scalar) => typeof scalar === "number");
  if (numbers.length === scalars.length) return numbers;
  const texts = scalars.filter((scalar) => scalar !== undefined).map(String);
  return texts.length === scalars.length ? texts : undefined;
}

function valueOf(value: unknown): Value | undefined {
  return Array.isArray(value) ? listOf(value) : scalarOf(value);
}

/** Collects attributes under the rules; hostile values are skipped. */
class ParamDraft {
  readonly attributes: Record<string, Value> = {};
  readonly #rules: ParamRules;
  #count = 0;

  constructor(rules: ParamRules) {
    this.#rules = rules;
  }

  add(name: string, value: unknown): void {
    if (this.#excludes(name) || isSecretName(name)) return;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      if (this.#includes(name)) this.#put(name, valueOf(value));
      return;
    }
    const fields = this.#rules.include.filter((path) => path.startsWith(`${name}.`));
    const all = this.#includes(name) ? Object.keys(value).slice(0, MAX_ITEMS) : [];
    for (const field of new Set([...all, ...fields.map((path) => path.slice(name.length + 1))])) {
      const path = `${name}.${field}`;
      if (!this.#excludes(path) && !isSecretName(field)) this.#put(path, valueOf(safeProperty(value, field)));
    }
  }

  #includes(name: string): boolean {
    return this.#rules.include.includes("*") || this.#rules.include.includes(name);
  }

  #excludes(name: string): boolean {
    return this.#rules.exclude.includes(name);
  }

  #put(name: string, value: Value | undefined): void {
    if (value === undefined || this.#count >= MAX_ATTRIBUTES) return;
    this.#count += 1;
    this.attributes[PREFIX + name.slice(0, NAME_CHARACTERS)] = value;
  }
}

function addParameter(draft: ParamDraft, parameter: Parameter, args: readonly unknown[], at: number): void {
  if (parameter.kind === "name") {
    draft.add(parameter.name, parameter.rest ? Array.from(args).slice(at) : args[at]);
  } else if (parameter.kind === "fields") {
    for (const name of parameter.names) draft.add(name, safeProperty(args[at], name));
  }
}

/** Attributes `param.<name>` of a call's arguments. Never throws. */
export function paramAttributes(
  parameters: readonly Parameter[],
  args: readonly unknown[],
  rules: ParamRules,
): Attributes {
  const draft = new ParamDraft(rules);
  parameters.forEach((parameter, at) => {
    try {
      addParameter(draft, parameter, args, at);
    } catch {
      // A hostile argument (throwing getter or ownKeys trap): it is left out, the others are not.
    }
  });
  return draft.attributes;
}
