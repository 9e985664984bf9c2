import { kindTable } from "../../src/api/kinds.ts";
import { group, version } from "../../src/api/kinds.ts";
import { open } from "../../src/app/open.ts";
import type { ServeEnvironment } from "../../src/app/serve.ts";
import { PassThrough } from "node:stream";
import { temporaryFile } from "../kube/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi, type FakeResource } from "../support/kube-api.ts";
import { thrown } from "./situation.ts";

const core: readonly FakeResource[] = [
  { version: "v1", plural: "namespaces", kind: "Namespace" },
  { version: "v1", plural: "secrets", kind: "Secret", namespaced: true },
  { version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true },
  { version: "v1", plural: "serviceaccounts", kind: "ServiceAccount", namespaced: true },
];
export const ours: readonly FakeResource[] = Object.values(kindTable).map(({ kind, plural, scope }) => ({
  group,
  version,
  plural,
  kind,
  namespaced: scope === "Namespaced",
}));

/** What a command says that is to judge by a cluster, which `spoil` has made useless; time runs as fast as it can. */
export async function opened(resources: readonly FakeResource[], spoil: (api: FakeKubeApi) => void = () => {}): Promise<string> {
  await using api = await FakeKubeApi.start({ resources: [...core, ...resources] });
  spoil(api);
  using kubeconfig = temporaryFile("kubeconfig", api.kubeconfig());
  const clock = new ManualClock();
  const options = { kubeconfig: kubeconfig.path, namespace: "countersign-system" };
  const ended = new AbortController();
  const said = thrown(() => open(options, { env: {}, version: "0.0.0", clock }, new AbortController().signal)).finally(() => ended.abort());
  while (!ended.signal.aborted) await clock.advance(50);
  return await said;
}

const silent = { write: () => {}, isTerminal: false, columns: 80 };
/** What `serve` writes into. */
export const serving: ServeEnvironment = {
  env: {},
  version: "0.0.0",
  stdout: silent,
  stderr: silent,
  logStream: new PassThrough().resume(),
};
