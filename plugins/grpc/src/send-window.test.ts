import { describe, expect, test } from "vitest";
import { SendWindow } from "./send-window.ts";

const settled = async (promise: Promise<void> | undefined): Promise<boolean> => {
  const late = new Promise<string>((resolve) => setImmediate(resolve, "late"));
  return (await Promise.race([promise, late])) !== "late";
};

describe("a sender has room", () => {
  test("for 64 messages, and again when one is gone", async () => {
    const window = new SendWindow();
    for (let count = 0; count < 63; count++) {
      window.add(1);
      expect(window.room()).toBeUndefined();
    }
    window.add(1);
    const room = window.room();
    expect(await settled(room)).toBe(false);
    expect(window.room()).toBe(room);
    window.sent(1);
    expect(await settled(room)).toBe(true);
    expect(window.room()).toBeUndefined();
  });

  test("for 64 KiB, and a larger message goes alone", async () => {
    const window = new SendWindow();
    window.add(64 * 1024 - 1);
    expect(window.room()).toBeUndefined();
    window.add(1);
    const room = window.room();
    window.sent(1);
    expect(await settled(room)).toBe(true);
    window.sent(64 * 1024 - 1);
    expect(window.empty).toBe(true);
    window.add(1024 * 1024);
    expect(window.room()).toBeDefined();
    window.sent(1024 * 1024);
    expect(window.room()).toBeUndefined();
  });

  test("one by one while it is told so", () => {
    const window = new SendWindow(true);
    window.add(1);
    expect(window.room()).toBeDefined();
    window.oneByOne = false;
    window.sent(1);
    window.add(1);
    expect(window.room()).toBeUndefined();
  });
});

test("whoever waits is told of the end, and a wait that nobody watches does no harm", async () => {
  const window = new SendWindow(true);
  window.add(1);
  const room = window.room();
  window.fail(new Error("the stream is over"));
  await expect(room).rejects.toThrow("the stream is over");
  const unwatched = new SendWindow(true);
  unwatched.add(1);
  void unwatched.room();
  unwatched.fail(new Error("the stream is over"));
  await new Promise((resolve) => setImmediate(resolve));
});
