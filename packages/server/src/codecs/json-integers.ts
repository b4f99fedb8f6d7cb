const QUOTE = 34;
const BACKSLASH = 92;
/** Up to 15 digits every integer is exact as a double; longer ones are kept as text. */
const EXACT_DIGITS = 15;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** End of the string literal that starts at `start` (the index after its closing quote). */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

/** Whether the number that ends its digits at `at` goes on as a fraction or exponent: then it is a double. */
function isDouble(text: string, at: number): boolean {
  const next = text[at];
  return next === "." || next === "e" || next === "E";
}

/**
 * Puts quotes around long integers of a JSON text, so that `JSON.parse` keeps every digit of a 64-bit value. Numbers
 * inside strings and doubles are left alone. Linear in the text; text that is not JSON stays not JSON.
 */
export function quoteLongIntegers(text: string): string {
  let out = "";
  let copied = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (isDigit(code)) {
      const start = at;
      while (at < text.length && isDigit(text.charCodeAt(at))) at++;
      const before = text[start - 1];
      const partOfDouble = before === "." || before === "e" || before === "E" || before === "+" || isDouble(text, at);
      if (at - start > EXACT_DIGITS && !partOfDouble && !isExponent(text, start)) {
        const first = before === "-" ? start - 1 : start;
        out += `${text.slice(copied, first)}"${text.slice(first, at)}"`;
        copied = at;
      }
    } else {
      at++;
    }
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/** `1e-12345678901234567`: the digits after a signed exponent. */
function isExponent(text: string, start: number): boolean {
  const two = text[start - 2];
  return text[start - 1] === "-" && (two === "e" || two === "E");
}
