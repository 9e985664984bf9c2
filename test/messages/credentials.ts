import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuthProvider, CredentialUnavailableError, type Keychain, type SecretMaterial } from "../../src/keychain/ports.ts";
import { base64, build, canary, dockerConfig, material, pullSecret, secret } from "../auth/support.ts";
import { keychain, provider } from "../keychain/support.ts";
import { image } from "../oci/support.ts";
import type { Situation, Situations } from "./situation.ts";

const never = new AbortController().signal;
const app = image("ghcr.io/acme/app");

/** Reason and message of a refusal. */
export async function unavailable(asked: Promise<unknown>): Promise<string> {
  const error: unknown = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CredentialUnavailableError)) throw new TypeError("there is a credential", { cause: error });
  return `${error.reason}: ${error.message}`;
}

/** What is said to who asks, then what stands in the status of the AuthProvider. */
async function told(auth: AuthProvider, asked = app): Promise<string> {
  const answer: unknown = await auth.credentials(asked, never).catch((error: unknown) => error);
  const refusal = answer instanceof CredentialUnavailableError ? [`${answer.reason}: ${answer.message}`] : [];
  const { reason, message, warnings } = auth.state();
  return [...refusal, `in the status: ${reason}: ${message}`, ...warnings.map((text) => `in the status: ${text}`)].join("\n");
}

const ofSecret = (when: string, registries: readonly string[], ...secrets: readonly SecretMaterial[]): Situation => ({
  when,
  says: () => told(build("kubernetesSecret", { secretRef: { name: "pull" } }, { registries, material: material(secrets) })),
});
const ofAccount = (when: string, pulled: readonly string[] | undefined, ...secrets: readonly SecretMaterial[]): Situation => ({
  when,
  says: () =>
    told(
      build(
        "serviceAccount",
        { serviceAccountRef: { name: "puller" } },
        { registries: ["ghcr.io"], material: material(secrets, pulled === undefined ? {} : { puller: pulled }) },
      ),
    ),
});
const json = (document: unknown): SecretMaterial =>
  secret("pull", "kubernetes.io/dockerconfigjson", {
    ".dockerconfigjson": typeof document === "string" ? document : JSON.stringify(document),
  });
const basic = (data: Readonly<Record<string, string>>): SecretMaterial => secret("pull", "kubernetes.io/basic-auth", data);

const secrets: Situations = [
  ofSecret("a Secret does not exist", ["ghcr.io"]),
  ofSecret("a Secret is of a type that is for something else", ["ghcr.io"], secret("pull", "kubernetes.io/tls", {})),
  ofSecret("a Secret lacks its data key", ["ghcr.io"], secret("pull", "kubernetes.io/dockerconfigjson", {})),
  ofSecret("a Secret is no JSON", ["ghcr.io"], json(`${canary}{`)),
  ofSecret("a Secret is JSON of another kind", ["ghcr.io"], json([])),
  ofSecret("a Secret names a credential helper", ["ghcr.io"], json({ auths: {}, credsStore: "desktop" })),
  ofSecret("a Secret has no auths", ["ghcr.io"], json({})),
  ofSecret(
    "a Secret has too many keys",
    ["ghcr.io"],
    json({ auths: Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`r${at}.example.com`, {}])) }),
  ),
  ofSecret("a Secret has keys for other registries only", ["ghcr.io"], pullSecret("pull", { "quay.io": "me" })),
  ofSecret("a Secret has a key for another repository only", ["ghcr.io"], pullSecret("pull", { "ghcr.io/other": "me" })),
  ofSecret(
    "a Secret has keys that are ignored",
    ["ghcr.io"],
    pullSecret("pull", { "*.ghcr.io": "me", "not a host": "me", "ghcr.io": "me" }),
  ),
  ofSecret(
    "a Secret has several keys for one registry",
    ["ghcr.io"],
    pullSecret("pull", { "https://ghcr.io/v2/": "you", "ghcr.io": "me" }),
  ),
  ...(
    [
      ["is no object", 7],
      ["is empty", {}],
      ["has no password", { username: "me" }],
      ["has no user", { password: canary }],
      ["has a colon in its user", { username: "a:b", password: canary }],
      ["has a control character", { username: "me", password: "a\nb" }],
      ["is no base64", { auth: "?" }],
      ["has no colon", { auth: base64("me") }],
      ["has a token with white space", { registrytoken: "a b" }],
    ] as const
  ).map(([what, entry]) => ofSecret(`an entry of a Secret ${what}`, ["ghcr.io"], json({ auths: { "ghcr.io": entry } }))),
  ofSecret("a Secret with one password has none", ["ghcr.io"], basic({ username: "me" })),
  ofSecret("a Secret with one password is used", ["ghcr.io"], basic({ username: "me", password: canary })),
  {
    when: "a Secret with one password would go to every host of a wildcard",
    says: () => {
      const own = material([basic({ username: "me", password: canary })]);
      const auth = build("kubernetesSecret", { secretRef: { name: "pull" } }, { registries: ["*.azurecr.io"], material: own });
      return told(auth, image("acme.azurecr.io/app"));
    },
  },
  ofSecret("a Secret with one password has a wildcard beside", ["*.azurecr.io", "ghcr.io"], basic({ username: "me", password: canary })),
];

