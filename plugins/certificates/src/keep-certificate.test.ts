import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAuthority, type IssuedCertificate, keepCertificate, openAuthority } from "./index.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

let made = 0;
const certificate = (days: number): IssuedCertificate => ({
  cert: `certificate ${++made}`,
  key: "",
  ca: "",
  fingerprint: "",
  validUntil: new Date(Date.now() + days * DAY_MS),
});

function keep(issue: () => Promise<IssuedCertificate>, onRenewed: (next: IssuedCertificate) => void) {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  return { errors, kept: keepCertificate({ issue, onRenewed, onError }) };
}

test("there is another one after two thirds of its life, again and again, until it is stopped", async () => {
  const renewed: IssuedCertificate[] = [];
  const { kept: keeping, errors } = keep(
    async () => certificate(365),
    (next) => renewed.push(next),
  );
  const kept = await keeping;
  const first = kept.current;
  await vi.advanceTimersByTimeAsync(243 * DAY_MS);
  expect(renewed).toEqual([]);
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(renewed).toHaveLength(1);
  expect(kept.current).toBe(renewed[0]);
  expect(first.validUntil.getTime() - Date.now()).toBeGreaterThan(120 * DAY_MS);
  await vi.advanceTimersByTimeAsync(5 * 365 * DAY_MS);
  expect(renewed.length).toBeGreaterThan(7);
  expect(kept.current.validUntil.getTime()).toBeGreaterThan(Date.now());
  kept.stop();
  expect(vi.getTimerCount()).toBe(0);
  expect(errors).toEqual([]);
});

test("a clock that is set, or a machine that slept, is noticed within a day", async () => {
  let renewals = 0;
  const { kept } = keep(
    async () => certificate(365),
    () => renewals++,
  );
  await kept;
  vi.setSystemTime(Date.now() + 300 * DAY_MS);
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(renewals).toBe(1);
  (await kept).stop();
});

test("a renewal that fails is told and tried again, at first after an hour; the old one stays", async () => {
  let fails = false;
  const { kept: keeping, errors } = keep(
    async () => {
      if (fails) throw new Error("no entropy");
      return certificate(90);
    },
    () => undefined,
  );
  const kept = await keeping;
  const { cert } = kept.current;
  fails = true;
  await vi.advanceTimersByTimeAsync(60 * DAY_MS + 10 * HOUR_MS);
  expect(errors).toHaveLength(11);
  expect(kept.current.cert).toBe(cert);
  fails = false;
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  expect(errors).toHaveLength(11);
  expect(kept.current.cert).not.toBe(cert);
  kept.stop();
});

test("who cannot take the new one keeps the old one, and is offered another", async () => {
  let refusals = 0;
  const { kept: keeping, errors } = keep(
    async () => certificate(3),
    () => {
      if (refusals++ === 0) throw new Error("not this one");
    },
  );
  const kept = await keeping;
  const { cert } = kept.current;
  await vi.advanceTimersByTimeAsync(2 * DAY_MS);
  expect([errors.length, kept.current.cert]).toEqual([1, cert]);
  await vi.advanceTimersByTimeAsync(2 * HOUR_MS);
  expect(kept.current.cert).not.toBe(cert);
  kept.stop();
});

test("stopped while a new one is made, nobody is told of it", async () => {
  const making = Promise.withResolvers<IssuedCertificate>();
  const answers = [Promise.resolve(certificate(3)), making.promise];
  let renewals = 0;
  const { kept: keeping } = keep(
    () => answers.shift() ?? Promise.reject(new Error("asked too often")),
    () => renewals++,
  );
  const kept = await keeping;
  await vi.advanceTimersByTimeAsync(2 * DAY_MS);
  kept.stop();
  making.resolve(certificate(3));
  await vi.advanceTimersByTimeAsync(10 * DAY_MS);
  expect([renewals, vi.getTimerCount()]).toEqual([0, 0]);
});

test("an authority whose time is over signs nothing more, and says so", async () => {
  const authority = await createAuthority({ validDays: 2 });
  const { cert, key } = authority;
  vi.setSystemTime(Date.now() + 2 * DAY_MS + 1000);
  await expect(authority.issue({ hosts: ["a.example"] })).rejects.toMatchObject({
    code: "BAD_REQUEST",
    detail: expect.stringContaining("make a new authority") as string,
  });
  expect(() => openAuthority({ cert, key })).toThrow(/make a new authority/);
});
