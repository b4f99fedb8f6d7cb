// Numbers as Markdown, and the file they live in: each scenario owns one section and rewrites only that.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

const FILE = new URL("../RESULTS.md", import.meta.url);
const HEAD = `# Results of the benchmarks

Written by \`node bench/run.mjs <scenario>\`; each scenario replaces its own section. Only ratios within one table carry over to other
hardware.
`;

/** A Markdown table. */
export function table(heads, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A number with as many digits as mean something: three. */
export function figure(value) {
  if (value === undefined || Number.isNaN(value)) return "–";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(1, Math.abs(value)))));
  return value.toFixed(digits);
}

/** The numbers of several runs, in order. */
export function figures(values) {
  return values === undefined ? "–" : values.map(figure).join(" / ");
}

/** Where and when: the line every section begins with. */
export function circumstances() {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${process.platform}-${process.arch}, ${cpus().length} x ${cpu?.model.trim()}, ${memory} GiB`;
}

/** Puts a section in the place of the one with this name, or behind the others. */
export function writeSection(name, markdown) {
  const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const section = `${start}\n${markdown.trim()}\n${end}`;
  const text = existsSync(FILE) ? readFileSync(FILE, "utf8") : HEAD;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  const written =
    from < 0 || to < 0
      ? `${text.trimEnd()}\n\n${section}\n`
      : `${text.slice(0, from)}${section}${text.slice(to + end.length)}`;
  writeFileSync(FILE, written);
}
