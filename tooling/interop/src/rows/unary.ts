import { errorOf, holds, same } from "../check.ts";
import { passed, type Row } from "../row.ts";

const NOT_FOUND = ["go.micro.srv.greeter", 404, "no such name: <&> é\nnext line", "Not Found"];
const BINARY = Uint8Array.from({ length: 256 }, (_, at) => at);
const OCTETS = "application/octet-stream";

/** Calls and errors. */
export const unaryRows: readonly Row[] = [
  {
    row: "R1",
    title: "unary call of plain structs as JSON",
    runs: {
      "go→ts": async (world) => {
        const answer = await world.callTs({ endpoint: "Greeter.Hello", body: { name: "bob" } });
        same("the answer", answer.body, { msg: "Hello bob", n: 42 });
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter();
        same("the answer", await greeter.hello({ name: "bob" }), { msg: "Hello bob", n: 42 });
      },
    },
  },
  {
    row: "R6",
    title: "octet-stream: a raw frame",
    runs: {
      "go→ts": async (world) => {
        const body = Buffer.from(BINARY).toString("base64");
        const answer = await world.callTs({
          endpoint: "Greeter.Bytes",
          kind: "bytes",
          contentType: OCTETS,
          body,
        });
        same("the bytes", answer.body, body);
        const error = await world.callTs({
          endpoint: "Greeter.Nope",
          kind: "bytes",
          contentType: OCTETS,
          body,
        });
        // Go's client wants to decode the body that an error does not have.
        const detail = "failed to read body: <nil> is not type of *[]byte";
        same("an error as Go shows it", [error.code, error.detail], [500, detail]);
        return passed(
          "Go bug: with this content type the client shows every error as a failure of its codec",
        );
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter({ contentType: OCTETS });
        same("the bytes", Buffer.from(await greeter.bytes(BINARY)), Buffer.from(BINARY));
        const { address } = await world.goServer();
        const { client } = await world.tsCaller();
        const request = { service: "greeter", endpoint: "Greeter.Nope", message: BINARY };
        const { code } = await errorOf(
          client.call(request, { address, contentType: OCTETS, timeoutMs: 700 }),
        );
        // An error has no body, and this codec cannot write "no body" (spec 1.5).
        same("an error of the server", code, "TIMEOUT");
        return passed(
          "Go bug: to this content type the server never answers with an error; the caller times out",
        );
      },
    },
  },
  {
    row: "R7",
    title: "error 404 whose text has `<&>`, `é` and a newline",
    runs: {
      "go→ts": async (world) => {
        const call = { endpoint: "Greeter.Fail", body: { name: "structured" } };
        const { id, code, detail, status } = await world.callTs(call);
        same("the error", [id, code, detail, status], NOT_FOUND);
        const teapot = await world.callTs({ ...call, body: { name: "teapot" } });
        same("a code of one's own", [teapot.code, teapot.detail], [418, "100% teapot"]);
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter();
        const { id, httpCode, detail, status } = await errorOf(greeter.fail({ name: "structured" }));
        same("the error", [id, httpCode, detail, status], NOT_FOUND);
        const teapot = await errorOf(greeter.fail({ name: "teapot" }));
        same("a code of one's own", [teapot.httpCode, teapot.detail], [418, "100% teapot"]);
      },
    },
  },
  {
    row: "R8",
    title: "plain error; unknown type; unknown method; ill-formed endpoint",
    runs: {
      "go→ts": async (world) => {
        const errorFor = async (endpoint: string) => {
          const { ok, code, detail } = await world.callTs({ endpoint, body: { name: "plain" } });
          return [ok, code, detail];
        };
        same("a plain error", await errorFor("Greeter.Fail"), [false, 500, "plain error"]);
        same("an unknown type", await errorFor("Nobody.Hello"), [
          false,
          404,
          "rpc: can't find service Nobody",
        ]);
        same("an unknown method", await errorFor("Greeter.Nope"), [
          false,
          404,
          "rpc: can't find method Nope",
        ]);
        const text = "rpc: service/endpoint request ill-formed: Greeter";
        same("an ill-formed endpoint", await errorFor("Greeter"), [false, 400, text]);
      },
      "ts→go": async (world) => {
        const { address } = await world.goServer();
        const { client } = await world.tsCaller();
        const errorFor = async (endpoint: string) => {
          const request = { service: "greeter", endpoint, message: { name: "plain" } };
          const { code, detail } = await errorOf(client.call(request, { address }));
          return [code, detail];
        };
        // Go writes these as plain text, without a code.
        same("a plain error", await errorFor("Greeter.Fail"), ["UNKNOWN", "plain error"]);
        same("an unknown type", await errorFor("Nobody.Hello"), [
          "UNKNOWN",
          "rpc: can't find service Nobody",
        ]);
        same("an unknown method", await errorFor("Greeter.Nope"), ["UNKNOWN", "rpc: can't find method Nope"]);
        const text = "rpc: service/endpoint request ill-formed: Greeter";
        const [code, detail] = await errorFor("Greeter");
        holds("an ill-formed endpoint", detail === text || code === "BAD_REQUEST", [code, detail]);
      },
    },
  },
];
