import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { format, inspect } from "node:util";
import fc from "fast-check";
import { Secret } from "../../src/kernel/secret.ts";
import type { AuthProvider, MaterialReader, SecretMaterial } from "../../src/keychain/ports.ts";
import type { Repository } from "../../src/oci/repository.ts";
import { matchesPattern } from "../../src/oci/pattern.ts";
import { anyPatternText, anyRepositoryText, image, pattern } from "../oci/support.ts";
import { base64, build, canary, material, secret } from "./support.ts";

const signal = new AbortController().signal;
/** Whatever shape the canary has on its way in: as text, as base64 (with every alignment), as hexadecimal. */
const shapes = [
  canary,
  ...[0, 1, 2].map((skip) =>
    base64(`${"x".repeat(skip)}${canary}`)
      .slice(skip === 0 ? 0 : 4)
      .slice(0, 12),
  ),
  Buffer.from(canary).toString("hex"),
];

/** Every way in which a value gets into a log, a status or a crash report by mistake. */
function printed(value: unknown): string {
  const object = typeof value === "object" && value !== null;
  const error = value instanceof Error ? [value.stack, value.message, inspect(value.cause)] : [];
  return [
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(value, undefined, 1),
    format("%s %j %o %O", value, value, value, value),
    String(value),
    Array.isArray(value) ? value.map((each: unknown) => Object.values(each as object).join()).join() : "",
    object ? Object.entries(value).flat().map(String).join() : "",
    ...error,
  ].join("\n");
}

function assertSilent(value: unknown): void {
  const text = printed(value);
  for (const shape of shapes) assert.ok(!text.includes(shape), text);
}

