import { addCell, createCellTableBuilder, keyText, type CellKey, type CellTable } from "./cell-table.ts";

interface SourceCell {
  readonly table: CellTable;
  readonly cell: number;
}

interface MergedCell {
  readonly unit: number;
  readonly key: CellKey;
  readonly sources: SourceCell[];
}

/** The cells of all tables, added up by key and by times of a width that is a multiple of theirs. */
export function mergeCells(tables: readonly CellTable[], unitSeconds: number): CellTable {
  const builder = createCellTableBuilder(unitSeconds);
  for (const { unit, key, sources } of groupCells(tables, unitSeconds)) {
    let calls = 0;
    for (const { table, cell } of sources) {
      calls += table.calls[cell] ?? 0;
      for (const [at, column] of table.columns.entries()) {
        const [counts, sum] = [builder.counts[at], builder.sums[at]];
        if (counts !== undefined && sum !== undefined) addCell(column, cell, counts, sum);
      }
    }
    builder.endCell(unit, key, calls);
  }
  return builder.finish();
}

function groupCells(tables: readonly CellTable[], unitSeconds: number): Iterable<MergedCell> {
  const groups = new Map<string, MergedCell>();
  for (const table of tables) {
    const texts = table.keys.map(keyText);
    for (const [cell, own] of table.units.entries()) {
      const place = table.keyOf[cell] ?? 0;
      const key = table.keys[place];
      if (key === undefined) continue;
      const unit = Math.floor((own * table.unitSeconds) / unitSeconds);
      const name = String(unit) + (texts[place] ?? "");
      const group = groups.get(name);
      if (group === undefined) groups.set(name, { unit, key, sources: [{ table, cell }] });
      else group.sources.push({ table, cell });
    }
  }
  return groups.values();
}
