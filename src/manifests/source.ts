import { type FSWatcher, watch } from "node:fs";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import { belongs, type Place, tenantOf } from "./belonging.ts";
import { type DirectoryState, type FileState, isSameDirectory, readDirectory } from "./directory.ts";
import { Identities, type IdentifiedObject, type Keyed } from "./identity.ts";
import { type ManifestProblem, problemAt } from "./parse.ts";

/** Where and how manifests are read. */
export interface ManifestSourceOptions {
  /** Read with its sub-directories; `.yaml`, `.yml` and `.json`; ≤ 1,000 files of ≤ 4 MiB. */
  readonly directory: string;
  /** The operator's: Secrets, ConfigMaps and ServiceAccounts of it (and those that name none) are kept, and those of namespaces of namespaced objects. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often the directory is looked at whatever the watch says, in ms: network file systems tell nothing. Default 2000. */
  readonly pollMs?: number;
}

/** What a file contributes: its objects that belong here, as they are or as they last were when all of it could be used. */
interface Contribution {
  /** Of the file, and of the namespaces that there were. */
  readonly digest: string;
  readonly objects: readonly Keyed[];
}

/** A change counts once two looks this far apart agree: editors empty a file, or rename it away, before they write it. */
const settleMs = 100;
/** A directory that never comes to rest is taken as it is after two seconds. */
const maxSettleRounds = 20;

/**
 * The resources of a directory, watched; satisfies the operator's port for where resources come from. A file that cannot be read or used is a problem, and
 * the objects of its last good version stay: a half-written file must not take a Store or a Verifier out of a verdict. Only deleting it removes them.
 */
export class ManifestSource {
  readonly #options: ManifestSourceOptions;
  readonly #identities: Identities;
  readonly #lastGood = new Map<string, Contribution>();
  #objects: ReadonlyMap<string, ReadonlyMap<string, IdentifiedObject>> = new Map();
  #views: ReadonlyMap<string, ReadonlyMap<string, unknown>> = new Map();
  #problems: readonly ManifestProblem[] = [];
  #state: DirectoryState = { files: new Map(), problems: [] };
  #changed: (kind: string, key: string) => void = () => {};

  constructor(options: ManifestSourceOptions) {
    this.#options = options;
    this.#identities = new Identities(options.namespace);
  }

  /** What could not be used, in order of files. */
  problems(): readonly ManifestProblem[] {
    return this.#problems;
  }

  /** Of these, where there may be objects that were never read, one sentence each: whatever they ask of images, nobody knows. */
  omissions(): readonly string[] {
    return this.#problems.filter(({ leavesOut }) => leavesOut === true).map(({ file, message }) => `${file}: ${message}`);
  }

  /** Deep-frozen objects of one kind, by name; of namespaces, but for what is in the operator's own, by `namespace/name`. */
  objects(kind: string): ReadonlyMap<string, unknown> {
    return this.#views.get(kind) ?? new Map();
  }

