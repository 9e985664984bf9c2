import { type FSWatcher, watch } from "node:fs";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import { type DirectoryState, readDirectory } from "./directory.ts";
import { contentHash, type ManifestObject, type ManifestProblem, parseManifests } from "./parse.ts";

export interface ManifestSourceOptions {
  /** Read with its sub-directories; `.yaml`, `.yml` and `.json`. */
  readonly directory: string;
  /** Secrets, ConfigMaps and ServiceAccounts of this namespace (and those that name none) are kept, others ignored. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often the directory is looked at whatever the watch says, in ms: network file systems tell nothing. Default 2000. */
  readonly pollMs?: number;
}

const materialKinds: ReadonlySet<string> = new Set(["Secret", "ConfigMap", "ServiceAccount"]);

interface Known {
  readonly source: ManifestObject;
  readonly contentHash: string;
  readonly specHash: string;
  readonly generation: number;
  readonly object: unknown;
}

/**
 * The resources of a directory, watched; satisfies the operator's port for where resources come from. A file that becomes unreadable or does not parse is
 * a problem, and the objects of its last good version stay: an editor's half-written file must not take a Store or a Verifier out of a verdict.
 */
export class ManifestSource {
  readonly #options: ManifestSourceOptions;
  readonly #objects = new Map<string, Map<string, Known>>();
  readonly #lastGood = new Map<string, readonly ManifestObject[]>();
  #views = new Map<string, ReadonlyMap<string, unknown>>();
  #problems: readonly ManifestProblem[] = [];
  #state: DirectoryState = { files: new Map(), problems: [] };
  #changed: (kind: string, name: string) => void = () => {};

  constructor(options: ManifestSourceOptions) {
    this.#options = options;
  }

  /** What could not be used, by file. */
  problems(): readonly ManifestProblem[] {
    return this.#problems;
  }

  /** Deep-frozen objects of one kind by name. */
  objects(kind: string): ReadonlyMap<string, unknown> {
    return this.#views.get(kind) ?? new Map();
  }

  /** Resolves once the directory has been read; goes on until `signal` aborts. */
  async start(listener: { changed(kind: string, name: string): void }, signal: AbortSignal): Promise<void> {
    this.#changed = (kind, name) => listener.changed(kind, name);
    await this.#refresh();
    void this.#follow(signal);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, directory, logger, pollMs = 2000 } = this.#options;
    let wake: () => void = () => {};
    let watcher: FSWatcher | undefined;
    try {
      watcher = watch(directory, { recursive: true, persistent: false }, () => wake());
      watcher.on("error", () => watcher?.close());
    } catch {
      logger.debug("the directory cannot be watched and is polled only", { directory });
    }
    while (!signal.aborted) {
      const nap = new AbortController();
      wake = () => nap.abort(new DOMException("The directory has changed", "AbortError"));
      await clock.sleep(pollMs, AbortSignal.any([signal, nap.signal])).catch(() => {
        /* woken, or stopped */
      });
      if (signal.aborted) break;
      await this.#refresh().catch((error: unknown) =>
        logger.error("the manifests could not be read", { ...(error instanceof Error && { error }) }),
      );
    }
    watcher?.close();
  }

  async #refresh(): Promise<void> {
    const next = await readDirectory(this.#options.directory, this.#state);
    if (next === this.#state) return;
    this.#state = next;
    const problems = [...next.problems];
    const objects: ManifestObject[] = [];
    for (const [file, { text }] of [...next.files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const parsed = text === undefined ? { objects: [], problems: [{ file, message: "cannot be read" }] } : parseManifests(file, text);
      if (parsed.problems.length === 0) this.#lastGood.set(file, parsed.objects);
      else
        problems.push(
          ...parsed.problems.map((problem) => ({ ...problem, message: `${problem.message}; ${lastGoodNote(this.#lastGood.get(file))}` })),
        );
      objects.push(...(this.#lastGood.get(file) ?? []));
    }
    for (const file of this.#lastGood.keys()) if (!next.files.has(file)) this.#lastGood.delete(file);
    this.#apply(objects, problems);
    this.#problems = problems;
    for (const problem of problems)
      this.#options.logger.warn("a manifest cannot be used", { file: problem.file, problem: problem.message });
  }

  #apply(objects: readonly ManifestObject[], problems: ManifestProblem[]): void {
    const next = new Map<string, Map<string, Known>>();
    for (const source of objects) {
      const { kind, name, namespace } = source;
      if (materialKinds.has(kind) && (namespace ?? this.#options.namespace) !== this.#options.namespace) continue;
      const ofKind = next.get(kind) ?? new Map<string, Known>();
      next.set(kind, ofKind);
      const first = ofKind.get(name);
      if (first !== undefined) {
        problems.push({ file: source.file, message: `${kind}/${name} is in ${first.source.file} already, and that one counts` });
        continue;
      }
      ofKind.set(name, toKnown(source, { before: this.#objects.get(kind)?.get(name), namespace: this.#options.namespace }));
    }
    const changes: (readonly [string, string])[] = [];
    for (const kind of new Set([...next.keys(), ...this.#objects.keys()])) {
      const [now, before] = [next.get(kind), this.#objects.get(kind)];
      for (const name of new Set([...(now?.keys() ?? []), ...(before?.keys() ?? [])])) {
        if (now?.get(name)?.contentHash !== before?.get(name)?.contentHash) changes.push([kind, name]);
      }
    }
    this.#objects.clear();
    for (const [kind, ofKind] of next) this.#objects.set(kind, ofKind);
    this.#views = new Map([...next].map(([kind, ofKind]) => [kind, new Map([...ofKind].map(([name, known]) => [name, known.object]))]));
    for (const [kind, name] of changes) this.#changed(kind, name);
  }
}

function lastGoodNote(lastGood: readonly ManifestObject[] | undefined): string {
  return lastGood === undefined ? "nothing of the file is used" : "its last good version stays in use";
}

/** With the metadata that an API server would give: uid from kind and name, a generation that counts changes of the spec, content hash as version. */
function toKnown(source: ManifestObject, context: { readonly before: Known | undefined; readonly namespace: string }): Known {
  const { before } = context;
  const hash = contentHash(source.object);
  if (before?.contentHash === hash) return { ...before, source };
  const specHash = contentHash(source.object["spec"] ?? "");
  const generation = before === undefined ? 1 : before.generation + (before.specHash === specHash ? 0 : 1);
  const isMaterial = materialKinds.has(source.kind);
  const metadata = {
    ...(source.object["metadata"] as Record<string, unknown>), // checked by parseManifests
    ...(isMaterial && { namespace: context.namespace }),
    uid: contentHash([source.kind, isMaterial ? context.namespace : "", source.name]),
    generation,
    resourceVersion: hash,
    // All of one age: in files conflicts are decided by name alone (design 3).
    creationTimestamp: "1970-01-01T00:00:00Z",
  };
  const object = deepFreeze({ ...withStringData(source), metadata });
  return { source, contentHash: hash, specHash, generation, object };
}

/** `stringData` of a Secret is merged into `data`, as the API server does. */
function withStringData(source: ManifestObject): Record<string, unknown> {
  const { stringData, data, ...rest } = source.object;
  if (source.kind !== "Secret" || typeof stringData !== "object" || stringData === null) return { ...source.object };
  const merged: Record<string, unknown> = { ...(typeof data === "object" && data !== null ? data : {}) };
  for (const [key, value] of Object.entries(stringData))
    if (typeof value === "string") merged[key] = Buffer.from(value, "utf8").toString("base64");
  return { ...rest, data: merged };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
