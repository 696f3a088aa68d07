import { expect, test, vi } from "vitest";
import { LineWriter } from "./line-writer.ts";

test("a target that is stuck gathers nobody whose time to wait is over", async () => {
  let release = (): void => undefined;
  const writer = new LineWriter(
    {
      recovers: false,
      write: (_lines, done) => {
        release = () => done(0);
      },
      writeAtExit: () => undefined,
    },
    { maxWaiting: 1000, dropNotice: (lines) => `${lines} dropped\n` },
  );
  writer.write("line\n");
  for (let times = 0; times < 20; times++) await writer.flush({ timeoutMs: 1 });
  const patient = writer.flush({ timeoutMs: 60_000 });
  const clear = vi.spyOn(globalThis, "clearTimeout");
  try {
    release();
    await patient;
    expect(clear).toHaveBeenCalledTimes(1);
  } finally {
    clear.mockRestore();
    await writer.stop({ timeoutMs: 100 });
  }
});
