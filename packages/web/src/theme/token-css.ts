import { THEMES, type ThemeName, type Tokens } from "./tokens.ts";

function declarations(tokens: Tokens): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries<string | readonly string[]>({ ...tokens })) {
    if (typeof value === "string") lines.push(`--${name}:${value}`);
    else value.forEach((entry, index) => lines.push(`--${name}-${index}:${entry}`));
  }
  return lines.join(";");
}

function rule(theme: ThemeName): string {
  return `color-scheme:${theme};${declarations(THEMES[theme])}`;
}

/** The colour table as CSS variables: `--panel`, `--models-0` and so on, one block per theme. */
export function tokenCss(): string {
  return `:root,:root[data-theme="light"]{${rule("light")}}:root[data-theme="dark"]{${rule("dark")}}`;
}
