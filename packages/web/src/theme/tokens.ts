/** Colours of one theme. CSS variables and canvases read the same values. */
export interface Tokens {
  readonly page: string;
  readonly panel: string;
  readonly line: string;
  readonly grid: string;
  readonly hover: string;
  readonly selected: string;
  readonly text: string;
  readonly muted: string;
  readonly link: string;
  readonly onLink: string;
  readonly red: string;
  readonly green: string;
  readonly amber: string;
  readonly shadow: string;
  readonly scrim: string;
  /** Accents of models, by index; reused with a dash from the seventh model on. */
  readonly models: readonly [string, string, string, string, string, string];
  readonly reasoning: string;
  readonly tool: string;
  readonly stall: string;
  readonly wait: string;
  readonly band: string;
}

export type ThemeName = "light" | "dark";

/** The only colour table of the dashboard. */
export const THEMES: Readonly<Record<ThemeName, Tokens>> = {
  light: {
    page: "#F6F7F9",
    panel: "#FFFFFF",
    line: "#E3E7EB",
    grid: "#EEF1F4",
    hover: "#F3F5F8",
    selected: "#E8F1FD",
    text: "#14181D",
    muted: "#57606A",
    link: "#0B5ED7",
    onLink: "#FFFFFF",
    red: "#C4183C",
    green: "#1A7F37",
    amber: "#8A5A00",
    shadow: "#14181D26",
    scrim: "#14181D4D",
    models: ["#1674FB", "#1F743C", "#898C0A", "#B22BAE", "#46A0A4", "#1E3D6A"],
    reasoning: "#5C27B6",
    tool: "#5B3A0A",
    stall: "#F25F76",
    wait: "#7F8A96",
    band: "#E6EBF0",
  },
  dark: {
    page: "#0D1014",
    panel: "#13171C",
    line: "#242B33",
    grid: "#1B2128",
    hover: "#191F26",
    selected: "#14263D",
    text: "#E6EAEE",
    muted: "#98A3AE",
    link: "#6AA8FF",
    onLink: "#0D1014",
    red: "#FF7A85",
    green: "#57C26B",
    amber: "#E0A33E",
    shadow: "#00000080",
    scrim: "#00000099",
    models: ["#0C6AF0", "#3AB136", "#D5D54D", "#BC4692", "#66F6FC", "#94BDD8"],
    reasoning: "#9C8CEA",
    tool: "#91713E",
    stall: "#FF7F86",
    wait: "#6E7A87",
    band: "#222A33",
  },
};

/** Label colours on a filled bar; the better of the two is chosen by `inkOn`. */
export const INKS = { dark: "#000000", light: "#FFFFFF" } as const;
