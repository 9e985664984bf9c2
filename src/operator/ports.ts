/** Where resources come from: kube/ (an API server) or manifests/ (a directory). Both satisfy this by shape; app/ is where the compiler checks it. */
export interface ResourceSource {
  /** Resolves once the initial list of every kind is in; from then on every change marks its key. Rejects only with the signal's reason. */
  start(listener: SourceListener, signal: AbortSignal): Promise<void>;
  /** Raw, deep-frozen objects of one kind, by name: cluster-scoped kinds, and Secrets, ConfigMaps and ServiceAccounts of the own namespace. */
  objects(kind: string): ReadonlyMap<string, unknown>;
}

export interface SourceListener {
  /** An event only marks a key dirty: the cache is read afresh (design 5). */
  changed(kind: string, name: string): void;
}

/** What an object's status is written with. */
export interface StatusSink {
  /**
   * Writes the whole status of the object as it was judged. `conflict`: it has changed or been recreated since, read again; `gone`: forget it;
   * `echo` is the status as the server keeps it.
   * @throws CodedError with remedy `retry` when the write could not be made
   */
  apply(write: StatusWrite, signal: AbortSignal): Promise<StatusOutcome>;
}
export interface StatusWrite {
  readonly kind: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly status: unknown;
}
export type StatusOutcome =
  | { readonly outcome: "applied"; readonly echo: unknown; readonly resourceVersion: string }
  | { readonly outcome: "conflict" | "gone" };
