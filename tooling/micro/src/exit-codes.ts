/** What the exit code of the command says. It is part of the interface: scripts rely on it. */
export const EXIT_CODES = {
  /** It did what was asked. */
  ok: 0,
  /** A defect of the command itself. */
  unexpected: 1,
  /** The command line, the input or the configuration is wrong. */
  usage: 2,
  /** Nobody of that name: a service that no node offers, an endpoint that the node does not know. */
  notFound: 3,
  /** The node was reached and answered with an error. */
  failed: 4,
  /** A registry, a broker or a node cannot be reached. */
  unavailable: 5,
  /** There was no answer in time. */
  timeout: 6,
  /** It was interrupted: Ctrl-C. */
  interrupted: 130,
  /** It was told to end: SIGTERM. */
  terminated: 143,
} as const;

/** One of {@link EXIT_CODES}. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** Lines for `--help`. */
export const EXIT_CODE_LINES: readonly string[] = [
  "0 done, 1 unexpected, 2 wrong usage or configuration, 3 no such service or endpoint,",
  "4 the node answered with an error, 5 unavailable, 6 no answer in time, 130 interrupted, 143 terminated",
];
