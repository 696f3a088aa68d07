import { MicroError } from "@micro/core";
import { thrownBy } from "@micro/core/conformance";
import { describe, expect, test } from "vitest";
import { decodeRequest, type RequestCodec } from "./messages.ts";
import type { Route } from "./routes.ts";

const route = { service: "shop", endpoint: "Shop.Buy" } as Route;
const codec = (decode: RequestCodec["decode"]): RequestCodec => ({ decode, encode: () => new Uint8Array() });
describe("a request that cannot be read", () => {
  test("is an error of the service, though the codec does not know which it serves", () => {
    const cause = new MicroError({ code: "BAD_REQUEST", detail: "not JSON", details: [] });
    const error = thrownBy(() =>
      decodeRequest(
        codec(() => {
          throw cause;
        }),
        new Uint8Array([1]),
        route,
      ),
    );
    expect(error).toMatchObject({
      id: "shop",
      code: "BAD_REQUEST",
      detail: "not JSON",
      httpCode: 400,
      cause,
    });
  });

  test("keeps the id that the codec gave", () => {
    const cause = new MicroError({ code: "RESOURCE_EXHAUSTED", id: "codec", detail: "too large" });
    const error = thrownBy(() =>
      decodeRequest(
        codec(() => {
          throw cause;
        }),
        new Uint8Array([1]),
        route,
      ),
    );
    expect(error).toBe(cause);
  });
});

test("an empty body is a zero value, as in Go", () => {
  expect(
    decodeRequest(
      codec(() => undefined),
      new Uint8Array(),
      route,
    ),
  ).toEqual({});
});
