import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createSigningKey } from "../support/signer.ts";
import { apply, authProvider, eventually, namespace, type Operator, options, startOperator } from "./fixture.ts";
import { type Judged, judged, type Scene, startScene } from "./scene.ts";

const canary = "canary-private-3f7a";
const other = createSigningKey("P-256");
let scene: Scene;
let operator: Operator;
/** Of the key that signed. */
let publicKey: string;

before(async () => {
  if (options.skip !== false) return;
  scene = await startScene();
  const { plane, host } = scene;
  publicKey = await plane.kubectlOk(["get", "keyproviders.countersign.dev", "release", "-o", "jsonpath={.spec.inline.keys[0].publicKey}"]);
  // The scene's own trust would allow whatever becomes of this one.
  await plane.kubectlOk(["delete", "verifiers.countersign.dev,keyproviders.countersign.dev", "release"]);
  const keys = [{ name: "release", key: "cosign.pub" }];
  await apply(
    plane,
    authProvider("reader", { registries: [host], type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "reader" } } }),
    scene.store("app", { authProviderRefs: [{ name: "reader" }] }),
    object("KeyProvider", "secret", { type: "kubernetesSecret", kubernetesSecret: { secretRef: { name: "signing" }, keys } }),
    object("KeyProvider", "config-map", { type: "configMap", configMap: { configMapRef: { name: "signing" }, keys } }),
  );
  operator = await startOperator(plane);
});
after(async () => {
  await operator?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

function object(kind: "KeyProvider" | "Verifier", name: string, spec: object): object {
  return { apiVersion: "countersign.dev/v1alpha1", kind, metadata: { name }, spec };
}
const kinds = { secret: "Secret", "config-map": "ConfigMap" } as const;
/** As cosign's own Secret: the private key and its password stand beside the public key. */
function material(name: keyof typeof kinds, publicPem: string): object {
  const data = {
    "cosign.key": `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${canary}\n`,
    "cosign.password": canary,
    "cosign.pub": publicPem,
  };
  const kind = kinds[name];
  return { apiVersion: "v1", kind, metadata: { name: "signing", namespace }, ...(kind === "Secret" ? { stringData: data } : { data }) };
}
const verdictIs = (expected: string): Promise<true> =>
  eventually(`the signed image is ${expected}`, async () => {
    const { verdict } = await operator.cluster.core.verify(scene.signed, AbortSignal.timeout(30_000));
    return (verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`) === expected ? true : undefined;
  });
const messageOf = ({ status }: Judged): string | undefined => status?.conditions?.find(({ type }) => type === "Ready")?.message;
/** Fingerprints that the status lists. */
const shown = ({ status }: Judged): readonly unknown[] =>
  ((status?.["keys"] ?? []) as readonly { fingerprint: string }[]).map((key) => key.fingerprint);

for (const name of ["secret", "config-map"] as const) {
  test(`keys of a ${kinds[name]} come, change, break, and go, each within seconds and by watch`, options, async () => {
    const { plane } = scene;
    const [kind, provider, verifier] = [kinds[name], ["keyproviders", name], ["verifiers", "release"]] as const;
    await apply(plane, object("Verifier", "release", { type: "cosign", cosign: { keyProviderRefs: [{ name }] } }));
    await judged(plane, provider, { Ready: "False/RefNotFound", Reconciling: "True/ProgressingWithRetry" });
    await judged(plane, verifier, { Ready: "False/DependencyNotReady" });
    await verdictIs("inconclusive VerifierNotReady");

    await apply(plane, material(name, publicKey));
    const ready = await judged(plane, provider, { Ready: "True/Succeeded" });
    await judged(plane, verifier, { Ready: "True/Succeeded" });
    await verdictIs("allow");

    await apply(plane, material(name, "-----BEGIN PUBLIC KEY-----\n"));
    const stale = await judged(plane, provider, { Ready: "False/KeyUnusable", TrustResolved: "False/KeyUnusable" });
    assert.match(
      messageOf(stale) ?? "",
      /^The keys of version \d+ stay in use: since version \d+ data key "cosign.pub" of \w+\/signing is not /,
    );
    assert.deepEqual(shown(stale), shown(ready));
    await judged(plane, verifier, { Ready: "True/Succeeded" });
    await verdictIs("allow");

    await apply(plane, material(name, other.publicKeyPem));
    assert.deepEqual(shown(await judged(plane, provider, { Ready: "True/Succeeded" })), [other.fingerprint]);
    await verdictIs("deny NoValidSignature");

    await apply(plane, material(name, publicKey));
    await verdictIs("allow");
    await plane.kubectlOk(["delete", kind, "signing", "-n", namespace]);
    assert.deepEqual(shown(await judged(plane, provider, { Ready: "False/RefNotFound" })), []);
    await judged(plane, verifier, { Ready: "False/DependencyNotReady" });
    await verdictIs("inconclusive VerifierNotReady");
  });
}

test("kubectl get shows how many keys a KeyProvider gives, and nothing of a private key is anywhere", options, async () => {
  const { plane } = scene;
  await apply(plane, material("secret", publicKey));
  await judged(plane, ["keyproviders", "secret"], { Ready: "True/Succeeded" });
  const table = await plane.kubectlOk(["get", "keyproviders.countersign.dev", "secret", "--no-headers"]);
  assert.deepEqual(table.trim().split(/ {2,}/u).slice(0, 5), ["secret", "True", "Succeeded", "kubernetesSecret", "1"]);
  const everything = await plane.kubectlOk(["get", "keyproviders.countersign.dev,verifiers.countersign.dev,events", "-A", "-o", "json"]);
  assert.ok(!everything.includes(canary));
  assert.ok(!operator.log().includes(canary));
});
