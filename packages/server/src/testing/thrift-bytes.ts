/** TBinaryProtocol by hand, for bodies that no encoder would write. */

function int(bytes: number, value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(value);
  return out.subarray(8 - bytes);
}

/** A field header and its value. */
export function field(type: number, id: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([type]), int(2, BigInt(id)), value]);
}

export function i32Field(id: number, value: number): Buffer {
  return field(8, id, int(4, BigInt(value)));
}

export function i64Field(id: number, value: bigint): Buffer {
  return field(10, id, int(8, value));
}

export function textField(id: number, text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text);
  return field(11, id, Buffer.concat([int(4, BigInt(bytes.length)), bytes]));
}

/** Fields and the stop byte behind them. */
export function structOf(...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...fields, Buffer.from([0])]);
}

/** @param count what the header claims; default the truth. */
export function listField(id: number, items: readonly Uint8Array[], element = 12, count = items.length): Buffer {
  return field(15, id, Buffer.concat([Buffer.from([element]), int(4, BigInt(count)), ...items]));
}

export function structField(id: number, struct: Uint8Array): Buffer {
  return field(12, id, struct);
}

/** A text tag. */
export function textTag(key: string, value: string): Buffer {
  return structOf(textField(1, key), i32Field(2, 0), textField(3, value));
}

/** A process of that name without tags. */
export function processField(service = "shop"): Buffer {
  return structField(1, structOf(textField(1, service)));
}

/** The fields that every span must have; one can be left out, more can follow. */
export function spanStruct(over: { readonly without?: number; readonly more?: readonly Uint8Array[] } = {}): Buffer {
  const fields = new Map<number, Buffer>([
    [1, i64Field(1, 2n)],
    [2, i64Field(2, 1n)],
    [3, i64Field(3, 3n)],
    [4, i64Field(4, 0n)],
    [5, textField(5, "op")],
    [7, i32Field(7, 1)],
    [8, i64Field(8, BigInt(Date.now() - 2_000) * 1_000n)],
    [9, i64Field(9, 1_000_000n)],
  ]);
  if (over.without !== undefined) fields.delete(over.without);
  return structOf(...fields.values(), ...(over.more ?? []));
}

/** A whole batch. */
export function thriftBatch(...spans: readonly Uint8Array[]): Buffer {
  return structOf(processField(), listField(2, spans));
}
