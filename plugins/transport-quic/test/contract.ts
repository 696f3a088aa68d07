import { bidiStream, clientStream, defineContract, serverStream, unary } from "@micro/core";

/** What {@link Desk} methods are given: a number to tell calls apart. */
interface Ticket {
  readonly id: number;
}

/** Which process ran it. */
interface Answer {
  readonly pid: number;
}

/** Something of each kind; the `wait` ones end by cancellation alone. */
export const desk = defineContract({
  name: "Desk",
  service: "desk",
  methods: {
    hello: unary<Ticket, Answer>(),
    count: serverStream<{ readonly to: number }, Ticket>(),
    sum: clientStream<Ticket, Ticket>(),
    echo: bidiStream<Ticket, Ticket>(),
    wait: unary<Ticket, Answer>(),
    waitStream: serverStream<Ticket, Ticket>(),
  },
});
