import type { AuthProviderSpec } from "../../src/api/auth-provider.ts";
import type { KeyProviderSpec } from "../../src/api/key-provider.ts";
import type { ResourceKind } from "../../src/api/object.ts";
import type { StoreSpec } from "../../src/api/store.ts";
import type { VerifierSpec } from "../../src/api/verifier.ts";
import { StoreError, type Store } from "../../src/engine/store.ts";
import type { Verifier } from "../../src/engine/verifier.ts";
import type { AuthProvider, ProviderState } from "../../src/keychain/ports.ts";
import { registryOf, type Repository } from "../../src/oci/repository.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Snapshot } from "../../src/snapshot/compiled.ts";
import { Compiler, type DirtyKey } from "../../src/snapshot/compiler.ts";
import type { AuthProviderContext, ExpressionCheck, Factories, StoreContext, VerifierContext } from "../../src/snapshot/factories.ts";
import type { KeyProvider } from "../../src/trust/ports.ts";
import { apiVersion } from "../../src/api/kinds.ts";
import { accepted } from "../api/objects.ts";

/** The answer of every store of these tests. */
const unreachable = new StoreError({ class: "Internal", message: "This store contacts nobody" });

/** Plug-ins that read what their specs name and contact nobody; every call of a factory is remembered as `Kind/name`. */
export class CountingFactories implements Factories {
  readonly calls: string[] = [];
  readonly contexts = new Map<string, VerifierContext>();
  /** What AuthProviders say of themselves, by name, in place of what they read. */
  readonly states = new Map<string, ProviderState>();
  /** Why no expression can be read. */
  refusal: string | undefined;

  authProvider(spec: AuthProviderSpec, { name, material }: AuthProviderContext): AuthProvider {
    this.calls.push(`AuthProvider/${name}`);
    const secret = spec.type === "kubernetesSecret" ? spec.config.secretRef.name : undefined;
    const ready = secret === undefined || material.secret(secret) !== undefined;
    const reason = ready ? (secret === undefined ? "Anonymous" : "Resolved") : "RefNotFound";
    const message = ready ? "Ready" : `Secret/${secret} does not exist`;
    return {
      credentials: () => Promise.resolve([]),
      state: () => this.states.get(name) ?? { ready, reason, message, warnings: [] },
      unavailable: () => (ready ? undefined : { reason: "RefNotFound", message }),
    };
  }

  store(spec: StoreSpec, { name, material }: StoreContext): Store {
    this.calls.push(`Store/${name}`);
    if (spec.type === "registry" && spec.config.caBundleRef !== undefined) material.configMap(spec.config.caBundleRef.name);
    const evidence = spec.type === "registry" ? spec.config.evidenceRepository : undefined;
    const hosts = spec.scopes.flatMap((scope) =>
      scope.kind === "all" || scope.pattern.wildcards > 0
        ? []
        : [registryOf({ host: scope.pattern.labels.join("."), port: scope.pattern.port })],
    );
    return {
      name,
      endpoints: () => [...new Set(evidence === undefined ? hosts : [registryOf(evidence)])].toSorted(),
      probe: () => Promise.reject(unreachable),
      locate: (repository) => ({ key: registryOf(repository), host: registryOf(repository) }),
      identity: () => "",
      authority: () => "https",
      repositories: (repository) => (spec.type === "ociLayout" ? [] : evidence === undefined ? [repository] : [evidence, repository]),
      resolve: () => Promise.reject(unreachable),
      listReferrers: () => failing(unreachable),
      listTagged: () => failing(unreachable),
      fetch: () => Promise.reject(unreachable),
    };
  }

  verifier(_spec: VerifierSpec, context: VerifierContext): { readonly verifier: Verifier; readonly problem?: string } {
    this.calls.push(`Verifier/${context.name}`);
    this.contexts.set(context.name, context);
    const missing = [...context.keyProviders].find(([, provider]) => provider === undefined)?.[0];
    const verifier: Verifier = {
      name: context.name,
      kind: "signature",
      canVerify: () => false,
      verify: () => Promise.reject(new StoreError({ class: "Internal", message: "This verifier judges nothing" })),
    };
    return { verifier, ...(missing !== undefined && { problem: `KeyProvider/${missing} does not exist` }) };
  }

  keyProvider(_spec: KeyProviderSpec, { name }: { readonly name: string }): KeyProvider {
    this.calls.push(`KeyProvider/${name}`);
    return { keys: () => [] };
  }

