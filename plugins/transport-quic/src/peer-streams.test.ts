import { expect, test } from "vitest";
import { PeerStreams } from "./peer-streams.ts";

test("each number of the peer's is new once, in whatever order they come", () => {
  const streams = new PeerStreams(1);
  const order = [9, 1, 5, 17, 13, 21];
  expect(order.map((id) => streams.isNew(id))).toEqual(order.map(() => true));
  expect(order.map((id) => streams.isNew(id))).toEqual(order.map(() => false));
});

test("own numbers and those of one direction are none of the peer's", () => {
  const streams = new PeerStreams(0);
  expect([1, 2, 3, 5, 6].map((id) => streams.isNew(id))).toEqual([false, false, false, false, false]);
  expect(streams.isNew(0)).toBe(true);
});
