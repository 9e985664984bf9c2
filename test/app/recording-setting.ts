import { join } from "node:path";
import { type ManifestDocument, type Pushed, startRegistry, type TestRegistry } from "../support/registry.ts";
import { createSigningKey, signImage, type SigningKey } from "../support/signer.ts";
import { createManifests, manifest, type Manifests, type Ran, run } from "./fixture.ts";

/** Whatever must never be in a recording: of Secrets, in every spelling that they have on the way. */
export const secrets: readonly string[] = ["canary-password-51c0", "canary-other-entry-9e2a"];
const [password = "", otherEntry = ""] = secrets;
export const spellings: readonly string[] = [
  ...secrets,
  ...secrets.map((secret) => Buffer.from(secret).toString("base64")),
  Buffer.from(`reader:${password}`).toString("base64"),
];

/** A registry that wants a credential, a mirror that is down, keys in a Secret, and policies with an expression; in namespace `team-a` one more of each. */
export interface RecordingSetting extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly manifests: Manifests;
  /** Where recordings are written. */
  readonly place: Manifests;
  readonly images: Readonly<Record<"signed" | "unsigned" | "tag" | "tool", string>>;
  readonly path: (name: string) => string;
  readonly record: (name: string, image: string, ...more: readonly string[]) => Promise<Ran>;
}

export async function createRecordingSetting(): Promise<RecordingSetting> {
  const registry = await startRegistry({ auth: { kind: "basic", users: { reader: password } } });
  const mirror = await startRegistry();
  await mirror.stop();
  const [key, tenantKey] = [createSigningKey(), createSigningKey()];
  const signed = registry.pushImage("team/web", { seed: "signed", tag: "signed" });
  const unsigned = registry.pushImage("team/web", { seed: "unsigned" });
  const tool = registry.pushImage("team/tools", { seed: "tool" });
  pushSignature(registry, { key, subject: signed, repository: "team/web" });
  pushSignature(registry, { key, subject: tool, repository: "team/tools" });
  const [manifests, place] = [await createManifests(), await createManifests()];
  const [scopes, web, tools] = [[registry.host], [`${registry.host}/team/web`], [`${registry.host}/team/tools`]];
  const cosign = (name: string): object => ({ type: "cosign", cosign: { keyProviderRefs: [{ name }] } });
  await manifests.write(
    "cluster.yaml",
    manifest("Store", "production", { scopes, timeout: "10s", type: "registry" }),
    manifest("Store", "mirror", {
      scopes: web,
      evidence: "Optional",
      type: "registry",
      registry: { evidenceRepository: `${mirror.host}/evidence` },
    }),
    manifest("AuthProvider", "reader", {
      registries: [registry.host],
      plainHTTPHosts: [registry.host],
      allowCredentialsOverHTTP: true,
      type: "kubernetesSecret",
      kubernetesSecret: { secretRef: { name: "reader" } },
    }),
    manifest("AuthProvider", "nobody", { registries: [mirror.host], plainHTTPHosts: [mirror.host], type: "anonymous" }),
    secret("reader", "kubernetes.io/dockerconfigjson", {
      ".dockerconfigjson": JSON.stringify({ auths: { [registry.host]: { username: "reader", password } } }),
    }),
    manifest("Verifier", "release", cosign("release-keys")),
    manifest("KeyProvider", "release-keys", {
      type: "kubernetesSecret",
      kubernetesSecret: { secretRef: { name: "release" }, keys: [{ name: "alice", key: "alice.pub" }] },
    }),
    secret("release", "Opaque", { "alice.pub": key.publicKeyPem, "alice.key": otherEntry }),
    manifest("Policy", "release", { scopes: web, require: [{ name: "signed", verifierRef: { name: "release" } }] }),
    manifest("Policy", "everything", { scopes: tools, require: [{ expression: "evidence.size() > 0 && evidence.all(e, e.verified)" }] }),
    manifest("NamespacedVerifier", "own", cosign("own-keys")),
    manifest("NamespacedKeyProvider", "own-keys", {
      type: "inline",
      inline: { keys: [{ name: "tom", publicKey: tenantKey.publicKeyPem }] },
    }),
    manifest("NamespacedPolicy", "own", { scopes, require: [{ verifierRef: { kind: "NamespacedVerifier", name: "own" } }] }),
  );
  const image = (pushed: Pushed): string => `${registry.host}/team/web@${pushed.digest}`;
  const path = (name: string): string => join(place.directory, name);
  return {
    registry,
    manifests,
    place,
    images: {
      signed: image(signed),
      unsigned: image(unsigned),
      tag: `${registry.host}/team/web:signed`,
      tool: `${registry.host}/team/tools@${tool.digest}`,
    },
    path,
    record: (name, reference, ...more) => run(["verify", "--manifests", manifests.directory, "--record", path(name), reference, ...more]),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([manifests, place, registry, mirror].map((part) => part[Symbol.asyncDispose]()));
    },
  };
}

function secret(name: string, type: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, type, stringData };
}

interface Signing {
  readonly key: SigningKey;
  readonly subject: Pushed;
  readonly repository: string;
}

function pushSignature(registry: TestRegistry, { key, subject, repository }: Signing): void {
  const artifact = signImage({ key, subject, repository: `${registry.host}/${repository}`, format: "legacy" });
  const document = JSON.parse(Buffer.from(artifact.manifest).toString()) as ManifestDocument;
  registry.push(repository, document, {
    blobs: artifact.blobs.map(({ bytes }) => bytes),
    ...(artifact.tag !== undefined && { tag: artifact.tag }),
  });
}
