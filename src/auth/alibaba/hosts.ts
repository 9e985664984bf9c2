import type { AlibabaInstance } from "../../api/auth-alibaba.ts";
import { leftOfSuffix } from "../../keychain/cloud-host.ts";
import type { Repository } from "../../oci/repository.ts";

/** `acme-registry-vpc` and `cn-hangzhou`: the name of an instance is the customer's, all that follows is Alibaba's. */
const instanceHost =
  /^[a-z0-9](?:[-a-z0-9]{0,40}[a-z0-9])?-registry(?:-intl)?(?:-vpc)?(?:-internal)?[.]([a-z]{2}(?:-[a-z0-9]{1,20}){1,4})$/;

/** The region of a host that an Enterprise Edition instance has; undefined: it is no such host. */
export function regionOf(registry: Pick<Repository, "host" | "port">): string | undefined {
  return instanceHost.exec(leftOfSuffix(registry, [".cr.aliyuncs.com"]) ?? "")?.[1];
}

/** An instance and where it is. */
export interface Located {
  readonly instanceID: string;
  readonly region: string;
}

/** The instance that an object names for a host: only with both is it a host of the cloud and one that the object is for. */
export function locate(instances: readonly AlibabaInstance[], registry: Pick<Repository, "host" | "port">): Located | undefined {
  const region = regionOf(registry);
  const instance = instances.find(({ host }) => host === registry.host);
  return region === undefined || instance === undefined ? undefined : { instanceID: instance.instanceID, region };
}