const accounts: Situations = [
  ofAccount("a ServiceAccount does not exist", undefined),
  ofAccount("a ServiceAccount names no pull secrets", []),
  ofAccount("a ServiceAccount names a Secret that does not exist", ["gone"]),
  ofAccount(
    "a ServiceAccount names a Secret with one password only",
    ["a"],
    secret("a", "kubernetes.io/basic-auth", { username: "me", password: canary }),
  ),
  ofAccount("a ServiceAccount has usable pull secrets, and others", ["a", "gone"], pullSecret("a", { "ghcr.io": "me" })),
  ofAccount(
    "a ServiceAccount has too many pull secrets",
    Array.from({ length: 40 }, () => "a"),
    pullSecret("a", { "ghcr.io": "me" }),
  ),
];

/** A dockerConfig provider on a file root that `fill` has filled. */
const ofFile = (
  when: string,
  path: string,
  fill: (root: string) => Promise<unknown> = () => Promise.resolve(),
  rooted = true,
): Situation => ({
  when,
  says: async () => {
    const root = await mkdtemp(join(tmpdir(), "countersign-auth-"));
    try {
      await fill(root);
      return await told(build("dockerConfig", { path }, { registries: ["ghcr.io"], ...(rooted && { fileRoot: root }) }));
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
});
const good = dockerConfig({ "ghcr.io": "me" });

const files: Situations = [
  ofFile("a file of credentials does not exist", "config.json"),
  ofFile("there is no file root", "config.json", undefined, false),
  ofFile("a file of credentials lies elsewhere", "/dev/null"),
  ofFile("a file of credentials is a directory", "config.json", (root) => mkdir(join(root, "config.json"))),
  ofFile("a file of credentials is a link that goes round", "config.json", (root) => symlink("config.json", join(root, "config.json"))),
  ofFile("a file of credentials is larger than 1 MiB", "config.json", (root) =>
    writeFile(join(root, "config.json"), "x".repeat(1_048_577)),
  ),
  ofFile("a file of credentials is used", "config.json", (root) => writeFile(join(root, "config.json"), good)),
  {
    when: "a file of credentials has not been read yet",
    says: () =>
      `in the status: ${build("dockerConfig", { path: "config.json" }, { registries: ["ghcr.io"], fileRoot: "/" }).state().message}`,
  },
  { when: "requests are to be sent without a credential", says: () => told(build("anonymous", {}, { registries: ["ghcr.io"] })) },
];

const choice = (when: string, chain: Keychain, name = "ghcr.io/acme/app"): Situation => ({
  when,
  says: async () => {
    const selection = chain.select(image(name));
    const explained = "reason" in selection ? `\nexplain: ${selection.outcome}: ${selection.message}` : "";
    return `${await unavailable(chain.resolve(image(name), never))}${explained}`;
  },
});

const choices: Situations = [
  choice("two patterns match equally well", keychain([provider("x", ["*.b.acme.io"]), provider("y", ["a.*.acme.io"])]), "a.b.acme.io/app"),
  choice(
    "a secret would be sent in plain HTTP",
    keychain([provider("acme", ["localhost:5000"], { plainHTTPHosts: ["localhost:5000"] })]),
    "localhost:5000/app",
  ),
  choice(
    "an AuthProvider is invalid",
    keychain([
      provider("acme", ["ghcr.io"], {
        invalid: { reason: "InvalidSpec", message: "AuthProvider/acme is invalid: spec.type: Required value" },
      }),
    ]),
  ),
  choice("a Store names an AuthProvider that does not exist", keychain([], { missingRefs: ["gone", "lost"] })),
  choice("a Store sends nothing without an AuthProvider", keychain([provider("near", ["gchr.io"])], { unmatched: "Deny" })),
  {
    when: "a request is sent without a credential and refused",
    says: async () => {
      const chain = keychain([provider("acme", ["*.acme.com"])]);
      return (await chain.resolve(image("mirror.acme.io/app"), never)).note ?? "";
    },
  },
  {
    when: "an AuthProvider is asked for a registry of another",
    says: async () => {
      const auth = build("kubernetesSecret", { secretRef: { name: "pull" } }, { registries: ["quay.io"], material: material([]) });
      return await unavailable(auth.credentials(app, never));
    },
  },
];

export const credentials: Situations = [...secrets, ...accounts, ...files, ...choices];
