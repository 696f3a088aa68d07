import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readTlsMaterial } from "./tls-material.ts";

const CERT = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN RSA PRIVATE KEY-----\nMA==\n-----END RSA PRIVATE KEY-----\n";

let folder = "";
let keyFile = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "micro-tls-"));
  keyFile = join(folder, "key.pem");
  await writeFile(keyFile, KEY);
});
afterAll(() => rm(folder, { recursive: true }));

test("texts and files are read", async () => {
  expect(await readTlsMaterial({ cert: CERT, keyFile, ca: CERT }, "x.tls")).toEqual({
    ca: CERT,
    cert: CERT,
    key: KEY,
  });
  expect(await readTlsMaterial(undefined, "x.tls")).toEqual({});
});

test("what holds something else is refused by its option: a `ca` without certificates would trust nobody", async () => {
  await expect(readTlsMaterial({ caFile: keyFile }, "x.tls")).rejects.toThrow(
    `x.tls.ca_file: ${keyFile} holds no certificate (PEM)`,
  );
  await expect(readTlsMaterial({ cert: CERT, key: CERT }, "x.tls")).rejects.toThrow(
    "x.tls.key holds no private key (PEM)",
  );
  await expect(readTlsMaterial({ cert: CERT }, "x.tls")).rejects.toThrow(
    "x.tls.cert is set without x.tls.key",
  );
  await expect(readTlsMaterial({ keyFile: join(folder, "none") }, "x.tls")).rejects.toThrow(
    /x\.tls\.key_file: ENOENT/,
  );
});
