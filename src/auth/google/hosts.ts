import { leftOfSuffix } from "../../keychain/cloud-host.ts";
import type { Repository } from "../../oci/repository.ts";

/** The names of Container Registry, which Artifact Registry answers under; each is a multi-region. Other names below gcr.io are not a customer's. */
const gcr: ReadonlySet<string> = new Set(["gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io"]);
/** `us`, `europe-west10`: what stands before `-docker.pkg.dev`; other formats of packages have other names. */
const location = /^[a-z]{2,20}(?:-[a-z]{2,20}[0-9]{1,2})?-docker$/;

/** Whether a host is one that Google's registries have: a token opens all that its identity may read, in every service of Google. */
export function isGoogleRegistry({ host, port }: Pick<Repository, "host" | "port">): boolean {
  if (port === undefined && gcr.has(host)) return true;
  const left = leftOfSuffix({ host, port }, [".pkg.dev"]);
  return left !== undefined && location.test(left);
}