  /** An expression is a word of lower-case letters, until `refusal` says that none is. */
  expression(text: string): ExpressionCheck {
    if (this.refusal !== undefined) return { ok: false, message: this.refusal };
    const column = text.search(/[^a-z]/) + 1;
    return column === 0 ? { ok: true } : { ok: false, message: "unexpected character", line: 1, column };
  }

  /** What was built since this was asked last, sorted. */
  built(): readonly string[] {
    return this.calls.splice(0).toSorted();
  }
}

// oxlint-disable-next-line require-yield -- a listing that fails before its first entry
async function* failing(error: StoreError): AsyncIterable<never> {
  await Promise.resolve();
  throw error;
}

interface Metadata {
  readonly uid: string;
  readonly generation: number;
  readonly creationTimestamp: string;
}

/** What an API server keeps, in memory: uids, generations and resourceVersions move as its do; `dirty` collects what has changed. */
export class World {
  readonly factories = new CountingFactories();
  readonly compiler = new Compiler(this.factories);
  readonly #objects = new Map<string, object>();
  readonly #dirty = new Set<DirtyKey>();
  #version = 0;

  /** Creates or edits the spec of one of our kinds. The first object is the oldest. */
  put(kind: ResourceKind, id: string, spec: unknown): void {
    const generation = this.#metadataOf(kind, id)?.generation ?? 0;
    this.#write(kind, id, { apiVersion, kind, spec, generation: generation + 1 });
  }

  /** A Secret, ConfigMap or ServiceAccount; written again it has another resourceVersion. */
  putMaterial(kind: string, id: string, content: object = {}): void {
    this.#write(kind, id, { kind, ...content });
  }

  /** Our own write of a status: another resourceVersion, the same generation. */
  touch(kind: ResourceKind, id: string): void {
    this.#write(kind, id, { ...this.#objects.get(`${kind}/${id}`) });
  }

  remove(kind: string, id: string): void {
    this.#objects.delete(`${kind}/${id}`);
    this.#dirty.add(`${kind}/${id}`);
  }

  /** A source that puts an object where it does not belong. */
  forge(key: DirtyKey, raw: object): void {
    this.#objects.set(key, raw);
    this.#dirty.add(key);
  }

  compile(): Snapshot {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    return this.compiler.compile(dirty, (kind, id) => this.#objects.get(`${kind}/${id}`));
  }

  #metadataOf(kind: string, id: string): Metadata | undefined {
    const known: { readonly metadata?: Metadata } | undefined = this.#objects.get(`${kind}/${id}`);
    return known?.metadata;
  }

  #write(kind: string, id: string, { generation, ...rest }: Record<string, unknown>): void {
    this.#version += 1;
    const before = this.#metadataOf(kind, id);
    const created = new Date(Date.UTC(2026, 0, 1) + this.#version * 1000).toISOString();
    const [name, namespace] = id.split("/").toReversed();
    const metadata = {
      name,
      ...(namespace !== undefined && { namespace }),
      uid: before?.uid ?? `uid-${this.#version}`,
      creationTimestamp: before?.creationTimestamp ?? created,
      generation: generation ?? before?.generation ?? 1,
      resourceVersion: String(this.#version),
    };
    this.#objects.set(`${kind}/${id}`, { ...rest, metadata });
    this.#dirty.add(`${kind}/${id}`);
  }
}

/** Specs as short as they can be. */
export const registry = (scopes: readonly string[], more: object = {}): object => ({ scopes, type: "registry", ...more });
const refOf = (text: string): object => {
  const [name, kind] = text.split("/").toReversed();
  return { ...(kind !== undefined && { kind }), name };
};
export const refs = (...names: readonly string[]): object => ({ authProviderRefs: names.map(refOf) });
export const anonymous = (...registries: readonly string[]): object => ({ registries, type: "anonymous" });
export const fromSecret = (secret: string, ...registries: readonly string[]): object => ({
  registries,
  type: "kubernetesSecret",
  kubernetesSecret: { secretRef: { name: secret } },
});
export const cosign = (...keyProviders: readonly string[]): object => ({
  type: "cosign",
  cosign: { keyProviderRefs: keyProviders.map((name) => ({ name })) },
});
/** A Policy that wants one signature by each of these Verifiers; `kind/name` names one of another kind than the Policy's own scope has. */
export const policy = (scopes: readonly string[], verifiers: readonly string[], more: object = {}): object => ({
  scopes,
  require: verifiers.map((name) => ({ verifierRef: refOf(name) })),
  ...more,
});
export const inline: object = accepted.KeyProvider["inline"] ?? {};

export function repositoryOf(image: string): Repository {
  const parsed = parseReference(image);
  if (!parsed.ok) throw new TypeError(`${image}: ${parsed.message}`);
  return parsed.value.repository;
}
