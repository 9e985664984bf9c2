import { builtInPolicy } from "./built-in.ts";
import { combine } from "./combine.ts";
import type { OrderMemory } from "./locations.ts";
import type { Report } from "./report.ts";
import type { VerifyDeps, VerifyRequest } from "./request.ts";
import { verifyImage } from "./verify-image.ts";
import type { View } from "./view.ts";

/** What an image is judged by: the cluster's objects and, where a policy of the namespace applies, those that the namespace sees. */
export interface Realms {
  readonly cluster: View;
  readonly namespaced?: View;
}

/**
 * The cluster's verdict and the namespace's, both of which must allow (design 2.2). Each is found out on its own and remembered on its own, so that nothing
 * a tenant configures has any part in the cluster's answer; what a verifier made of an artifact is shared, since it depends on neither.
 */
export async function verifyRealms(
  request: Omit<VerifyRequest, "view"> & { readonly realms: Realms },
  deps: VerifyDeps,
  signal: AbortSignal,
): Promise<Report> {
  const { realms, ...rest } = request;
  const { namespaced } = realms;
  const cluster = enforced(realms.cluster);
  if (namespaced === undefined) return await verifyImage({ ...rest, view: cluster }, deps, signal);
  const [first, second] = await Promise.all([
    verifyImage({ ...rest, view: cluster }, deps, signal),
    verifyImage(
      { ...rest, view: namespaced, isTenant: true },
      { ...deps, memory: ofTenant(deps.memory, rest.namespace?.name ?? "") },
      signal,
    ),
  ]);
  return combine([first, second]);
}

/** As the compiler has it already: where nothing enforces, everything would be allowed. Of a namespace that is so; of the cluster it must never be. */
function enforced(cluster: View): View {
  if (cluster.policies.some(({ enforcement }) => enforcement === "Enforce")) return cluster;
  return { ...cluster, policies: [...cluster.policies, builtInPolicy(cluster.verifiers)] };
}

/** Which of the namespace's Stores listed a location last is nothing that the cluster's Stores, or those of another namespace, go by. */
function ofTenant(memory: OrderMemory, namespace: string): OrderMemory {
  const keyOf = (location: string): string => `${namespace} ${location}`;
  return { get: (location) => memory.get(keyOf(location)), set: (location, store) => memory.set(keyOf(location), store) };
}