  /** Resolves once the directory has been read; goes on following it until `signal` aborts. @throws ManifestError */
  async start(listener: { changed(kind: string, key: string): void }, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#state = await readDirectory(this.#options.directory, this.#state);
    signal.throwIfAborted();
    this.#apply(this.#state);
    this.#changed = (kind, key) => listener.changed(kind, key);
    void this.#follow(signal);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, logger, pollMs = 2000 } = this.#options;
    let nap = new AbortController();
    const wake = (): void => nap.abort(new DOMException("The directory may have changed", "AbortError"));
    signal.addEventListener("abort", wake, { once: true });
    const watcher = this.#watch(wake);
    try {
      while (!signal.aborted) {
        await clock.sleep(pollMs, nap.signal).catch(() => {
          /* woken: look at once */
        });
        nap = new AbortController();
        if (signal.aborted) return;
        await this.#look(signal).catch((error: unknown) => {
          if (!signal.aborted) this.#unreadable(error);
        });
      }
    } finally {
      signal.removeEventListener("abort", wake);
      watcher?.close();
      logger.debug("the manifests are not followed any more");
    }
  }

  /** The watch only wakes; where there is none, polling finds everything, later. */
  #watch(wake: () => void): FSWatcher | undefined {
    const { directory, logger } = this.#options;
    try {
      const watcher = watch(directory, { recursive: true, persistent: false }, () => wake());
      watcher.on("error", () => watcher.close());
      return watcher;
    } catch {
      logger.debug("the directory cannot be watched and is polled only", { directory });
      return undefined;
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, directory } = this.#options;
    let before = this.#state;
    let state = await readDirectory(directory, before);
    const changed = !isSameDirectory(state, before);
    for (let round = 0; round < maxSettleRounds && !isSameDirectory(state, before); round += 1) {
      await clock.sleep(settleMs, signal);
      before = state;
      state = await readDirectory(directory, before);
    }
    this.#state = state;
    if (changed || this.#problems.some((problem) => problem.file === directory)) this.#apply(state);
  }

  #apply(state: DirectoryState): void {
    const problems = [...state.problems];
    for (const path of this.#lastGood.keys()) if (!state.files.has(path)) this.#lastGood.delete(path);
    const place = { namespace: this.#options.namespace, tenants: this.#tenants(state) };
    const accepted: Keyed[] = [];
    for (const [path, file] of state.files) accepted.push(...this.#contribution({ path, file, place }, problems));
    this.#publish(accepted, problems);
    this.#report(problems);
  }

  /** Namespaces that namespaced objects live in, those included that a file last said which cannot be used now. */
  #tenants(state: DirectoryState): ReadonlySet<string> {
    const now = [...state.files.values()].flatMap(({ parsed }) => parsed.objects);
    const before = [...this.#lastGood.values()].flatMap(({ objects }) => objects.map(({ manifest }) => manifest));
    return new Set([...now, ...before].flatMap((manifest) => tenantOf(manifest) ?? []).toSorted());
  }

  #contribution(
    of: { readonly path: string; readonly file: FileState; readonly place: Place },
    problems: ManifestProblem[],
  ): readonly Keyed[] {
    const { path, file, place } = of;
    const digest = [file.digest, ...place.tenants].join(" ");
    const last = this.#lastGood.get(path);
    if (last !== undefined && last.digest === digest) return last.objects;
    const found: ManifestProblem[] = [...file.parsed.problems];
    const objects: Keyed[] = [];
    for (const manifest of file.parsed.objects) {
      const belonging = belongs(manifest, place);
      if (belonging.verdict === "ours") for (const key of belonging.keys) objects.push({ key, manifest, object: belonging.object });
      else if (belonging.verdict === "wrong") found.push(problemAt(manifest, belonging.message));
    }
    if (file.blank && last !== undefined && last.objects.length > 0)
      found.push({ file: path, message: "is empty; delete it to remove its objects" });
    if (found.length === 0) {
      this.#lastGood.set(path, { digest, objects });
      return objects;
    }
    const note = last === undefined ? "nothing of the file is used" : "its last good version stays in use";
    const leavesOut = last === undefined && { leavesOut: true as const };
    problems.push(...found.map((problem) => ({ ...problem, message: `${problem.message}; ${note}`, ...leavesOut })));
    return last?.objects ?? [];
  }

  #publish(accepted: readonly Keyed[], problems: ManifestProblem[]): void {
    const before = this.#objects;
    const next = new Map<string, Map<string, IdentifiedObject>>();
    for (const keyed of accepted) {
      const { key, manifest } = keyed;
      const { kind } = manifest;
      const ofKind = next.get(kind) ?? new Map<string, IdentifiedObject>();
      next.set(kind, ofKind);
      const first = ofKind.get(key);
      if (first === undefined) ofKind.set(key, this.#identities.identify(keyed, before.get(kind)?.get(key)));
      else {
        const problem = problemAt(manifest, `${kind}/${key} is in ${first.manifest.file} already, and that one counts`);
        problems.push({ ...problem, leavesOut: true });
      }
    }
    const changes: (readonly [string, string])[] = [];
    for (const kind of new Set([...before.keys(), ...next.keys()])) {
      const [old, now] = [before.get(kind), next.get(kind)];
      for (const key of old?.keys() ?? []) if (now?.has(key) !== true) this.#identities.forget(kind, key);
      for (const key of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
        if (old?.get(key)?.object !== now?.get(key)?.object) changes.push([kind, key]);
      }
    }
    this.#objects = next;
    this.#views = new Map([...next].map(([kind, ofKind]) => [kind, new Map([...ofKind].map(([key, { object }]) => [key, object]))]));
    for (const [kind, key] of changes) this.#changed(kind, key);
  }

  #unreadable(error: unknown): void {
    const file = this.#options.directory;
    const others = this.#problems.filter((problem) => problem.file !== file);
    this.#report([{ file, message: "cannot be read; what was read last stays in use" }, ...others], error);
  }

  /** Each problem is logged when it is new, not every time it is found again. */
  #report(problems: readonly ManifestProblem[], error?: unknown): void {
    const known = new Set(this.#problems.map(({ file, message }) => `${file}: ${message}`));
    this.#problems = problems;
    for (const { file, message } of problems) {
      if (!known.has(`${file}: ${message}`))
        this.#options.logger.warn("a manifest cannot be used", { file, problem: message, ...(error instanceof Error && { error }) });
    }
  }
}
