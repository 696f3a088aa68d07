import type { Logger } from "@micro/core";
import type { NatsLink, NatsMessage } from "@micro/nats";
import type { Node, NodeTable, ServiceRecord } from "@micro/registry";

/** What {@link answerServiceQuestions} needs. */
export interface NatsServicesOptions {
  readonly link: NatsLink;
  /** Nodes of this process. */
  readonly own: NodeTable;
  readonly logger: Logger;
}

const VERBS = ["PING", "INFO", "STATS"] as const;
type Verb = (typeof VERBS)[number];

/**
 * Answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS` for the nodes of this process, as the services of NATS do (ADR-32
 * of NATS), so that its command line lists them. Returns how to end that.
 */
export function answerServiceQuestions(options: NatsServicesOptions): () => void {
  const { link } = options;
  const started = new Date().toISOString();
  const ends = VERBS.flatMap((verb) => {
    const onMessage = (message: NatsMessage): void => answer(verb, message, { ...options, started });
    return [`$SRV.${verb}`, `$SRV.${verb}.>`].map((subject) => link.listen(subject, onMessage).end);
  });
  return () => {
    for (const end of ends) end();
  };
}

function answer(
  verb: Verb,
  { subject, reply }: NatsMessage,
  { link, own, logger, started }: NatsServicesOptions & { readonly started: string },
): void {
  if (reply === undefined) return;
  const [, , name, id] = subject.split(".");
  try {
    for (const record of own.records()) {
      if (name !== undefined && name !== tokenOf(record.name)) continue;
      for (const node of record.nodes) {
        if (id !== undefined && id !== tokenOf(node.id)) continue;
        const said = { ...identity(record, node), ...DETAILS[verb](record, started) };
        link.publish(reply, new TextEncoder().encode(JSON.stringify(said)));
      }
    }
  } catch (error) {
    logger.debug("nats: a question for services could not be answered", { subject, error });
  }
}

const DETAILS: Readonly<Record<Verb, (record: ServiceRecord, started: string) => object>> = {
  PING: () => ({ type: "io.nats.micro.v1.ping_response" }),
  INFO: ({ endpoints }) => ({
    type: "io.nats.micro.v1.info_response",
    description: "",
    // They are called by the transport of their node, not at a subject of their own.
    endpoints: endpoints.map((endpoint) => ({
      name: tokenOf(endpoint.name),
      subject: "",
      queue_group: "",
      metadata: endpoint.metadata,
    })),
  }),
  // The registry counts no calls, and numbers that nobody counted are not given.
  STATS: (_, started) => ({ type: "io.nats.micro.v1.stats_response", started, endpoints: [] }),
};

function identity(record: ServiceRecord, node: Node): object {
  return {
    name: tokenOf(record.name),
    id: tokenOf(node.id),
    version: SEMVER.test(record.version) ? record.version : "0.0.0",
    metadata: { ...record.metadata, ...node.metadata, address: node.address, version: record.version },
  };
}

const SEMVER = /^\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$/;

/** Names are parts of subjects there, and have no dots: `go.micro.greeter` is listed as `go-micro-greeter`. */
function tokenOf(name: string): string {
  return name.replace(/[^\w-]/g, "-");
}
