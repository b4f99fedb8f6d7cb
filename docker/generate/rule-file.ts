/** Text of a Prometheus rule file. Strings are written as JSON, which YAML reads the same; expressions as blocks. */

/** One rule of a group. */
export type Rule = {
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
} & (
  | { readonly record: string }
  | { readonly alert: string; readonly for: string; readonly annotations: Readonly<Record<string, string>> }
);

/** Rules that are evaluated together. */
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

function mapping(key: string, values: Readonly<Record<string, string>>): string[] {
  return [
    `        ${key}:`,
    ...Object.entries(values).map(([name, value]) => `          ${name}: ${JSON.stringify(value)}`),
  ];
}

function ruleLines(rule: Rule): string[] {
  return [
    "record" in rule ? `      - record: ${rule.record}` : `      - alert: ${rule.alert}`,
    "        expr: |-",
    ...rule.expr.split("\n").map((line) => `          ${line}`),
    ...("for" in rule ? [`        for: ${rule.for}`] : []),
    ...(rule.labels === undefined ? [] : mapping("labels", rule.labels)),
    ...("annotations" in rule ? mapping("annotations", rule.annotations) : []),
  ];
}

/** The whole file. `interval` is left to `global.evaluation_interval`. */
export function ruleFile(note: string, groups: readonly RuleGroup[]): string {
  const lines = groups.flatMap(({ name, rules }) => [`  - name: ${name}`, "    rules:", ...rules.flatMap(ruleLines)]);
  return [`# ${note}`, "groups:", ...lines, ""].join("\n");
}
