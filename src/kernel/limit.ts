/** At most `size` pieces of work at a time; the rest wait in order of arrival. */
export class Limit {
  readonly #size: number;
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get active(): number {
    return this.#active;
  }

  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#active < this.#size) {
      this.#active += 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      const at = this.#waiting.indexOf(resolve);
      if (at >= 0) this.#waiting.splice(at, 1);
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(resolve);
    try {
      await promise; // the place is handed over by #leave, which does not lower #active
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#active -= 1;
    else next();
  }
}

/** Maps with bounded concurrency; results in input order; the first failure rejects after all started work has ended. */
export async function mapLimited<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
  options: { readonly concurrency: number; readonly signal: AbortSignal },
): Promise<R[]> {
  const limit = new Limit(options.concurrency);
  const settled = await Promise.allSettled(items.map((item, index) => limit.run(() => work(item, index), options.signal)));
  return settled.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}
