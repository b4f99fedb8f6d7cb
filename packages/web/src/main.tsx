import "./nonce.ts";
import "virtual:tokens.css";
import "./theme/global.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "./api/query-client.ts";
import { App } from "./app.tsx";
import { I18nProvider, initialLanguage } from "./i18n/i18n-context.tsx";
import { ThemeProvider } from "./theme/theme-context.tsx";

async function start(): Promise<void> {
  const language = initialLanguage();
  const messages = await language.load();
  const root = document.getElementById("root");
  if (root === null) return;
  createRoot(root).render(
    <StrictMode>
      <I18nProvider language={language} messages={messages}>
        <ThemeProvider>
          <QueryClientProvider client={createQueryClient()}>
            <App />
          </QueryClientProvider>
        </ThemeProvider>
      </I18nProvider>
    </StrictMode>,
  );
}

void start();
