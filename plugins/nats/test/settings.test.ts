import { nullLogger } from "@micro/core";
import { expect, test } from "vitest";
import { type NatsLink, type NatsOptions, sharedLink } from "../src/index.ts";
import { QUICK } from "./quick.ts";

function linkTo(address: string, options: Partial<NatsOptions> = {}): Promise<NatsLink> {
  const scope = { name: "test", logger: nullLogger };
  return sharedLink({ scope, addresses: [address], config: { ...QUICK, ...options }, section: "broker" });
}

test.each<[Partial<NatsOptions>, string]>([
  [{ user: "a", token: "b" }, "user and token are both set"],
  [{ nkey: "UABC" }, "broker.nkey is no seed"],
  [{ credentials: "/nowhere/at-all" }, "broker.credentials: "],
])("settings that cannot be are refused: %j", async (options, message) => {
  await expect(linkTo("127.0.0.1:1", options)).rejects.toMatchObject({
    code: "BAD_REQUEST",
    detail: expect.stringContaining(message),
  });
});

test("a password in an address is neither taken nor shown", async () => {
  const failure = await linkTo("nats://me:secret@127.0.0.1:1").catch((error: unknown) => error);
  expect(String(failure)).toContain("set broker.user and broker.password");
  expect(String(failure)).not.toContain("secret");
});
