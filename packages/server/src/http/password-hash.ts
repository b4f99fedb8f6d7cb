import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** Cost of one hash. The product's own: 2^15, 8, 3 (32 MiB, 0.3 to 1.3 s on two cores). */
export interface ScryptCost {
  /** log2 of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}
export const SCRYPT_COST: ScryptCost = { ln: 15, r: 8, p: 3 };

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MAX_MEMORY_BYTES = 64 * 1024 * 1024;
/** Hashes that may wait behind the running one. */
const MAX_WAITING = 4;

/** Hashes passwords one at a time; a flood of sign-ins costs no more than one core and a bounded queue. */
export interface PasswordHasher {
  /** `$scrypt$ln=15,r=8,p=3$salt$hash`; `undefined` when the queue is full. */
  hash(password: string): Promise<string | undefined>;
  /**
   * Compares in constant time. Without a stored hash the same work is done for nothing, so that time tells nothing.
   */
  verify(password: string, stored: string | undefined): Promise<"match" | "mismatch" | "busy">;
  /** Whether a stored hash was made with other parameters and should be made again. */
  isOutdated(stored: string): boolean;
}

interface Parsed {
  readonly cost: ScryptCost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** @param cost default {@link SCRYPT_COST}; tests use a cheap one. */
export function createPasswordHasher(cost: ScryptCost = SCRYPT_COST): PasswordHasher {
  let tail: Promise<unknown> = Promise.resolve();
  let open = 0;

  function derive(password: string, salt: Buffer, parameters: ScryptCost): Promise<Buffer> | undefined {
    if (open > MAX_WAITING) return undefined;
    open++;
    const done = tail.then(() => scryptOnce(password, salt, parameters)).finally(() => open--);
    // The next one waits for this one, whatever becomes of it; its own caller gets the error.
    tail = done.catch(() => undefined);
    return done;
  }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const hash = await derive(password, salt, cost);
      return hash === undefined ? undefined : encode({ cost, salt, hash });
    },
    async verify(password, stored) {
      const parsed = stored === undefined ? undefined : parse(stored);
      const derived = await derive(password, parsed?.salt ?? randomBytes(SALT_BYTES), parsed?.cost ?? cost);
      if (derived === undefined) return "busy";
      return parsed !== undefined && timingSafeEqual(derived, parsed.hash) ? "match" : "mismatch";
    },
    isOutdated(stored) {
      const found = parse(stored)?.cost;
      return found?.ln !== cost.ln || found.r !== cost.r || found.p !== cost.p;
    },
  };
}

function scryptOnce(password: string, salt: Buffer, { ln, r, p }: ScryptCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, HASH_BYTES, { N: 2 ** ln, r, p, maxmem: MAX_MEMORY_BYTES }, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    );
  });
}

function encode({ cost, salt, hash }: Parsed): string {
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${salt.toString("base64")}$${hash.toString("base64")}`;
}

function parse(stored: string): Parsed | undefined {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([^$]+)\$([^$]+)$/.exec(stored);
  if (match === null) return undefined;
  const [, ln, r, p, salt = "", hash = ""] = match;
  const bytes = Buffer.from(hash, "base64");
  if (bytes.length !== HASH_BYTES) return undefined;
  return { cost: { ln: Number(ln), r: Number(r), p: Number(p) }, salt: Buffer.from(salt, "base64"), hash: bytes };
}
