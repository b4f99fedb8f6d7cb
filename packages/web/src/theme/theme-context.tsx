import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { THEMES, type ThemeName, type Tokens } from "./tokens.ts";

const STORAGE_KEY = "nexent.theme";

interface ThemeState {
  readonly name: ThemeName;
  readonly tokens: Tokens;
  /** Switches to the other theme and remembers it. */
  readonly toggle: () => void;
}

const ThemeContext = createContext<ThemeState>({ name: "light", tokens: THEMES.light, toggle: () => undefined });

function remember(name: ThemeName): void {
  try {
    localStorage.setItem(STORAGE_KEY, name);
  } catch {
    // Storage may be blocked; the choice then lasts until reload.
  }
}

/** Holds the theme that `/theme.js` chose before first paint. */
export function ThemeProvider(props: { readonly children: ReactNode }) {
  const [name, setName] = useState<ThemeName>(() =>
    document.documentElement.dataset["theme"] === "dark" ? "dark" : "light",
  );
  useEffect(() => {
    document.documentElement.dataset["theme"] = name;
  }, [name]);
  const toggle = useCallback(() => {
    setName((current) => {
      const next = current === "dark" ? "light" : "dark";
      remember(next);
      return next;
    });
  }, []);
  const value = useMemo(() => ({ name, tokens: THEMES[name], toggle }), [name, toggle]);
  return <ThemeContext.Provider value={value}>{props.children}</ThemeContext.Provider>;
}

/** The current theme, its colours and the switch. */
export function useTheme(): ThemeState {
  return useContext(ThemeContext);
}
