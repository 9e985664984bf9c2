import type { Pattern } from "../oci/pattern.ts";
import type { Repository } from "../oci/repository.ts";

/** Patterns of equal rank that all match one repository; two or more. */
export interface Tie<E> {
  readonly tied: readonly E[];
}

// Maps are made when they are needed: with 10,000 patterns it is the memory that a look-up touches which costs.

/** Below one host and port: pattern segments, whole. */
interface PathNode<E> {
  entry: E | undefined;
  below: Map<string, PathNode<E>> | undefined;
}

/** One host, or one run of labels read from the right. */
interface HostNode<E> {
  /** Patterns without a port. */
  plain: PathNode<E> | undefined;
  ports: Map<number, PathNode<E>> | undefined;
  labels: Map<string, HostNode<E>> | undefined;
  wildcard: HostNode<E> | undefined;
}

/**
 * The pattern that answers for a repository: fewest wildcards first, then most path segments. Literal hosts are found by one look-up of the whole host,
 * wildcards by walking its labels from the right, paths by walking their segments: the cost depends on the length of the repository. Only where
 * literal and wildcard labels overlap on every level do both branches have to be walked, at most as many as there are such patterns.
 */
export class PatternTrie<E extends { readonly pattern: Pattern }> {
  readonly #hosts = new Map<string, HostNode<E>>();
  readonly #root: HostNode<E> = hostNode();

  /** At most one entry for each canonical pattern: of two the first stays. */
  constructor(entries: Iterable<E>) {
    for (const entry of entries) this.#insert(entry);
  }

  /** Allocates nothing where a literal host answers. */
  find(repository: Repository): E | Tie<E> | undefined {
    const exact = this.#hosts.get(repository.host);
    const entry = exact === undefined ? undefined : deepest(exact, repository);
    return entry ?? this.#findWildcard(repository);
  }

  #insert(entry: E): void {
    const { labels, port, segments, wildcards } = entry.pattern;
    let host = this.#root;
    if (wildcards === 0) {
      const name = labels.join(".");
      host = this.#hosts.get(name) ?? hostNode();
      this.#hosts.set(name, host);
    } else {
      for (const label of labels.toReversed()) host = descend(host, label);
    }
    let path = pathsOf(host, port);
    for (const segment of segments) {
      path.below ??= new Map();
      const next: PathNode<E> = path.below.get(segment) ?? pathNode();
      path.below.set(segment, next);
      path = next;
    }
    path.entry ??= entry;
  }

  #findWildcard(repository: Repository): E | Tie<E> | undefined {
    if (this.#root.labels === undefined) return undefined;
    const found: E[] = [];
    this.#walk(this.#root, { repository, end: repository.host.length, wildcards: 0 }, found);
    return found.length > 1 ? { tied: found } : found[0];
  }

  /** Literal labels first. `found` holds matches of equal rank, the best so far; a branch that can only be worse is left out. */
  #walk(node: HostNode<E>, at: Position, found: E[]): void {
    const { repository, end, wildcards } = at;
    if (end < 0) {
      const entry = deepest(node, repository);
      if (entry === undefined) return;
      const rank = found[0] === undefined ? -1 : compareRank(entry.pattern, found[0].pattern);
      if (rank < 0) found.length = 0;
      if (rank <= 0) found.push(entry);
      return;
    }
    const dot = end === 0 ? -1 : repository.host.lastIndexOf(".", end - 1);
    const literal = node.labels?.get(repository.host.slice(dot + 1, end));
    if (literal !== undefined) this.#walk(literal, { repository, end: dot, wildcards }, found);
    if (node.wildcard !== undefined && wildcards < (found[0]?.pattern.wildcards ?? Number.POSITIVE_INFINITY))
      this.#walk(node.wildcard, { repository, end: dot, wildcards: wildcards + 1 }, found);
  }
}

/** Where a walk stands: what is right of `end` in the host has been walked. */
interface Position {
  readonly repository: Repository;
  readonly end: number;
  readonly wildcards: number;
}

/** Negative where `a` is the more specific: fewer wildcards, then more segments. */
export function compareRank(a: Pattern, b: Pattern): number {
  return a.wildcards - b.wildcards || b.segments.length - a.segments.length;
}

function hostNode<E>(): HostNode<E> {
  return { plain: undefined, ports: undefined, labels: undefined, wildcard: undefined };
}

function pathNode<E>(): PathNode<E> {
  return { entry: undefined, below: undefined };
}

function descend<E>(node: HostNode<E>, label: string): HostNode<E> {
  if (label === "*") {
    node.wildcard ??= hostNode();
    return node.wildcard;
  }
  node.labels ??= new Map();
  const next = node.labels.get(label) ?? hostNode<E>();
  node.labels.set(label, next);
  return next;
}

function pathsOf<E>(host: HostNode<E>, port: number | undefined): PathNode<E> {
  if (port === undefined) {
    host.plain ??= pathNode();
    return host.plain;
  }
  host.ports ??= new Map();
  const paths = host.ports.get(port) ?? pathNode<E>();
  host.ports.set(port, paths);
  return paths;
}

function deepest<E>(host: HostNode<E>, repository: Repository): E | undefined {
  let path = repository.port === undefined ? host.plain : host.ports?.get(repository.port);
  let entry = path?.entry;
  for (let at = 0; path !== undefined && at < repository.segments.length; at += 1) {
    path = path.below?.get(repository.segments[at] ?? "");
    entry = path?.entry ?? entry;
  }
  return entry;
}
