import { type BrokerCallOptions, brokerError, endsWithin } from "@micro/broker";
import { hideCredentials, MicroError, markLogged } from "@micro/core";
import type { Logger } from "@micro/logger";
import mqtt, { type MqttClient } from "mqtt";

/** How a {@link MqttLink} connects. */
export interface MqttLinkOptions {
  /** `mqtt://127.0.0.1:1883`; `mqtts:` for TLS. */
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly keepAliveMs: number;
  readonly connectTimeoutMs: number;
  readonly logger: Logger;
}

type OnMessage = (topic: string, data: Uint8Array) => void;

/** One subscription at the server, and who listens to it here. */
interface Filter {
  readonly id: number;
  /** Members of a queue take turns; the others all hear everything. */
  readonly shared: boolean;
  readonly listeners: OnMessage[];
  turn: number;
}

const RECONNECT_MS = 500;
/** A share name may have none of these (MQTT 5, 4.8.2), and what is published or subscribed to here no wildcards. */
const FORBIDDEN_IN_QUEUE = /[/+#]/;
const WILDCARDS = /[+#]/;

/**
 * The connection to an MQTT 5 server: it comes back by itself, and its subscriptions with it. Every subscription has an
 * identifier (MQTT 5, 3.8.2.1.2), by which the server says what a message came for: a topic alone does not tell the
 * member of a queue from somebody who hears everything.
 */
export class MqttLink {
  readonly #options: MqttLinkOptions;
  readonly #filters = new Map<string, Filter>();
  readonly #byId = new Map<number, Filter>();
  /** Publishes that the server has not confirmed, by message id. */
  readonly #unconfirmed = new Set<number>();
  #client: MqttClient | undefined;
  #lastId = 0;
  /** Changes of subscriptions run one after the other: one that ends must not meet one that begins. */
  #changes: Promise<unknown> = Promise.resolve();

  constructor(options: MqttLinkOptions) {
    this.#options = options;
  }

  /** Rejects with `UNAVAILABLE` when the server does not take the first connection. */
  async connect(): Promise<void> {
    const { url, username, password, keepAliveMs, connectTimeoutMs, logger } = this.#options;
    // MQTT servers are often named with a user and a password: neither is a text for errors and logs.
    const shown = hideCredentials(url);
    try {
      this.#client = await mqtt.connectAsync(
        url,
        {
          protocolVersion: 5,
          clean: true,
          keepalive: Math.ceil(keepAliveMs / 1000),
          connectTimeout: connectTimeoutMs,
          reconnectPeriod: RECONNECT_MS,
          ...(username === undefined ? {} : { username }),
          ...(password === undefined ? {} : { password }),
        },
        false,
      );
    } catch (cause) {
      throw brokerError("UNAVAILABLE", `no MQTT server takes a connection at ${shown}`, {
        cause,
        notSent: true,
      });
    }
    const client = this.#client;
    client.on("message", (topic, payload, { properties }) => {
      for (const id of [properties?.subscriptionIdentifier ?? []].flat()) this.#deliver(id, topic, payload);
    });
    const unknown = "the server or the network ended it";
    let lost = false;
    let reason = unknown;
    client.on("error", (error) => {
      reason = MicroError.from(error).detail;
      logger.debug("the MQTT connection failed", { error, url: shown });
    });
    client.on("connect", () => {
      if (lost) logger.info("connected to the MQTT server again", { url: shown });
      lost = false;
      reason = unknown;
    });
    client.on("close", () => {
      // Each try that fails ends like this too; one line tells of them all.
      if (!lost && this.#client === client) {
        logger.warn("the connection to the MQTT server was lost; connecting again", { url: shown, reason });
        lost = true;
      }
      // The library would send them again on the next connection: a message that had arrived would arrive twice.
      for (const id of this.#unconfirmed) client.removeOutgoingMessage(id);
    });
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // Without a connection there is nobody to say goodbye to, and waiting for one could take for ever.
    await client?.endAsync(!client.connected);
  }

  /** Resolves when the server has taken the message. */
  async publish(topic: string, data: Uint8Array, options: BrokerCallOptions): Promise<void> {
    const what = `publishing to '${topic}'`;
    if (WILDCARDS.test(topic)) throw badName(`topic '${topic}' has a wildcard, '+' or '#'`);
    const client = this.#connected(what);
    let id = 0;
    const confirmed = new Promise<void>((resolve, reject) => {
      client.publish(topic, Buffer.from(data), { qos: 1 }, (error) => {
        this.#unconfirmed.delete(id);
        if (!error) return resolve();
        const detail = `${what}: the connection was lost before the server confirmed it; it may have arrived`;
        reject(brokerError("UNAVAILABLE", detail, { cause: error }));
      });
      id = client.getLastMessageId();
      this.#unconfirmed.add(id);
    });
    if (await endsWithin(confirmed, options)) return;
    client.removeOutgoingMessage(id);
    await confirmed.catch(() => undefined);
    throw brokerError("TIMEOUT", `${what}: the server did not confirm it in time; it may have arrived`);
  }

  /** Messages come when it resolves. Returns how to leave: that resolves when what was on its way has come. */
  async subscribe(
    topic: string,
    { queue, onMessage }: { readonly queue: string | undefined; readonly onMessage: OnMessage },
  ): Promise<() => Promise<void>> {
    if (WILDCARDS.test(topic)) throw badName(`topic '${topic}' has a wildcard, '+' or '#'`);
    if (queue !== undefined && FORBIDDEN_IN_QUEUE.test(queue))
      throw badName(`queue '${queue}' has one of '/', '+', '#'`);
    const name = queue === undefined ? topic : `$share/${queue}/${topic}`;
    await this.#change(() => this.#add(name, { shared: queue !== undefined, onMessage }));
    return () => this.#change(() => this.#remove(name, onMessage));
  }

  async #add(
    name: string,
    { shared, onMessage }: { readonly shared: boolean; readonly onMessage: OnMessage },
  ): Promise<void> {
    const known = this.#filters.get(name);
    if (known !== undefined) {
      known.listeners.push(onMessage);
      return;
    }
    const client = this.#connected(`subscribing to '${name}'`);
    const filter: Filter = { id: ++this.#lastId, shared, listeners: [onMessage], turn: 0 };
    this.#byId.set(filter.id, filter);
    // Quality 0 towards subscribers: at most once. Retained messages of others are of the past.
    const properties = { subscriptionIdentifier: filter.id };
    const granted = client.subscribeAsync(name, { qos: 0, rh: 2, properties });
    if (!(await endsWithin(granted, {}))) {
      this.#byId.delete(filter.id);
      throw brokerError("TIMEOUT", `subscribing to '${name}': the server did not confirm it in time`);
    }
    this.#filters.set(name, filter);
  }

  async #remove(name: string, onMessage: OnMessage): Promise<void> {
    const filter = this.#filters.get(name);
    if (filter === undefined) return;
    // Until the server has confirmed it, what it had sent is still heard.
    if (filter.listeners.length === 1) {
      if (this.#client?.connected === true) await endsWithin(this.#client.unsubscribeAsync(name), {});
      this.#filters.delete(name);
      this.#byId.delete(filter.id);
    }
    filter.listeners.splice(filter.listeners.indexOf(onMessage), 1);
  }

  #deliver(id: number, topic: string, data: Uint8Array): void {
    const filter = this.#byId.get(id);
    if (filter === undefined) return;
    if (filter.shared) filter.listeners[filter.turn++ % filter.listeners.length]?.(topic, data);
    else for (const listener of filter.listeners) listener(topic, data);
  }

  #connected(what: string): MqttClient {
    if (this.#client?.connected === true) return this.#client;
    const url = hideCredentials(this.#options.url);
    const detail = `${what}: no connection to the MQTT server at ${url} just now`;
    const error = brokerError("UNAVAILABLE", detail, { notSent: true });
    // The log has it from the connection, while there should be one.
    throw this.#client === undefined ? error : markLogged(error);
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(work);
    this.#changes = done.catch(() => undefined);
    return done;
  }
}

function badName(detail: string): Error {
  return brokerError("BAD_REQUEST", detail, { notSent: true });
}
