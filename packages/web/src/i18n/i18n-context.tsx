import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { formatMessage, type Params } from "./formatter.ts";
import { languageFor, LANGUAGES, type Language } from "./languages.ts";
import type { MessageArgs, MessageKey, Messages } from "./messages.ts";

const STORAGE_KEY = "nexent.language";

/** Turns a message key and its parameters into a sentence. */
export type Translate = <K extends MessageKey>(key: K, ...args: MessageArgs<K>) => string;

interface I18nState {
  readonly tag: string;
  readonly t: Translate;
  /** Sentence for a message id sent by the server, or undefined when this catalogue does not know it. */
  readonly fromServer: (prefix: "verdict" | "reason" | "error", id: string, params: Params) => string | undefined;
  readonly setLanguage: (tag: string) => void;
}

const I18nContext = createContext<I18nState | undefined>(undefined);

/** The language to start with: link, stored choice, browser, English. */
export function initialLanguage(): Language {
  const linked = languageFor(new URLSearchParams(location.search).get("lang"));
  return linked ?? languageFor(stored()) ?? languageFor(navigator.language) ?? LANGUAGES[0];
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function remember(tag: string): void {
  try {
    localStorage.setItem(STORAGE_KEY, tag);
  } catch {
    // Storage may be blocked; the choice then lasts until reload.
  }
}

interface ProviderProps {
  readonly language: Language;
  readonly messages: Messages;
  readonly children: ReactNode;
}

/** Provides the first language, already loaded, and loads another when it is chosen. */
export function I18nProvider(props: ProviderProps) {
  const [active, setActive] = useState({ tag: props.language.tag, messages: props.messages });
  useEffect(() => {
    document.documentElement.lang = active.tag;
  }, [active.tag]);
  const setLanguage = useCallback((tag: string) => {
    const language = languageFor(tag);
    if (language === undefined) return;
    remember(language.tag);
    void language.load().then((messages) => setActive({ tag: language.tag, messages }));
  }, []);
  const value = useMemo<I18nState>(() => {
    const { tag, messages } = active;
    return {
      tag,
      setLanguage,
      t: (key, ...args) => formatMessage(messages[key], args[0] ?? {}, tag),
      fromServer: (prefix, id, params) => {
        const message = (messages as Readonly<Record<string, string>>)[`${prefix}.${id}`];
        return message === undefined ? undefined : formatMessage(message, params, tag);
      },
    };
  }, [active, setLanguage]);
  return <I18nContext.Provider value={value}>{props.children}</I18nContext.Provider>;
}

/** The active language. @throws Error outside of I18nProvider. */
export function useI18n(): I18nState {
  const state = useContext(I18nContext);
  if (state === undefined) throw new Error("useI18n needs an I18nProvider");
  return state;
}

/** The translate function of the active language. */
export function useT(): Translate {
  return useI18n().t;
}
