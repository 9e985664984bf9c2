import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AuthProvider, SecretMaterial } from "../../src/keychain/ports.ts";
import { build, canary, material, pullSecret, secret, sent } from "./support.ts";

function provider(pulls: readonly string[] | undefined, ...secrets: readonly SecretMaterial[]): AuthProvider {
  const accounts = pulls === undefined ? {} : { puller: pulls };
  return build(
    "serviceAccount",
    { serviceAccountRef: { name: "puller" } },
    { registries: ["ghcr.io"], material: material(secrets, accounts) },
  );
}

describe("serviceAccountAuth()", () => {
  it("uses the keys of all imagePullSecrets, most specific first, then in the order of the list", async () => {
    const auth = provider(
      ["a", "b"],
      pullSecret("a", { "ghcr.io": "of-a" }),
      pullSecret("b", { "ghcr.io": "of-b", "ghcr.io/acme": "narrow" }),
    );
    assert.deepEqual(await sent(auth, "ghcr.io/acme/app"), ["basic narrow uid-b/7#1", "basic of-a uid-a/7#0", "basic of-b uid-b/7#0"]);
    assert.deepEqual(auth.state(), { ready: true, reason: "Resolved", message: "ServiceAccount/puller has credentials", warnings: [] });
  });

  it("skips what is missing or of no use, with a warning each", async () => {
    const basic = secret("basic", "kubernetes.io/basic-auth", { username: "me", password: canary });
    const auth = provider(
      ["gone", "basic", "tls", "a"],
      basic,
      secret("tls", "kubernetes.io/tls", {}),
      pullSecret("a", { "ghcr.io": "of-a" }),
    );
    assert.deepEqual(await sent(auth, "ghcr.io/app"), ["basic of-a uid-a/7#0"]);
    assert.deepEqual(auth.state().warnings, [
      "Secret/gone does not exist; skipped",
      "Secret/basic is of type kubernetes.io/basic-auth, which is no pull secret, and is skipped",
      'Secret/tls is of type "kubernetes.io/tls"; only kubernetes.io/dockerconfigjson, dockercfg and basic-auth are used; skipped',
    ]);
  });

  it("reads no more than 32 pull secrets", () => {
    const names = Array.from({ length: 40 }, (_, at) => `s${at}`);
    const auth = provider(names, ...names.map((name) => pullSecret(name, { "ghcr.io": name })));
    assert.deepEqual(auth.state().warnings, ["ServiceAccount/puller: only the first 32 imagePullSecrets are read"]);
  });

  it("gives nothing for a repository that no own pattern matches", async () => {
    assert.equal((await sent(provider(["a"], pullSecret("a", { "quay.io": "me" })), "quay.io/app"))[0], "HostNotAllowed");
  });

  it("says once what is wrong with the first of its pull secrets when none is left, and warns of the others", () => {
    assert.deepEqual(provider(["gone", "tls"], secret("tls", "kubernetes.io/tls", {})).state(), {
      ready: false,
      reason: "RefNotFound",
      message: "Secret/gone does not exist",
      warnings: [
        'Secret/tls is of type "kubernetes.io/tls"; only kubernetes.io/dockerconfigjson, dockercfg and basic-auth are used; skipped',
      ],
    });
  });

  const notReady: readonly (readonly [why: string, auth: AuthProvider, reason: string, message: string])[] = [
    ["there is no such ServiceAccount", provider(undefined), "RefNotFound", "ServiceAccount/puller does not exist"],
    ["it names no pull secrets", provider([]), "NoMatchingKey", "ServiceAccount/puller names no imagePullSecrets"],
    ["none of its pull secrets exists", provider(["gone"]), "RefNotFound", "Secret/gone does not exist"],
    [
      "its pull secret is broken",
      provider(["a"], secret("a", "kubernetes.io/dockerconfigjson", { ".dockerconfigjson": canary })),
      "CredentialInvalid",
      "Secret/a is not JSON",
    ],
    [
      "no key is for its registries",
      provider(["a"], pullSecret("a", { "quay.io": "me" })),
      "NoMatchingKey",
      "ServiceAccount/puller has no key for any of the provider's registries",
    ],
  ];
  for (const [why, auth, reason, message] of notReady) {
    it(`is not ready when ${why}, and never falls back to anonymous`, async () => {
      const { warnings: _warnings, ...state } = auth.state();
      assert.deepEqual(state, { ready: false, reason, message });
      assert.equal((await sent(auth, "ghcr.io/app"))[0], reason);
    });
  }
});
