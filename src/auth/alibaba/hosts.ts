import type { AlibabaInstance } from "../../api/auth-alibaba.ts";
import { leftOfSuffix } from "../../keychain/cloud-host.ts";
import type { Repository } from "../../oci/repository.ts";

/** `acme-registry-vpc.cn-hangzhou`: the name of an instance is the customer's, all that follows is Alibaba's. */
const enterprise = /^[a-z0-9](?:[-a-z0-9]{0,40}[a-z0-9])?-registry(?:-intl)?(?:-vpc)?(?:-internal)?[.]([a-z]{2}(?:-[a-z0-9]{1,20}){1,4})$/;
/** `registry-vpc.cn-hangzhou`: one for all customers of a region. */
const personal = /^registry(?:-intl)?(?:-vpc)?(?:-internal)?[.]([a-z]{2}(?:-[a-z0-9]{1,20}){1,4})$/;

/** Which edition of Container Registry a host is of, and its region. */
export interface Edition {
  readonly edition: "Enterprise" | "Personal";
  readonly region: string;
}

/** Undefined: it is no host of Container Registry. */
export function editionOf(registry: Pick<Repository, "host" | "port">): Edition | undefined {
  const ofInstance = enterprise.exec(leftOfSuffix(registry, [".cr.aliyuncs.com"]) ?? "")?.[1];
  if (ofInstance !== undefined) return { edition: "Enterprise", region: ofInstance };
  const ofAll = personal.exec(leftOfSuffix(registry, [".aliyuncs.com"]) ?? "")?.[1];
  return ofAll === undefined ? undefined : { edition: "Personal", region: ofAll };
}

/** An instance, or the Personal Edition, and where it is. */
export interface Located {
  readonly instanceID?: string;
  readonly region: string;
}

/** What an object names for a host: only with both is it a host of the cloud and one that the object is for. */
export function locate(instances: readonly AlibabaInstance[], registry: Pick<Repository, "host" | "port">): Located | undefined {
  const found = editionOf(registry);
  const instance = instances.find(({ host }) => host === registry.host);
  if (found === undefined || instance === undefined) return undefined;
  const { instanceID } = instance;
  if ((found.edition === "Personal") !== (instanceID === undefined)) return undefined;
  return { region: found.region, ...(instanceID !== undefined && { instanceID }) };
}

/** For sentences: `cri-acme1 in cn-hangzhou`. */
export function nameOfInstance({ instanceID, region }: Located): string {
  return `${instanceID ?? "the Personal Edition"} in ${region}`;
}
