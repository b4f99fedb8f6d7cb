import type { Finding, FindingLevel, Language } from "./finding.ts";
import { MESSAGES, type Message } from "./messages.ts";

/** Text and remedy of a finding in one language. */
export interface Worded {
  readonly text: string;
  readonly remedy?: string;
}

/** A finding in words. */
export function wordsOf({ id, params }: Finding, language: Language): Worded {
  const message: Message = MESSAGES[id];
  const fill = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
  const text = fill(message.text[language]);
  return message.remedy === undefined ? { text } : { text, remedy: fill(message.remedy[language]) };
}

const MARKS: Readonly<Record<FindingLevel, string>> = {
  ok: "ok     ",
  note: "note   ",
  warning: "warning",
  problem: "PROBLEM",
};
const SUMMARY: Readonly<Record<Language, (problems: number, warnings: number) => string>> = {
  en: (problems, warnings) =>
    problems + warnings === 0 ? "Everything looked at is well." : `${problems} problems, ${warnings} warnings.`,
  zh: (problems, warnings) =>
    problems + warnings === 0 ? "检查的各项均正常。" : `${problems} 个问题，${warnings} 个警告。`,
};
/** Order of the report: what hurts last, where the eye is when it ends. */
const ORDER: readonly FindingLevel[] = ["ok", "note", "warning", "problem"];

/** The lines of a report. */
export function reportLines(findings: readonly Finding[], language: Language): readonly string[] {
  const sorted = [...findings].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  const lines = sorted.flatMap((one) => {
    const { text, remedy } = wordsOf(one, language);
    const line = `${MARKS[one.level]}  ${text}`;
    return remedy === undefined || one.level === "ok" ? [line] : [line, `         ${remedy}`];
  });
  const count = (level: FindingLevel): number => findings.filter((one) => one.level === level).length;
  return [...lines, "", SUMMARY[language](count("problem"), count("warning"))];
}

/** The report for programs. */
export function reportJson(findings: readonly Finding[], language: Language): object {
  return {
    healthy: findings.every(({ level }) => level !== "problem"),
    findings: findings.map((one) => ({ ...one, ...wordsOf(one, language) })),
  };
}
