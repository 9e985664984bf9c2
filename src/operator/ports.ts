/** Where resources come from: kube/ (an API server) or manifests/ (a directory). Both satisfy this by shape; app/ is where the compiler checks it. */
export interface ResourceSource {
  /** Resolves once the initial list of every kind is in; from then on every change marks its key. Rejects only with the signal's reason. */
  start(listener: SourceListener, signal: AbortSignal): Promise<void>;
  /**
   * Raw, deep-frozen objects of one kind. By name: cluster-scoped kinds, `Namespace` (its labels), and Secrets, ConfigMaps and ServiceAccounts of the own
   * namespace. By `namespace/name`: namespaced kinds, and Secrets, ConfigMaps and ServiceAccounts of namespaces whose objects refer to some.
   */
  objects(kind: string): ReadonlyMap<string, unknown>;
  /**
   * Why objects of a kind in a namespace are not in `objects` though they may exist. Undefined, as for every source without such limits: what is not there
   * does not exist. When it changes, the objects of that namespace which refer to the kind are marked.
   */
  denied?(kind: string, namespace: string): Denial | undefined;
  /**
   * Where objects may be that it cannot read at all, one sentence each: no image is allowed while there is one. Absent: there never is, as with an API
   * server, which lists all or nothing.
   */
  omissions?(): readonly string[];
}

/**
 * `Forbidden`: the operator may not read them until somebody binds a role that lets it; `NotListed`: they have not been read yet, or the server does not
 * answer; `TooLarge`: the namespace has more of them than is kept; `TooManyNamespaces`: no further namespace is followed.
 */
export type Denial = "Forbidden" | "NotListed" | "TooLarge" | "TooManyNamespaces";

export interface SourceListener {
  /** An event only marks a key dirty: the cache is read afresh (design 5). */
  changed(kind: string, key: string): void;
}

/** Where events about objects go. */
export interface EventSink {
  /** Never waits, and never throws: whether an event arrives matters to nothing. */
  record(event: ObjectEvent): void;
}
/** Something that happened to an object, for people. */
export interface ObjectEvent {
  readonly kind: string;
  /** Of an object of a namespaced kind; absent for any other. */
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly type: "Normal" | "Warning";
  /** Of the closed list in docs/reference/reasons.md. */
  readonly reason: string;
  /** What the operator was doing, as one verb in CamelCase. */
  readonly action: string;
  /** ≤ 256 bytes, and no secret: the message of a condition. */
  readonly note: string;
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
  /** Of an object of a namespaced kind; absent for any other. */
  readonly namespace?: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly status: unknown;
}
export type StatusOutcome =
  | { readonly outcome: "applied"; readonly echo: unknown; readonly resourceVersion: string }
  | { readonly outcome: "conflict" | "gone" };
