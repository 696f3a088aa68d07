import type { IssuedCertificate } from "./certificates.ts";

/** What {@link keepCertificate} is told. */
export interface KeepCertificateOptions {
  /** Makes one: at first, and at each renewal. */
  readonly issue: () => Promise<IssuedCertificate>;
  /** There is a new one: handshakes from now on are to be made with it. */
  readonly onRenewed: (certificate: IssuedCertificate) => void;
  /** There is no new one, or `onRenewed` threw; it is tried again. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** A certificate that is always valid. Whoever keeps it stops it. */
export interface KeptCertificate {
  /** The newest. */
  readonly current: IssuedCertificate;
  /** Ends the renewals. Idempotent. */
  stop(): void;
}

/**
 * So much of its life a certificate is used before there is another, as is the practice with those of ACME
 * (RFC 8555): a third of it is left when a renewal fails.
 */
const USED_SHARE = 2 / 3;
/** The clock is looked at as often at least: it may be set, and stand still while a machine sleeps. */
const DAY_MS = 86_400_000;
/** Between tries lies this share of what is left, in these bounds in ms. */
const RETRY_SHARE = 1 / 20;
const SHORTEST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 3_600_000;

/**
 * Makes a certificate, and another one after two thirds of its life, again and again. It keeps no process alive.
 * Rejects when the first one cannot be made.
 */
export async function keepCertificate(options: KeepCertificateOptions): Promise<KeptCertificate> {
  const kept = new Kept(options, await options.issue());
  kept.wait();
  return kept;
}

class Kept implements KeptCertificate {
  current: IssuedCertificate;
  readonly #options: KeepCertificateOptions;
  /** When there is to be another one, in ms of the wall clock. */
  #due: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: KeepCertificateOptions, first: IssuedCertificate) {
    this.#options = options;
    this.current = first;
    this.#due = dueOf(first);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  wait(): void {
    const left = Math.min(DAY_MS, Math.max(0, this.#due - Date.now()));
    this.#timer = setTimeout(() => {
      if (Date.now() < this.#due) this.wait();
      else void this.#renew();
    }, left).unref();
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const { issue, onRenewed, onError } = this.#options;
    try {
      const next = await issue();
      if (this.#stopped) return;
      onRenewed(next);
      this.current = next;
      this.#due = dueOf(next);
    } catch (error) {
      if (this.#stopped) return;
      onError(error);
      const left = this.current.validUntil.getTime() - Date.now();
      const pause = Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_RETRY_MS, left * RETRY_SHARE));
      this.#due = Date.now() + pause;
    }
    this.wait();
  }
}

/** Of a new certificate. One that is nearly over, as its authority is, is not renewed in a tight loop. */
function dueOf({ validUntil }: IssuedCertificate): number {
  const now = Date.now();
  return now + Math.max(SHORTEST_RETRY_MS, (validUntil.getTime() - now) * USED_SHARE);
}