/** A Secret's content between well-formed and noise, with the canary in every place that may hold a secret, and in some that may not. */
const entry = fc.oneof(
  fc.constantFrom<unknown>({ auth: base64(`me:${canary}`) }, { username: canary, password: canary }, { identitytoken: canary }),
  fc.constantFrom<unknown>(
    { auth: base64(`me:${canary}`) },
    { auth: base64(canary) },
    { auth: `${canary}%` },
    { username: canary, password: canary },
    { username: `${canary}:`, password: canary },
    { username: "me", password: `${canary}\r\nX: y` },
    { identitytoken: canary },
    { registrytoken: canary },
    { registrytoken: `${canary} ${canary}` },
    { auth: { [canary]: canary } },
    [canary],
    canary,
    null,
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const secretTypes = [
  "kubernetes.io/dockerconfigjson",
  "kubernetes.io/dockercfg",
  "kubernetes.io/basic-auth",
  "kubernetes.io/tls",
  "Opaque",
];
const oddKeys = ["__proto__", "constructor", canary, `https://me:${canary}@ghcr.io`, `ghcr.io?${canary}`];

/** A Secret some of whose keys are the provider's own registries, so that there is something to give away. */
function anySecret(registries: readonly string[]): fc.Arbitrary<SecretMaterial> {
  const key = fc.oneof(fc.constantFrom(...registries), anyPatternText, fc.constantFrom(...oddKeys));
  return fc
    .record({
      entries: fc.uniqueArray(fc.tuple(key, entry), { maxLength: 6, selector: ([name]) => name }),
      rubbish: fc.oneof({ weight: 3, arbitrary: fc.constant("") }, fc.constantFrom("{", canary, "\u0000", "\ufeff")),
      type: fc.oneof(fc.constantFrom(...secretTypes.slice(0, 3)), fc.constantFrom(...secretTypes)),
      username: fc.constantFrom("me", "me", "", canary, `${canary}:`, "a\nb"),
      password: fc.constantFrom(canary, canary, "", `${canary}\n`, `\0${canary}\0`),
    })
    .map(({ entries, rubbish, type, username, password }) => {
      // As text: an object literal would lose "__proto__".
      const bare = `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
      const data = {
        ".dockerconfigjson": `{"auths":${bare}}${rubbish}`,
        ".dockercfg": bare + rubbish,
        username,
        password,
        "tls.key": canary,
      };
      return secret("pull", type, data);
    });
}
const scenario = fc.array(anyPatternText, { minLength: 1, maxLength: 3 }).chain((registries) =>
  fc.record({
    registries: fc.constant(registries),
    held: anySecret(registries),
    repository: fc
      .oneof(fc.constantFrom(...registries.map((text) => `${text.replaceAll("*", "acme")}/app`)), anyRepositoryText)
      .map((text) => image(text)),
  }),
);

function providers(held: SecretMaterial, registries: readonly string[]): readonly AuthProvider[] {
  const reader = material([held], { puller: ["gone", "pull"] });
  return [
    build("anonymous", {}, { registries }),
    build("kubernetesSecret", { secretRef: { name: "pull" } }, { registries, material: reader }),
    build("serviceAccount", { serviceAccountRef: { name: "puller" } }, { registries, material: reader }),
  ];
}
const settled = (provider: AuthProvider, repository: Repository): Promise<unknown> =>
  provider.credentials(repository, signal).catch((error: unknown) => error);

describe("every AuthProvider", () => {
  it("shows no secret in any way of printing it, its state, its errors or its credentials, whatever the Secret holds", async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ held, registries, repository }) => {
        for (const provider of providers(held, registries)) {
          const answers = [provider.state(), provider.unavailable?.(repository), await settled(provider, repository)];
          for (const value of [provider, ...answers]) assertSilent(value);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("gives credentials, at most three, only for repositories that its own patterns match, and otherwise says why not", async () => {
    let given = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async ({ held, registries, repository }) => {
        const own = registries.some((text) => matchesPattern(pattern(text), repository));
        for (const provider of providers(held, registries)) {
          const answer = await settled(provider, repository);
          if (!Array.isArray(answer)) assert.equal((answer as { code?: unknown }).code, "CREDENTIAL_UNAVAILABLE");
          else assert.ok(answer.length === 0 ? provider.state().reason === "Anonymous" : own && answer.length <= 3);
          assert.equal(Array.isArray(answer), provider.unavailable?.(repository) === undefined);
          if (Array.isArray(answer) && answer.length > 0) given += 1;
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(given > 0, "the generator never made a Secret of use");
  });

  it("reads what it refers to when it is built and never later, and asks for what does not exist too", async () => {
    const asked: string[] = [];
    const held = secret("pull", "kubernetes.io/dockerconfigjson", {
      ".dockerconfigjson": `{"auths":{"ghcr.io":{"auth":"${base64("me:pw")}"}}}`,
    });
    const plain = material([held], { puller: ["gone", "pull"] });
    const reader: MaterialReader = {
      secret: (name) => (asked.push(`Secret/${name}`), plain.secret(name)),
      configMap: (name) => (asked.push(`ConfigMap/${name}`), plain.configMap(name)),
      serviceAccount: (name) => (asked.push(`ServiceAccount/${name}`), plain.serviceAccount(name)),
    };
    const options = { registries: ["ghcr.io"], material: reader };
    const built = [
      build("kubernetesSecret", { secretRef: { name: "missing" } }, options),
      build("serviceAccount", { serviceAccountRef: { name: "nobody" } }, options),
      build("serviceAccount", { serviceAccountRef: { name: "puller" } }, options),
    ];
    const atBuild = ["Secret/missing", "ServiceAccount/nobody", "ServiceAccount/puller", "Secret/gone", "Secret/pull"];
    assert.deepEqual(asked, atBuild);
    for (const provider of built) {
      provider.state();
      await settled(provider, image("ghcr.io/acme/app"));
    }
    assert.deepEqual(asked, atBuild);
  });
});

describe("printed()", () => {
  it("would find the canary: a value that is not wrapped shows in it", () => {
    assert.throws(() => assertSilent([{ scheme: "basic", secret: canary }]));
    assert.throws(() => assertSilent(new Error(`bad ${base64(`a${canary}`)}`)));
    assertSilent([{ scheme: "basic", secret: new Secret(canary) }]);
  });
});
