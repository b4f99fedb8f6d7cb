import { describe, expect, it } from "vitest";
import { FrameTemplate, type HoleKind } from "./frame-template.ts";

const encoder = new TextEncoder();

function templateOf(literals: readonly string[], holes: readonly HoleKind[], eventName = ""): FrameTemplate {
  return new FrameTemplate({ literals, holes }, eventName);
}

/** `{"n":<number>,"t":"<text>","x":"<unread>"` and the brace. */
const FRAME = templateOf(['{"n":', ',"t":"', '","x":"', '"'], ["unread_number", "text", "unread_string"]);

function match(event: string, template = FRAME): readonly [length: number, outputBytes: number] | undefined {
  const bytes = encoder.encode(`....${event}data: next`);
  const end = template.match(bytes, 4);
  return end < 0 ? undefined : [end - 4, template.outputBytes];
}

describe("a whole event of the shape", () => {
  it.each([
    ['data: {"n":7,"t":"abc","x":"q"}\n\n', 3],
    ['data: {"n":1795000000,"t":" a","x":""}\n\n', 2],
    ['data: {"n":7,"t":"a\\"b\\n","x":"\\\\"   }\n\n', 4],
    ['data: {"n":7,"t":"你好🙂","x":"é"}\n\n', 10],
  ])("%j", (event, outputBytes) => {
    expect(match(event)).toEqual([encoder.encode(event).length, outputBytes]);
  });

  it("has its name in front of it", () => {
    const named = templateOf(['{"t":"', '"'], ["reasoning"], "delta");
    expect(match('event: delta\ndata: {"t":"ab"}\n\n', named)).toEqual([31, 2]);
    expect(match('event: other\ndata: {"t":"ab"}\n\n', named)).toBeUndefined();
    expect(match('data: {"t":"ab"}\n\n', named)).toBeUndefined();
  });
});

it.each([
  'data: {"n":7,"t":"","x":"q"}\n\n',
  'data: {"n":7,"t":"\\u0041","x":"q"}\n\n',
  'data: {"n":7,"t":"a\\x","x":"q"}\n\n',
  'data: {"n":7,"t":"a\tb","x":"q"}\n\n',
  'data: {"n":07,"t":"a","x":"q"}\n\n',
  'data: {"n":-7,"t":"a","x":"q"}\n\n',
  'data: {"n":1234567890123456,"t":"a","x":"q"}\n\n',
  'data: {"n":,"t":"a","x":"q"}\n\n',
  'data: {"n":7,"t":"a","x":"q","y":1}\n\n',
  'data: {"n":7,"t":"a","x":"q"}\r\n\r\n',
  'data: {"n":7,"t":"a","x":"q"}\ndata: 1\n\n',
  'data:{"n":7,"t":"a","x":"q"}\n\n',
  'data: {"n":7,"t":"a',
  'data: {"n":7,"t":"a","x":"q"}\n',
  "",
])("%j is none", (event) => {
  expect(match(event)).toBeUndefined();
});

it("a string that is no UTF-8 is for a parser to judge", () => {
  const bytes = encoder.encode('data: {"n":7,"t":"abc","x":"q"}\n\n');
  bytes[18] = 0xff;
  expect(FRAME.match(bytes, 0)).toBe(-1);
});
