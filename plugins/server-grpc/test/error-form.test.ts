import { defineContract, handle, implement, MicroError, serverStream, unary } from "@micro/core";
import { frame } from "@micro/grpc/internal";
import { expect, test } from "vitest";
import { raw, statusOf, withServer } from "./world.ts";

test("errors have Go's form for Go Micro's clients and for ours, the bare text for all others", async () => {
  const fail = implement(
    defineContract({
      name: "Debug",
      service: "dbg",
      methods: { fail: unary<{ details?: boolean }, never>(), stream: serverStream<object, object>() },
    }),
    {
      fail({ details = false }) {
        const value = Buffer.from([8, 1]);
        const given = details ? [{ typeUrl: "type.googleapis.com/lab.Reason", value }] : [];
        throw new MicroError({ id: "id.x", code: "NOT_FOUND", detail: "none of é", details: given });
      },
      async *stream() {
        yield {};
        throw new MicroError({ code: "CONFLICT", detail: "taken" });
      },
    },
  );
  await withServer([fail], async ({ address }) => {
    const bare = await raw(address, "/dbg.Debug/Fail");
    expect(statusOf(bare)).toEqual([5, "none of é"]);
    expect(bare.headers).not.toHaveProperty("grpc-status-details-bin");
    const body = frame(Buffer.from('{"details":true}'));
    const detailed = await raw(address, "/dbg.Debug/Fail", { body });
    expect(statusOf(detailed)).toEqual([5, "none of é"]);
    // Code, message and the one detail of google.rpc.Status, byte by byte.
    const details = Buffer.from(String(detailed.headers["grpc-status-details-bin"]), "base64");
    const any = [...Buffer.from("\n\x1etype.googleapis.com/lab.Reason\x12\x02\x08\x01")];
    const text = [...Buffer.from("none of é")];
    expect([...details]).toEqual([8, 5, 18, text.length, ...text, 26, any.length, ...any]);
    for (const headers of [
      { "x-content-type": "application/grpc+json" },
      { "micro-from-service": "caller" },
    ]) {
      const [code, message] = statusOf(await raw(address, "/dbg.Debug/Fail", { headers }));
      expect([code, (JSON.parse(message) as MicroError).id]).toEqual([5, "id.x"]);
      const [, behind] = statusOf(await raw(address, "/dbg.Debug/Stream", { headers }));
      expect(JSON.parse(behind)).toMatchObject({ code: 409, detail: "taken" });
    }
    expect(statusOf(await raw(address, "/dbg.Debug/Stream"))).toEqual([6, "taken"]);
    expect(statusOf(await raw(address, "/dbg.Debug/None"))[1]).toBe("unknown service Debug.None");
  });
});

test("a text with spaces at its ends arrives whole, though HTTP/2 has no such values", async () => {
  const fail = handle<{ detail: string }>("Debug.Fail", ({ detail }) => {
    throw new MicroError({ code: "NOT_FOUND", detail });
  });
  await withServer([fail], async ({ address }) => {
    for (const detail of ["no such name: ", " ", "  a b  ", "x", "50 % ", ""]) {
      const body = frame(Buffer.from(JSON.stringify({ detail })));
      expect(statusOf(await raw(address, "/dbg.Debug/Fail", { body }))).toEqual([5, detail]);
    }
  });
});
