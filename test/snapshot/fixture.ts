import type { AuthProviderSpec } from "../../src/api/auth-provider.ts";
import type { KeyProviderSpec } from "../../src/api/key-provider.ts";
import type { Kind } from "../../src/api/object.ts";
import type { StoreSpec } from "../../src/api/store.ts";
import type { VerifierSpec } from "../../src/api/verifier.ts";
import { StoreError, type Store } from "../../src/engine/store.ts";
import type { Verifier } from "../../src/engine/verifier.ts";
import type { AuthProvider } from "../../src/keychain/ports.ts";
import { registryOf, type Repository } from "../../src/oci/repository.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Snapshot } from "../../src/snapshot/compiled.ts";
import { Compiler, type DirtyKey } from "../../src/snapshot/compiler.ts";
import type { AuthProviderContext, Factories, StoreContext, VerifierContext } from "../../src/snapshot/factories.ts";
import type { KeyProvider } from "../../src/trust/ports.ts";
import { accepted, object } from "../api/objects.ts";

/** Plug-ins that read what their specs name and contact nobody; every call of a factory is remembered as `Kind/name`. */
export class CountingFactories implements Factories {
  readonly calls: string[] = [];
  readonly contexts = new Map<string, VerifierContext>();

  authProvider(spec: AuthProviderSpec, { name, material }: AuthProviderContext): AuthProvider {
    this.calls.push(`AuthProvider/${name}`);
    const secret = spec.type === "kubernetesSecret" ? spec.config.secretRef.name : undefined;
    const ready = secret === undefined || material.secret(secret) !== undefined;
    const reason = ready ? (secret === undefined ? "Anonymous" : "Resolved") : "RefNotFound";
    const message = ready ? "Ready" : `Secret/${secret} does not exist`;
    return {
      credentials: () => Promise.resolve([]),
      state: () => ({ ready, reason, message, warnings: [] }),
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
    const unreachable = new StoreError({ class: "Internal", message: "This store contacts nobody" });
    return {
      name,
      endpoints: () => [...new Set(evidence === undefined ? hosts : [registryOf(evidence)])].toSorted(),
      probe: () => Promise.reject(unreachable),
      locate: (repository) => ({ key: registryOf(repository), host: registryOf(repository) }),
      identity: () => "",
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

/** What an API server keeps, in memory: uids, generations and resourceVersions move as its do; `dirty` collects what has changed. */
export class World {
  readonly factories = new CountingFactories();
  readonly compiler = new Compiler(this.factories);
  readonly #objects = new Map<string, Record<string, unknown>>();
  readonly #dirty = new Set<DirtyKey>();
  #version = 0;

  /** Creates or edits the spec of one of our kinds. The first object is the oldest. */
  put(kind: Kind, name: string, spec: unknown): void {
    const before = this.#objects.get(`${kind}/${name}`)?.["metadata"] as { uid: string; generation: number } | undefined;
    this.#write(kind, name, { ...object(kind, spec, name), generation: (before?.generation ?? 0) + 1 });
  }

  /** A Secret, ConfigMap or ServiceAccount; written again it has another resourceVersion. */
  putMaterial(kind: string, name: string): void {
    this.#write(kind, name, { kind });
  }

  /** Our own write of a status: another resourceVersion, the same generation. */
  touch(kind: Kind, name: string): void {
    this.#write(kind, name, { ...this.#objects.get(`${kind}/${name}`) });
  }

  remove(kind: string, name: string): void {
    this.#objects.delete(`${kind}/${name}`);
    this.#dirty.add(`${kind}/${name}`);
  }

  compile(): Snapshot {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    return this.compiler.compile(dirty, (kind, name) => this.#objects.get(`${kind}/${name}`));
  }

  #write(kind: string, name: string, { generation, ...rest }: Record<string, unknown>): void {
    this.#version += 1;
    const before = this.#objects.get(`${kind}/${name}`)?.["metadata"] as Record<string, unknown> | undefined;
    const created = new Date(Date.UTC(2026, 0, 1) + this.#version * 1000).toISOString();
    const metadata = {
      name,
      uid: before?.["uid"] ?? `uid-${this.#version}`,
      creationTimestamp: before?.["creationTimestamp"] ?? created,
      generation: generation ?? before?.["generation"] ?? 1,
      resourceVersion: String(this.#version),
    };
    this.#objects.set(`${kind}/${name}`, { ...rest, metadata });
    this.#dirty.add(`${kind}/${name}`);
  }
}

/** Specs as short as they can be. */
export const registry = (scopes: readonly string[], more: object = {}): object => ({ scopes, type: "registry", ...more });
export const refs = (...names: readonly string[]): object => ({ authProviderRefs: names.map((name) => ({ name })) });
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
export const inline: object = accepted.KeyProvider["inline"] ?? {};

export function repositoryOf(image: string): Repository {
  const parsed = parseReference(image);
  if (!parsed.ok) throw new TypeError(`${image}: ${parsed.message}`);
  return parsed.value.repository;
}
