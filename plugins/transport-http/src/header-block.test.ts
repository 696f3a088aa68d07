import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { HeaderParser } from "./header-block.ts";

const START = "POST / HTTP/1.1\r\nHost: a:1\r\n";
const STABLE = `${START}Content-Type: application/json\r\nMicro-Service: greeter\r\n`;

function parserOf(...blocks: string[]): { parser: HeaderParser; parse: (block: string) => object } {
  const parser = new HeaderParser("request", { maxHeaders: 100 });
  const parse = (block: string) => {
    const message = parser.parse(`--${block}--`, {
      from: 2,
      to: 2 + block.length,
      known: parser.known(`--${block}--`, 2),
    });
    return { ...message.header.toJSON(), id: message.id };
  };
  for (const block of blocks) parse(block);
  return { parser, parse };
}

test("lines that are the same from message to message are known, also after a first message with fewer", () => {
  const first = `${START}Micro-Id: 1\r\nContent-Type: application/json\r\nMicro-Service: greeter\r\n`;
  const { parser, parse } = parserOf(first);
  expect(parser.known(`${STABLE}Micro-Id: 2\r\n`, 0)).toBe(0);
  const second = parse(`${STABLE}Micro-Id: 2\r\nTimeout: 5\r\n`);
  expect(parser.known(`${STABLE}Micro-Id: 3\r\n`, 0)).toBe(STABLE.length);
  expect(parser.usual).toBe(`${STABLE}Micro-Id: `.length);
  expect(second).toEqual({
    "Content-Type": "application/json",
    "Micro-Id": "2",
    "Micro-Service": "greeter",
    Timeout: "5",
    id: "2",
  });
});

test("names that objects have of their own are headers like others", () => {
  const { parse } = parserOf();
  const names = ["Constructor", "Tostring", "__proto__"];
  const header = parse(`${START}${names.map((name) => `${name}: here\r\n`).join("")}`);
  expect(Object.entries(header)).toEqual([...names.map((name) => [name, "here"]), ["id", undefined]]);
});

test("messages that begin with the same lines do not share what one of them changes", () => {
  const parser = new HeaderParser("request", { maxHeaders: 100 });
  const read = (rest: string) => {
    const text = STABLE + rest;
    return parser.parse(text, { from: 0, to: text.length, known: parser.known(text, 0) });
  };
  const one = read("Micro-Id: 1\r\n");
  const two = read("Micro-Id: 2\r\n");
  one.header.set("content-type", "text/plain").delete("micro-service");
  one.header.set("local", "here");
  expect([...two.header]).toEqual([
    ["content-type", "application/json"],
    ["micro-service", "greeter"],
    ["micro-id", "2"],
  ]);
  expect([...read("Micro-Id: 3\r\n").header.forwarded()]).toEqual([]);
});

test("of a header among the known lines and behind them the first value counts", () => {
  const { parse } = parserOf(`${STABLE}Micro-Id: 1\r\n`);
  expect(parse(`${STABLE}Micro-Id: 2\r\nMicro-Service: other\r\n`)).toMatchObject({
    "Micro-Service": "greeter",
  });
});

test("what known lines say of the framing counts for each message", () => {
  const go = "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 5\r\n";
  const parser = new HeaderParser("request", { maxHeaders: 100 });
  for (const id of ["1", "2"]) {
    const text = `${go}Micro-Id: ${id}\r\n`;
    const message = parser.parse(text, { from: 0, to: text.length, known: parser.known(text, 0) });
    expect([message.contentLength, message.close, message.id]).toEqual([5, true, id]);
    expect(message.header.get("content-length")).toBe("5");
  }
  const two = `${go}Micro-Id: 3\r\nContent-Length: 6\r\n`;
  expect(() => parser.parse(two, { from: 0, to: two.length, known: parser.known(two, 0) })).toThrow(
    "two different",
  );
  parser.hideLength();
  const text = `${go}Micro-Id: 4\r\n`;
  expect(
    parser
      .parse(text, { from: 0, to: text.length, known: parser.known(text, 0) })
      .header.has("content-length"),
  ).toBe(false);
});

test("what is remembered of a name does not keep the block alive in which it came", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heapMegabytes = (): number => {
    collect();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const before = heapMegabytes();
  const parsers = Array.from({ length: 2000 }, (_, at) => {
    const long = `X-Long: ${"y".repeat(15_000)}`;
    const block = Buffer.from(`${START}Micro-Id: 1\r\n${long}\r\nX-Of-No-Other-${at}: 1\r\n`);
    const parser = new HeaderParser("request", { maxHeaders: 100 });
    parser.parse(block.toString("latin1"), { from: 0, to: block.length, known: 0 });
    return parser;
  });
  expect(heapMegabytes() - before).toBeLessThan(12);
  expect(parsers).toHaveLength(2000);
});
