import type { DuckDBConnection } from "@duckdb/node-api";
import type { ResourceRow } from "@nexent/monitor-core";
import { bind, numberOrNothing, readRows, textOrNothing } from "./statement.ts";

/** Resources remembered per file; beyond, a repeated one gets a new row instead of the old. */
const REMEMBERED = 50_000;

/** The resources of one day file, so that each is stored once. */
export interface ResourceTable {
  idOf(resource: ResourceRow): number;
  /** Writes the resources that are new, inside the caller's transaction. */
  writeNew(connection: DuckDBConnection): Promise<void>;
  /** The transaction committed. */
  commit(): void;
  /** The transaction did not commit: what was new is new again. */
  rollback(): void;
}

/** Reads the resources of a day file. */
export async function loadResourceTable(connection: DuckDBConnection, alias: string): Promise<ResourceTable> {
  const ids = new Map<string, number>();
  let fresh: { readonly id: number; readonly row: ResourceRow }[] = [];
  let nextId = 1;
  for (const [id, service, attributes] of await readRows(
    connection,
    "SELECT id, service, attributes FROM " + alias + ".main.resources",
  )) {
    const known = numberOrNothing(id) ?? 0;
    if (ids.size < REMEMBERED)
      ids.set(keyOf({ service: textOrNothing(service) ?? "", attributesText: textOrNothing(attributes) ?? "" }), known);
    nextId = Math.max(nextId, known + 1);
  }

  return {
    idOf(row) {
      const key = keyOf(row);
      const known = ids.get(key);
      if (known !== undefined) return known;
      const id = nextId++;
      if (ids.size < REMEMBERED) ids.set(key, id);
      fresh.push({ id, row });
      return id;
    },
    async writeNew(target) {
      for (const { id, row } of fresh) {
        await readRows(target, "INSERT INTO " + alias + ".main.resources VALUES ($id, $service, $attributes)", {
          id: bind.integer(id),
          service: bind.text(row.service),
          attributes: bind.text(row.attributesText),
        });
      }
    },
    commit() {
      fresh = [];
    },
    rollback() {
      for (const { row } of fresh) ids.delete(keyOf(row));
      fresh = [];
    },
  };
}

function keyOf({ service, attributesText }: ResourceRow): string {
  return service + "\u0000" + attributesText;
}
