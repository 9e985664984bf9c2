/** A registry with a password, and in it one image by nobody, by alice, by bob and by both, signed by real cosign. */
import { type CertificateAuthority, createAuthority, loopback } from "../support/certificates.ts";
import { type CosignKey, createCosign } from "../support/real/cosign.ts";
import { pushImage } from "../support/real/image.ts";
import { type DistributionRegistry, startDistribution } from "../support/real/registries.ts";
import { tools } from "./fixture.ts";

export const people = ["alice", "bob"] as const;
export type Person = (typeof people)[number];
export const signers = ["nobody", "alice", "bob", "both"] as const;
export type Signers = (typeof signers)[number];

/** Who may read the registry: the administrator's account, and a tenant's. */
export const accounts = {
  cluster: { username: "cluster", password: "canary-password-cluster-40b2" },
  tenant: { username: "tenant", password: "canary-password-tenant-e1d9" },
} as const;

export interface People extends AsyncDisposable {
  readonly registry: DistributionRegistry;
  /** Of the registry's certificate, and of those that a test gives to what stands before it. */
  readonly authority: CertificateAuthority;
  readonly keys: Readonly<Record<Person, CosignKey>>;
  /** What follows the host in a reference, by who has signed: `private/app@sha256:…`. */
  readonly images: Readonly<Record<Signers, string>>;
}

const signedBy: Readonly<Record<Signers, readonly Person[]>> = { nobody: [], alice: ["alice"], bob: ["bob"], both: people };

export async function startPeople(): Promise<People> {
  if (tools === undefined) throw new TypeError("startPeople() without tools");
  const parts = new AsyncDisposableStack();
  try {
    const authority = createAuthority();
    const users = Object.fromEntries(Object.values(accounts).map(({ username, password }) => [username, password]));
    const registry = parts.use(await startDistribution({ tools, tls: authority.issue(loopback), auth: { type: "htpasswd", users } }));
    const cosign = parts.use(await createCosign({ tools }));
    const keys = { alice: await cosign.createKey(), bob: await cosign.createKey() };
    const access = { ca: authority.pem, credentials: accounts.cluster };
    const push = async (name: Signers): Promise<string> => {
      const image = await pushImage({ url: registry.url, repository: "private/app", ...access }, { seed: `by ${name}` });
      for (const person of signedBy[name]) await cosign.sign(image.reference, { key: keys[person], ...access });
      return `private/app@${image.digest}`;
    };
    const images = { nobody: await push("nobody"), alice: await push("alice"), bob: await push("bob"), both: await push("both") };
    const owned = parts.move();
    return { registry, authority, keys, images, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } finally {
    await parts.disposeAsync();
  }
}
