/** Nanoseconds per message of reading and writing alone, without sockets. */
import type { Socket } from "node:net";
import { Metadata } from "@micro/core";
import { HeaderLines, HeaderWriter } from "../src/header-writer.ts";
import { MessageReader } from "../src/message-reader.ts";
import { Outbox } from "../src/outbox.ts";

const limits = { maxMessageSize: 4 << 20, maxHeaderSize: 16 * 1024, maxHeaders: 100 };
const body = Buffer.from(
  JSON.stringify({ id: 1, name: "greeter.hello", text: "a text of ordinary length for one line", items: [] }),
);

let sink: Buffer[] = [];
const socket = {
  on: () => socket,
  write: (piece: Buffer) => sink.push(piece),
  cork: () => undefined,
  uncork: () => undefined,
  writableLength: 0,
} as unknown as Socket;
const outbox = new Outbox(socket, () => undefined);
const request = new HeaderWriter("POST / HTTP/1.1\r\nHost: 127.0.0.1:40000\r\n", new HeaderLines(), limits);
const response = new HeaderWriter("HTTP/1.1 200 OK\r\n", new HeaderLines(), limits);

let calls = 0;
const header = (): Metadata =>
  new Metadata()
    .setLower("micro-service", "echo")
    .setLower("micro-endpoint", "Echo.Echo")
    .setLower("micro-method", "Echo.Echo")
    .setLower("content-type", "application/json")
    .setLower("accept", "application/json")
    .setLower("timeout", String(5_000_000_000 - (calls % 1000)))
    .setLower("micro-id", String(calls));
const replyHeader = (): Metadata =>
  new Metadata().setLower("content-type", "application/json").setLower("micro-id", String(calls));

function write(writer: HeaderWriter, make: () => Metadata): void {
  calls++;
  outbox.message(writer.write(make(), { id: `${calls}`, stream: "" }), writer.ascii, body);
}

function measure(name: string, messages: number, run: () => void): void {
  let best = Infinity;
  for (let round = 0; round < 12; round++) {
    // Processor time: the machine may be shared.
    const begin = process.cpuUsage();
    for (let i = 0; i < 500; i++) run();
    const { user, system } = process.cpuUsage(begin);
    best = Math.min(best, (user + system) / 1000);
  }
  console.log(`${name.padEnd(28)} ${((best * 1e6) / 500 / messages).toFixed(0)} ns`);
}

const batch = (writer: HeaderWriter, make: () => Metadata): Buffer => {
  sink = [];
  for (let i = 0; i < 64; i++) write(writer, make);
  outbox.flush();
  return Buffer.concat(sink);
};

measure("make request header", 64, () => {
  for (let i = 0; i < 64; i++) header();
});
measure("write requests", 64, () => void batch(request, header));
measure("write replies", 64, () => void batch(response, replyHeader));
const requests = batch(request, header);
const replies = batch(response, replyHeader);
let seen = 0;
const requestReader = new MessageReader("request", limits, () => seen++);
const replyReader = new MessageReader("response", limits, () => seen++);
measure("read requests", 64, () => requestReader.feed(requests));
measure("read replies", 64, () => replyReader.feed(replies));
