import { decodeAuthProvider } from "../api/auth-provider.ts";
import type { Diagnostic } from "../api/diagnostic.ts";
import { decodeKeyProvider } from "../api/key-provider.ts";
import { decodeMeta } from "../api/object.ts";
import { decodeVerifier, keyProviderRefsOf } from "../api/verifier.ts";
import { type AuthProvider, CredentialUnavailableError } from "../keychain/ports.ts";
import type { CompiledAuthProvider, CompiledKeyProvider, CompiledVerifier } from "./compiled.ts";
import type { Factories } from "./factories.ts";
import { RecordingReader, type ReadRaw } from "./material.ts";
import { revisionOf } from "./revision.ts";

/** Undefined where the object is gone. An entry of which nothing has changed keeps its instance; only its meta is fresh. */
export function compileKeyProvider(
  raw: unknown,
  before: CompiledKeyProvider | undefined,
  deps: { readonly factories: Factories; readonly read: ReadRaw },
): CompiledKeyProvider | undefined {
  if (raw === undefined) return undefined;
  const meta = decodeMeta(raw);
  if (before !== undefined && before.meta.uid === meta.uid && before.meta.generation === meta.generation && unchanged(before, deps.read))
    return { ...before, meta };
  const decoded = decodeKeyProvider(raw);
  const reader = new RecordingReader(deps.read);
  const previous = before?.keyProvider;
  const built = decoded.ok && {
    spec: decoded.spec,
    keyProvider: deps.factories.keyProvider(decoded.spec, {
      name: meta.name,
      spec: `${meta.uid}/${meta.generation}`,
      material: reader,
      ...(previous !== undefined && { previous }),
    }),
  };
  return {
    kind: "KeyProvider",
    meta,
    diagnostics: decoded.ok ? [] : decoded.diagnostics,
    revision: revisionOf([meta.uid, String(meta.generation), ...materialParts(reader.versions)]),
    references: [...reader.versions.keys()],
    materialVersions: reader.versions,
    ...built,
  };
}

export function compileVerifier(
  raw: unknown,
  before: CompiledVerifier | undefined,
  deps: { readonly factories: Factories; readonly keyProviders: ReadonlyMap<string, CompiledKeyProvider> },
): CompiledVerifier | undefined {
  if (raw === undefined) return undefined;
  const meta = decodeMeta(raw);
  const decoded = before?.meta.uid === meta.uid && before.meta.generation === meta.generation ? before : decodeVerifierEntry(raw);
  const names = decoded.spec === undefined ? [] : keyProviderRefsOf(decoded.spec);
  const revision = revisionOf([
    meta.uid,
    String(meta.generation),
    ...names.map((name) => deps.keyProviders.get(name)?.revision ?? "absent"),
  ]);
  if (before?.revision === revision) return { ...before, meta };
  const references = names.map((name) => `KeyProvider/${name}`);
  const { spec, diagnostics } = decoded;
  if (spec === undefined)
    return {
      kind: "Verifier",
      meta,
      diagnostics,
      revision,
      references,
      problem: `Verifier/${meta.name} is invalid: ${first(diagnostics)}`,
    };
  const keyProviders = new Map(names.map((name) => [name, deps.keyProviders.get(name)?.keyProvider] as const));
  const invalid = names.find((name) => (deps.keyProviders.get(name)?.diagnostics.length ?? 0) > 0);
  const built = deps.factories.verifier(spec, { name: meta.name, keyProviders });
  const problem = invalid === undefined ? built.problem : `KeyProvider/${invalid} is invalid`;
  return {
    kind: "Verifier",
    meta,
    diagnostics: [],
    revision,
    references,
    spec,
    verifier: built.verifier,
    ...(problem !== undefined && { problem }),
  };
}

export function compileAuthProvider(
  raw: unknown,
  before: CompiledAuthProvider | undefined,
  deps: { readonly factories: Factories; readonly read: ReadRaw },
): CompiledAuthProvider | undefined {
  if (raw === undefined) return undefined;
  const meta = decodeMeta(raw);
  if (before !== undefined && before.meta.uid === meta.uid && before.meta.generation === meta.generation && unchanged(before, deps.read))
    return { ...before, meta };
  const decoded = decodeAuthProvider(raw);
  const reader = new RecordingReader(deps.read);
  const built = decoded.ok
    ? {
        spec: decoded.spec,
        patterns: decoded.spec.registries,
        provider: deps.factories.authProvider(decoded.spec, { name: meta.name, material: reader }),
      }
    : { patterns: decoded.salvage.registries, provider: invalidProvider(meta.name, decoded.diagnostics) };
  return {
    kind: "AuthProvider",
    meta,
    diagnostics: decoded.ok ? [] : decoded.diagnostics,
    revision: revisionOf([meta.uid, String(meta.generation), ...materialParts(reader.versions)]),
    references: [...reader.versions.keys()],
    materialVersions: reader.versions,
    ...built,
  };
}

/** Whether everything that was read to build it stands as it did. */
export function unchanged(before: { readonly materialVersions: ReadonlyMap<string, string> }, read: ReadRaw): boolean {
  const now = new RecordingReader(read);
  for (const [key, version] of before.materialVersions) {
    const [kind = "", name = ""] = key.split("/");
    if (now.version(kind, name) !== version) return false;
  }
  return true;
}

export function materialParts(versions: ReadonlyMap<string, string>): string[] {
  return [...versions].map(([key, version]) => `${key}=${version}`).toSorted();
}

export function first(diagnostics: readonly Diagnostic[]): string {
  const [diagnostic] = diagnostics;
  if (diagnostic === undefined) return "";
  return diagnostic.path === undefined ? diagnostic.message : `${diagnostic.path}: ${diagnostic.message}`;
}

function decodeVerifierEntry(raw: unknown): Pick<CompiledVerifier, "spec" | "diagnostics"> {
  const decoded = decodeVerifier(raw);
  return decoded.ok ? { spec: decoded.spec, diagnostics: [] } : { diagnostics: decoded.diagnostics };
}

/** An invalid AuthProvider keeps its patterns: if it vanished, a wider one, or none, would answer in its place (design 2.1). */
function invalidProvider(name: string, diagnostics: readonly Diagnostic[]): AuthProvider {
  const message = `AuthProvider/${name} is invalid: ${first(diagnostics)}`;
  return {
    credentials: () => Promise.reject(new CredentialUnavailableError("InvalidSpec", message)),
    state: () => ({ ready: false, reason: "InvalidSpec", message, warnings: [] }),
    unavailable: () => ({ reason: "InvalidSpec", message }),
  };
}
