import type { Failure } from "../api/error-class.ts";
import { decodeMeta } from "../api/object.ts";
import { decodeStore, type StoreSpec } from "../api/store.ts";
import { first, materialParts, unchanged } from "./compile-object.ts";
import type { CompiledStore } from "./compiled.ts";
import type { Factories } from "./factories.ts";
import type { KeychainView, KeychainViews } from "./keychain-views.ts";
import { type ReadRaw, RecordingReader } from "./material.ts";
import { revisionOf } from "./revision.ts";

interface Deps {
  readonly factories: Factories;
  readonly read: ReadRaw;
  readonly views: KeychainViews;
}

/** Undefined where the object is gone. An invalid Store becomes a failed location on its scopes, or on every image if one of them is unreadable. */
export function compileStore(raw: unknown, before: CompiledStore | undefined, deps: Deps): CompiledStore | undefined {
  if (raw === undefined) return undefined;
  const meta = decodeMeta(raw);
  const sameObject = before !== undefined && before.meta.uid === meta.uid && before.meta.generation === meta.generation;
  const decoded = sameObject && before.spec !== undefined ? ({ ok: true, spec: before.spec } as const) : decodeStore(raw);
  const view = deps.views.view(viewOptions(decoded.ok ? decoded.spec : undefined));
  if (sameObject && before.keychainRevision === view.revision && unchanged(before, deps.read)) return { ...before, meta };

  const shared = {
    kind: "Store",
    meta,
    keychain: view.keychain,
    keychainRevision: view.revision,
    providers: view.names,
    losses: view.losses,
  } as const;
  if (!decoded.ok) {
    const { scopes, evidence } = decoded.salvage;
    const revision = revisionOf([meta.uid, String(meta.generation)]);
    const problem: Failure = { class: "Internal", message: `Store/${meta.name} is invalid: ${first(decoded.diagnostics)}` };
    return {
      ...shared,
      diagnostics: decoded.diagnostics,
      revision,
      ownRevision: revision,
      probeRevision: revision,
      references: [],
      materialVersions: new Map(),
      scopes,
      everything: hasAll(scopes),
      evidence,
      problem,
    };
  }
  const { spec } = decoded;
  const reader = new RecordingReader(deps.read);
  const store = deps.factories.store(spec, { name: meta.name, keychain: view.keychain, material: reader });
  const ownRevision = revisionOf([meta.uid, String(meta.generation), ...materialParts(reader.versions)]);
  return {
    ...shared,
    diagnostics: [],
    spec,
    store,
    scopes: spec.scopes,
    everything: hasAll(spec.scopes),
    evidence: spec.evidence,
    ownRevision,
    revision: revisionOf([ownRevision, view.revision]),
    probeRevision: revisionOf([ownRevision, ...store.endpoints().map((endpoint) => endpointRevision(endpoint, view))]),
    references: [...reader.versions.keys()],
    materialVersions: reader.versions,
  };
}

/** An invalid Store asks nothing, so it uses no AuthProvider: with every one of them it would make two conflict that no Store holds together. */
function viewOptions(spec: StoreSpec | undefined): { readonly unmatched: "Anonymous" | "Deny"; readonly refs?: readonly string[] } {
  if (spec === undefined) return { unmatched: "Deny", refs: [] };
  return {
    // A layout asks nobody: what its keychain would answer never matters.
    unmatched: spec.type === "registry" ? spec.config.unmatched : "Deny",
    ...(spec.authProviderRefs !== undefined && { refs: spec.authProviderRefs }),
  };
}

/** Every AuthProvider of the view with a pattern for this host: a probe is due when one of them changes, and only then. */
function endpointRevision(endpoint: string, view: KeychainView): string {
  const concerned = view.hosts.find(endpoint).map((provider) => `${provider.meta.name}=${provider.revision}`);
  return revisionOf([endpoint, ...concerned.toSorted()]);
}

function hasAll(scopes: CompiledStore["scopes"]): boolean {
  return scopes.some((scope) => scope.kind === "all");
}
