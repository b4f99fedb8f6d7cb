import { BIGINT, BOOLEAN, DOUBLE, DuckDBUUIDValue, LIST, listValue, UBIGINT, UUID, VARCHAR } from "@duckdb/node-api";
import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBPreparedStatement,
  DuckDBType,
  DuckDBValue,
} from "@duckdb/node-api";

/** A value on its way into a statement, with the type it is bound as. */
export interface Parameter {
  readonly value: DuckDBValue;
  readonly type: DuckDBType;
}

/** Values by parameter name. */
export type Parameters = Readonly<Record<string, Parameter>>;

const INT64_MAX = 2n ** 63n - 1n;

/** Constructors of parameters. */
export const bind = {
  text: (value: string): Parameter => ({ value, type: VARCHAR }),
  texts: (values: readonly string[]): Parameter => ({ value: listValue([...values]), type: LIST(VARCHAR) }),
  /** Clamped to 64 bits: a range may reach further than any stored time. */
  nanos: (value: bigint): Parameter => ({
    value: value > INT64_MAX ? INT64_MAX : value < 0n ? 0n : value,
    type: BIGINT,
  }),
  integer: (value: number): Parameter => ({ value: BigInt(value), type: BIGINT }),
  number: (value: number): Parameter => ({ value, type: DOUBLE }),
  numbers: (values: readonly number[]): Parameter => ({ value: listValue([...values]), type: LIST(DOUBLE) }),
  boolean: (value: boolean): Parameter => ({ value, type: BOOLEAN }),
  position: (value: bigint): Parameter => ({ value, type: UBIGINT }),
  traceId: (hex: string): Parameter => ({ value: uuidOf(hex), type: UUID }),
  traceIds: (hexes: readonly string[]): Parameter => ({ value: listValue(hexes.map(uuidOf)), type: LIST(UUID) }),
  spanId: (hex: string): Parameter => ({ value: BigInt("0x" + hex), type: UBIGINT }),
  spanIds: (hexes: readonly string[]): Parameter => ({
    value: listValue(hexes.map((hex) => BigInt("0x" + hex))),
    type: LIST(UBIGINT),
  }),
} as const;

/** A trace id as the engine keeps it. */
export function uuidOf(hex: string): DuckDBUUIDValue {
  return DuckDBUUIDValue.fromUint128(BigInt("0x" + hex));
}

/** Runs one statement and reads its whole result; rows are arrays in the order of the columns. */
export async function readRows(
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters = {},
): Promise<readonly (readonly DuckDBValue[])[]> {
  const statement = await connection.prepare(sql);
  try {
    bindAll(statement, parameters);
    return (await statement.runAndReadAll()).getRows();
  } finally {
    statement.destroySync();
  }
}

/** Runs one statement and visits its result piece by piece, without a value object per cell. */
export async function readChunks(
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters,
  visit: (chunk: DuckDBDataChunk) => Promise<void>,
): Promise<void> {
  const statement = await connection.prepare(sql);
  try {
    bindAll(statement, parameters);
    const result = await statement.run();
    for (let chunk = await result.fetchChunk(); (chunk?.rowCount ?? 0) > 0; chunk = await result.fetchChunk()) {
      if (chunk !== null) await visit(chunk);
    }
  } finally {
    statement.destroySync();
  }
}

function bindAll(statement: DuckDBPreparedStatement, parameters: Parameters): void {
  for (const [name, { value, type }] of Object.entries(parameters)) {
    statement.bindValue(statement.parameterIndex(name), value, type);
  }
}

/** A value that must be a whole number; 0 for NULL. */
export function bigintOf(value: DuckDBValue | undefined): bigint {
  return typeof value === "bigint" ? value : BigInt(typeof value === "number" ? value : 0);
}

/** A value that must be a number; `undefined` for NULL. */
export function numberOrNothing(value: DuckDBValue | undefined): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "bigint" ? Number(value) : undefined;
}

/** A text, or `undefined` for NULL. */
export function textOrNothing(value: DuckDBValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A trace id as 32 hex digits. */
export function traceIdOf(value: DuckDBValue | undefined): string {
  return value instanceof DuckDBUUIDValue ? value.toUint128().toString(16).padStart(32, "0") : "";
}

/** A span id as 16 hex digits; `undefined` for NULL. */
export function spanIdOf(value: DuckDBValue | undefined): string | undefined {
  return typeof value === "bigint" ? value.toString(16).padStart(16, "0") : undefined;
}
