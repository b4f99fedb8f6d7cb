import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import type { MessageKey } from "../i18n/messages.ts";
import { useT } from "../i18n/i18n-context.tsx";
import { Button } from "./button.tsx";
import css from "./key-sheet.module.css";

type Row = readonly [MessageKey & `keys.${string}`, readonly string[]];

const GROUPS: readonly {
  readonly title: "keys.frame" | "keys.lists" | "keys.charts";
  readonly rows: readonly Row[];
}[] = [
  {
    title: "keys.frame",
    rows: [
      ["keys.goOverview", ["g", "o"]],
      ["keys.goRequests", ["g", "r"]],
      ["keys.goSetup", ["g", "i"]],
      ["keys.filter", ["/"]],
      ["keys.time", ["t"]],
      ["keys.shift", ["[", "]"]],
      ["keys.zoomOut", ["-", "0"]],
      ["keys.live", ["Space"]],
      ["keys.theme", ["Shift", "D"]],
      ["keys.rail", ["\\"]],
      ["keys.sheet", ["?"]],
    ],
  },
  {
    title: "keys.lists",
    rows: [
      ["keys.move", ["j", "k"]],
      ["keys.open", ["Enter"]],
    ],
  },
  {
    title: "keys.charts",
    rows: [
      ["keys.cursor", ["←", "→"]],
      ["keys.ends", ["Home", "End"]],
      ["keys.zoom", ["+", "-"]],
      ["keys.table", ["Shift", "T"]],
      ["keys.stalls", ["Shift", "←", "→"]],
      ["keys.tabs", ["1", "2", "3", "4"]],
    ],
  },
];

/** All keyboard shortcuts in one sheet. */
export default function KeySheet(props: { readonly onClose: () => void }) {
  const t = useT();
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : props.onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className={css["scrim"]} />
        <Dialog.Content className={css["sheet"]} aria-describedby={undefined}>
          <div className={css["head"]}>
            <Dialog.Title>{t("keys.title")}</Dialog.Title>
            <Dialog.Close asChild>
              <Button look="quiet" iconOnly aria-label={t("app.close")}>
                <X size={16} aria-hidden="true" />
              </Button>
            </Dialog.Close>
          </div>
          <div className={css["groups"]}>
            {GROUPS.map((group) => (
              <section key={group.title}>
                <h3>{t(group.title)}</h3>
                <dl>
                  {group.rows.map(([key, keys]) => (
                    <div key={key} className={css["row"]}>
                      <dt>{t(key)}</dt>
                      <dd>
                        {keys.map((name) => (
                          <kbd key={name}>{name}</kbd>
                        ))}
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
