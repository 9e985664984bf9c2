import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Tools } from "../../tools/build.ts";
import { type CommandResult, createScratch, RealPartError, removeScratch, runCommand } from "./part.ts";

/** Kinds of key that cosign signs with. `cosign` is its own `generate-key-pair` (P-256), the others are made here and imported. */
export const keyTypes = ["cosign", "P-256", "P-384", "P-521", "RSA-2048", "Ed25519"] as const;
export type KeyType = (typeof keyTypes)[number];

/**
 * Where a signature goes: `legacy` is the tag `sha256-<hex>.sig`, `referrers` the same payload as an OCI 1.1 referrer,
 * `bundle` (cosign's default) a Sigstore bundle v0.3 as a referrer.
 */
export const signatureFormats = ["legacy", "referrers", "bundle"] as const;
export type SignatureFormat = (typeof signatureFormats)[number];

/** A key pair in cosign's scratch folder. */
export interface CosignKey {
  readonly type: KeyType;
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
  readonly publicKeyPem: string;
}

/** How cosign reaches the registry. A reference to an address without TLS needs `plainHttp`. */
export interface RegistryAccess {
  readonly plainHttp?: boolean;
  /** PEM to trust for the registry and its token server. */
  readonly ca?: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

export interface CosignOptions extends RegistryAccess {
  readonly key: CosignKey;
  /** Default "bundle". */
  readonly format?: SignatureFormat;
  /** `-a name=value`: signed with the image, or required of the signature. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface AttestOptions extends RegistryAccess {
  readonly key: CosignKey;
  /** A name that cosign knows (`vuln`, `slsaprovenance1`, `spdxjson`, `cyclonedx`, …) or the predicate's URI. */
  readonly type: string;
  readonly predicate: object;
  /** Default "bundle"; `legacy` is the tag `sha256-<hex>.att`. */
  readonly format?: "legacy" | "bundle";
}

/** cosign without network beyond the registry and without a transparency log, with a home folder of its own. */
export interface Cosign {
  createKey(type?: KeyType): Promise<CosignKey>;
  /** `image` is a reference with a digest. @throws {RealPartError} when cosign refuses */
  sign(image: string, options: CosignOptions): Promise<void>;
  attest(image: string, options: AttestOptions): Promise<void>;
  /** Never throws for what cosign refuses: look at `code`. Do not match its words about the transparency log, they are wrong. */
  verify(image: string, options: CosignOptions): Promise<CommandResult>;
  verifyAttestation(image: string, options: RegistryAccess & { readonly key: CosignKey; readonly type: string }): Promise<CommandResult>;
  close(): void;
  [Symbol.dispose](): void;
}

const offline = ["--use-signing-config=false", "--tlog-upload=false"];

/** Makes a cosign; close it to remove its keys. */
export async function createCosign(options: { readonly tools: Tools }): Promise<Cosign> {
  const scratch = createScratch("cosign");
  const home = join(scratch, "home");
  await mkdir(home);
  const env = {
    HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_CACHE_HOME: home,
    DOCKER_CONFIG: home,
    TUF_ROOT: join(home, "tuf"),
    COSIGN_PASSWORD: "",
  };
  let files = 0;
  const put = async (content: string): Promise<string> => {
    const path = join(scratch, `file-${(files += 1)}`);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const run = (args: readonly string[], experimental = false): Promise<CommandResult> =>
    runCommand(options.tools.cosign, args, { cwd: scratch, env: { ...env, ...(experimental && { COSIGN_EXPERIMENTAL: "1" }) } });
  const must = async (args: readonly string[], experimental = false): Promise<void> => {
    const { code, stderr } = await run(args, experimental);
    // The arguments hold a password and are not shown.
    if (code !== 0) throw new RealPartError(`cosign ${args[0]} ended with ${code}\n${stderr.trim().split("\n").slice(-10).join("\n")}`);
  };
  const access = async ({ plainHttp, ca, credentials }: RegistryAccess): Promise<string[]> => [
    ...(plainHttp === true ? ["--allow-http-registry"] : []),
    ...(ca === undefined ? [] : [`--registry-cacert=${await put(ca)}`]),
    ...(credentials === undefined ? [] : [`--registry-username=${credentials.username}`, `--registry-password=${credentials.password}`]),
  ];
  const close = (): void => removeScratch(scratch);

  return {
    createKey: async (type = "cosign") => {
      const prefix = join(scratch, `key-${(files += 1)}`);
      if (type === "cosign") await must(["generate-key-pair", "--output-key-prefix", prefix]);
      else await must(["import-key-pair", "--key", await put(privateKeyPem(type)), "--output-key-prefix", prefix, "--yes"]);
      const publicKeyPem = await readFile(`${prefix}.pub`, "utf8");
      createPublicKey(publicKeyPem); // what we hand out is a key, whatever cosign wrote
      return { type, privateKeyFile: `${prefix}.key`, publicKeyFile: `${prefix}.pub`, publicKeyPem };
    },
    sign: async (image, { key, format = "bundle", annotations = {}, ...registry }) => {
      const flags = {
        legacy: ["--new-bundle-format=false"],
        referrers: ["--new-bundle-format=false", "--registry-referrers-mode=oci-1-1"],
        bundle: [],
      }[format];
      await must(
        ["sign", "--yes", `--key=${key.privateKeyFile}`, ...offline, ...flags, ...pairs(annotations), ...(await access(registry)), image],
        format === "referrers",
      );
    },
    attest: async (image, { key, type, predicate, format = "bundle", ...registry }) => {
      const flags = [
        `--type=${type}`,
        `--predicate=${await put(JSON.stringify(predicate))}`,
        ...(format === "legacy" ? ["--new-bundle-format=false"] : []),
      ];
      await must(["attest", "--yes", `--key=${key.privateKeyFile}`, ...offline, ...flags, ...(await access(registry)), image]);
    },
    verify: async (image, { key, format = "bundle", annotations = {}, ...registry }) => {
      const flags = { legacy: [], referrers: ["--new-bundle-format=false", "--experimental-oci11"], bundle: [] }[format];
      const hash =
        { "P-384": ["--signature-digest-algorithm=sha384"], "P-521": ["--signature-digest-algorithm=sha512"] }[key.type as string] ?? [];
      const args = [
        "verify",
        `--key=${key.publicKeyFile}`,
        "--insecure-ignore-tlog",
        ...flags,
        ...hash,
        ...pairs(annotations),
        ...(await access(registry)),
        image,
      ];
      return run(args, format === "referrers");
    },
    verifyAttestation: async (image, { key, type, ...registry }) =>
      run([
        "verify-attestation",
        `--key=${key.publicKeyFile}`,
        "--insecure-ignore-tlog",
        `--type=${type}`,
        ...(await access(registry)),
        image,
      ]),
    close,
    [Symbol.dispose]: close,
  };
}

function pairs(annotations: Readonly<Record<string, string>>): string[] {
  return Object.entries(annotations).map(([name, value]) => `--annotations=${name}=${value}`);
}

function privateKeyPem(type: Exclude<KeyType, "cosign">): string {
  const privateKeyEncoding = { format: "pem", type: "pkcs8" } as const;
  const publicKeyEncoding = { format: "pem", type: "spki" } as const;
  switch (type) {
    case "P-256":
    case "P-384":
    case "P-521":
      return generateKeyPairSync("ec", { namedCurve: type, privateKeyEncoding, publicKeyEncoding }).privateKey;
    case "RSA-2048":
      return generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding, publicKeyEncoding }).privateKey;
    case "Ed25519":
      return generateKeyPairSync("ed25519", { privateKeyEncoding, publicKeyEncoding }).privateKey;
  }
}
