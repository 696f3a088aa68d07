import type { LogFields } from "@micro/core";
import { type LogLine, recordingLogger } from "@micro/core/conformance";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LimitedLines } from "../src/limited-lines.ts";
import { OutageLog } from "../src/outage-log.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const why = "the server or the network ended it";

let lines: LogLine[];
let log: OutageLog;

beforeEach(() => {
  vi.useFakeTimers();
  const recording = recordingLogger("info");
  lines = recording.lines;
  log = new OutageLog(recording.logger, "a:1, b:2");
});

afterEach(() => vi.useRealTimers());

const lose = (losses: Record<string, number> = {}): void => log.lost("a:1", { reason: why, losses });

test("an outage is a line when it begins and one when it is over, with what was lost and what is back", () => {
  log.up("a:1", 3);
  expect(lines, "the first connection is none").toEqual([]);
  vi.advanceTimersByTime(SECOND);
  lose({ unconfirmed: 8, endedCalls: 4, endedServed: 0 });
  expect(log.told).toBe(true);
  for (let i = 0; i < 12; i++) log.tried();
  vi.advanceTimersByTime(9 * SECOND);
  log.up("b:2", 5);
  expect(log.told).toBe(false);
  vi.advanceTimersByTime(10 * MINUTE);
  expect(lines).toEqual([
    [
      "warn",
      "the connection to NATS was lost; connecting again",
      { server: "a:1", reason: why, unconfirmed: 8, endedCalls: 4 },
    ],
    [
      "info",
      "connected to NATS again",
      { server: "b:2", subscriptions: 5, away: "9s", tries: 12, unconfirmed: 8, endedCalls: 4 },
    ],
  ]);
});

test("an outage that lasts is told of ever more seldom, with its length, tries and last reason", () => {
  lose();
  log.tried();
  log.refused("NATS said AUTHORIZATION_VIOLATION");
  vi.advanceTimersByTime(30 * SECOND);
  const servers = "a:1, b:2";
  expect(lines.slice(1)).toEqual([
    [
      "warn",
      "not connected to NATS; trying again",
      { servers, reason: "NATS said AUTHORIZATION_VIOLATION", away: "30s", tries: 1 },
    ],
  ]);
  vi.advanceTimersByTime(60 * SECOND);
  expect(lines).toHaveLength(3);
  vi.advanceTimersByTime(8 * 60 * MINUTE);
  // After 30 s, 90 s, 3.5, 7.5, 15.5 and 25.5 minutes, then every ten.
  expect(lines.length).toBeLessThan(56);
  expect(lines.length).toBeGreaterThan(48);
});

test("who starts without a server is told so once, and when there is one", () => {
  log.tried("CONNECTION_REFUSED");
  log.tried("CONNECTION_REFUSED");
  vi.advanceTimersByTime(2 * SECOND);
  log.up("a:1", 2);
  expect(lines).toEqual([
    ["warn", "not connected to NATS; trying again", { servers: "a:1, b:2", reason: "CONNECTION_REFUSED" }],
    ["info", "connected to NATS", { server: "a:1", subscriptions: 2, away: "2s", tries: 2 }],
  ]);
});

test("a connection that breaks every second is no flood, and all that was lost is told", () => {
  for (let i = 0; i < 100; i++) {
    lose({ unconfirmed: 1 });
    vi.advanceTimersByTime(SECOND / 2);
    log.up("a:1", 2);
    vi.advanceTimersByTime(SECOND / 2);
  }
  // Lost, back, lost again, and after 30 and 90 seconds that it goes on like that.
  expect(lines.map(([level]) => level)).toEqual(
    ["warn", "info", "warn", "warn", "warn"].slice(0, lines.length),
  );
  expect(lines.length).toBeGreaterThan(3);
  vi.advanceTimersByTime(10 * SECOND);
  expect(lines.at(-1)).toMatchObject([
    "info",
    "connected to NATS again",
    { disconnects: 99, unconfirmed: 99, unsteadyFor: expect.stringMatching(/^1m48\.\ds$/) as string },
  ]);
});

test("who stops amid that tells what no line has told yet, and nothing more afterwards", () => {
  for (let i = 0; i < 3; i++) {
    lose({ unconfirmed: 1 });
    log.up("a:1", 2);
  }
  log.close();
  expect(lines.at(-1)).toMatchObject(["warn", "the connection to NATS did not last", { unconfirmed: 2 }]);
  const told = lines.length;
  vi.advanceTimersByTime(60 * MINUTE);
  expect(lines).toHaveLength(told);
});

test("lines that come in floods are one in ten seconds, with their number", () => {
  const written: LogFields[] = [];
  const limited = new LimitedLines((fields) => written.push(fields));
  for (let i = 0; i < 5; i++) limited.add({ subject: `s${i}` });
  expect(written).toEqual([{ subject: "s0" }]);
  vi.advanceTimersByTime(10 * SECOND);
  expect(written.slice(1)).toEqual([{ subject: "s4", times: 4 }]);
  limited.add({ subject: "s5" });
  limited.flush();
  expect(written.slice(2)).toEqual([{ subject: "s5", times: 1 }]);
  vi.advanceTimersByTime(10 * SECOND);
  limited.add({ subject: "s6" });
  expect(written.slice(3)).toEqual([{ subject: "s6" }]);
});
